package mastery.design.transactions;

import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import javax.sql.DataSource;
import mastery.support.trace.Story;

/**
 * Two transfers that lock the same accounts in opposite order can wait for each other, and the server ends one of them; in one order for all, the
 * lower account first, they never do.
 *
 * <p><b>Use</b> one order wherever a transaction writes, or locks, more than one row: sort by the key before the first write.
 *
 * <p><b>Not</b> instead of running a victim again: foreign keys, other indexes and other programs lock rows too. After a deadlock the whole transaction
 * is gone and can be run again: 40P01 on PostgreSQL, 1213 on MySQL, 1205 on SQL Server.
 *
 * <p><b>It costs</b> nothing but the sorting, and the wait is still there. A limit to waits, {@link #waitBriefly}, is no cure: what it leaves
 * behind differs. After 55P03 PostgreSQL takes nothing but a rollback. After 1205 on MySQL and 1222 on SQL Server only the statement is undone: the
 * debit stands, and a commit makes half a transfer. MySQL's driver gives its 1205 the SQLSTATE of a deadlock, 40001, so look at the number, or roll back.
 *
 * <p><b>It needs</b> auto-commit off, and the caller to commit.
 *
 * <p>Source: PostgreSQL manual, "Explicit Locking" and "PostgreSQL Error Codes"; MySQL Reference Manual, "InnoDB Error Handling" and "Deadlocks in
 * InnoDB"; SQL Server documentation, "Deadlocks guide", "SET LOCK_TIMEOUT (Transact-SQL)" and "Transaction locking and row versioning guide".
 */
public final class DeadlockOrder {

    /** How each engine is told to wait for a lock for a moment only. MySQL counts in seconds, the others in milliseconds. */
    enum Engine {
        POSTGRESQL("set lock_timeout = 200"),
        MYSQL("set innodb_lock_wait_timeout = 1"),
        SQL_SERVER("set lock_timeout 200");

        private final String waitBriefly;

        Engine(String waitBriefly) {
            this.waitBriefly = waitBriefly;
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

    private DeadlockOrder() {}

    /** The wrong way: locks the accounts in the order in which they are named. */
    public static void transfer(Connection connection, int from, int to, int amount) throws SQLException {
        check(connection, from, to, amount);
        change(connection, from, -amount);
        change(connection, to, amount);
    }

    /** The right way: the lower account first, whichever way the money goes. */
    public static void transferSorted(Connection connection, int from, int to, int amount) throws SQLException {
        check(connection, from, to, amount);
        if (from < to) {
            change(connection, from, -amount);
            change(connection, to, amount);
        } else {
            change(connection, to, amount);
            change(connection, from, -amount);
        }
    }

    private static void check(Connection connection, int from, int to, int amount) throws SQLException {
        if (connection.getAutoCommit()) {
            throw new IllegalStateException("turn auto-commit off: half a transfer would be committed");
        }
        if (from == to || amount < 1) {
            throw new IllegalArgumentException(
                    "a transfer takes at least 1 to another account, not " + amount + " from " + from + " to " + to);
        }
    }

    /** Adds to a balance, and locks the account until the transaction ends. */
    public static void change(Connection connection, int account, int amount) throws SQLException {
        try (PreparedStatement update =
                connection.prepareStatement("update account set balance = balance + ? where id = ?")) {
            update.setInt(1, amount);
            update.setInt(2, account);
            if (update.executeUpdate() == 0) {
                throw new IllegalArgumentException("there is no account " + account);
            }
        }
    }

    /** No statement of this session waits for a lock for long. */
    public static void waitBriefly(Connection connection) throws SQLException {
        try (Statement statement = connection.createStatement()) {
            statement.execute(Engine.of(connection).waitBriefly);
        }
    }

    public static int balance(Connection connection, int account) throws SQLException {
        try (PreparedStatement select = connection.prepareStatement("select balance from account where id = ?")) {
            select.setInt(1, account);
            try (ResultSet row = select.executeQuery()) {
                if (!row.next()) {
                    throw new IllegalArgumentException("there is no account " + account);
                }
                return row.getInt(1);
            }
        }
    }

    /** Accounts 1, 2 and 3, each with 100. */
    public static void createSchema(Connection connection) throws SQLException {
        try (Statement statement = connection.createStatement()) {
            statement.execute("create table account (id int not null primary key, balance int not null)");
            statement.execute("insert into account (id, balance) values (1, 100), (2, 100), (3, 100)");
        }
    }

    private interface Work {
        void run() throws SQLException;
    }

    private static String outcome(Work work) {
        try {
            work.run();
            return "done";
        } catch (SQLException e) {
            return "error " + e.getErrorCode() + ", SQLSTATE " + e.getSQLState();
        }
    }

    public static void main(String[] args) {
        Story.tell(DeadlockOrder.class, story -> {
            ExecutorService other = Executors.newSingleThreadExecutor(work -> new Thread(work, "meanwhile"));
            try {
                for (DataSource engine : new DataSource[] {story.postgresql(), story.mysql()}) {
                    try (Connection ann = engine.getConnection();
                            Connection bob = engine.getConnection()) {
                        createSchema(ann);
                        ann.setAutoCommit(false);
                        bob.setAutoCommit(false);

                        story.step(
                                Engine.of(ann) + ": Ann moves 10 from 1 to 2, Bob 20 from 2 to 1; each has the first");
                        change(ann, 1, -10);
                        change(bob, 2, -20);
                        Future<String> first = other.submit(() -> outcome(() -> change(ann, 2, 10)));
                        String second = outcome(() -> change(bob, 1, 20));
                        if (second.equals("done")) {
                            bob.commit();
                        } else {
                            bob.rollback();
                        }
                        story.show("Ann's second half", first.get());
                        story.show("Bob's second half", second);
                        if (first.get().equals("done")) {
                            ann.commit();
                        } else {
                            ann.rollback();
                        }

                        story.step("Sorted: Bob waits for account 1 before he has anything, and then goes on");
                        change(ann, 1, -10);
                        Future<String> waits = other.submit(() -> outcome(() -> transferSorted(bob, 2, 1, 20)));
                        change(ann, 2, 10);
                        ann.commit();
                        story.show("Bob", waits.get());
                        bob.commit();

                        story.step("A limit to waits: what is left of Bob's transfer from 2 to 1 if he commits?");
                        int before = balance(bob, 2);
                        waitBriefly(bob);
                        change(ann, 1, 1);
                        story.show("Bob", outcome(() -> transfer(bob, 2, 1, 20)));
                        story.show("Bob commits", outcome(bob::commit));
                        ann.rollback();
                        story.show("gone from account 2", before - balance(ann, 2));
                        ann.rollback();
                    }
                }
            } finally {
                other.shutdownNow();
            }
            story.learned("Lock in one order; run a victim again; after any error in a transfer, roll back.");
        });
    }
}
