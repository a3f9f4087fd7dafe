package mastery.support.mysql;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import mastery.support.junit.OnMySql;
import mastery.support.server.Node;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.Test;

@OnMySql(replicas = 1)
class MySqlReplicationIT {

    private static final int SUPER_READ_ONLY = 1290;

    @Test
    void aReplicaShowsWhatTheSourceCommittedAndRefusesWrites(
            Connection source, MySqlDatabase database, MySqlReplication replication) throws SQLException {
        createTable(source);
        Node replica = replication.replicas().get(0);
        awaitRow(replication, replica, database.name());
        try (Connection session =
                        replication.dataSource(replica, database.name()).getConnection();
                Statement statement = session.createStatement()) {
            assertThatThrownBy(() -> statement.execute("INSERT INTO item VALUES (2)"))
                    .isInstanceOfSatisfying(
                            SQLException.class,
                            e -> assertThat(e.getErrorCode()).isEqualTo(SUPER_READ_ONLY));
        }
    }

    @Test
    void aReplicaThatWasKilledAndRestartedCatchesUp(
            Connection source, MySqlDatabase database, MySqlReplication replication) throws SQLException {
        Node replica = replication.replicas().get(0);
        replica.kill();
        createTable(source);
        replica.start();
        awaitRow(replication, replica, database.name());
        replica.restart();
        awaitRow(replication, replica, database.name());
    }

    private static void createTable(Connection source) throws SQLException {
        try (Statement statement = source.createStatement()) {
            statement.execute("CREATE TABLE item (id int PRIMARY KEY)");
            statement.execute("INSERT INTO item VALUES (1)");
        }
    }

    private static void awaitRow(MySqlReplication replication, Node node, String database) {
        Awaitility.await().atMost(Duration.ofSeconds(30)).ignoreExceptions().until(() -> {
            try (Connection session = replication.dataSource(node, database).getConnection();
                    Statement statement = session.createStatement();
                    var row = statement.executeQuery("SELECT count(*) FROM item")) {
                return row.next() && row.getInt(1) == 1;
            }
        });
    }
}
