package mastery.support.postgresql;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import mastery.support.junit.OnPostgreSql;
import mastery.support.server.Node;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.Test;

@OnPostgreSql(replicas = 1)
class PostgreSqlReplicationIT {

    @Test
    void aReplicaShowsWhatThePrimaryCommittedAndRefusesWrites(
            Connection primary, PostgreSqlDatabase database, PostgreSqlReplication replication) throws SQLException {
        createTable(primary);
        Node replica = replication.replicas().get(0);
        awaitRow(replication, replica, database.name());
        try (Connection session =
                        replication.dataSource(replica, database.name()).getConnection();
                Statement statement = session.createStatement()) {
            assertThatThrownBy(() -> statement.execute("INSERT INTO item VALUES (2)"))
                    .isInstanceOfSatisfying(
                            SQLException.class, e -> assertThat(e.getSQLState()).isEqualTo("25006"));
        }
    }

    @Test
    void aReplicaThatWasKilledPausedAndRestartedCatchesUp(
            Connection primary, PostgreSqlDatabase database, PostgreSqlReplication replication) throws SQLException {
        Node replica = replication.replicas().get(0);
        replica.kill();
        assertThat(replica.isRunning()).isFalse();
        createTable(primary);
        replica.start();
        awaitRow(replication, replica, database.name());
        replica.pause();
        assertThat(replica.isRunning()).isTrue();
        assertThatThrownBy(() -> new PostgreSqlRecipe().identify(replica.address()))
                .isInstanceOf(SQLException.class);
        replica.resume();
        awaitRow(replication, replica, database.name());
        replica.restart();
        awaitRow(replication, replica, database.name());
    }

    private static void createTable(Connection primary) throws SQLException {
        try (Statement statement = primary.createStatement()) {
            statement.execute("CREATE TABLE item (id int PRIMARY KEY)");
            statement.execute("INSERT INTO item VALUES (1)");
        }
    }

    private static void awaitRow(PostgreSqlReplication replication, Node node, String database) {
        Awaitility.await().atMost(Duration.ofSeconds(30)).ignoreExceptions().until(() -> {
            try (Connection session = replication.dataSource(node, database).getConnection();
                    Statement statement = session.createStatement();
                    var row = statement.executeQuery("SELECT count(*) FROM item")) {
                return row.next() && row.getInt(1) == 1;
            }
        });
    }
}
