package mastery.support.interleave;

import java.sql.Connection;
import java.sql.SQLException;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import javax.sql.DataSource;

/**
 * MySQL: InnoDB's row and table locks are in data_lock_waits, metadata locks (tables under DDL, GET_LOCK and the like) in metadata_locks.
 *
 * <p>Source: MySQL Reference Manual, "Performance Schema Lock Tables".
 */
final class MySqlLockView implements LockView {
    // A row lock that was implicit carries the thread that made it explicit, which is the waiting one. The table lock
    // of the
    // same transaction is always its owner's, so the owner is taken from there.
    private static final String DATA_LOCKS = """
            SELECT DISTINCT owner.PROCESSLIST_ID
            FROM performance_schema.threads me
            JOIN performance_schema.data_lock_waits w ON w.REQUESTING_THREAD_ID = me.THREAD_ID
            JOIN performance_schema.data_locks l
              ON l.ENGINE_TRANSACTION_ID = w.BLOCKING_ENGINE_TRANSACTION_ID AND l.LOCK_TYPE = 'TABLE'
            JOIN performance_schema.threads owner ON owner.THREAD_ID = l.THREAD_ID
            WHERE me.PROCESSLIST_ID = ? AND owner.PROCESSLIST_ID <> me.PROCESSLIST_ID
            """;
    private static final String METADATA_LOCKS = """
            SELECT mine.LOCK_TYPE, other.LOCK_TYPE, other.LOCK_STATUS, owner.PROCESSLIST_ID
            FROM performance_schema.threads me
            JOIN performance_schema.metadata_locks mine
              ON mine.OWNER_THREAD_ID = me.THREAD_ID AND mine.LOCK_STATUS = 'PENDING'
            JOIN performance_schema.metadata_locks other
              ON other.OBJECT_TYPE = mine.OBJECT_TYPE
             AND other.OBJECT_SCHEMA <=> mine.OBJECT_SCHEMA
             AND other.OBJECT_NAME <=> mine.OBJECT_NAME
             AND other.OWNER_THREAD_ID <> mine.OWNER_THREAD_ID
            JOIN performance_schema.threads owner ON owner.THREAD_ID = other.OWNER_THREAD_ID
            WHERE me.PROCESSLIST_ID = ? AND owner.PROCESSLIST_ID IS NOT NULL
            """;

    private final ViewConnection view;
    private boolean checked;

    MySqlLockView(DataSource dataSource) {
        this.view = new ViewConnection(dataSource);
    }

    @Override
    public long sessionOf(Connection connection) throws SQLException {
        return ViewConnection.number(ViewConnection.rows(connection, "SELECT CONNECTION_ID()"));
    }

    @Override
    public Set<Long> blockersOf(long session) throws SQLException {
        check();
        Set<Long> blockers = new TreeSet<>();
        for (List<Object> row : view.rows(DATA_LOCKS, session)) {
            blockers.add(((Number) row.get(0)).longValue());
        }
        for (List<Object> row : view.rows(METADATA_LOCKS, session)) {
            boolean granted = row.get(2).equals("GRANTED");
            if (MySqlMetadataLocks.waits((String) row.get(0), (String) row.get(1), granted)) {
                blockers.add(((Number) row.get(3)).longValue());
            }
        }
        return blockers;
    }

    private void check() throws SQLException {
        if (!checked && ViewConnection.number(view.rows("SELECT @@GLOBAL.performance_schema")) == 0) {
            throw new IllegalStateException(
                    "MySQL shows no lock waits because the server runs with performance_schema off; start it with --performance-schema=ON");
        }
        checked = true;
    }

    @Override
    public void cancel(long session) throws SQLException {
        try {
            view.rows("KILL QUERY " + session);
        } catch (SQLException gone) {
            if (gone.getErrorCode() != 1094) { // no such thread: the session has ended by itself
                throw gone;
            }
        }
    }

    @Override
    public void close() throws SQLException {
        view.close();
    }
}
