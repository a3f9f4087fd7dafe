package mastery.support.interleave;

import java.sql.Connection;
import java.sql.SQLException;
import java.util.Set;
import javax.sql.DataSource;

/**
 * What an engine itself says about who waits for whom. One implementation per engine; a further engine is one class more.
 *
 * <p>A session is known by a number that the engine gives its connection. A view looks through a connection of its own, opened at the first look, and
 * is used by one script at a time.
 *
 * <p>Give it a plain data source: the looks are many, and a tracing one would show each of them.
 */
public interface LockView extends AutoCloseable {

    /** The number by which the engine knows the session of {@code connection}. */
    long sessionOf(Connection connection) throws SQLException;

    /** The sessions that {@code session} waits for at this moment; empty if it does not wait for a lock. */
    Set<Long> blockersOf(long session) throws SQLException;

    /** Ends the statement that {@code session} runs, if any; its transaction and connection stay, except on SQL Server. */
    void cancel(long session) throws SQLException;

    /** Closes the view's connection. */
    @Override
    void close() throws SQLException;

    /** Waits as pg_blocking_pids() sees them. The user of {@code dataSource} must be the one of the sessions or a superuser, to cancel. */
    static LockView postgreSql(DataSource dataSource) {
        return new PostgreSqlLockView(dataSource);
    }

    /** Waits as data_lock_waits and metadata_locks of the Performance Schema show them. {@code dataSource} must be allowed to read them. */
    static LockView mySql(DataSource dataSource) {
        return new MySqlLockView(dataSource);
    }

    /** Waits as sys.dm_exec_requests and sys.dm_os_waiting_tasks show them. The user must be allowed to read them, and to KILL. */
    static LockView sqlServer(DataSource dataSource) {
        return new SqlServerLockView(dataSource);
    }
}
