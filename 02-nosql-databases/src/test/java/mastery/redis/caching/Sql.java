package mastery.redis.caching;

import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.concurrent.Callable;
import java.util.concurrent.FutureTask;
import javax.sql.DataSource;
import org.awaitility.Awaitility;

/** Statements of the proofs themselves, on sessions of their own. */
final class Sql {

    private static final Duration LIMIT = Duration.ofSeconds(30);

    private static final String WAITING = """
              from pg_stat_activity
             where datname = current_database() and wait_event_type = 'Lock'
            """;

    private Sql() {}

    static void run(DataSource store, String sql) throws SQLException {
        try (Connection connection = store.getConnection();
                Statement statement = connection.createStatement()) {
            statement.execute(sql);
        }
    }

    /** The first column of the first row as text, or null when there is none. */
    static String one(DataSource store, String sql) throws SQLException {
        try (Connection connection = store.getConnection();
                Statement statement = connection.createStatement();
                ResultSet row = statement.executeQuery(sql)) {
            return row.next() ? row.getString(1) : null;
        }
    }

    /** How many sessions of this database wait for a lock. */
    static int waiting(DataSource store) throws SQLException {
        return Integer.parseInt(one(store, "select count(*) " + WAITING));
    }

    /** A session that keeps everybody else from the table until it is closed. */
    static Connection locked(DataSource store, String table) throws SQLException {
        Connection blocker = store.getConnection();
        blocker.setAutoCommit(false);
        try (Statement lock = blocker.createStatement()) {
            lock.execute("lock table " + table + " in access exclusive mode");
        }
        return blocker;
    }

    /** Terminates the sessions that wait for a lock. */
    static void terminateWaiting(DataSource store) throws SQLException {
        run(store, "select pg_terminate_backend(pid, 30000) " + WAITING);
    }

    /** Starts an action that needs the table, and terminates its session while it waits for the table. */
    static <T> FutureTask<T> terminated(DataSource store, String table, Callable<T> action) throws SQLException {
        FutureTask<T> task = new FutureTask<>(action);
        try (Connection blocker = locked(store, table)) {
            new Thread(task).start();
            Awaitility.await().atMost(LIMIT).until(() -> waiting(store) == 1);
            terminateWaiting(store);
            blocker.rollback();
        }
        return task;
    }
}
