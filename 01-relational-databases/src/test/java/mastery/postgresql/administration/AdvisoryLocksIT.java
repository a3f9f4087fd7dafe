package mastery.postgresql.administration;

import static mastery.postgresql.administration.AdvisoryLocks.APPLICATION;
import static mastery.postgresql.administration.AdvisoryLocks.createParcel;
import static mastery.postgresql.administration.AdvisoryLocks.lead;
import static mastery.postgresql.administration.AdvisoryLocks.migrateAlone;
import static mastery.postgresql.administration.AdvisoryLocks.resign;
import static mastery.postgresql.administration.AdvisoryLocks.tryLead;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.List;
import javax.sql.DataSource;
import mastery.postgresql.administration.AdvisoryLocks.Migration;
import mastery.postgresql.administration.AdvisoryLocks.Thing;
import mastery.support.interleave.Blocked;
import mastery.support.interleave.Interleaving;
import mastery.support.interleave.LockView;
import mastery.support.interleave.Session;
import mastery.support.junit.OnPostgreSql;
import org.junit.jupiter.api.Test;

@OnPostgreSql
class AdvisoryLocksIT {

    @Test
    void onlyOneLeadsAndTheServerShowsWho(Connection ann, Connection bob) throws SQLException {
        assertThat(tryLead(ann)).isTrue();
        assertThat(tryLead(bob)).isFalse();

        assertThat(locks(bob))
                .containsExactly("advisory " + APPLICATION + " " + Thing.LEAD.number + " 2 ExclusiveLock true");
        assertThat(resign(bob)).isFalse();
        assertThat(resign(ann)).isTrue();
        assertThat(locks(bob)).isEmpty();
        assertThat(tryLead(bob)).isTrue();
    }

    @Test
    void theLeadSurvivesCommitAndRollback(Connection ann, Connection bob) throws SQLException {
        ann.setAutoCommit(false);
        assertThat(tryLead(ann)).isTrue();
        ann.commit();
        assertThat(tryLead(bob)).isFalse();
        ann.rollback();
        assertThat(tryLead(bob)).isFalse();
    }

    @Test
    void whatWasTakenTwiceIsGivenBackTwice(Connection ann, Connection bob) throws SQLException {
        assertThat(tryLead(ann)).isTrue();
        assertThat(tryLead(ann)).isTrue();

        assertThat(resign(ann)).isTrue();
        assertThat(tryLead(bob)).isFalse();
        assertThat(resign(ann)).isTrue();
        assertThat(tryLead(bob)).isTrue();
    }

    @Test
    void theLeadOfAKilledSessionPassesToTheOneThatWaits(DataSource database) throws SQLException {
        try (Interleaving play = Interleaving.on(LockView.postgreSql(database))) {
            Session ann = play.session("Ann", database);
            Session bob = play.session("Bob", database);
            Session administrator = play.session("administrator", database);
            ann.returns("leads", AdvisoryLocks::tryLead);
            Blocked<Void> waits = bob.blocks("leads", c -> {
                lead(c);
                return null;
            });
            assertThat(waits.waitsFor()).isEqualTo(ann);

            administrator.does("terminates Ann", c -> terminate(c, ann));

            waits.returns();
            assertThat(administrator.returns("wants to lead", AdvisoryLocks::tryLead))
                    .isFalse();
        }
    }

    @Test
    void theSecondMigrationWaitsForTheFirstAndFindsItDone(DataSource database) throws SQLException {
        try (Interleaving play = Interleaving.on(LockView.postgreSql(database))) {
            Session ann = play.session("Ann", database);
            Session bob = play.session("Bob", database);
            List<Blocked<Boolean>> waiting = new ArrayList<>();
            ann.does(
                    "migrates",
                    c -> migrateAlone(c, migration -> {
                        waiting.add(bob.blocks("migrates", AdvisoryLocksIT::migrateIfMissing));
                        createParcel(migration);
                    }));

            assertThat(waiting.get(0).waitsFor()).isEqualTo(ann);
            assertThat(waiting.get(0).returns()).as("Bob had to migrate").isFalse();
        }
    }

    @Test
    void withoutTheLockIfNotExistsFailsWhenTwoMigrateAtOnce(DataSource database) throws SQLException {
        try (Interleaving play = Interleaving.on(LockView.postgreSql(database))) {
            Session ann = play.session("Ann", database);
            Session bob = play.session("Bob", database);
            ann.begins();
            ann.does("migrates", AdvisoryLocks::createParcel);
            Blocked<Void> migration = bob.blocks("migrates", c -> {
                createParcel(c);
                return null;
            });
            ann.commits();

            migration.failsWith("23505");
        }
    }

    @Test
    void theLockOfAMigrationEndsWithItsCommitAndWithItsFailure(Connection ann, Connection bob) throws SQLException {
        List<List<String>> seen = new ArrayList<>();
        migrateAlone(ann, c -> seen.add(locks(bob)));
        assertThat(seen)
                .containsExactly(
                        List.of("advisory " + APPLICATION + " " + Thing.MIGRATE.number + " 2 ExclusiveLock true"));
        assertThat(locks(bob)).isEmpty();

        Migration failing = c -> {
            createParcel(c);
            throw new SQLException("it does not work");
        };
        assertThatThrownBy(() -> migrateAlone(ann, failing)).hasMessage("it does not work");
        assertThat(locks(bob)).isEmpty();
        assertThat(exists(bob)).isFalse();
        assertThat(ann.getAutoCommit()).isTrue();
    }

    @Test
    void noMigrationIsRefusedBeforeAnyStatement(Connection connection) throws SQLException {
        connection.close(); // a statement would fail with an SQLException

        assertThatThrownBy(() -> migrateAlone(connection, null)).hasMessage("migration");
    }

    /** True if the table was not there. */
    private static boolean migrateIfMissing(Connection connection) throws SQLException {
        boolean[] missing = new boolean[1];
        migrateAlone(connection, migration -> {
            missing[0] = !exists(migration);
            createParcel(migration);
        });
        return missing[0];
    }

    private static boolean exists(Connection connection) throws SQLException {
        try (Statement statement = connection.createStatement();
                ResultSet row = statement.executeQuery("select to_regclass('parcel') is not null")) {
            row.next();
            return row.getBoolean(1);
        }
    }

    /** The advisory locks of this database: kind, the two numbers and what they are, mode, whether it is held. */
    private static List<String> locks(Connection connection) throws SQLException {
        List<String> locks = new ArrayList<>();
        try (Statement statement = connection.createStatement();
                ResultSet row = statement.executeQuery("""
                        select locktype, classid, objid, objsubid, mode, granted
                          from pg_locks
                         where locktype = 'advisory'
                           and database = (select oid from pg_database where datname = current_database())
                        """)) {
            while (row.next()) {
                locks.add(row.getString(1) + " " + row.getLong(2) + " " + row.getLong(3) + " " + row.getInt(4) + " "
                        + row.getString(5) + " " + row.getBoolean(6));
            }
        }
        return locks;
    }

    private static void terminate(Connection administrator, Session session) throws SQLException {
        try (PreparedStatement terminate = administrator.prepareStatement("select pg_terminate_backend(?, 30000)")) {
            terminate.setInt(1, (int) session.id());
            try (ResultSet ended = terminate.executeQuery()) {
                assertThat(ended.next() && ended.getBoolean(1))
                        .as("%s ended", session)
                        .isTrue();
            }
        }
    }
}
