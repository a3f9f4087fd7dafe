package mastery.design.transactions;

import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Predicate;
import javax.sql.DataSource;
import mastery.support.trace.Story;

/**
 * A transaction that lost against another is run again as a whole, from its first read, and nothing else is: the error's code decides.
 *
 * <p><b>When:</b> wherever sessions change the same rows under REPEATABLE READ, SNAPSHOT or SERIALIZABLE, or take locks that can
 * deadlock. Copy the class as it is; only {@link #main} needs this project.
 *
 * <p><b>Not</b> for one statement that can do it all, such as {@code set hits = hits + 1}; not around a transaction that somebody else
 * began; and not for errors that come back however often one asks: a duplicate key (23505, 1062, 2627) is thrown at once.
 *
 * <p><b>It costs</b> the work of every attempt that is lost, and a pause after it. The work must do nothing but work on its
 * connection, as it may run many times; it neither commits nor swallows an SQLException. What is to happen once, such as a mail, it
 * gives to {@link AfterCommit}. If that fails, the transaction is committed nevertheless: the other effects still run, then
 * {@link AfterCommitException} says so, and nothing is run again. An effect that must not be lost belongs in an {@link Outbox}.
 *
 * <p>A connection lost before the commit was sent is a lost attempt: the server rolls back. Lost in the commit, nobody here knows how it
 * ended, so {@link UnknownCommitException} leaves it to the caller: {@link AtomicTransfer} shows how to ask safely.
 *
 * <p><b>It needs</b> a DataSource, whose pool turns auto-commit on again when a connection comes back, as pools do. Without JDBC,
 * {@link #run(Transaction)} takes a whole transaction and the constructor any test of an exception, such as MongoDB's label
 * TransientTransactionError.
 *
 * <p>Source: PostgreSQL manual, "Serialization Failure Handling" and "PostgreSQL Error Codes"; MySQL manual, "InnoDB Error Handling" and
 * "Deadlocks in InnoDB"; SQL Server documentation, "Transaction locking and row versioning guide", errors 1205, 1222, 3960.
 */
public final class RetryTemplate {

    /** Connections that are gone, or that a server refuses while it goes down or comes up. */
    private static final Set<String> SERVER_GONE = Set.of("57P01", "57P02", "57P03");

    /** Serialization failure, deadlock, lock_timeout. */
    public static final Predicate<Exception> POSTGRESQL =
            e -> isLost(e) || Set.of("40001", "40P01", "55P03").contains(sqlState(e));

    /** Deadlock, which undid the transaction; lock wait timeout, which undid the statement only. */
    public static final Predicate<Exception> MYSQL =
            e -> isLost(e) || Set.of(1213, 1205).contains(vendorCode(e));

    /** Deadlock, update conflict of a snapshot, lock timeout. To MySQL 1205 is another error and 1222 a faulty statement. */
    public static final Predicate<Exception> SQL_SERVER =
            e -> isLost(e) || Set.of(1205, 3960, 1222).contains(vendorCode(e));

    private final Predicate<? super Exception> worthARetry;
    private final int maxAttempts;
    private final Backoff backoff;

    /**
     * @param worthARetry whether the exception says that a new attempt may succeed, such as {@link #POSTGRESQL}
     * @param maxAttempts how often the transaction runs at most
     */
    public RetryTemplate(Predicate<? super Exception> worthARetry, int maxAttempts, Backoff backoff) {
        if (worthARetry == null || backoff == null) {
            throw new IllegalArgumentException("what is worth a retry and the backoff must both be given");
        }
        if (maxAttempts < 1) {
            throw new IllegalArgumentException("a transaction needs one attempt or more, not " + maxAttempts);
        }
        this.worthARetry = worthARetry;
        this.maxAttempts = maxAttempts;
        this.backoff = backoff;
    }

    /** What is done in the transaction, in each attempt anew. */
    @FunctionalInterface
    public interface Work<T> {
        T run(Connection connection, AfterCommit afterCommit) throws SQLException;
    }

    /** A whole transaction, from its begin to its commit or rollback. */
    @FunctionalInterface
    public interface Transaction<T, E extends Exception> {
        T run(AfterCommit afterCommit) throws E;
    }

