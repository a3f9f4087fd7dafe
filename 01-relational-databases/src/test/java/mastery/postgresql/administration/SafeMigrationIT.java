package mastery.postgresql.administration;

import static mastery.postgresql.administration.SafeMigration.add;
import static mastery.postgresql.administration.SafeMigration.addColumn;
import static mastery.postgresql.administration.SafeMigration.indexLabel;
import static mastery.postgresql.administration.SafeMigration.invalidIndexes;
import static mastery.postgresql.administration.SafeMigration.requireCity;
import static mastery.postgresql.administration.SafeMigration.retry;
import static mastery.postgresql.administration.SafeMigration.validateCity;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.concurrent.atomic.AtomicInteger;
import javax.sql.DataSource;
import mastery.postgresql.administration.SafeMigration.Change;
import mastery.support.interleave.Blocked;
import mastery.support.interleave.Interleaving;
import mastery.support.interleave.LockView;
import mastery.support.interleave.Session;
import mastery.support.interleave.Step;
import mastery.support.junit.OnPostgreSql;
import mastery.support.junit.Prepare;
import org.junit.jupiter.api.Test;
import org.postgresql.ds.PGSimpleDataSource;

@OnPostgreSql
class SafeMigrationIT {

    /** Long enough for another session to be seen waiting. */
    private static final Duration PATIENCE = Duration.ofSeconds(2);

    private static final Duration LITTLE = Duration.ofMillis(20);

    @Prepare
    static void prepare(Connection connection) throws SQLException {
        SafeMigration.createSchema(connection);
        add(connection, "P-1", "Bonn");
        add(connection, "P-2", "Graz");
    }

    @Test
    void behindAMigrationThatWaitsEverybodyWaits(DataSource database) throws SQLException {
        try (Interleaving play = Interleaving.on(LockView.postgreSql(database))) {
            Session first = play.session("first reader", database);
            Session migration = play.session("migration", database);
            Session second = play.session("second reader", database);
            first.begins();
            first.returns("reads", SafeMigrationIT::parcels);
            Blocked<Void> change = migration.blocks("adds a column", step(SafeMigration::addColumnHoweverLongItTakes));
            assertThat(change.waitsFor()).isEqualTo(first);

            Blocked<Long> read = second.blocks("reads", SafeMigrationIT::parcels);
            assertThat(read.waitsFor()).as("not the first reader").isEqualTo(migration);

            first.commits();
            change.returns();
            assertThat(read.returns()).isEqualTo(2);
        }
    }

    @Test
    void aLockTimeoutEndsTheWaitOfTheMigrationAndOfThoseBehindIt(DataSource database) throws SQLException {
        try (Interleaving play = Interleaving.on(LockView.postgreSql(database))) {
            Session first = play.session("first reader", database);
            Session migration = play.session("migration", database);
            Session second = play.session("second reader", database);
            first.begins();
            first.returns("reads", SafeMigrationIT::parcels);
            Blocked<Void> change = migration.blocks("adds a column", step(c -> addColumn(c, PATIENCE)));
            assertThat(change.waitsFor()).isEqualTo(first);

            change.failsWith("55P03");

            // the first reader has still not ended its transaction
            assertThat(second.returns("reads", SafeMigrationIT::parcels)).isEqualTo(2);
            first.commits();
            migration.does("adds the column", c -> addColumn(c, PATIENCE));
        }
    }

    @Test
    void aRetryGetsTheLockOnceItIsFreeAndGivesUpAfterItsTries(PGSimpleDataSource database, Connection reader)
            throws SQLException {
        database.setOptions("-c statement_timeout=20s"); // a change that waited for ever would end with 57014
        reader.setAutoCommit(false);
        parcels(reader);
        AtomicInteger tries = new AtomicInteger();
        Change change = connection -> {
            if (tries.incrementAndGet() == 3) {
                reader.commit();
            }
            addColumn(connection, LITTLE);
        };

        assertThat(failure(c -> retry(database, 2, change), reader)).isEqualTo("55P03");
        assertThat(tries).hasValue(2);
        retry(database, 2, change);
        assertThat(tries).hasValueBetween(3, 4);
        assertThat(number(reader, "select sum(weight) from parcel")).isEqualTo(2);
        reader.commit();

        tries.set(10);
        assertThat(failure(c -> retry(database, 5, change), reader)).isEqualTo("42701");
        assertThat(tries).as("the column exists: no reason to try again").hasValue(11);
    }

    @Test
    void aLockTimeoutOfOneChangeIsNotLeftToTheNext(Connection connection) throws SQLException {
        addColumn(connection, LITTLE);

        assertThat(text(connection, "show lock_timeout")).isEqualTo("0");
        assertThat(connection.getAutoCommit()).isTrue();
    }

    @Test
    void aConstantDefaultLeavesTheFileAndOneThatDiffersByRowWritesItAnew(Connection connection) throws SQLException {
        String file = text(connection, "select pg_relation_filenode('parcel')");

        addColumn(connection, PATIENCE);
        assertThat(text(connection, "select pg_relation_filenode('parcel')")).isEqualTo(file);
        assertThat(number(connection, "select sum(weight) from parcel")).isEqualTo(2);

        execute(connection, "alter table parcel add column token uuid default gen_random_uuid()");
        assertThat(text(connection, "select pg_relation_filenode('parcel')")).isNotEqualTo(file);
    }

