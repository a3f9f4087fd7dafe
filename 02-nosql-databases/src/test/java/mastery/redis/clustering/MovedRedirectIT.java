package mastery.redis.clustering;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.time.Duration;
import java.util.List;
import java.util.stream.IntStream;
import mastery.redis.clustering.MovedRedirect.Found;
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
import redis.clients.jedis.exceptions.JedisDataException;
import redis.clients.jedis.exceptions.JedisMovedDataException;

@OnRedis(topology = Topology.CLUSTER)
class MovedRedirectIT {

    private static final List<String> KEYS =
            IntStream.range(0, 60).mapToObj(i -> "key:" + i).toList();

    /** Its slot is 0. */
    private static final String KEY_OF_SLOT_0 = "06S";

    private RedisCluster nodes;
    private RedisClusterClient cluster;

    @BeforeEach
    void open(RedisCluster redisCluster, RedisClusterClient client) {
        nodes = redisCluster;
        cluster = client;
        nodes.nodeTimeout(Duration.ofSeconds(5));
        nodes.awaitHealthy();
    }

    @AfterEach
    void slot0GoesBack() {
        try (Jedis first = connect(nodes.nodes().get(0))) {
            HostAndPort owner = MovedRedirect.owner(first, 0);
            if (owner.getPort() != nodes.nodes().get(0).port()) {
                nodes.flush();
                try (Jedis holder = connect(owner)) {
                    MovedRedirect.giveEmptySlot(holder, first, 0);
                }
                nodes.awaitHealthy();
            }
        }
    }

    @Test
    void everyNodeAnswersForItsOwnSlotsAndNamesTheOwnerOfTheOthers() {
        KEYS.forEach(key -> cluster.set(key, "value of " + key));
        for (Node asked : nodes.nodes()) {
            try (Jedis node = connect(asked)) {
                long movedBefore = MovedRedirect.movedReplies(node);
                int own = 0;
                for (String key : KEYS) {
                    int slot = HashSlotsAndTags.slot(key);
                    HostAndPort owner = MovedRedirect.owner(node, slot);
                    if (owner.getPort() == asked.port()) {
                        own++;
                        assertThat(MovedRedirect.getFromNode(node, key)).isEqualTo("value of " + key);
                    } else {
                        assertThatThrownBy(() -> MovedRedirect.getFromNode(node, key))
                                .isInstanceOfSatisfying(JedisMovedDataException.class, e -> {
                                    assertThat(e.getMessage()).startsWith("MOVED " + slot + " ");
                                    assertThat(e.getSlot()).isEqualTo(slot);
                                    assertThat(e.getTargetNode()).isEqualTo(owner);
                                });
                    }
                }
                assertThat(MovedRedirect.movedReplies(node) - movedBefore).isEqualTo(KEYS.size() - own);
                if (node.role().get(0).equals("master")) {
                    assertThat(own).isBetween(1, KEYS.size() - 1);
                } else {
                    assertThat(own).as("a replica owns nothing").isZero();
                }
            }
        }
    }

    @Test
    void theClusterClientGoesToTheOwnerAtOnce() {
        long moved = movedReplies();
        KEYS.forEach(key -> cluster.set(key, "value of " + key));
        assertThat(KEYS)
                .allSatisfy(key -> assertThat(MovedRedirect.get(cluster, key)).isEqualTo("value of " + key));
        assertThat(movedReplies()).isEqualTo(moved);
    }

    @Test
    void whoFollowsMovedAsksOneNodeMore() {
        KEYS.forEach(key -> cluster.set(key, "value of " + key));
        try (Jedis node = connect(nodes.nodes().get(0))) {
            for (String key : KEYS) {
                boolean here = MovedRedirect.owner(node, HashSlotsAndTags.slot(key))
                        .equals(address(nodes.nodes().get(0)));
                assertThat(MovedRedirect.getFollowing(node, key, this::connect))
                        .isEqualTo(new Found("value of " + key, here ? 1 : 2));
            }
        }
    }

    @Test
    void afterASlotHasMovedTheClientMeetsMovedOnce() {
        assertThat(MovedRedirect.get(cluster, KEY_OF_SLOT_0)).isNull();
        try (Jedis first = connect(nodes.nodes().get(0));
                Jedis second = connect(nodes.nodes().get(1))) {
            MovedRedirect.giveEmptySlot(first, second, 0);
            nodes.awaitHealthy();
            long moved = movedReplies();
            long movedByFirst = MovedRedirect.movedReplies(first);

            assertThat(cluster.set(KEY_OF_SLOT_0, "at its new home")).isEqualTo("OK");
            assertThat(movedReplies()).isEqualTo(moved + 1);
            assertThat(MovedRedirect.movedReplies(first)).isEqualTo(movedByFirst + 1);

            assertThat(MovedRedirect.get(cluster, KEY_OF_SLOT_0)).isEqualTo("at its new home");
            assertThat(movedReplies()).as("the client has learnt the map").isEqualTo(moved + 1);
            assertThat(second.get(KEY_OF_SLOT_0)).isEqualTo("at its new home");
            for (Node node : nodes.nodes()) {
                try (Jedis any = connect(node)) {
                    assertThat(MovedRedirect.owner(any, 0))
                            .isEqualTo(address(nodes.nodes().get(1)));
                }
            }
        }
    }

    @Test
    void aSlotWithKeysIsNotGivenAway() {
        cluster.set(KEY_OF_SLOT_0, "value");
        try (Jedis first = connect(nodes.nodes().get(0));
                Jedis second = connect(nodes.nodes().get(1))) {
            assertThatThrownBy(() -> MovedRedirect.giveEmptySlot(first, second, 0))
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessageContaining("slot 0 has keys");
            assertThat(MovedRedirect.owner(second, 0))
                    .isEqualTo(address(nodes.nodes().get(0)));
        }
    }

    @Test
    void badInputIsRefused() {
        cluster.lpush("list", "element");
        assertThatThrownBy(() -> MovedRedirect.get(cluster, null)).isInstanceOf(NullPointerException.class);
        assertThatThrownBy(() -> MovedRedirect.get(cluster, "list"))
                .isInstanceOf(JedisDataException.class)
                .hasMessageStartingWith("WRONGTYPE");
        String hostile = "{\r\nSET a b\r\n}\0 größe {}";
        cluster.set(hostile, "");
        assertThat(MovedRedirect.get(cluster, hostile)).isEmpty();
        try (Jedis node = connect(nodes.nodes().get(0))) {
            assertThatThrownBy(() -> MovedRedirect.owner(node, 16384))
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessageContaining("16384");
            assertThatThrownBy(() -> MovedRedirect.getFromNode(node, null)).isInstanceOf(NullPointerException.class);
        }
    }

    private long movedReplies() {
        return nodes.nodes().stream()
                .mapToLong(node -> {
                    try (Jedis jedis = connect(node)) {
                        return MovedRedirect.movedReplies(jedis);
                    }
                })
                .sum();
    }

    private Jedis connect(HostAndPort address) {
        return connect(nodes.nodes().stream()
                .filter(node -> address(node).equals(address))
                .findFirst()
                .orElseThrow());
    }

    private static HostAndPort address(Node node) {
        return new HostAndPort(node.host(), node.port());
    }

    private static Jedis connect(Node node) {
        return RedisEndpoint.of(node).connect();
    }
}
