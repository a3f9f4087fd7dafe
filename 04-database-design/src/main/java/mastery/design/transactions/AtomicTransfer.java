package mastery.design.transactions;

import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import javax.sql.DataSource;
import mastery.support.trace.Story;

/**
 * Debit and credit are one transaction and its key is one row of it: after a crash at any step the sum is what it was, and asking
 * again moves the money once.
 *
 * <p><b>When:</b> several rows must change together, and whoever asked may not hear the answer and ask again.
 *
 * <p><b>Not</b> across two databases: no transaction spans them; move the money by an event ({@link Outbox}).
 *
 * <p><b>It costs</b> a row and an index entry for each transfer, kept as long as somebody may ask again. The client makes the key before it asks
 * for the first time, and asks again with the same one.
 *
 * <p>A connection that breaks tells nothing about a commit under way. So {@link #transfer} does not guess: it throws, and the same
 * call again finds the key, or does it. Two opposite transfers can deadlock; {@link RetryTemplate} runs the loser again.
 *
 * <p><b>It needs</b> a primary key on the transfer's id and a check on the balance (PostgreSQL 23514, MySQL 3819, SQL Server 547), and
 * a server that writes its log to the disk before it says that a commit is done: {@code fsync} and {@code synchronous_commit} of
 * PostgreSQL, {@code innodb_flush_log_at_trx_commit = 1} and {@code sync_binlog = 1} of MySQL.
 *
 * <p>Source: PostgreSQL manual, "Reliability and the Write-Ahead Log"; MySQL manual, "InnoDB and the ACID Model"; SQL Server
 * documentation, "Transactions (Transact-SQL)".
 */
public final class AtomicTransfer {

    private AtomicTransfer() {}

    /** What is asked for; whoever asks makes the id, and uses it again when asking again. */
    public record Transfer(String id, int from, int to, long cents) {
        public Transfer {
            if (id == null || id.isBlank()) {
                throw new IllegalArgumentException(
                        "a transfer needs an id, by which it is known when it is asked for again");
            }
            if (cents <= 0) {
                throw new IllegalArgumentException("a transfer of " + cents + " cents moves nothing");
            }
            if (from == to) {
                throw new IllegalArgumentException("a transfer needs two accounts, not " + from + " twice");
            }
        }
    }

    /** How a request ended. */
    public enum Outcome {
        DONE,
        /** By an earlier request with the same id. */
        DONE_BEFORE
    }

    /** The wrong way: each statement is a transaction of its own, and between the two the money is nowhere. */
    public static void stepByStep(Connection connection, Transfer transfer) throws SQLException {
        connection.setAutoCommit(true);
        add(connection, transfer.from(), -transfer.cents());
        add(connection, transfer.to(), transfer.cents());
    }

    /** Better, but whoever does not hear the answer and asks again moves the money again. */
    public static void withoutKey(Connection connection, Transfer transfer) throws SQLException {
        connection.setAutoCommit(false);
        add(connection, transfer.from(), -transfer.cents());
        add(connection, transfer.to(), transfer.cents());
        connection.commit();
    }

    /**
     * The right way. Whatever it throws, the money has moved as a whole or not at all, and the same call may be made again.
     *
     * @throws SQLException if it is not done, or if that is not known because the connection broke
     * @throws IllegalArgumentException if an account does not exist, or the id belongs to another transfer
     */
    public static Outcome transfer(DataSource dataSource, Transfer transfer) throws SQLException {
        try (Connection connection = dataSource.getConnection()) {
            connection.setAutoCommit(false);
            try {
                Outcome outcome = once(connection, transfer);
                connection.commit();
                return outcome;
            } catch (SQLException | RuntimeException e) {
                rollBack(connection, e);
                throw e;
            }
        }
    }

