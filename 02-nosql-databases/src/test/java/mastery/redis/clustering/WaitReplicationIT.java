package mastery.redis.clustering;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import java.time.Duration;
import java.util.List;
import mastery.redis.clustering.WaitReplication.OnDisk;
import mastery.redis.clustering.WaitReplication.Written;
import mastery.support.junit.OnRedis;
import mastery.support.junit.OnRedis.Topology;
import mastery.support.redis.RedisEndpoint;
import mastery.support.redis.RedisReplication;
import mastery.support.redis.ReplicationWiring;
import mastery.support.server.Node;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import redis.clients.jedis.Jedis;
import redis.clients.jedis.RedisClient;
import redis.clients.jedis.args.ClientType;
import redis.clients.jedis.exceptions.JedisDataException;
import redis.clients.jedis.params.ClientKillParams;

@OnRedis(topology = Topology.REPLICATION, replicas = 2)
class WaitReplicationIT {

    private static final Duration LIMIT = Duration.ofSeconds(30);
    /** Long enough for any replica that runs. */
    private static final long PATIENT_MILLIS = 7_000;

    private static final long SHORT_MILLIS = 50;

    private RedisReplication nodes;
    private RedisClient client;
    private Node primaryNode;
    private Node first;
    private Node second;
    private Jedis primary;

    @BeforeEach
    void open(RedisReplication replication, RedisClient primaryClient) {
        nodes = replication;
        client = primaryClient;
        primaryNode = nodes.primary();
        first = nodes.replicas().get(0);
        second = nodes.replicas().get(1);
        primary = RedisEndpoint.of(primaryNode).connect();
    }

    /** The next test of this class finds the primary of the start, and both replicas with all that it has. */
    @AfterEach
    void mend() {
        primary.close();
        nodes.nodes().forEach(Node::resume);
        if (!primaryNode.isRunning()) {
            primaryNode.start();
        }
        try (Jedis again = connect(primaryNode)) {
            again.configSet("min-replicas-to-write", "0");
        }
        for (Node node : nodes.nodes()) {
            try (Jedis jedis = connect(node)) {
                jedis.configSet("appendonly", "no");
            }
        }
        ReplicationWiring.follow(
                RedisEndpoint.of(primaryNode),
                nodes.replicas().stream().map(RedisEndpoint::of).toList());
    }

    @Test
    void waitTellsHowManyReplicasHaveTheWrite() {
        assertThat(WaitReplication.setAndWait(client, "key", "value", 2, PATIENT_MILLIS))
                .isEqualTo(new Written("OK", 2));
        assertThat(valueAt(first, "key")).isEqualTo("value");
        assertThat(valueAt(second, "key")).isEqualTo("value");
    }

    @Test
    void whenAReplicaStandsStillWaitSaysSoAndTheWriteStays() {
        first.pause();
        assertThat(WaitReplication.setAndWait(client, "key", "value", 1, PATIENT_MILLIS))
                .as("one is enough")
                .isEqualTo(new Written("OK", 1));
        second.pause();
        assertThat(WaitReplication.setAndWait(client, "key", "newer", 1, SHORT_MILLIS))
                .as("no error, only a number")
                .isEqualTo(new Written("OK", 0));
        assertThat(client.get("key")).as("and nothing is taken back").isEqualTo("newer");

        first.resume();
        assertThat(WaitReplication.setAndWait(client, "key", "newest", 1, PATIENT_MILLIS))
                .isEqualTo(new Written("OK", 1));
    }

    @Test
    void waitOnAnotherConnectionHasNothingToWaitFor() {
        first.pause();
        second.pause();
        try (Jedis other = connect(primaryNode)) {
            assertThat(WaitReplication.setAndWaitElsewhere(primary, other, "key", "value", 2, SHORT_MILLIS))
                    .as("it counts replicas that have what the other connection wrote: nothing")
                    .isEqualTo(new Written("OK", 2));
        }
        assertThat(WaitReplication.setAndWait(client, "key", "value", 2, SHORT_MILLIS))
                .as("the truth")
                .isEqualTo(new Written("OK", 0));
    }

    @Test
    void waitAofCountsOnlyNodesWithAnAppendOnlyFile() {
        assertThatThrownBy(() -> WaitReplication.setAndWaitForDisk(client, "key", "value", 1, 0, SHORT_MILLIS))
                .isInstanceOf(JedisDataException.class)
                .hasMessageContaining("appendonly");
        assertThat(client.get("key")).as("refused after the write").isEqualTo("value");
        assertThat(WaitReplication.setAndWaitForDisk(client, "key", "value", 0, 1, SHORT_MILLIS))
                .isEqualTo(new OnDisk(0, 0));

        turnOnAppendOnlyFile(primaryNode);
        assertThat(WaitReplication.setAndWaitForDisk(client, "key", "value", 1, 0, PATIENT_MILLIS))
                .isEqualTo(new OnDisk(1, 0));
        turnOnAppendOnlyFile(first);
        assertThat(WaitReplication.setAndWaitForDisk(client, "key", "value", 1, 1, PATIENT_MILLIS))
                .isEqualTo(new OnDisk(1, 1));
        assertThat(WaitReplication.setAndWait(client, "key", "value", 2, PATIENT_MILLIS)
                        .replicas())
                .as("in memory both have it")
                .isEqualTo(2);
    }

