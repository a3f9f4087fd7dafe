package mastery.support.plan;

import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.List;

/**
 * Takes and reads the plans of SQL Server, 2016 or later: Showplan XML, estimated or actual.
 *
 * <p>Source: SQL Server documentation, SET SHOWPLAN_XML, SET STATISTICS XML, "Showplan Logical and Physical Operators
 * Reference", and the published schema showplanxml.xsd.
 */
public final class SqlServerPlans {

    /** How the server heads the column of a plan: "Microsoft SQL Server 2005 XML Showplan", in every version. */
    private static final String COLUMN = "XML Showplan";

    private SqlServerPlans() {}

    /**
     * The plan the server would take. The statement is not run. It has no bound values: for one that has, the server gives no
     * plan before it is executed (issue 778 of the driver).
     *
     * @throws SQLException if the statement is wrong, or the server gives no plan for it
     */
    public static Plan explain(Connection connection, String sql) throws SQLException {
        return with(connection, "set showplan_xml on", "set showplan_xml off", () -> {
            try (Statement statement = connection.createStatement()) {
                return firstPlan(statement, statement.execute(sql));
            }
        });
    }

    /** The plan with actual rows, executions and pages. The statement is run: what it writes is written, unless the caller rolls back. */
    public static Plan analyze(Connection connection, String sql, Object... binds) throws SQLException {
        return with(connection, "set statistics xml on", "set statistics xml off", () -> {
            try (PreparedStatement statement = connection.prepareStatement(sql)) {
                for (int i = 0; i < binds.length; i++) {
                    statement.setObject(i + 1, binds[i]);
                }
                return firstPlan(statement, statement.execute());
            }
        });
    }

    /**
     * Reads Showplan XML. Of several statements it is the first that has a plan.
     *
     * @throws IllegalArgumentException if the text is no such plan; the message says where
     */
    public static Plan parse(String xml) {
        return SqlServerXml.parse(xml);
    }

    private interface Taking {
        Plan take() throws SQLException;
    }

    private static Plan with(Connection connection, String on, String off, Taking taking) throws SQLException {
        execute(connection, on);
        try {
            return taking.take();
        } finally {
            execute(connection, off);
        }
    }

    private static void execute(Connection connection, String sql) throws SQLException {
        try (Statement statement = connection.createStatement()) {
            statement.execute(sql);
        }
    }

    // an actual plan follows the rows of its statement as a further result
    private static Plan firstPlan(Statement statement, boolean firstIsRows) throws SQLException {
        List<String> plans = new ArrayList<>();
        boolean rows = firstIsRows;
        while (rows || statement.getUpdateCount() >= 0) {
            if (rows) {
                try (ResultSet result = statement.getResultSet()) {
                    boolean isPlan = result.getMetaData().getColumnLabel(1).contains(COLUMN);
                    while (result.next()) {
                        if (isPlan) {
                            plans.add(result.getString(1));
                        }
                    }
                }
            }
            rows = statement.getMoreResults();
        }
        if (plans.isEmpty()) {
            throw new SQLException("SQL Server gave no plan for this statement");
        }
        return parse(plans.get(0));
    }
}
