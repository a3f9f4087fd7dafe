package mastery.support.work;

import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;

/**
 * What SQL Server did in one session while an action ran, by the counters that it keeps for the session in
 * sys.dm_exec_sessions. A session may always read its own.
 *
 * <p>Source: SQL Server documentation, sys.dm_exec_sessions (Transact-SQL).
 *
 * @param logicalReads pages read, in the buffer pool or not; a page is 8 KB
 * @param reads pages read from disk
 * @param writes pages written
 */
public record SqlServerWork(long logicalReads, long reads, long writes) {

    private static final String COUNTERS = """
            select logical_reads, reads, writes
              from sys.dm_exec_sessions
             where session_id = @@spid
            """;

    /** Runs the action, which works through {@code connection}, and returns what it cost that session. Other sessions are not counted. */
    public static SqlServerWork measure(Connection connection, Action action) throws Exception {
        // what one look costs is seen by the next; two looks in a row tell how much that is
        SqlServerWork first = read(connection);
        SqlServerWork before = read(connection);
        action.run();
        return read(connection).less(before).less(before.less(first));
    }

    private static SqlServerWork read(Connection connection) throws SQLException {
        try (Statement statement = connection.createStatement();
                ResultSet row = statement.executeQuery(COUNTERS)) {
            row.next();
            return new SqlServerWork(row.getLong(1), row.getLong(2), row.getLong(3));
        }
    }

    private SqlServerWork less(SqlServerWork other) {
        return new SqlServerWork(logicalReads - other.logicalReads, reads - other.reads, writes - other.writes);
    }
}
