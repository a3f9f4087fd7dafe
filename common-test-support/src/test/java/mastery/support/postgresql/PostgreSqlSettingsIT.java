package mastery.support.postgresql;

import static org.assertj.core.api.Assertions.assertThat;

import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.List;
import mastery.support.junit.OnPostgreSql;
import mastery.support.server.Node;
import org.junit.jupiter.api.Test;

@OnPostgreSql(replicas = 1, settings = "max_wal_size=48MB")
class PostgreSqlSettingsIT {

    @Test
    void primaryAndReplicaHaveTheSettings(PostgreSqlReplication replication) throws SQLException {
        for (Node node : List.of(replication.primary(), replication.replicas().get(0))) {
            try (Connection connection =
                            replication.dataSource(node, "postgres").getConnection();
                    Statement statement = connection.createStatement();
                    ResultSet row = statement.executeQuery("SHOW max_wal_size")) {
                row.next();
                assertThat(row.getString(1)).isEqualTo("48MB");
            }
        }
    }
}
