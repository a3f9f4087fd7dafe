package mastery.redis.clustering;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import java.time.Duration;
import java.util.List;
import mastery.redis.clustering.SlotCoverage.Coverage;
import mastery.support.junit.OnRedis;
import mastery.support.junit.OnRedis.Topology;
import mastery.support.redis.RedisCluster;
import mastery.support.redis.RedisEndpoint;
import mastery.support.server.Node;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import redis.clients.jedis.Jedis;
import redis.clients.jedis.RedisClusterClient;
import redis.clients.jedis.exceptions.JedisClusterException;
import redis.clients.jedis.exceptions.JedisDataException;
import redis.clients.jedis.exceptions.JedisMovedDataException;

@OnRedis(topology = Topology.CLUSTER)
class SlotCoverageIT {

    private static final Duration LIMIT = Duration.ofSeconds(60);

    /** The slot of key b. */
    private static final int SLOT = 3300;

    private RedisCluster nodes;
    private List<Jedis> all;
    private Jedis owner;
    private Jedis other;

    @BeforeEach
    void open(RedisCluster cluster, RedisClusterClient client) {
        nodes = cluster;
        nodes.awaitHealthy();
        all = nodes.nodes().stream()
                .map(node -> RedisEndpoint.of(node).connect())
                .toList();
        owner = connection(MovedRedirect.owner(all.get(0), SLOT).getPort());
        other = connection(
                MovedRedirect.owner(all.get(0), HashSlotsAndTags.slot("a")).getPort());
        client.set("a", "value of a");
        client.set("b", "value of b");
        nodes.awaitHealthy();
    }

    @AfterEach
    void theSlotFindsItsOwner() {
        all.forEach(Jedis::close);
        for (Node node : nodes.nodes()) {
            if (!node.isRunning()) {
                node.start();
            }
        }
        all = nodes.nodes().stream()
                .map(node -> RedisEndpoint.of(node).connect())
                .toList();
        SlotCoverage.requireAll(all);
        SlotCoverage.allowReadsWhenDown(all, false);
        if (all.stream().allMatch(node -> SlotCoverage.coverage(node).slotsAssigned() == 16383)) {
            all.stream()
                    .filter(node -> ManualFailover.isMaster(node))
                    .findFirst()
                    .ifPresent(master -> SlotCoverage.giveTo(master, SLOT));
        }
        nodes.awaitHealthy();
        all.forEach(Jedis::close);
    }

    @Test
    void aSlotWithoutAnOwnerStopsEveryKeyOnEveryNode() {
        assertThat(all).extracting(SlotCoverage::coverage).containsOnly(new Coverage("ok", 16384, 16384));
        SlotCoverage.serveWhatThereIs(all);
        SlotCoverage.requireAll(all);
        makeGap();
        await("every node holds the cluster for down")
                .atMost(LIMIT)
                .until(() -> all.stream()
                        .allMatch(node -> SlotCoverage.coverage(node).equals(new Coverage("fail", 16383, 16383))));

        for (Jedis node : all) {
            for (String key : List.of("a", "any other", "größe\r\n")) {
                assertDown(() -> node.get(key), "The cluster is down");
                assertDown(() -> node.set(key, "value"), "The cluster is down");
            }
            assertDown(() -> node.get("b"), "Hash slot not served");
        }
    }

    @Test
    void withoutFullCoverageOnlyTheLostSlotIsRefused() {
        SlotCoverage.serveWhatThereIs(all);
        makeGap();
        await("every node knows the gap, and goes on")
                .atMost(LIMIT)
                .until(() -> all.stream()
                        .allMatch(node -> SlotCoverage.coverage(node).equals(new Coverage("ok", 16383, 16383))));

        assertThat(other.set("a", "written meanwhile")).isEqualTo("OK");
        assertThat(other.get("a")).isEqualTo("written meanwhile");
        for (Jedis node : all) {
            assertDown(() -> node.get("b"), "Hash slot not served");
            assertDown(() -> node.set("b", "value"), "Hash slot not served");
        }
        String neighbour = keyOf(SLOT + 1);
        assertThat(owner.set(neighbour, "value"))
                .as("the next slot of the same node")
                .isEqualTo("OK");
        assertThatThrownBy(() -> other.get(neighbour)).isInstanceOf(JedisMovedDataException.class);
    }

