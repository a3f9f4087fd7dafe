package mastery.support.mysql;

import static org.assertj.core.api.Assertions.assertThat;

import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;
import mastery.support.junit.OnMySql;
import mastery.support.junit.Prepare;
import org.junit.jupiter.api.Test;

@OnMySql
class MySqlFixtureIT {

    @Prepare
    static void fill(Connection connection) throws SQLException {
        try (Statement statement = connection.createStatement()) {
            statement.execute("CREATE TABLE item (id int PRIMARY KEY)");
            statement.execute("INSERT INTO item VALUES (1), (2), (3)");
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
            assertThat(statement.executeUpdate("DELETE FROM item")).isEqualTo(3);
        }
    }

    @Test
    void theDatabaseOfATestIsGoneAfterwards() throws SQLException {
        String name;
        try (MySqlDatabase database = MySql.shared().newDatabase()) {
            name = database.name();
            assertThat(databasesNamed(name)).isEqualTo(1);
        }
        assertThat(databasesNamed(name)).isZero();
    }

    private static int databasesNamed(String name) throws SQLException {
        try (Connection connection = MySql.shared().adminDataSource().getConnection();
                var statement = connection.prepareStatement(
                        "SELECT count(*) FROM information_schema.schemata WHERE schema_name = ?")) {
            statement.setString(1, name);
            try (var row = statement.executeQuery()) {
                row.next();
                return row.getInt(1);
            }
        }
    }
}
