package mastery.support.server;

import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Consumer;
import javax.sql.DataSource;

/**
 * Statements of the fixtures themselves on a JDBC engine: creating and dropping databases. One session is kept for the
 * next statement, since opening one costs more than most statements.
 */
public final class Administration {

    private final Node node;
    private final DataSource sessions;
    private Connection idle;

    public Administration(Node node, DataSource sessions) {
        this.node = node;
        this.sessions = sessions;
    }

    /**
     * Runs a statement. Names in it are made by {@link Residue}, never by a user, so they need no quoting.
     *
     * @throws ServerException with the statement and the server's words if it fails
     */
    public void execute(String sql) {
        withSession(sql, statement -> {
            statement.execute(sql);
            return null;
        });
    }

    /**
     * Hands over the databases of JVMs that were killed. On the user's own server none is looked for: other machines may
     * use it, and their processes are not seen here.
     *
     * @param listDatabases a query whose first column is the name
     */
    public void dropResidue(String listDatabases, Consumer<String> drop) {
        if (node.source() == SourceKind.EXTERNAL) {
            return;
        }
        List<String> names = withSession(listDatabases, statement -> {
            List<String> found = new ArrayList<>();
            try (ResultSet rows = statement.executeQuery(listDatabases)) {
                while (rows.next()) {
                    found.add(rows.getString(1));
                }
            }
            return found;
        });
        names.stream().filter(Residue::isAbandoned).forEach(drop);
    }

    private <T> T withSession(String sql, Work<T> work) {
        Connection connection = null;
        try {
            connection = borrow();
            T result;
            try (Statement statement = connection.createStatement()) {
                result = work.run(statement);
            }
            giveBack(connection);
            return result;
        } catch (SQLException e) {
            closeQuietly(connection);
            throw new ServerException(
                    node.engine() + " on " + node.address() + " refused '" + sql + "': " + e.getMessage(), e);
        }
    }

    private Connection borrow() throws SQLException {
        Connection found;
        synchronized (this) {
            found = idle;
            idle = null;
        }
        if (found != null && found.isValid(1)) {
            return found;
        }
        closeQuietly(found);
        return sessions.getConnection();
    }

    private void giveBack(Connection connection) {
        synchronized (this) {
            if (idle == null) {
                idle = connection;
                return;
            }
        }
        closeQuietly(connection);
    }

    private static void closeQuietly(Connection connection) {
        try {
            if (connection != null) {
                connection.close();
            }
        } catch (SQLException e) {
            // The session is lost, which is what was wanted.
            return;
        }
    }

    private interface Work<T> {
        T run(Statement statement) throws SQLException;
    }
}
