package mastery.redis.clustering;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import java.time.Duration;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import mastery.redis.clustering.ManualFailover.Shard;
import mastery.support.junit.OnRedis;
import mastery.support.junit.OnRedis.Topology;
import mastery.support.redis.RedisCluster;
import mastery.support.redis.RedisEndpoint;
import mastery.support.server.Node;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import redis.clients.jedis.HostAndPort;
import redis.clients.jedis.Jedis;
import redis.clients.jedis.RedisClusterClient;
import redis.clients.jedis.args.ClientType;
import redis.clients.jedis.exceptions.JedisDataException;
import redis.clients.jedis.exceptions.JedisException;
import redis.clients.jedis.params.ClientKillParams;

@OnRedis(topology = Topology.CLUSTER)
class ManualFailoverIT {

    private static final Duration LIMIT = Duration.ofSeconds(60);
    /** One for each third of the slots. */
    private static final List<String> KEYS = List.of("b", "c", "a");

    /**
     * Replicas that were elected before. The server forgets an election only after four node timeouts, so each test lets a node
     * stand that never stood.
     */
    private static final Set<Node> ELECTED = new HashSet<>();

    private String key;
    private int slot;
    private RedisCluster nodes;
    private RedisClusterClient cluster;
    private Shard before;
    private Node masterNode;
    private Node replicaNode;
    private Jedis master;
    private Jedis replica;

    @BeforeEach
    void open(RedisCluster redisCluster, RedisClusterClient client) {
        nodes = redisCluster;
        cluster = client;
        nodes.nodeTimeout(Duration.ofSeconds(5));
        nodes.awaitHealthy();
        key = KEYS.stream()
                .filter(each -> !ELECTED.contains(replicaOf(each)))
                .findFirst()
                .orElseThrow();
        slot = HashSlotsAndTags.slot(key);
        before = shardSeenBy(nodes.nodes().get(0));
        masterNode = node(before.master());
        replicaNode = node(before.replicas().get(0));
        master = RedisEndpoint.of(masterNode).connect();
        replica = RedisEndpoint.of(replicaNode).connect();
    }

    private Node replicaOf(String each) {
        try (Jedis jedis = RedisEndpoint.of(nodes.nodes().get(0)).connect()) {
            return node(ManualFailover.shard(jedis, HashSlotsAndTags.slot(each))
                    .replicas()
                    .get(0));
        }
    }

    /** The next test of this class finds six nodes that live and agree. */
    @AfterEach
    void mend() {
        if (ManualFailover.isMaster(replica)) {
            ELECTED.add(replicaNode);
        }
        master.close();
        replica.close();
        for (Node node : nodes.nodes()) {
            node.resume();
            if (!node.isRunning()) {
                ELECTED.remove(node);
                node.start();
            }
            try (Jedis jedis = RedisEndpoint.of(node).connect()) {
                jedis.configSet("masterauth", node.password());
                jedis.configSet("cluster-replica-no-failover", "no");
            }
        }
        nodes.awaitHealthy();
    }

    @Test
    void aPlannedFailoverSwapsTheRolesUnderAHigherEpochAndTheNextCommandReachesTheNewMaster() {
        cluster.set(key, "before");
        ManualFailover.failOver(replica, LIMIT);
        nodes.awaitHealthy();

        assertThat(nodes.nodes()).allSatisfy(node -> {
            Shard after = shardSeenBy(node);
            assertThat(after.master()).isEqualTo(before.replicas().get(0));
            assertThat(after.replicas()).containsExactly(before.master());
            assertThat(after.configEpoch()).isGreaterThan(before.configEpoch());
        });
        assertThat(ManualFailover.isMaster(replica)).isTrue();
        assertThat(ManualFailover.isMaster(master)).isFalse();
        assertThat(masterNode.isRunning()).as("nobody died").isTrue();

        long sets = sets(replica);
        assertThat(cluster.get(key)).isEqualTo("before");
        assertThat(cluster.set(key, "after")).isEqualTo("OK");
        assertThat(sets(replica)).isEqualTo(sets + 1);
        assertThat(replica.get(key)).isEqualTo("after");
    }

