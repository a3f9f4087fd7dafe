package mastery.support.postgresql;

import static org.assertj.core.api.Assertions.assertThat;

import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import mastery.support.junit.OnPostgreSql;
import org.junit.jupiter.api.Test;

@OnPostgreSql(
        servers = 2,
        settings = {"max_wal_size=48MB", "min_wal_size=32MB"})
class PostgreSqlServersIT {

    private static final String SYSTEM = "SELECT system_identifier FROM pg_control_system()";

    @Test
    void eachServerIsOneOfItsOwnAndTheFirstIsInjected(Connection connection, PostgreSqlServers servers)
            throws SQLException {
        String first = query(connection, SYSTEM);
        try (PostgreSqlDatabase database = servers.server(0).newDatabase();
                PostgreSqlDatabase other = servers.server(1).newDatabase();
                Connection sibling = database.dataSource().getConnection();
                Connection stranger = other.dataSource().getConnection()) {
            assertThat(query(sibling, SYSTEM)).isEqualTo(first);
            assertThat(query(stranger, SYSTEM)).isNotEqualTo(first);
        }
    }

    @Test
    void everyServerHasTheSettings(PostgreSqlServers servers) throws SQLException {
        for (int i = 0; i < 2; i++) {
            try (Connection connection = servers.server(i).adminDataSource().getConnection()) {
                assertThat(query(connection, "SHOW max_wal_size")).isEqualTo("48MB");
                assertThat(query(connection, "SHOW min_wal_size")).isEqualTo("32MB");
                assertThat(query(connection, "SHOW wal_level")).isEqualTo("logical");
            }
        }
    }

    private static String query(Connection connection, String sql) throws SQLException {
        try (Statement statement = connection.createStatement();
                ResultSet row = statement.executeQuery(sql)) {
            row.next();
            return row.getString(1);
        }
    }
}
