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

    private static final String ROLES = "SELECT count(*) FROM pg_roles WHERE rolname = ?";

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

    @Test
    void theRolesOfATestAreGoneWithItsDatabaseAndNoOthers() throws SQLException {
        try (PostgreSqlDatabase other = PostgreSql.shared().newDatabase()) {
            String reader;
            String stranger = createRoleWithRights(other);
            try (PostgreSqlDatabase database = PostgreSql.shared().newDatabase()) {
                reader = createRoleWithRights(database);
                assertThat(count(ROLES, reader)).isEqualTo(1);
            }
            assertThat(count(ROLES, reader)).isZero();
            assertThat(count(ROLES, stranger)).isEqualTo(1);
        }
    }

    /** A role that owns a table, may connect, and is a member of another role of the same test. */
    private static String createRoleWithRights(PostgreSqlDatabase database) throws SQLException {
        String role = database.name() + "_reader";
        try (Connection connection = database.dataSource().getConnection();
                Statement statement = connection.createStatement()) {
            statement.execute("CREATE ROLE " + role);
            statement.execute("CREATE ROLE " + database.name() + "_member IN ROLE " + role);
            statement.execute("GRANT CONNECT ON DATABASE " + database.name() + " TO " + role);
            statement.execute("CREATE TABLE owned (id int)");
            statement.execute("ALTER TABLE owned OWNER TO " + role);
        }
        return role;
    }

    private static int databasesNamed(String name) throws SQLException {
        return count("SELECT count(*) FROM pg_database WHERE datname = ?", name);
    }

    private static int count(String sql, String name) throws SQLException {
        try (Connection connection = PostgreSql.shared().adminDataSource().getConnection();
                var statement = connection.prepareStatement(sql)) {
            statement.setString(1, name);
            try (ResultSet row = statement.executeQuery()) {
                row.next();
                return row.getInt(1);
            }
        }
    }
}
