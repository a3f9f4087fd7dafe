package mastery.mysql.replication;

import static mastery.mysql.replication.GtidAutoPosition.createSchema;
import static mastery.mysql.replication.GtidAutoPosition.deposits;
import static mastery.mysql.replication.GtidAutoPosition.executed;
import static mastery.mysql.replication.GtidAutoPosition.fill;
import static mastery.mysql.replication.GtidAutoPosition.follow;
import static mastery.mysql.replication.GtidAutoPosition.followFrom;
import static mastery.mysql.replication.GtidAutoPosition.hasAll;
import static mastery.mysql.replication.GtidAutoPosition.position;
import static mastery.mysql.replication.GtidAutoPosition.status;
import static mastery.mysql.replication.GtidAutoPosition.waitFor;
import static mastery.mysql.replication.GtidAutoPosition.without;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import mastery.mysql.replication.GtidAutoPosition.Position;
import mastery.mysql.replication.GtidAutoPosition.Source;
import mastery.mysql.replication.GtidAutoPosition.Status;
import mastery.support.junit.OnMySql;
import mastery.support.mysql.MySqlDatabase;
import mastery.support.mysql.MySqlReplication;
import mastery.support.server.Node;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

@OnMySql(replicas = 1)
class GtidAutoPositionIT {

    private static final Duration LIMIT = Duration.ofSeconds(60);

    private Source address;
    private Node replicaNode;
    private MySqlReplication servers;
    private MySqlDatabase database;
    private Connection source;
    private Connection replica;

    @BeforeEach
    void connect(MySqlReplication servers, MySqlDatabase database, Connection source) throws SQLException {
        this.servers = servers;
        this.database = database;
        this.source = source;
        Node node = servers.source();
        address = new Source(node.host(), node.port(), MySqlReplication.REPLICATOR, servers.replicatorPassword());
        replicaNode = servers.replicas().get(0);
        createSchema(source);
        replica = connectToReplica();
        assertThat(waitFor(replica, executed(source), LIMIT)).isTrue();
        replica.setCatalog(database.name());
    }

    @AfterEach
    void leaveTheReplicaFollowing() throws SQLException {
        follow(replica, address);
        replica.close();
    }

    @Test
    void theReplicaGetsEveryTransaction() throws SQLException {
        follow(replica, address);
        fill(source, 100);

        assertThat(waitFor(replica, executed(source), LIMIT)).isTrue();
        assertThat(hasAll(replica, executed(source))).isTrue();
        assertThat(rows(replica)).hasSize(100).isEqualTo(rows(source));
        assertThat(status(replica)).isEqualTo(new Status("ON", "ON", 0, true));
    }

    @Test
    void aStoppedReplicaDoesNotHaveAllAndTheWaitRunsOut() throws SQLException {
        follow(replica, address);
        execute(replica, "stop replica");
        fill(source, 100);

        assertThat(waitFor(replica, executed(source), Duration.ofMillis(10))).isFalse();
        assertThat(hasAll(replica, executed(source))).isFalse();
        assertThat(deposits(replica)).isZero();
    }

    @Test
    void aReplicaKilledAndStartedAgainMissesNoRowAndRepeatsNone() throws SQLException {
        follow(replica, address);
        for (int i = 0; i < 20; i++) {
            fill(source, 50);
        }
        replicaNode.kill(); // wherever it is by now
        for (int i = 0; i < 20; i++) {
            fill(source, 50);
        }
        replicaNode.start();
        replica = connectToReplica();

        assertThat(waitFor(replica, executed(source), LIMIT)).isTrue();
        replica.setCatalog(database.name());
        assertThat(hasAll(replica, executed(source))).isTrue();
        assertThat(rows(replica)).hasSize(2_000).isEqualTo(rows(source));
        // a transaction applied twice would have met its own rows: 1062
        assertThat(status(replica)).isEqualTo(new Status("ON", "ON", 0, true));
    }

    @Test
    void aPositionThatIsTooLateLosesRowsAndTheStatusSaysThatAllIsWell() throws SQLException {
        loseFiftyDepositsByPosition();

        assertThat(status(replica)).isEqualTo(new Status("ON", "ON", 0, false));
        assertThat(hasAll(replica, executed(source))).isFalse();
        assertThat(deposits(source)).isEqualTo(51);
        assertThat(deposits(replica)).isEqualTo(1);
    }

    @Test
    void autoPositionFetchesWhatAPositionLost() throws SQLException {
        loseFiftyDepositsByPosition();

        follow(replica, address);

        assertThat(waitFor(replica, executed(source), LIMIT)).isTrue();
        assertThat(hasAll(replica, executed(source))).isTrue();
        assertThat(rows(replica)).hasSize(51).isEqualTo(rows(source));
        assertThat(status(replica)).isEqualTo(new Status("ON", "ON", 0, true));
    }

    @Test
    void anAddressThatCannotBeIsRefused() {
        assertThatThrownBy(() -> new Source(null, 3306, "replicator", "secret")).hasMessage("host");
        assertThatThrownBy(() -> new Source("127.0.0.1", 0, "replicator", "secret"))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("0");
        assertThatThrownBy(() -> new Position("binlog.000001", -1)).isInstanceOf(IllegalArgumentException.class);
    }

    /** Fifty deposits before the position where the replica begins, one behind it. */
    private void loseFiftyDepositsByPosition() throws SQLException {
        execute(replica, "stop replica");
        fill(source, 50);
        followFrom(replica, address, position(source));
        String before = executed(source);
        fill(source, 1);
        assertThat(waitFor(replica, without(source, executed(source), before), LIMIT))
                .isTrue();
    }

    private Connection connectToReplica() throws SQLException {
        return servers.dataSource(replicaNode, "").getConnection();
    }

    private static List<String> rows(Connection connection) throws SQLException {
        List<String> rows = new ArrayList<>();
        try (Statement statement = connection.createStatement();
                ResultSet row = statement.executeQuery("select id, cents from deposit order by id")) {
            while (row.next()) {
                rows.add(row.getLong("id") + ": " + row.getInt("cents"));
            }
        }
        return rows;
    }

    private static void execute(Connection connection, String sql) throws SQLException {
        try (Statement statement = connection.createStatement()) {
            statement.execute(sql);
        }
    }
}
