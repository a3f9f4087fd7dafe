package mastery.design.transactions;

import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import javax.sql.DataSource;
import mastery.support.trace.Story;

/**
 * Read a value, compute, write it back: of two sessions that do so at once, one update is lost. Four cures keep both: one statement, a lock at
 * the read, a version compared at the write, or a stricter isolation level and running again.
 *
 * <p><b>Use</b> {@link #inOneStatement} where SQL can compute the new value: it alone lets a CHECK see what is really there. {@link #underLock}
 * where many want the same row, {@link #byVersion} where few do or where a person thinks between read and write, {@link #retried} where a
 * transaction reads more than one row.
 *
 * <p><b>Not</b> a CHECK alone: it compares the value that was computed from an old read and finds nothing wrong. Nor REPEATABLE READ
 * everywhere: PostgreSQL and SQL Server refuse the stale write there, MySQL takes it.
 *
 * <p><b>They cost</b>: one statement is the least, and waits for writers only while it writes. A lock makes everybody wait while one thinks. A version
 * lets nobody wait while one thinks, and does the work again for each conflict. SERIALIZABLE does the work again too; on PostgreSQL after a refused
 * write, also for the sake of strangers if the row was found by a scan of the whole table; on MySQL and SQL Server after a deadlock, because both hold a
 * lock on what they read.
 *
 * <p><b>They need</b> auto-commit off; each method ends its transaction. {@link #retried} needs the isolation level set where the connection is made.
 *
 * <p>Source: PostgreSQL manual, "Transaction Isolation"; MySQL Reference Manual, "Locking Reads" and "Transaction Isolation Levels"; SQL Server
 * documentation, "Transaction locking and row versioning guide" and "Table hints (Transact-SQL)".
 */
public final class LostUpdateCures {

    /** How each engine reads a row so that nobody else can change it before the transaction ends, and waits for a lock for a moment only. */
    enum Engine {
        POSTGRESQL("select sold, version from concert where id = ? for update", "set lock_timeout = '200ms'"),
        MYSQL("select sold, version from concert where id = ? for update", "set innodb_lock_wait_timeout = 1"),
        SQL_SERVER("select sold, version from concert with (updlock) where id = ?", "set lock_timeout 200");

        private final String lock;
        final String briefly;

        Engine(String lock, String briefly) {
            this.lock = lock;
            this.briefly = briefly;
        }

        static Engine of(Connection connection) throws SQLException {
            String product = connection.getMetaData().getDatabaseProductName();
            return switch (product) {
                case "PostgreSQL" -> POSTGRESQL;
                case "MySQL" -> MYSQL;
                case "Microsoft SQL Server" -> SQL_SERVER;
                default -> throw new IllegalArgumentException("no SQL for " + product);
            };
        }
    }

    /** SQL Server under SNAPSHOT: the row was changed since the transaction began. It comes without an SQLSTATE of its own. */
    private static final int UPDATE_CONFLICT = 3960;

    private LostUpdateCures() {}

    /** A concert as it was read. */
    public record Concert(int sold, int version) {}

    /** Computes how many tickets are sold from how many were. This is the time in which others come. */
    @FunctionalInterface
    public interface Change {
        int apply(int sold) throws SQLException;
    }

    /** The wrong way: whatever others wrote between the read and the write is gone. Returns the attempts, which is 1. */
    public static int blindly(Connection connection, int id, Change change) throws SQLException {
        write(connection, id, change.apply(read(connection, id).sold()));
        connection.commit();
        return 1;
    }

    /** Cure 1: the server reads and writes in one go. Returns the attempts, which is 1. */
    public static int inOneStatement(Connection connection, int id, int tickets) throws SQLException {
        try (PreparedStatement update =
                connection.prepareStatement("update concert set sold = sold + ? where id = ?")) {
            update.setInt(1, tickets);
            update.setInt(2, id);
            mustHit(update.executeUpdate(), id);
        }
        connection.commit();
        return 1;
    }