    /** Takes what shall happen once, and only if this attempt commits. */
    @FunctionalInterface
    public interface AfterCommit {
        void then(Effect effect);
    }

    /** Something outside of the transaction. */
    @FunctionalInterface
    public interface Effect {
        void run() throws Exception;
    }

    /** Waits before the next attempt. */
    @FunctionalInterface
    public interface Backoff {
        void pause(int lostAttempts) throws InterruptedException;

        /** Sleeps a random part of a time that doubles with each attempt, so that losers do not meet again. */
        static Backoff jittered(long firstMillis, long longestMillis) {
            if (firstMillis < 1 || longestMillis < firstMillis) {
                throw new IllegalArgumentException("not a pause: " + firstMillis + " to " + longestMillis + " ms");
            }
            return lost ->
                    Thread.sleep(ThreadLocalRandom.current().nextLong(ceiling(firstMillis, longestMillis, lost) + 1));
        }

        /** The longest pause after so many lost attempts. */
        static long ceiling(long firstMillis, long longestMillis, int lostAttempts) {
            int doublings = Math.min(lostAttempts - 1, Long.numberOfLeadingZeros(firstMillis) - 1);
            return Math.min(longestMillis, firstMillis << doublings);
        }
    }

    /** What the committed attempt returned, and how many it took. */
    public record Done<T>(T value, int attempts) {}

    /** The connection broke while the commit was under way: it is done or undone, and only the database knows. */
    public static final class UnknownCommitException extends SQLException {
        UnknownCommitException(SQLException lost) {
            super("It is not known whether the transaction is committed: " + lost.getMessage(), "08007", lost);
        }
    }

    /** The transaction is committed, so it must not be run again, but something that should follow failed. */
    public static final class AfterCommitException extends RuntimeException {
        private final transient Done<?> done;

        AfterCommitException(Done<?> done, List<Exception> failures) {
            super("The transaction is committed, but what should follow failed: " + failures.get(0), failures.get(0));
            this.done = done;
            failures.stream().skip(1).forEach(this::addSuppressed);
        }

        /** What would have been returned. */
        public Done<?> done() {
            return done;
        }
    }

    /**
     * Runs the work in a transaction on a connection of its own, as often as needed.
     *
     * @throws SQLException of the last attempt, with those of the attempts before it suppressed
     * @throws InterruptedException if the thread was interrupted between two attempts; nothing is committed
     */
    public <T> Done<T> run(DataSource dataSource, Work<T> work) throws SQLException, InterruptedException {
        return this.<T, SQLException>run(afterCommit -> inTransaction(dataSource, work, afterCommit));
    }

    /** The same with whole transactions of any kind. */
    public <T, E extends Exception> Done<T> run(Transaction<T, E> transaction) throws E, InterruptedException {
        List<Exception> lost = new ArrayList<>();
        while (true) {
            List<Effect> effects = new ArrayList<>();
            T value;
            try {
                value = transaction.run(effects::add);
            } catch (Throwable failure) {
                if (failure instanceof Exception e && lost.size() + 1 < maxAttempts && mayRunAgain(e)) {
                    lost.add(e);
                    pause(lost);
                    continue;
                }
                suppress(lost, failure);
                throw failure;
            }
            return follow(new Done<>(value, lost.size() + 1), effects);
        }
    }

    /** An exception cannot suppress itself, and work may throw the same one again. */
    private static void suppress(List<Exception> lost, Throwable last) {
        lost.stream().filter(earlier -> earlier != last).forEach(last::addSuppressed);
    }

    private boolean mayRunAgain(Exception e) {
        return !(sqlException(e) instanceof UnknownCommitException) && worthARetry.test(e);
    }

    private static <T> T inTransaction(DataSource dataSource, Work<T> work, AfterCommit afterCommit)
            throws SQLException {
        Connection connection = dataSource.getConnection();
        try {
            // first of all effects; if this failed inside of the attempt, a committed transaction would be run again
            afterCommit.then(connection::close);
            connection.setAutoCommit(false);
            T value = work.run(connection, afterCommit);
            commit(connection);
            return value;
        } catch (Throwable failure) {
            undo(connection, failure);
            throw failure;
        }
    }

