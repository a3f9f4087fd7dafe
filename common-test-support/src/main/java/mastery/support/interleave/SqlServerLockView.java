package mastery.support.interleave;

import java.sql.Connection;
import java.sql.SQLException;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import javax.sql.DataSource;

/**
 * SQL Server: sys.dm_exec_requests names the session that blocks a request, and the kind of lock it waits for;
 * sys.dm_os_waiting_tasks names them all where there are several.
 *
 * <p>Source: SQL Server documentation, sys.dm_exec_requests and sys.dm_os_waiting_tasks (Transact-SQL). Both need VIEW SERVER
 * PERFORMANCE STATE to show other sessions.
 */
final class SqlServerLockView implements LockView {
    // negative numbers stand for owners that are no session
    private static final String BLOCKERS = """
            select blocking_session_id
              from sys.dm_exec_requests
             where session_id = ? and blocking_session_id > 0 and wait_type like 'LCK%'
            union
            select blocking_session_id
              from sys.dm_os_waiting_tasks
             where session_id = ? and blocking_session_id > 0 and blocking_session_id <> session_id
               and wait_type like 'LCK%'
            """;
    private static final int NO_SUCH_SESSION = 6106;

    private final ViewConnection view;

    SqlServerLockView(DataSource dataSource) {
        this.view = new ViewConnection(dataSource);
    }

    @Override
    public long sessionOf(Connection connection) throws SQLException {
        return ViewConnection.number(ViewConnection.rows(connection, "select @@spid"));
    }

    @Override
    public Set<Long> blockersOf(long session) throws SQLException {
        Set<Long> blockers = new TreeSet<>();
        for (List<Object> row : view.rows(BLOCKERS, session, session)) {
            blockers.add(((Number) row.get(0)).longValue());
        }
        return blockers;
    }

    /** Ends the whole session and its transaction: SQL Server lets only the session's own client cancel a statement. */
    @Override
    public void cancel(long session) throws SQLException {
        try {
            view.rows("kill " + session);
        } catch (SQLException gone) {
            if (gone.getErrorCode() != NO_SUCH_SESSION) {
                throw gone;
            }
        }
    }

    @Override
    public void close() throws SQLException {
        view.close();
    }
}