    /** Cure 2: who reads to write locks what is read. Returns the attempts, which is 1. */
    public static int underLock(Connection connection, int id, Change change) throws SQLException {
        write(connection, id, change.apply(lock(connection, id).sold()));
        connection.commit();
        return 1;
    }

    /**
     * Cure 3: the write asks whether the row is still what was read. Returns the attempts it took.
     *
     * @throws IllegalStateException if others were faster each time
     */
    public static int byVersion(Connection connection, int id, Change change, int attempts) throws SQLException {
        for (int attempt = 1; attempt <= atLeastOne(attempts); attempt++) {
            Concert read = read(connection, id);
            if (writeIfUnchanged(connection, id, change.apply(read.sold()), read.version()) == 1) {
                connection.commit();
                return attempt;
            }
            // without this, REPEATABLE READ would read the same old version for ever
            connection.rollback();
        }
        throw new IllegalStateException(
                "concert " + id + " was changed by others in each of " + attempts + " attempts");
    }

    /**
     * Cure 4: the same statements as the wrong way, at a level that refuses to lose an update, and all of them again when it does. At any other
     * level this cures nothing. Returns the attempts it took.
     */
    public static int retried(Connection connection, int id, Change change, int attempts) throws SQLException {
        for (int attempt = 1; attempt <= atLeastOne(attempts); attempt++) {
            try {
                blindly(connection, id, change);
                return attempt;
            } catch (SQLException e) {
                connection.rollback();
                if (!mayBeRunAgain(connection, e) || attempt == attempts) {
                    throw e;
                }
            }
        }
        throw new AssertionError("the last attempt returns or throws");
    }

    /** The server refused for the sake of others: 40001 is said by all three engines, 40P01 is PostgreSQL's deadlock. */
    private static boolean mayBeRunAgain(Connection connection, SQLException e) throws SQLException {
        return "40001".equals(e.getSQLState())
                || "40P01".equals(e.getSQLState())
                || Engine.of(connection) == Engine.SQL_SERVER && e.getErrorCode() == UPDATE_CONFLICT;
    }

    public static Concert read(Connection connection, int id) throws SQLException {
        return concert(connection, "select sold, version from concert where id = ?", id);
    }

    /** Reads the newest state, and nobody else changes it before this transaction ends. */
    public static Concert lock(Connection connection, int id) throws SQLException {
        if (connection.getAutoCommit()) {
            throw new IllegalStateException("turn auto-commit off: it would end the lock at once");
        }
        return concert(connection, Engine.of(connection).lock, id);
    }

    private static Concert concert(Connection connection, String sql, int id) throws SQLException {
        try (PreparedStatement select = connection.prepareStatement(sql)) {
            select.setInt(1, id);
            try (ResultSet row = select.executeQuery()) {
                mustHit(row.next() ? 1 : 0, id);
                return new Concert(row.getInt("sold"), row.getInt("version"));
            }
        }
    }

    public static void write(Connection connection, int id, int sold) throws SQLException {
        try (PreparedStatement update = connection.prepareStatement("update concert set sold = ? where id = ?")) {
            update.setInt(1, sold);
            update.setInt(2, id);
            mustHit(update.executeUpdate(), id);
        }
    }

    /** Writes if the version is still the one that was read. Returns the rows written: 1, or 0 if somebody was faster. */
    public static int writeIfUnchanged(Connection connection, int id, int sold, int version) throws SQLException {
        try (PreparedStatement update = connection.prepareStatement("""
                update concert
                   set sold = ?, version = version + 1
                 where id = ? and version = ?
                """)) {
            update.setInt(1, sold);
            update.setInt(2, id);
            update.setInt(3, version);
            return update.executeUpdate();
        }
    }

    private static void mustHit(int rows, int id) {
        if (rows == 0) {
            throw new IllegalArgumentException("there is no concert " + id);
        }
    }