    @Test
    void notValidChecksNewRowsAndValidateTheOldOnes(Connection connection) throws SQLException {
        add(connection, "P-3", null);
        requireCity(connection, PATIENCE);
        assertThat(validated(connection)).isFalse();

        assertThat(failure(c -> add(c, "P-4", null), connection)).isEqualTo("23502");
        assertThat(failure(SafeMigration::validateCity, connection)).isEqualTo("23502");
        assertThat(validated(connection)).isFalse();

        execute(connection, "update parcel set city = 'unknown' where city is null");
        validateCity(connection);
        assertThat(validated(connection)).isTrue();
    }

    @Test
    void whileAConstraintIsValidatedOthersReadAndWrite(DataSource database) throws SQLException {
        try (Interleaving play = Interleaving.on(LockView.postgreSql(database))) {
            Session migration = play.session("migration", database);
            Session writer = play.session("writer", database);
            migration.does("adds the constraint", c -> requireCity(c, PATIENCE));
            migration.begins();
            migration.does("validates", SafeMigration::validateCity);

            writer.does("writes", c -> add(c, "P-3", "Oslo"));
            assertThat(writer.returns("reads", SafeMigrationIT::parcels)).isEqualTo(3);
            migration.commits();
        }
    }

    @Test
    void whileAColumnIsSetNotNullAtOnceNobodyReads(DataSource database) throws SQLException {
        try (Interleaving play = Interleaving.on(LockView.postgreSql(database))) {
            Session migration = play.session("migration", database);
            Session reader = play.session("reader", database);
            migration.begins();
            migration.does("sets not null", SafeMigration::requireCityAtOnce);

            Blocked<Long> read = reader.blocks("reads", SafeMigrationIT::parcels);
            assertThat(read.waitsFor()).isEqualTo(migration);
            migration.commits();
            assertThat(read.returns()).isEqualTo(2);
        }
    }

    @Test
    void anIndexIsBuiltConcurrentlyWhileAWriterIsBusyButNotWithoutTheWord(DataSource database) throws SQLException {
        try (Interleaving play = Interleaving.on(LockView.postgreSql(database))) {
            Session migration = play.session("migration", database);
            Session writer = play.session("writer", database);
            Session another = play.session("another writer", database);
            writer.begins();
            writer.does("writes", c -> add(c, "P-3", "Oslo"));
            Blocked<Void> build = migration.blocks("builds the index", step(SafeMigration::indexLabel));
            another.does("writes", c -> add(c, "P-4", "Rome"));
            writer.commits();
            build.returns();
            assertThat(another.returns("looks", SafeMigration::invalidIndexes)).isEmpty();

            migration.begins();
            migration.does("builds another", c -> execute(c, "create index on parcel (city)"));
            Blocked<Void> write = another.blocks("writes", step(c -> add(c, "P-5", "Lima")));
            assertThat(write.waitsFor()).isEqualTo(migration);
            migration.commits();
            write.returns();
        }
    }

    @Test
    void aFailedConcurrentBuildLeavesAnInvalidIndexThatTheNextOneReplaces(Connection connection) throws SQLException {
        add(connection, "P-2", "Twin");

        assertThat(failure(SafeMigration::indexLabel, connection)).isEqualTo("23505");
        assertThat(invalidIndexes(connection)).containsExactly("parcel_label");
        assertThat(failure(SafeMigration::indexLabel, connection))
                .as("still the twin, not the left index")
                .isEqualTo("23505");

        execute(connection, "update parcel set label = 'P-3' where city = 'Twin'");
        indexLabel(connection);
        assertThat(invalidIndexes(connection)).isEmpty();
        assertThat(failure(c -> add(c, "P-3", "Twin"), connection)).isEqualTo("23505");
    }

    @Test
    void concurrentlyInATransactionIsRefused(Connection connection) throws SQLException {
        connection.setAutoCommit(false);

        assertThat(failure(
                        c -> execute(c, "create unique index concurrently parcel_label on parcel (label)"), connection))
                .isEqualTo("25001");
        connection.rollback();
        assertThatThrownBy(() -> indexLabel(connection))
                .isInstanceOf(IllegalStateException.class)
                .hasMessageContaining("auto-commit");
    }

    @Test
    void whatCannotBeIsRefusedBeforeAnyStatement(DataSource database, Connection connection) throws SQLException {
        connection.close(); // a statement would fail with an SQLException

        assertThatThrownBy(() -> addColumn(connection, Duration.ofNanos(1)))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("millisecond");
        assertThatThrownBy(() -> requireCity(connection, Duration.ofSeconds(-1)))
                .isInstanceOf(IllegalArgumentException.class);
        assertThatThrownBy(() -> retry(database, 0, c -> {}))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("0");
        assertThatThrownBy(() -> retry(database, 1, null)).hasMessage("change");
    }

    private static Step<Void> step(Change change) {
        return connection -> {
            change.run(connection);
            return null;
        };
    }

    /** The SQLSTATE with which the change fails. */
    private static String failure(Change change, Connection connection) {
        try {
            change.run(connection);
            throw new AssertionError("should fail");
        } catch (SQLException e) {
            return e.getSQLState();
        }
    }

    private static boolean validated(Connection connection) throws SQLException {
        return "t".equals(text(connection, "select convalidated from pg_constraint where conname = 'parcel_city'"));
    }

    private static long parcels(Connection connection) throws SQLException {
        return number(connection, "select count(*) from parcel");
    }

    private static long number(Connection connection, String sql) throws SQLException {
        return Long.parseLong(text(connection, sql));
    }

    private static String text(Connection connection, String sql) throws SQLException {
        try (Statement statement = connection.createStatement();
                ResultSet row = statement.executeQuery(sql)) {
            row.next();
            return row.getString(1);
        }
    }

    private static void execute(Connection connection, String sql) throws SQLException {
        try (Statement statement = connection.createStatement()) {
            statement.execute(sql);
        }
    }
}
