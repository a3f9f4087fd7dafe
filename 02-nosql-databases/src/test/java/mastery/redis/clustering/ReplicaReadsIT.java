package mastery.redis.clustering;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import java.time.Duration;
import java.util.Map;
import java.util.stream.Collectors;
import mastery.support.junit.OnRedis;
import mastery.support.junit.OnRedis.Topology;
import mastery.support.redis.RedisCluster;
import mastery.support.redis.RedisEndpoint;
import mastery.support.server.Node;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import redis.clients.jedis.Jedis;
import redis.clients.jedis.JedisClientConfig;
import redis.clients.jedis.RedisClusterClient;
import redis.clients.jedis.args.ClientType;
import redis.clients.jedis.exceptions.JedisDataException;
import redis.clients.jedis.exceptions.JedisMovedDataException;
import redis.clients.jedis.params.ClientKillParams;

@OnRedis(topology = Topology.CLUSTER)
class ReplicaReadsIT {

    private static final Duration LIMIT = Duration.ofSeconds(30);

    /** Its slot, 3300, is in the first third. */
    private static final String KEY = "b";

    private RedisCluster nodes;
    private RedisClusterClient cluster;
    private Jedis master;
    private Jedis replica;

    @BeforeEach
    void open(RedisCluster redisCluster, RedisClusterClient client) {
        nodes = redisCluster;
        cluster = client;
        nodes.nodeTimeout(Duration.ofSeconds(5));
        nodes.awaitHealthy();
        Node owner = nodes.nodes().stream().filter(this::owns).findFirst().orElseThrow();
        master = RedisEndpoint.of(owner).connect();
        Node copy = nodes.nodes().stream()
                .filter(node -> copies(node, owner))
                .findFirst()
                .orElseThrow();
        replica = RedisEndpoint.of(copy).connect();
    }

    @AfterEach
    void theLinkIsMended() {
        replica.configSet("replica-serve-stale-data", "yes");
        replica.configSet("masterauth", nodes.nodes().get(0).password());
        nodes.awaitHealthy();
        master.close();
        replica.close();
    }

    @Test
    void aReplicaSendsReadersToItsMasterUntilTheConnectionSaysReadonly() {
        cluster.set(KEY, "value");
        nodes.awaitHealthy();

        assertThatThrownBy(() -> replica.get(KEY))
                .isInstanceOfSatisfying(
                        JedisMovedDataException.class,
                        e -> assertThat(e.getTargetNode())
                                .isEqualTo(MovedRedirect.owner(master, HashSlotsAndTags.slot(KEY))));
        assertThat(ReplicaReads.allowReads(replica)).isEqualTo("OK");
        assertThat(replica.get(KEY)).isEqualTo("value");

        try (Jedis other = new Jedis(replica.getConnection().getHostAndPort(), config())) {
            assertThatThrownBy(() -> other.get(KEY))
                    .as("it holds for one connection")
                    .isInstanceOf(JedisMovedDataException.class);
        }
        assertThat(ReplicaReads.forbidReads(replica)).isEqualTo("OK");
        assertThatThrownBy(() -> replica.get(KEY)).isInstanceOf(JedisMovedDataException.class);
    }

    @Test
    void aWriteIsSentToTheMasterAllTheSame() {
        cluster.set(KEY, "value");
        nodes.awaitHealthy();
        ReplicaReads.allowReads(replica);

        assertThatThrownBy(() -> replica.set(KEY, "mine"))
                .isInstanceOfSatisfying(
                        JedisMovedDataException.class,
                        e -> assertThat(e.getTargetNode())
                                .isEqualTo(MovedRedirect.owner(master, HashSlotsAndTags.slot(KEY))));
        assertThat(master.get(KEY)).isEqualTo("value");
        assertThat(replica.get(KEY)).isEqualTo("value");
    }

    @Test
    void readonlyDoesNotOpenTheSlotsOfOtherMasters() {
        ReplicaReads.allowReads(replica);
        assertThatThrownBy(() -> replica.get("a"))
                .isInstanceOfSatisfying(
                        JedisMovedDataException.class,
                        e -> assertThat(e.getSlot()).isEqualTo(15495));
    }

    @Test
    void theClientReadsFromAReplicaWhenAskedTo() {
        cluster.set(KEY, "value");
        nodes.awaitHealthy();
        try (RedisClusterClient reader = reader()) {
            long masterGets = gets(master);
            long replicaGets = gets(replica);
            for (int i = 0; i < 10; i++) {
                assertThat(ReplicaReads.getFromReplica(reader, KEY)).isEqualTo("value");
            }
            assertThat(gets(replica)).isEqualTo(replicaGets + 10);
            assertThat(gets(master)).isEqualTo(masterGets);

            assertThat(ReplicaReads.getFromMaster(reader, KEY)).isEqualTo("value");
            assertThat(gets(master)).isEqualTo(masterGets + 1);
            assertThat(gets(replica)).isEqualTo(replicaGets + 10);
        }
    }

