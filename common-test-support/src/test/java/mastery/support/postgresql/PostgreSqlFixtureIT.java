package mastery.support.postgresql;

import static org.assertj.core.api.Assertions.assertThat;

import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import mastery.support.junit.OnPostgreSql;
import mastery.support.junit.Prepare;
import org.junit.jupiter.api.Test;

@OnPostgreSql
class PostgreSqlFixtureIT {

    @Prepare
    static void fill(Connection connection) throws SQLException {
        try (Statement statement = connection.createStatement()) {
            statement.execute("CREATE TABLE item (id int PRIMARY KEY)");
            statement.execute("INSERT INTO item SELECT generate_series(1, 10)");
        }
    }

    @Test
    void everyTestStartsFromThePreparedContent(Connection connection) throws SQLException {
        deleteEverythingFrom(connection);
    }

    @Test
    void whatOneTestDeletesAnotherStillFinds(Connection connection) throws SQLException {
        deleteEverythingFrom(connection);
    }

    private static void deleteEverythingFrom(Connection connection) throws SQLException {
        try (Statement statement = connection.createStatement()) {
            assertThat(statement.executeUpdate("DELETE FROM item")).isEqualTo(10);
        }
    }

    @Test
    void theDatabaseOfATestIsGoneAfterwards() throws SQLException {
        String name;
        try (PostgreSqlDatabase database = PostgreSql.shared().newDatabase()) {
            name = database.name();
            assertThat(databasesNamed(name)).isEqualTo(1);
        }
        assertThat(databasesNamed(name)).isZero();
    }

    private static int databasesNamed(String name) throws SQLException {
        try (Connection connection = PostgreSql.shared().adminDataSource().getConnection();
                var statement = connection.prepareStatement("SELECT count(*) FROM pg_database WHERE datname = ?")) {
            statement.setString(1, name);
            try (ResultSet row = statement.executeQuery()) {
                row.next();
                return row.getInt(1);
            }
        }
    }
}