    private static Outcome once(Connection connection, Transfer transfer) throws SQLException {
        try {
            register(connection, transfer);
        } catch (SQLException e) {
            if (!isDuplicate(e)) {
                throw e;
            }
            connection.rollback();
            if (!transfer.equals(registered(connection, transfer.id()))) {
                throw new IllegalArgumentException("the id " + transfer.id() + " belongs to another transfer", e);
            }
            return Outcome.DONE_BEFORE;
        }
        add(connection, transfer.from(), -transfer.cents());
        add(connection, transfer.to(), transfer.cents());
        return Outcome.DONE;
    }

    /** Waits for another transaction with the same id, and fails if that commits. */
    private static void register(Connection connection, Transfer transfer) throws SQLException {
        try (PreparedStatement insert = connection.prepareStatement(
                "insert into transfer (id, from_account, to_account, cents) values (?, ?, ?, ?)")) {
            insert.setString(1, transfer.id());
            insert.setInt(2, transfer.from());
            insert.setInt(3, transfer.to());
            insert.setLong(4, transfer.cents());
            insert.executeUpdate();
        }
    }

    /** SQLSTATE of PostgreSQL; vendor codes of MySQL and SQL Server. */
    private static boolean isDuplicate(SQLException e) {
        return "23505".equals(e.getSQLState()) || e.getErrorCode() == 1062 || e.getErrorCode() == 2627;
    }

    private static Transfer registered(Connection connection, String id) throws SQLException {
        try (PreparedStatement select =
                connection.prepareStatement("select id, from_account, to_account, cents from transfer where id = ?")) {
            select.setString(1, id);
            try (ResultSet row = select.executeQuery()) {
                return row.next() ? new Transfer(row.getString(1), row.getInt(2), row.getInt(3), row.getLong(4)) : null;
            }
        }
    }

    private static void add(Connection connection, int account, long cents) throws SQLException {
        try (PreparedStatement update =
                connection.prepareStatement("update account set cents = cents + ? where id = ?")) {
            update.setLong(1, cents);
            update.setInt(2, account);
            if (update.executeUpdate() == 0) {
                throw new IllegalArgumentException("there is no account " + account);
            }
        }
    }

    private static void rollBack(Connection connection, Exception failure) {
        try {
            connection.rollback();
        } catch (SQLException e) {
            failure.addSuppressed(e);
        }
    }

    /** What an account has. */
    public static long balance(Connection connection, int account) throws SQLException {
        try (PreparedStatement select = connection.prepareStatement("select cents from account where id = ?")) {
            select.setInt(1, account);
            try (ResultSet row = select.executeQuery()) {
                row.next();
                return row.getLong(1);
            }
        }
    }

    /** Two accounts, 1 and 2, with 100 each. */
    public static void createSchema(Connection connection) throws SQLException {
        try (Statement statement = connection.createStatement()) {
            statement.execute("""
                    create table account (
                      id    int    not null primary key,
                      cents bigint not null,
                      constraint not_overdrawn check (cents >= 0)
                    )
                    """);
            statement.execute("""
                    create table transfer (
                      id           varchar(80) not null primary key,
                      from_account int         not null,
                      to_account   int         not null,
                      cents        bigint      not null
                    )
                    """);
            statement.execute("insert into account (id, cents) values (1, 100), (2, 100)");
        }
    }

    public static void main(String[] args) {
        Story.tell(AtomicTransfer.class, story -> {
            DataSource dataSource = story.postgresql();
            try (Connection observer = dataSource.getConnection()) {
                createSchema(observer);

                story.step("A transfer: the key, the debit and the credit are one transaction");
                Transfer rent = new Transfer("rent-2026-01", 1, 2, 30);
                story.show("first request", transfer(dataSource, rent));

                story.step("The client did not hear the answer and asks again: nothing is moved");
                story.show("second request", transfer(dataSource, rent));

                story.step("More than there is: the check refuses the debit, and the key is free again");
                try {
                    transfer(dataSource, new Transfer("car", 1, 2, 500));
                } catch (SQLException e) {
                    story.show("refused", e.getSQLState() + ": " + e.getMessage());
                }
                story.show("account 1", balance(observer, 1));
                story.show("account 2", balance(observer, 2));

                story.learned(
                        "Move all of it in one transaction, and let a key in that transaction say that it is done.");
            }
        });
    }
}
