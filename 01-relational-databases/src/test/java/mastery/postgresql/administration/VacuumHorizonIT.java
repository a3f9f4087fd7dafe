package mastery.postgresql.administration;

import static mastery.postgresql.administration.VacuumHorizon.holders;
import static mastery.postgresql.administration.VacuumHorizon.openSnapshot;
import static mastery.postgresql.administration.VacuumHorizon.space;
import static mastery.postgresql.administration.VacuumHorizon.updateAll;
import static mastery.postgresql.administration.VacuumHorizon.vacuum;
import static mastery.postgresql.administration.VacuumHorizon.vacuumFull;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import mastery.postgresql.administration.VacuumHorizon.Holder;
import mastery.postgresql.administration.VacuumHorizon.Space;
import mastery.support.interleave.Blocked;
import mastery.support.interleave.Interleaving;
import mastery.support.interleave.LockView;
import mastery.support.interleave.Session;
import mastery.support.junit.OnPostgreSql;
import mastery.support.junit.Prepare;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.Test;
import org.postgresql.ds.PGSimpleDataSource;
import org.postgresql.jdbc.PreferQueryMode;

@OnPostgreSql
class VacuumHorizonIT {

    private static final int PARCELS = 2_000;
    private static final Duration LIMIT = Duration.ofSeconds(60);

    @Prepare
    static void prepare(Connection connection) throws SQLException {
        VacuumHorizon.createSchema(connection, PARCELS);
    }

    @Test
    void vacuumSparesWhatAnOpenSnapshotMaySeeAndRemovesItAfterwards(Connection writer, Connection reader)
            throws SQLException {
        openSnapshot(reader);
        updateAll(writer);
        assertThat(space(writer).deadRows()).isEqualTo(PARCELS);

        vacuum(writer);
        assertThat(space(writer).deadRows()).isEqualTo(PARCELS);

        reader.commit();
        assertThatVacuumRemovesAll(writer);
    }

    @Test
    void anIdleReadCommittedTransactionHoldsTheSnapshotOfItsLastQuery(Connection writer, Connection reader)
            throws SQLException {
        reader.setAutoCommit(false);
        execute(reader, "select 1");
        updateAll(writer);

        vacuum(writer);
        assertThat(space(writer).deadRows()).isEqualTo(PARCELS);

        // a new snapshot takes the place of the old one, unlike in REPEATABLE READ; it too is held back for as long as
        // a
        // writer of any database of the server is older
        Awaitility.await().atMost(LIMIT).untilAsserted(() -> {
            execute(reader, "select 1");
            vacuum(writer);
            assertThat(space(writer).deadRows()).isZero();
        });
    }

    @Test
    void anIdleReadCommittedTransactionOfTheSimpleProtocolHoldsNothing(PGSimpleDataSource database)
            throws SQLException {
        try (Connection writer = database.getConnection()) {
            database.setPreferQueryMode(PreferQueryMode.SIMPLE); // no portals
            try (Connection reader = database.getConnection()) {
                reader.setAutoCommit(false);
                execute(reader, "select 1");
                updateAll(writer);
                assertThat(holders(writer)).isEmpty();

                assertThatVacuumRemovesAll(writer);
            }
        }
    }

    @Test
    void aReadCommittedTransactionThatWroteAnotherTableHoldsThisOneToo(Connection writer, Connection other)
            throws SQLException {
        execute(writer, "create table note (id int)");
        long session = pid(other);
        other.setAutoCommit(false);
        execute(other, "insert into note values (1)");
        updateAll(writer);

        vacuum(writer);
        assertThat(space(writer).deadRows()).isEqualTo(PARCELS);
        assertThat(holders(writer)).extracting(Holder::name).containsExactly("session " + session);

        other.rollback();
        assertThatVacuumRemovesAll(writer);
    }