    private static int atLeastOne(int attempts) {
        if (attempts < 1) {
            throw new IllegalArgumentException("there is at least 1 attempt, not " + attempts);
        }
        return attempts;
    }

    /** Concerts 1, 2 and so on, of which nothing is sold. */
    public static void createSchema(Connection connection, int concerts, int seats) throws SQLException {
        try (Statement statement = connection.createStatement()) {
            statement.execute("""
                    create table concert (
                      id      int not null primary key,
                      seats   int not null,
                      sold    int not null,
                      version int not null,
                      constraint concert_seats check (sold <= seats)
                    )
                    """);
        }
        try (PreparedStatement insert =
                connection.prepareStatement("insert into concert (id, seats, sold, version) values (?, ?, 0, 0)")) {
            for (int id = 1; id <= concerts; id++) {
                insert.setInt(1, id);
                insert.setInt(2, seats);
                insert.addBatch();
            }
            insert.executeBatch();
        }
    }

    private interface Sale {
        int sell() throws SQLException;
    }

    private static String outcome(Connection connection, Sale sale) throws SQLException {
        try {
            return "sold, attempts: " + sale.sell();
        } catch (SQLException e) {
            connection.rollback();
            return "error " + e.getErrorCode() + ", SQLSTATE " + e.getSQLState();
        }
    }

    private static int sold(Connection connection) throws SQLException {
        int sold = read(connection, 1).sold();
        connection.commit();
        return sold;
    }

    public static void main(String[] args) {
        Story.tell(LostUpdateCures.class, story -> {
            for (DataSource engine : new DataSource[] {story.postgresql(), story.mysql()}) {
                try (Connection ann = engine.getConnection();
                        Connection bob = engine.getConnection()) {
                    createSchema(ann, 1, 100);
                    try (Statement statement = bob.createStatement()) {
                        statement.execute(Engine.of(bob).briefly);
                    }
                    ann.setAutoCommit(false);
                    bob.setAutoCommit(false);

                    story.step(Engine.of(ann) + ": Ann reads 0 sold; Bob sells one; Ann, who sells one too, writes 1");
                    blindly(ann, 1, sold -> {
                        inOneStatement(bob, 1, 1);
                        return sold + 1;
                    });
                    story.show("sold, of 2", sold(ann));

                    story.step("A version: the same again, but Ann's write finds 0 rows, and she starts anew");
                    Change slowly = sold -> {
                        if (sold == 1) {
                            byVersion(bob, 1, now -> now + 1, 1);
                        }
                        return sold + 1;
                    };
                    story.show("Ann", outcome(ann, () -> byVersion(ann, 1, slowly, 3)));
                    story.show("sold, of 3", sold(ann));

                    story.step("A lock: Bob cannot even read before Ann has committed");
                    underLock(ann, 1, sold -> {
                        story.show("Bob", outcome(bob, () -> underLock(bob, 1, now -> now + 1)));
                        return sold + 1;
                    });
                    story.show("sold, of 4", sold(ann));

                    story.step("SERIALIZABLE: Bob sells one after Ann has read 4");
                    ann.setTransactionIsolation(Connection.TRANSACTION_SERIALIZABLE);
                    Change overtaken = sold -> {
                        if (sold == 4) {
                            story.show("Bob", outcome(bob, () -> inOneStatement(bob, 1, 1)));
                        }
                        return sold + 1;
                    };
                    story.show("Ann", outcome(ann, () -> retried(ann, 1, overtaken, 3)));
                    story.show("sold", sold(ann));

                    story.step("One statement: a CHECK sees what is really there");
                    story.show("100 tickets more", outcome(ann, () -> inOneStatement(ann, 1, 100)));
                }
            }
            story.learned("Let the server compute; where it cannot, lock, compare a version, or be strict and retry.");
        });
    }
}
