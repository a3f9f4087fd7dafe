package mastery.support.redis;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import java.time.Duration;
import java.util.List;
import java.util.stream.IntStream;
import mastery.support.junit.OnRedis;
import mastery.support.junit.OnRedis.Topology;
import mastery.support.server.Node;
import org.junit.jupiter.api.Test;
import redis.clients.jedis.Jedis;
import redis.clients.jedis.RedisClusterClient;

@OnRedis(topology = Topology.CLUSTER)
class RedisClusterIT {

    private static final Duration LIMIT = Duration.ofSeconds(60);

    @Test
    void threeMastersShareAllSlotsAndEachHasAReplica(RedisCluster cluster) {
        try (Jedis node = RedisEndpoint.of(cluster.nodes().get(0)).connect()) {
            assertThat(Fields.of(node.clusterInfo()))
                    .containsEntry("cluster_state", "ok")
                    .containsEntry("cluster_slots_assigned", "16384")
                    .containsEntry("cluster_size", "3");
            assertThat(node.clusterShards())
                    .hasSize(3)
                    .allSatisfy(shard -> assertThat(shard.getNodes())
                            .extracting(member -> member.getRole())
                            .containsExactlyInAnyOrder("master", "replica"));
        }
    }

    @Test
    void aTestStartsWithoutAKey(RedisClusterClient client, RedisCluster cluster) {
        client.set("key", "value");
        cluster.flush();
        assertThat(client.exists("key")).isFalse();
    }

    @Test
    void aReplicaTakesOverFromAKilledMasterWhichComesBackAsItsReplica(RedisClusterClient client, RedisCluster cluster) {
        Node master = cluster.nodes().get(0);
        Node replica = cluster.nodes().get(3);
        String key = keyOnFirstNode(cluster);
        client.set(key, "value");
        awaitOnReplica(replica, key);

        master.kill();
        await().atMost(LIMIT).until(() -> "master".equals(role(replica)));
        await().atMost(LIMIT)
                .ignoreExceptions()
                .until(() -> "OK".equals(client.set(key, "written after the failover")));

        master.start();
        cluster.awaitHealthy();
        assertThat(role(master)).isEqualTo("slave");
        assertThat(client.get(key)).isEqualTo("written after the failover");
    }

    @Test
    void theTopologyWaitsUntilAllNodesAgreeWhoHasASlot(RedisCluster cluster) {
        Node owner = masterOf(cluster, 0);
        Node other = masterOf(cluster, 16383);
        for (Node[] move : new Node[][] {{owner, other}, {other, owner}}) {
            try (Jedis target = RedisEndpoint.of(move[1]).connect();
                    Jedis source = RedisEndpoint.of(move[0]).connect()) {
                // the target first: a source that gives a slot away would be told by the others that it still has it
                target.clusterSetSlotImporting(0, source.clusterMyId());
                target.clusterSetSlotNode(0, target.clusterMyId());
                source.clusterSetSlotNode(0, target.clusterMyId());
            }
            cluster.awaitHealthy();
            assertThat(cluster.nodes())
                    .extracting(node -> masterAsSeenBy(node, 0))
                    .containsOnly(move[1].port());
        }
    }

    @Test
    void theNodeTimeoutIsThatOfEveryNode(RedisCluster cluster) {
        cluster.nodeTimeout(Duration.ofSeconds(7));
        assertThat(timeouts(cluster)).hasSize(6).containsOnly("7000");
        cluster.nodeTimeout(Duration.ofSeconds(1));
        assertThat(timeouts(cluster)).containsOnly("1000");
    }

    private static List<String> timeouts(RedisCluster cluster) {
        return cluster.nodes().stream()
                .map(node -> {
                    try (Jedis jedis = RedisEndpoint.of(node).connect()) {
                        return jedis.configGet("cluster-node-timeout").get("cluster-node-timeout");
                    }
                })
                .toList();
    }

    private static Node masterOf(RedisCluster cluster, int slot) {
        int port = masterAsSeenBy(cluster.nodes().get(0), slot);
        return cluster.nodes().stream()
                .filter(node -> node.port() == port)
                .findFirst()
                .orElseThrow();
    }

    private static int masterAsSeenBy(Node node, int slot) {
        try (Jedis jedis = RedisEndpoint.of(node).connect()) {
            return jedis.clusterShards().stream()
                    .filter(shard ->
                            shard.getSlots().stream().anyMatch(range -> range.get(0) <= slot && slot <= range.get(1)))
                    .flatMap(shard -> shard.getNodes().stream())
                    .filter(member -> member.getRole().equals("master"))
                    .findFirst()
                    .orElseThrow()
                    .getPort()
                    .intValue();
        }
    }

    @Test
    void aPausedReplicaFollowsAgainWhenItIsResumed(RedisCluster cluster) {
        Node replica = cluster.nodes().get(5);
        replica.pause();
        try (Jedis other = RedisEndpoint.of(cluster.nodes().get(1)).connect()) {
            await().atMost(LIMIT).until(() -> line(other, replica).contains("fail"));
        } finally {
            replica.resume();
        }
        cluster.awaitHealthy();
    }

    private static String line(Jedis jedis, Node node) {
        return jedis.clusterNodes()
                .lines()
                .filter(line -> line.contains(":" + node.port() + "@"))
                .findFirst()
                .orElse("");
    }

    /** The wiring gives the first third of the slots to the first node. */
    private static String keyOnFirstNode(RedisCluster cluster) {
        try (Jedis jedis = RedisEndpoint.of(cluster.nodes().get(0)).connect()) {
            return IntStream.iterate(0, i -> i + 1)
                    .mapToObj(i -> "key-" + i)
                    .filter(key -> jedis.clusterKeySlot(key) < 16384 / 3)
                    .findFirst()
                    .orElseThrow();
        }
    }

    private static void awaitOnReplica(Node replica, String key) {
        try (Jedis jedis = RedisEndpoint.of(replica).connect()) {
            jedis.readonly();
            await().atMost(LIMIT).until(() -> jedis.exists(key));
        }
    }

    private static String role(Node node) {
        try (Jedis jedis = RedisEndpoint.of(node).connect()) {
            return (String) jedis.role().get(0);
        }
    }
}
