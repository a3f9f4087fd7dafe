package mastery.support.plan;

import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;

/**
 * Takes and reads the plans of MySQL 9 (verified with 9.7): JSON of version 2 and the tree text.
 *
 * <p>Plans are taken as JSON, because it names tables where the tree text names aliases only. Source: MySQL Reference Manual, "EXPLAIN Statement", and
 * the system variable {@code explain_json_format_version}; EXPLAIN ANALYZE gives JSON in version 2 only.
 */
public final class MySqlPlans {
    private MySqlPlans() {}

    /** The plan the server would take. The statement is not run. */
    public static Plan explain(Connection connection, String sql, Object... binds) throws SQLException {
        return version2(connection, "EXPLAIN FORMAT=JSON " + sql, binds);
    }

    /** The plan with actual rows and loops, of a SELECT or TABLE statement, which is run. */
    public static Plan analyze(Connection connection, String sql, Object... binds) throws SQLException {
        return version2(connection, "EXPLAIN ANALYZE FORMAT=JSON " + sql, binds);
    }

    /**
     * Reads the text of EXPLAIN FORMAT=JSON of version 2, EXPLAIN ANALYZE FORMAT=JSON, EXPLAIN FORMAT=TREE or EXPLAIN ANALYZE FORMAT=TREE.
     *
     * @throws IllegalArgumentException if the text is none of these; the message says where
     */
    public static Plan parse(String text) {
        String start = text.stripLeading();
        if (start.startsWith("{")) {
            return MySqlJson.parse(text);
        }
        if (start.startsWith("->")) {
            return MySqlTree.parse(text);
        }
        throw new IllegalArgumentException(
                "Unknown MySQL plan at line 1: neither JSON nor a tree that starts with \"->\": "
                        + start.lines().findFirst().orElse("(nothing)"));
    }

    private static Plan version2(Connection connection, String sql, Object... binds) throws SQLException {
        int before = version(connection);
        if (before == 2) {
            return MySqlJson.parse(PlanQuery.text(connection, sql, binds));
        }
        setVersion(connection, 2);
        try {
            return MySqlJson.parse(PlanQuery.text(connection, sql, binds));
        } finally {
            setVersion(connection, before);
        }
    }

    private static int version(Connection connection) throws SQLException {
        try (Statement statement = connection.createStatement();
                ResultSet row = statement.executeQuery("SELECT @@SESSION.explain_json_format_version")) {
            row.next();
            return row.getInt(1);
        }
    }

    private static void setVersion(Connection connection, int version) throws SQLException {
        try (Statement statement = connection.createStatement()) {
            statement.execute("SET SESSION explain_json_format_version = " + version);
        }
    }
}