    @Test
    void aClusterThatIsDownMayAnswerReadsButTakesNoWrite() {
        SlotCoverage.allowReadsWhenDown(all, true);
        makeGap();
        await("every node holds the cluster for down")
                .atMost(LIMIT)
                .until(() -> all.stream()
                        .allMatch(node -> SlotCoverage.coverage(node).state().equals("fail")));

        assertThat(other.get("a")).isEqualTo("value of a");
        assertDown(() -> other.set("a", "value"), "The cluster is down and only accepts read commands");
        assertDown(() -> owner.get("b"), "Hash slot not served");

        SlotCoverage.allowReadsWhenDown(all, false);
        assertDown(() -> other.get("a"), "The cluster is down");
    }

    @Test
    void aSlotThatFindsAnOwnerMakesTheClusterWhole(RedisClusterClient client) {
        makeGap();
        await().atMost(LIMIT)
                .until(() -> all.stream()
                        .allMatch(node -> SlotCoverage.coverage(node).state().equals("fail")));
        SlotCoverage.giveTo(owner, SLOT);
        nodes.awaitHealthy();

        assertThat(all).extracting(SlotCoverage::coverage).containsOnly(new Coverage("ok", 16384, 16384));
        assertThat(client.set("b", "written after")).isEqualTo("OK");
        assertThat(client.get("a")).isEqualTo("value of a");
    }

    @Test
    void whenAMasterAndItsReplicaAreKilledTheRestGoesOnOnlyWithoutFullCoverage(RedisClusterClient client) {
        nodes.nodeTimeout(Duration.ofSeconds(1));
        Node master = nodeOf(owner);
        Node replica = nodeOf(
                connection(ManualFailover.shard(owner, SLOT).replicas().get(0).getPort()));
        List<Jedis> left = nodes.nodes().stream()
                .filter(node -> node != master && node != replica)
                .map(node -> connection(node.port()))
                .toList();
        // The replica first, or it would take over.
        replica.kill();
        master.kill();
        await("the rest holds the cluster for down")
                .atMost(LIMIT)
                .until(() -> left.stream()
                        .allMatch(node -> SlotCoverage.coverage(node).state().equals("fail")));
        assertThat(left)
                .allSatisfy(node -> assertThat(SlotCoverage.coverage(node))
                        .as("owned, but not served")
                        .satisfies(
                                coverage -> assertThat(coverage.slotsAssigned()).isEqualTo(16384))
                        .satisfies(coverage -> assertThat(coverage.slotsOk()).isLessThan(16384)));
        assertDown(() -> other.get("a"), "The cluster is down");

        SlotCoverage.serveWhatThereIs(left);
        await("the rest goes on")
                .atMost(LIMIT)
                .until(() -> left.stream()
                        .allMatch(node -> SlotCoverage.coverage(node).state().equals("ok")));
        assertThat(client.get("a")).isEqualTo("value of a");
        assertThat(client.set("a", "two thirds go on")).isEqualTo("OK");
        assertThat(left)
                .allSatisfy(node -> assertThatThrownBy(() -> node.get("b"))
                        .as("who asks for the rest is sent to the dead")
                        .isInstanceOfSatisfying(
                                JedisMovedDataException.class,
                                e -> assertThat(e.getTargetNode().getPort()).isEqualTo(master.port())));

        master.start();
        replica.start();
        nodes.awaitHealthy();
        assertThat(client.get("b")).as("what lay in the memory of both is lost").isNull();
    }

    @Test
    void badInputIsRefused() {
        assertThatThrownBy(() -> SlotCoverage.giveTo(owner, SLOT))
                .isInstanceOf(JedisDataException.class)
                .hasMessageContaining("already busy");
        assertThatThrownBy(() -> SlotCoverage.giveTo(owner, 16384))
                .isInstanceOf(JedisDataException.class)
                .hasMessageContaining("slot");
        assertThat(SlotCoverage.takeAway(all, 16384))
                .as("nobody has it, and nothing is done")
                .isTrue();
        assertThat(all).extracting(SlotCoverage::coverage).containsOnly(new Coverage("ok", 16384, 16384));
    }

    private void makeGap() {
        await("no node knows an owner").atMost(LIMIT).until(() -> SlotCoverage.takeAway(all, SLOT));
    }

    private static void assertDown(Runnable command, String message) {
        assertThatThrownBy(command::run)
                .isInstanceOf(JedisClusterException.class)
                .hasMessageStartingWith("CLUSTERDOWN " + message);
    }

    private static String keyOf(int slot) {
        for (int i = 0; ; i++) {
            if (HashSlotsAndTags.slot("key:" + i) == slot) {
                return "key:" + i;
            }
        }
    }

    private Jedis connection(int port) {
        return all.get(nodes.nodes().stream().map(Node::port).toList().indexOf(port));
    }

    private Node nodeOf(Jedis connection) {
        return nodes.nodes().get(all.indexOf(connection));
    }
}
