package mastery.design.transactions;

import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.SQLException;
import javax.sql.DataSource;

/** The rows that {@link RetryTemplate} counts in. */
final class Counter {

    private Counter() {}

    static int readSerializably(Connection connection) throws SQLException {
        connection.setTransactionIsolation(Connection.TRANSACTION_SERIALIZABLE);
        return RetryTemplate.read(connection);
    }

    static int written(Connection connection, int hits) throws SQLException {
        RetryTemplate.write(connection, hits);
        return hits;
    }

    static int added(Connection connection, int id, int hits) throws SQLException {
        try (PreparedStatement update =
                connection.prepareStatement("update counter set hits = hits + ? where id = ?")) {
            update.setInt(1, hits);
            update.setInt(2, id);
            return update.executeUpdate();
        }
    }

    static int sum(DataSource database) throws SQLException {
        try (Connection connection = database.getConnection()) {
            return (int) Sql.number(connection, "select sum(hits) from counter");
        }
    }
}
