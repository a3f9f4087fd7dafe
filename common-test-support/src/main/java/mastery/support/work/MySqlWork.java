package mastery.support.work;

import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.Collections;
import java.util.Map;
import java.util.TreeMap;

/**
 * What MySQL did in one session while an action ran: the session's Handler counters, and the rows its statements examined and sent.
 *
 * <p>Source: MySQL Reference Manual, "Server Status Variables" (Handler_*) and "Performance Schema Statement Summary Tables". The summary of the thread
 * is taken, not the statement history, which keeps ten statements only.
 *
 * @param handlers Handler counters that moved, by name, such as Handler_read_key
 * @param rowsExamined rows the server layer read from storage, ROWS_EXAMINED summed over the action's statements
 * @param rowsSent rows sent to the client
 */
public record MySqlWork(Map<String, Long> handlers, long rowsExamined, long rowsSent) {

    private static final String EXAMINED = "rows examined";
    private static final String SENT = "rows sent";

    public MySqlWork {
        handlers = Collections.unmodifiableMap(new TreeMap<>(handlers));
    }

    /** A Handler counter, 0 if it did not move: {@code handler("Handler_read_rnd_next")}. */
    public long handler(String name) {
        return handlers.getOrDefault(name, 0L);
    }

    /** Rows found by a key: index lookups. */
    public long readKey() {
        return handler("Handler_read_key");
    }

    /** Next rows read in key order: range and index scans. */
    public long readNext() {
        return handler("Handler_read_next");
    }

    /** Next rows read in table order: table scans, and reads of temporary tables. */
    public long readRndNext() {
        return handler("Handler_read_rnd_next");
    }

    /**
     * Runs the action, which works through {@code connection}, and returns what it cost that session. Other sessions are not counted.
     *
     * @throws IllegalStateException if the Performance Schema is off or does not count the session's statements
     */
    public static MySqlWork measure(Connection connection, Action action) throws Exception {
        // to read the counters moves them; two reads in a row tell by how much
        Map<String, Long> first = read(connection);
        Map<String, Long> before = read(connection);
        action.run();
        Map<String, Long> moved = Counters.less(Counters.less(read(connection), before), Counters.less(before, first));
        Map<String, Long> handlers = new TreeMap<>(moved);
        Long examined = handlers.remove(EXAMINED);
        Long sent = handlers.remove(SENT);
        return new MySqlWork(handlers, examined == null ? 0 : examined, sent == null ? 0 : sent);
    }

    private static Map<String, Long> read(Connection connection) throws SQLException {
        Map<String, Long> counters = new TreeMap<>();
        try (Statement statement = connection.createStatement()) {
            try (ResultSet rows = statement.executeQuery("SHOW SESSION STATUS LIKE 'Handler\\_%'")) {
                while (rows.next()) {
                    counters.put(rows.getString(1), rows.getLong(2));
                }
            }
            try (ResultSet row = statement.executeQuery("""
                    SELECT SUM(SUM_ROWS_EXAMINED), SUM(SUM_ROWS_SENT), SUM(COUNT_STAR)
                    FROM performance_schema.events_statements_summary_by_thread_by_event_name
                    WHERE THREAD_ID = PS_CURRENT_THREAD_ID()
                    """)) {
                row.next();
                if (row.getLong(3) == 0) {
                    throw new IllegalStateException(
                            "MySQL counts no statements of this session: performance_schema or its statement instruments are off");
                }
                counters.put(EXAMINED, row.getLong(1));
                counters.put(SENT, row.getLong(2));
            }
        }
        return counters;
    }
}