    @Test
    void theHolderOfTheHorizonIsNamedWithItsAge(Connection writer, Connection reader, Connection late)
            throws SQLException {
        late.setAutoCommit(false);
        openSnapshot(reader);
        for (int i = 0; i < 20; i++) {
            updateAll(writer);
        }
        // while a writer of another database is older than both, they hold the horizon at the same place
        Awaitility.await().atMost(LIMIT).untilAsserted(() -> {
            late.rollback();
            openSnapshot(late);
            assertThat(holders(writer))
                    .extracting(Holder::name)
                    .containsExactly("session " + pid(reader), "session " + pid(late));
        });
        assertThat(holders(writer)).extracting(Holder::state).containsOnly("idle in transaction");
        assertThat(holders(writer).get(0).transactions()).isGreaterThanOrEqualTo(20);

        reader.commit();
        late.commit();
        assertThat(holders(writer)).isEmpty();
    }

    @Test
    void aTimeoutOfTheServerEndsAForgottenTransaction(Connection writer, Connection reader) throws SQLException {
        execute(reader, "set idle_in_transaction_session_timeout = '50ms'");
        openSnapshot(reader);
        updateAll(writer);

        Awaitility.await().atMost(LIMIT).until(() -> holders(writer).isEmpty());

        assertThatVacuumRemovesAll(writer);
        assertThatThrownBy(() -> execute(reader, "select 1"))
                .isInstanceOfSatisfying(
                        SQLException.class, e -> assertThat(e.getSQLState()).isEqualTo("25P03"));
    }

    @Test
    void withoutVacuumEachUpdateOfAllRowsGrowsTheFileAndAfterItTheSpaceIsUsedAgain(Connection writer)
            throws SQLException {
        long atFirst = space(writer).bytes();
        updateAll(writer);
        long bloated = space(writer).bytes();
        assertThat(bloated).isBetween(2 * atFirst - 8_192, 2 * atFirst);

        assertThatVacuumRemovesAll(writer);
        assertThat(space(writer).bytes()).isEqualTo(bloated);
        updateAll(writer);
        assertThat(space(writer)).isEqualTo(new Space(bloated, PARCELS, PARCELS));

        updateAll(writer); // no VACUUM in between
        assertThat(space(writer).bytes()).isGreaterThan(bloated);
    }

    @Test
    void vacuumKeepsTheFileAndVacuumFullWritesANewSmallerOne(Connection writer) throws SQLException {
        updateAll(writer);
        long file = file(writer);
        long bloated = space(writer).bytes();

        vacuum(writer);
        assertThat(file(writer)).isEqualTo(file);

        vacuumFull(writer);
        assertThat(file(writer)).isNotEqualTo(file);
        assertThat(space(writer).bytes()).isBetween(bloated / 2, bloated / 2 + 8_192);
        assertThat(space(writer).liveRows()).isEqualTo(PARCELS);
    }

    @Test
    void vacuumFullWaitsForAReaderAndVacuumDoesNot(PGSimpleDataSource database) throws SQLException {
        try (Interleaving play = Interleaving.on(LockView.postgreSql(database))) {
            Session reader = play.session("reader", database);
            Session keeper = play.session("keeper", database);
            reader.begins();
            reader.does("reads", c -> execute(c, "select count(*) from parcel"));

            keeper.does("vacuums", VacuumHorizon::vacuum);
            Blocked<Void> full = keeper.blocks("vacuums full", c -> {
                vacuumFull(c);
                return null;
            });
            assertThat(full.waitsFor()).isEqualTo(reader);

            reader.commits();
            full.returns();
        }
    }

    /** Autovacuum may look at the catalogs of this database with a snapshot of its own for a moment. */
    private static void assertThatVacuumRemovesAll(Connection connection) {
        Awaitility.await().atMost(LIMIT).untilAsserted(() -> {
            vacuum(connection);
            assertThat(space(connection).deadRows()).isZero();
        });
    }

    private static long pid(Connection connection) throws SQLException {
        return number(connection, "select pg_backend_pid()");
    }

    private static long file(Connection connection) throws SQLException {
        return number(connection, "select pg_relation_filenode('parcel')");
    }

    private static long number(Connection connection, String sql) throws SQLException {
        try (Statement statement = connection.createStatement();
                ResultSet row = statement.executeQuery(sql)) {
            row.next();
            return row.getLong(1);
        }
    }

    private static void execute(Connection connection, String sql) throws SQLException {
        try (Statement statement = connection.createStatement()) {
            statement.execute(sql);
        }
    }
}
