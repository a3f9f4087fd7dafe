package mastery.postgresql.administration;

import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.Objects;
import javax.sql.DataSource;
import mastery.support.trace.Story;

/**
 * An advisory lock lets one process of many do a thing, such as lead or migrate, and it is free at once when that process
 * dies.
 *
 * <p><b>Use it</b> for what has no row to lock: for as long as a connection lives (a leader), or a transaction (a migration).
 *
 * <p><b>Not</b> a lock of the session on a pooled connection: it survives COMMIT and ROLLBACK, so it goes back to the pool
 * and stays taken. Nor as a guard of writes elsewhere: a leader whose connection broke learns of it late.
 *
 * <p><b>It costs</b> a place in the server's lock table. Locks add up: what was taken twice is given back twice.
 *
 * <p><b>It needs</b> numbers that all programs of a database agree on: two integers, here one for the application and one
 * for the thing (manual, "Advisory Locks").
 */
public final class AdvisoryLocks {

    /** The first number of all our locks, so that another program's do not meet them. */
    static final int APPLICATION = 7_301;

    private AdvisoryLocks() {}

    /** What only one process may do at a time. The numbers are in use: they never change. */
    public enum Thing {
        LEAD(1),
        MIGRATE(2);

        final int number;

        Thing(int number) {
            this.number = number;
        }
    }

    /** A change of the schema; it has to look for itself whether it was made already. */
    @FunctionalInterface
    public interface Migration {
        void run(Connection connection) throws SQLException;
    }

    /** Becomes the leader as long as this connection lives, unless there is one; give it a connection of its own. */
    public static boolean tryLead(Connection own) throws SQLException {
        return call(own, "select pg_try_advisory_lock(?, ?)", Thing.LEAD);
    }

    /** Becomes the leader when those before have gone, and waits so long. */
    public static void lead(Connection own) throws SQLException {
        call(own, "select pg_advisory_lock(?, ?) is not null", Thing.LEAD);
    }

    /** Gives the lead back; false when it was not this connection's. */
    public static boolean resign(Connection own) throws SQLException {
        return call(own, "select pg_advisory_unlock(?, ?)", Thing.LEAD);
    }

    /** Runs the migration after those of all others, and commits it. The lock ends with the transaction, whatever happens. */
    public static void migrateAlone(Connection connection, Migration migration) throws SQLException {
        Objects.requireNonNull(migration, "migration");
        connection.setAutoCommit(false);
        try {
            call(connection, "select pg_advisory_xact_lock(?, ?) is not null", Thing.MIGRATE);
            migration.run(connection);
            connection.commit();
        } catch (SQLException | RuntimeException | Error e) {
            connection.rollback();
            throw e;
        } finally {
            connection.setAutoCommit(true);
        }
    }

    private static boolean call(Connection connection, String sql, Thing thing) throws SQLException {
        try (PreparedStatement select = connection.prepareStatement(sql)) {
            select.setInt(1, APPLICATION);
            select.setInt(2, thing.number);
            try (ResultSet row = select.executeQuery()) {
                row.next();
                return row.getBoolean(1);
            }
        }
    }

    /** The migration of this example. IF NOT EXISTS alone is no guard: two that run at once both find nothing. */
    public static void createParcel(Connection connection) throws SQLException {
        try (Statement statement = connection.createStatement()) {
            statement.execute("create table if not exists parcel (id bigint primary key, address text not null)");
        }
    }

    public static void main(String[] args) {
        Story.tell(AdvisoryLocks.class, story -> {
            DataSource database = story.postgresql();
            try (Connection bob = database.getConnection();
                    Connection cid = database.getConnection()) {
                try (Connection ann = database.getConnection()) {
                    story.step("Ann leads, Bob does not");
                    story.show("Ann leads", tryLead(ann));
                    story.show("Bob leads", tryLead(bob));

                    story.step("It is a lock of the session: COMMIT does not end it");
                    ann.setAutoCommit(false);
                    try (Statement statement = ann.createStatement()) {
                        statement.execute("select 'some work'");
                    }
                    ann.commit();
                    story.show("Bob leads", tryLead(bob));
                }

                story.step("Ann's connection ends, as it does when her process dies: Bob, who waits, leads");
                lead(bob);
                story.show("Cid leads", tryLead(cid));

                story.step("Migrations run one after another; the lock ends with the transaction");
                migrateAlone(bob, AdvisoryLocks::createParcel);
                migrateAlone(cid, AdvisoryLocks::createParcel);

                story.learned("Lock a name, not a row, and let the server take the lock back from the dead.");
            }
        });
    }
}