    @Test
    void aPrimaryThatNeedsReplicasRefusesOnceItHasMissedThem() {
        first.pause();
        second.pause();
        WaitReplication.acceptWritesOnlyWith(primary, 1, 3600);
        assertThat(primary.configGet("min-replicas-max-lag")).containsEntry("min-replicas-max-lag", "3600");
        assertThat(WaitReplication.set(client, "key", "in the window"))
                .as("they were heard from within the hour: the window is smaller, not closed")
                .isEqualTo("OK");

        WaitReplication.acceptWritesOnlyWith(primary, 1, 1);
        await().atMost(LIMIT).until(() -> primary.info("replication").contains("min_slaves_good_slaves:0"));
        assertThatThrownBy(() -> WaitReplication.set(client, "key", "refused"))
                .isInstanceOf(JedisDataException.class)
                .hasMessageStartingWith("NOREPLICAS");
        assertThat(client.get("key")).as("reads go on").isEqualTo("in the window");

        first.resume();
        await().atMost(LIMIT).until(() -> !primary.info("replication").contains("min_slaves_good_slaves:0"));
        assertThat(WaitReplication.set(client, "key", "accepted")).isEqualTo("OK");
    }

    @Test
    void aWriteThatNoReplicaHadIsLostWithItsPrimaryThoughItWasAcknowledged() {
        assertThat(WaitReplication.setAndWait(client, "confirmed", "value", 2, PATIENT_MILLIS))
                .isEqualTo(new Written("OK", 2));
        first.pause();
        second.pause();
        cutLinks();
        assertThat(WaitReplication.set(client, "acknowledged", "value")).isEqualTo("OK");
        assertThat(WaitReplication.setAndWait(client, "unconfirmed", "value", 1, SHORT_MILLIS))
                .as("WAIT would have told")
                .isEqualTo(new Written("OK", 0));

        primaryNode.kill();
        first.resume();
        try (Jedis promoted = connect(first)) {
            WaitReplication.promote(promoted);
            assertThat(promoted.set("key", "the new primary accepts writes")).isEqualTo("OK");
            assertThat(promoted.get("confirmed")).isEqualTo("value");
            assertThat(promoted.get("acknowledged"))
                    .as("acknowledged, and lost")
                    .isNull();
            assertThat(promoted.get("unconfirmed")).isNull();
        }
    }

    @Test
    void aWriteThatOneReplicaHadIsLostWhenTheOtherIsPromoted() {
        second.pause();
        cutLinks();
        // The first links itself again; the second can't.
        assertThat(WaitReplication.setAndWait(client, "key", "value", 1, PATIENT_MILLIS))
                .isEqualTo(new Written("OK", 1));

        primaryNode.kill();
        second.resume();
        try (Jedis promoted = connect(second)) {
            WaitReplication.promote(promoted);
            assertThat(valueAt(first, "key")).as("it was there").isEqualTo("value");
            assertThat(promoted.get("key")).as("and is lost all the same").isNull();
            ReplicationWiring.follow(RedisEndpoint.of(second), List.of(RedisEndpoint.of(first)));
            assertThat(valueAt(first, "key")).as("nobody has it now").isNull();
        }
    }

    @Test
    void badInputIsRefused() {
        assertThatThrownBy(() -> WaitReplication.setAndWait(client, "key", "value", 1, 0))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("more than 0 ms");
        assertThatThrownBy(() -> WaitReplication.setAndWaitForDisk(client, "key", "value", 0, 1, -1))
                .isInstanceOf(IllegalArgumentException.class);
        assertThatThrownBy(() -> WaitReplication.setAndWait(client, null, "value", 1, 1))
                .isInstanceOf(RuntimeException.class);
        assertThat(client.dbSize()).as("nothing was written").isZero();

        String hostile = "\r\nSET a b\r\n\0größe";
        String large = "x".repeat(4 << 20);
        assertThat(WaitReplication.setAndWait(client, hostile, large, 2, PATIENT_MILLIS))
                .isEqualTo(new Written("OK", 2));
        assertThat(valueAt(second, hostile)).hasSize(4 << 20);
    }

    /** What lies in the socket to a paused replica would still be read: the primary must have no link to write into. */
    private void cutLinks() {
        assertThat(primary.clientKill(ClientKillParams.clientKillParams().type(ClientType.REPLICA)))
                .isEqualTo(2);
    }

    private static void turnOnAppendOnlyFile(Node node) {
        try (Jedis jedis = connect(node)) {
            jedis.configSet("appendonly", "yes");
            await("the first append-only file is written").atMost(LIMIT).until(() -> {
                String info = jedis.info("persistence");
                return info.contains("aof_enabled:1")
                        && info.contains("aof_rewrite_in_progress:0")
                        && info.contains("aof_rewrite_scheduled:0")
                        && info.contains("aof_last_bgrewrite_status:ok");
            });
        }
    }

    private static String valueAt(Node node, String key) {
        try (Jedis jedis = connect(node)) {
            return jedis.get(key);
        }
    }

    private static Jedis connect(Node node) {
        return RedisEndpoint.of(node).connect();
    }
}
