package mastery.support.interleave;

import java.sql.Connection;
import java.sql.SQLException;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import javax.sql.DataSource;

/**
 * PostgreSQL: pg_blocking_pids() names the sessions that hold a lock in the way and those ahead in the queue for it.
 *
 * <p>Source: PostgreSQL manual, "System Information Functions and Operators".
 */
final class PostgreSqlLockView implements LockView {
    private final ViewConnection view;

    PostgreSqlLockView(DataSource dataSource) {
        this.view = new ViewConnection(dataSource);
    }

    @Override
    public long sessionOf(Connection connection) throws SQLException {
        return ViewConnection.number(ViewConnection.rows(connection, "SELECT pg_backend_pid()"));
    }

    @Override
    public Set<Long> blockersOf(long session) throws SQLException {
        Set<Long> blockers = new TreeSet<>();
        for (List<Object> row : view.rows("SELECT unnest(pg_blocking_pids(?::int))", session)) {
            blockers.add(((Number) row.get(0)).longValue());
        }
        return blockers;
    }

    @Override
    public void cancel(long session) throws SQLException {
        view.rows("SELECT pg_cancel_backend(?::int)", session);
    }

    @Override
    public void close() throws SQLException {
        view.close();
    }
}