    @Test
    void whileRolesSwapUnderLoadNoAcknowledgedWriteIsLost() throws Exception {
        List<String> acknowledged = new CopyOnWriteArrayList<>();
        AtomicBoolean stop = new AtomicBoolean();
        ExecutorService writer = Executors.newSingleThreadExecutor();
        try {
            Future<?> writing = writer.submit(() -> {
                for (int i = 0; !stop.get(); i++) {
                    String written = "{" + key + "}:" + i;
                    try {
                        if ("OK".equals(cluster.set(written, written))) {
                            acknowledged.add(written);
                        }
                    } catch (JedisException notAcknowledged) {
                        // whether it was written is unknown: nothing is claimed of it
                    }
                }
            });
            await().atMost(LIMIT).until(() -> acknowledged.size() > 200);
            ManualFailover.failOver(replica, LIMIT);
            int half = acknowledged.size();
            await().atMost(LIMIT).until(() -> acknowledged.size() > half + 200);
            stop.set(true);
            writing.get(60, TimeUnit.SECONDS);
        } finally {
            stop.set(true);
            writer.shutdown();
        }
        nodes.awaitHealthy();

        assertThat(shardSeenBy(masterNode).master()).isEqualTo(before.replicas().get(0));
        assertThat(acknowledged)
                .hasSizeGreaterThan(400)
                .allSatisfy(key -> assertThat(replica.get(key)).isEqualTo(key));
    }

    @Test
    void aReplicaWhoseLinkIsBrokenDoesNotTakeOverUntilItHasCaughtUp() {
        cluster.set(key, "old");
        nodes.awaitHealthy();
        breakLink();
        assertThat(cluster.set(key, "new")).isEqualTo("OK");

        assertThatThrownBy(() -> ManualFailover.failOver(replica, Duration.ofMillis(500)))
                .isInstanceOf(IllegalStateException.class)
                .hasMessageContaining("not taken over within PT0.5S");
        assertThat(shardSeenBy(replicaNode)).isEqualTo(before);
        assertThat(cluster.get(key)).isEqualTo("new");

        replica.configSet("masterauth", replicaNode.password());
        // The attempt from before goes on at the server, or has been given up there: whichever comes first, and then
        // the role.
        await("caught up, and asked again")
                .atMost(LIMIT)
                .ignoreExceptionsInstanceOf(JedisDataException.class)
                .until(() -> {
                    if (!ManualFailover.isMaster(replica)) {
                        ManualFailover.failOver(replica, LIMIT);
                    }
                    return ManualFailover.isMaster(replica);
                });
        nodes.awaitHealthy();
        assertThat(shardSeenBy(masterNode).master()).isEqualTo(before.replicas().get(0));
        assertThat(cluster.get(key)).isEqualTo("new");
    }

    @Test
    void forcedToTakeOverFromALivingMasterAReplicaLosesWhatItHadNotRead() {
        cluster.set(key, "old");
        nodes.awaitHealthy();
        breakLink();
        assertThat(cluster.set(key, "new")).isEqualTo("OK");
        assertThat(cluster.get(key)).isEqualTo("new");

        ManualFailover.failOverWithoutMaster(replica, LIMIT);
        nodes.awaitHealthy();

        assertThat(shardSeenBy(masterNode).configEpoch()).isGreaterThan(before.configEpoch());
        assertThat(cluster.get(key)).as("acknowledged, and lost").isEqualTo("old");
        master.readonly();
        assertThat(master.get(key)).as("the old master threw it away, too").isEqualTo("old");
    }