    private static void commit(Connection connection) throws SQLException {
        try {
            connection.commit();
        } catch (SQLException e) {
            throw isLost(e) ? new UnknownCommitException(e) : e;
        }
    }

    private static void undo(Connection connection, Throwable failure) {
        try (connection) {
            connection.rollback();
        } catch (SQLException e) {
            failure.addSuppressed(e);
        }
    }

    private void pause(List<Exception> lost) throws InterruptedException {
        try {
            if (Thread.interrupted()) {
                throw new InterruptedException("interrupted during attempt " + lost.size());
            }
            backoff.pause(lost.size());
        } catch (InterruptedException e) {
            suppress(lost, e);
            throw e;
        }
    }

    private static <T> Done<T> follow(Done<T> done, List<Effect> effects) {
        List<Exception> failures = new ArrayList<>();
        for (Effect effect : effects) {
            try {
                effect.run();
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
                failures.add(e);
            } catch (Exception e) {
                failures.add(e);
            }
        }
        if (!failures.isEmpty()) {
            throw new AfterCommitException(done, failures);
        }
        return done;
    }

    private static boolean isLost(Exception e) {
        String state = sqlState(e);
        return state.startsWith("08") || SERVER_GONE.contains(state);
    }

    private static String sqlState(Exception e) {
        SQLException sql = sqlException(e);
        return sql == null || sql.getSQLState() == null ? "" : sql.getSQLState();
    }

    private static int vendorCode(Exception e) {
        SQLException sql = sqlException(e);
        return sql == null ? 0 : sql.getErrorCode();
    }

    /** The first in the chain of causes: a mapper may have wrapped it. */
    private static SQLException sqlException(Exception e) {
        for (Throwable cause = e; cause != null; cause = cause.getCause()) {
            if (cause instanceof SQLException sql) {
                return sql;
            }
        }
        return null;
    }

    public static void createSchema(Connection connection) throws SQLException {
        try (Statement statement = connection.createStatement()) {
            statement.execute("create table counter (id int not null primary key, hits int not null)");
        }
        insert(connection);
    }

    /** Once; again it is a duplicate key. */
    public static void insert(Connection connection) throws SQLException {
        try (Statement statement = connection.createStatement()) {
            statement.execute("insert into counter (id, hits) values (1, 0)");
        }
    }

    public static int read(Connection connection) throws SQLException {
        try (Statement statement = connection.createStatement();
                ResultSet row = statement.executeQuery("select hits from counter where id = 1")) {
            row.next();
            return row.getInt(1);
        }
    }

    public static void write(Connection connection, int hits) throws SQLException {
        try (PreparedStatement update = connection.prepareStatement("update counter set hits = ? where id = 1")) {
            update.setInt(1, hits);
            update.executeUpdate();
        }
    }

    public static void main(String[] args) {
        Story.tell(RetryTemplate.class, story -> {
            DataSource dataSource = story.postgresql();
            RetryTemplate template = new RetryTemplate(POSTGRESQL, 5, Backoff.jittered(10, 1_000));
            try (Connection other = dataSource.getConnection()) {
                createSchema(other);

                story.step("Another session writes between read and write: 40001, and all of it runs again");
                AtomicInteger runs = new AtomicInteger();
                List<String> mails = new ArrayList<>();
                Done<Integer> done = template.run(dataSource, (connection, afterCommit) -> {
                    connection.setTransactionIsolation(Connection.TRANSACTION_REPEATABLE_READ);
                    int hits = read(connection);
                    afterCommit.then(() -> mails.add("hits were " + hits));
                    if (runs.incrementAndGet() == 1) {
                        write(other, 10);
                    }
                    write(connection, hits + 1);
                    return hits + 1;
                });
                story.show("done", done);
                story.show("mails sent", mails);

                story.step("A duplicate key comes back however often one asks: one attempt");
                runs.set(0);
                try {
                    template.run(dataSource, (connection, afterCommit) -> {
                        runs.incrementAndGet();
                        insert(connection);
                        return null;
                    });
                } catch (SQLException e) {
                    story.show("after " + runs + " attempt", e.getSQLState() + ": " + e.getMessage());
                }

                story.learned("The error's code says whether to run again; the whole transaction is what runs again.");
            }
        });
    }
}