    @Test
    void aClientThatWasNotMadeForItKnowsNoReplica() {
        cluster.set(KEY, "value");
        long masterGets = gets(master);
        assertThatThrownBy(() -> ReplicaReads.getFromReplica(cluster, KEY)).isInstanceOf(RuntimeException.class);
        assertThat(gets(master)).as("it does not fall back to the master").isEqualTo(masterGets);
    }

    @Test
    void aReplicaWhoseLinkBrokeAnswersWithTheOldValueAsIfNothingWere() {
        cluster.set(KEY, "old");
        nodes.awaitHealthy();
        ReplicaReads.allowReads(replica);
        assertThat(ReplicaReads.bytesBehind(master, replica)).isZero();

        breakLink();
        assertThat(cluster.set(KEY, "new")).isEqualTo("OK");

        try (RedisClusterClient reader = reader()) {
            assertThat(ReplicaReads.getFromReplica(reader, KEY)).isEqualTo("old");
            assertThat(ReplicaReads.getFromMaster(reader, KEY)).isEqualTo("new");
        }
        assertThat(replica.get(KEY)).isEqualTo("old");
        assertThat(ReplicaReads.bytesBehind(master, replica)).isPositive();
    }

    @Test
    void aReplicaThatMayNotServeStaleDataRefusesWhileItsLinkIsDown() {
        cluster.set(KEY, "old");
        nodes.awaitHealthy();
        ReplicaReads.allowReads(replica);
        breakLink();
        cluster.set(KEY, "new");

        ReplicaReads.serveWithoutLink(replica, false);
        assertThatThrownBy(() -> replica.get(KEY))
                .isInstanceOf(JedisDataException.class)
                .hasMessageStartingWith("MASTERDOWN");
        ReplicaReads.serveWithoutLink(replica, true);
        assertThat(replica.get(KEY)).isEqualTo("old");

        replica.configSet("masterauth", nodes.nodes().get(0).password());
        nodes.awaitHealthy();
        assertThat(replica.get(KEY)).as("the link is back").isEqualTo("new");
    }

    @Test
    void badInputIsRefused() {
        cluster.lpush("{b}list", "element");
        nodes.awaitHealthy();
        try (RedisClusterClient reader = reader()) {
            assertThatThrownBy(() -> ReplicaReads.getFromReplica(reader, null))
                    .isInstanceOf(NullPointerException.class);
            assertThatThrownBy(() -> ReplicaReads.getFromReplica(reader, "{b}list"))
                    .isInstanceOf(JedisDataException.class)
                    .hasMessageStartingWith("WRONGTYPE");
            assertThat(ReplicaReads.getFromReplica(reader, "{b}\r\nSET {b} x\r\n"))
                    .isNull();
        }
        assertThatThrownBy(() -> ReplicaReads.bytesBehind(master, master))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("slave_repl_offset");
    }

    /** The replica can't log in again, and the master has no link left into which it could write. */
    private void breakLink() {
        replica.configSet("masterauth", "wrong");
        master.clientKill(ClientKillParams.clientKillParams().type(ClientType.REPLICA));
        await().atMost(LIMIT).until(() -> fields(replica).get("master_link_status"), "down"::equals);
    }

    private RedisClusterClient reader() {
        Node any = nodes.nodes().get(0);
        return ReplicaReads.replicaReader(nodes.addresses(), any.user(), any.password());
    }

    private JedisClientConfig config() {
        return RedisEndpoint.of(nodes.nodes().get(0)).clientConfig();
    }

    private boolean owns(Node node) {
        try (Jedis jedis = RedisEndpoint.of(node).connect()) {
            return MovedRedirect.owner(jedis, HashSlotsAndTags.slot(KEY)).getPort() == node.port();
        }
    }

    private static boolean copies(Node node, Node owner) {
        try (Jedis jedis = RedisEndpoint.of(node).connect()) {
            return Integer.toString(owner.port()).equals(fields(jedis).get("master_port"));
        }
    }

    private static Map<String, String> fields(Jedis node) {
        return node.info("replication")
                .lines()
                .filter(line -> line.contains(":"))
                .map(line -> line.split(":", 2))
                .collect(Collectors.toMap(field -> field[0], field -> field[1]));
    }

    private static long gets(Jedis node) {
        return node.info("commandstats")
                .lines()
                .filter(line -> line.startsWith("cmdstat_get:calls="))
                .mapToLong(line -> Long.parseLong(line.substring("cmdstat_get:calls=".length(), line.indexOf(','))))
                .sum();
    }
}