    @Test
    void whenAMasterIsKilledItsReplicaTakesOverWithoutBeingAskedTo() {
        nodes.nodeTimeout(Duration.ofSeconds(1));
        assertThat(acknowledgedByReplica("on both")).isEqualTo(1);

        masterNode.kill();

        await("the replica is elected").atMost(LIMIT).until(() -> ManualFailover.isMaster(replica));
        assertThat(replica.get(key)).as("WAIT said 1").isEqualTo("on both");
        await("every living node lets writers in")
                .atMost(LIMIT)
                .ignoreExceptions()
                .until(() -> "OK".equals(cluster.set(key, "written after")));

        masterNode.start();
        nodes.awaitHealthy();
        assertThat(shardSeenBy(masterNode).master()).isEqualTo(before.replicas().get(0));
        assertThat(shardSeenBy(masterNode).replicas()).containsExactly(before.master());
        assertThat(shardSeenBy(masterNode).configEpoch()).isGreaterThan(before.configEpoch());
        assertThat(cluster.get(key)).isEqualTo("written after");
    }

    @Test
    void whenAMasterIsKilledAnAcknowledgedWriteThatTheReplicaHadNotReadIsLost() {
        nodes.nodeTimeout(Duration.ofSeconds(1));
        replica.configSet("cluster-replica-no-failover", "yes");
        assertThat(acknowledgedByReplica("on both")).isEqualTo(1);
        replicaNode.pause();
        // What lies in the socket to a paused replica would still be read: the master must have no link to write into.
        assertThat(master.clientKill(ClientKillParams.clientKillParams().type(ClientType.REPLICA)))
                .isEqualTo(1);
        assertThat(cluster.set(key, "on the master only")).isEqualTo("OK");
        assertThat(cluster.get(key)).isEqualTo("on the master only");

        masterNode.kill();
        replicaNode.resume();
        await("the master counts as failing")
                .atMost(LIMIT)
                .until(() -> replica.clusterNodes()
                        .lines()
                        .anyMatch(
                                line -> line.contains(":" + masterNode.port() + "@") && line.contains("master,fail ")));
        assertThatThrownBy(() -> ManualFailover.failOver(replica, LIMIT))
                .as("the master can't be asked")
                .isInstanceOf(JedisDataException.class)
                .hasMessageContaining("CLUSTER FAILOVER FORCE");
        ManualFailover.failOverWithoutMaster(replica, LIMIT);

        assertThat(replica.get(key)).isEqualTo("on both");
        masterNode.start();
        nodes.awaitHealthy();
        assertThat(cluster.get(key)).as("acknowledged, and lost").isEqualTo("on both");
    }

    @Test
    void aShardIsReadFromTheSightOfAnyNode() {
        for (Node node : nodes.nodes()) {
            assertThat(shardSeenBy(node)).isEqualTo(before);
            try (Jedis jedis = RedisEndpoint.of(node).connect()) {
                assertThat(ManualFailover.shard(jedis, slot).master()).isEqualTo(MovedRedirect.owner(jedis, slot));
                assertThatThrownBy(() -> ManualFailover.shard(jedis, 16384))
                        .isInstanceOf(IllegalArgumentException.class)
                        .hasMessageContaining("16384");
            }
        }
        assertThatThrownBy(() -> ManualFailover.failOver(master, LIMIT))
                .isInstanceOf(JedisDataException.class)
                .hasMessageContaining("replica");
    }

    /** Set on the connection that then waits: WAIT counts for the writes of its own connection. */
    private long acknowledgedByReplica(String value) {
        master.set(key, value);
        return master.waitReplicas(1, LIMIT.toMillis() / 10);
    }

    private void breakLink() {
        replica.configSet("masterauth", "wrong");
        master.clientKill(ClientKillParams.clientKillParams().type(ClientType.REPLICA));
        await().atMost(LIMIT).until(() -> replica.info("replication").contains("master_link_status:down"));
    }

    private Node node(HostAndPort address) {
        return nodes.nodes().stream()
                .filter(node -> node.port() == address.getPort())
                .findFirst()
                .orElseThrow();
    }

    private Shard shardSeenBy(Node node) {
        try (Jedis jedis = RedisEndpoint.of(node).connect()) {
            return ManualFailover.shard(jedis, slot);
        }
    }

    private static long sets(Jedis node) {
        return node.info("commandstats")
                .lines()
                .filter(line -> line.startsWith("cmdstat_set:calls="))
                .mapToLong(line -> Long.parseLong(line.substring("cmdstat_set:calls=".length(), line.indexOf(','))))
                .sum();
    }
}
