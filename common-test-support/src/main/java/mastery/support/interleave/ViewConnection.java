package mastery.support.interleave;

import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.List;
import javax.sql.DataSource;

/** The connection a lock view looks through: opened at the first look, kept between looks. */
final class ViewConnection implements AutoCloseable {
    private final DataSource dataSource;
    private Connection connection;

    ViewConnection(DataSource dataSource) {
        this.dataSource = dataSource;
    }

    synchronized List<List<Object>> rows(String sql, Object... binds) throws SQLException {
        if (connection == null) {
            connection = dataSource.getConnection();
        }
        return rows(connection, sql, binds);
    }

    static List<List<Object>> rows(Connection connection, String sql, Object... binds) throws SQLException {
        try (PreparedStatement statement = connection.prepareStatement(sql)) {
            for (int i = 0; i < binds.length; i++) {
                statement.setObject(i + 1, binds[i]);
            }
            List<List<Object>> rows = new ArrayList<>();
            if (statement.execute()) {
                try (ResultSet result = statement.getResultSet()) {
                    int columns = result.getMetaData().getColumnCount();
                    while (result.next()) {
                        List<Object> row = new ArrayList<>();
                        for (int column = 1; column <= columns; column++) {
                            row.add(result.getObject(column));
                        }
                        rows.add(row);
                    }
                }
            }
            return rows;
        }
    }

    static long number(List<List<Object>> rows) {
        return ((Number) rows.get(0).get(0)).longValue();
    }

    @Override
    public synchronized void close() throws SQLException {
        if (connection != null) {
            connection.close();
            connection = null;
        }
    }
}
