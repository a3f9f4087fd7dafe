package mastery.redis.clustering;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.time.Duration;
import java.util.List;
import java.util.TreeSet;
import java.util.stream.IntStream;
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
import redis.clients.jedis.exceptions.JedisAskDataException;
import redis.clients.jedis.exceptions.JedisDataException;
import redis.clients.jedis.exceptions.JedisException;
import redis.clients.jedis.exceptions.JedisMovedDataException;

@OnRedis(topology = Topology.CLUSTER)
class AskDuringMigrationIT {

    private static final int SLOT = 8000;
    private static final List<String> KEYS =
            IntStream.range(0, 250).mapToObj(i -> "{42}:" + i).toList();

    private RedisCluster nodes;
    private RedisClusterClient cluster;
    private Jedis source;
    private Jedis target;
    private String password;

    @BeforeEach
    void open(RedisCluster redisCluster, RedisClusterClient client) {
        nodes = redisCluster;
        cluster = client;
        nodes.nodeTimeout(Duration.ofSeconds(5));
        nodes.awaitHealthy();
        source = RedisEndpoint.of(masterOf(SLOT)).connect();
        target = RedisEndpoint.of(masterOf(16383)).connect();
        password = nodes.nodes().get(0).password();
        assertThat(HashSlotsAndTags.slot("{42}")).isEqualTo(SLOT);
    }

    @AfterEach
    void theSlotGoesBack() {
        target.clusterSetSlotStable(SLOT);
        source.clusterSetSlotStable(SLOT);
        nodes.flush();
        if (MovedRedirect.owner(target, SLOT).equals(address(target))) {
            MovedRedirect.giveEmptySlot(target, source, SLOT);
        }
        nodes.awaitHealthy();
        source.close();
        target.close();
    }

    @Test
    void theSourceServesWhatItHasAndAnswersAskForWhatItHasNot() {
        cluster.set("{42}here", "value");
        AskDuringMigration.begin(source, target, SLOT);

        assertThat(source.get("{42}here")).isEqualTo("value");
        assertThatThrownBy(() -> source.get("{42}nowhere")).isInstanceOfSatisfying(JedisAskDataException.class, e -> {
            assertThat(e.getMessage()).startsWith("ASK " + SLOT + " ");
            assertThat(e.getSlot()).isEqualTo(SLOT);
            assertThat(e.getTargetNode()).isEqualTo(address(target));
        });

        AskDuringMigration.forgetMove(source, SLOT);
        assertThat(source.get("{42}nowhere")).as("no move, no ASK").isNull();
    }

    @Test
    void theTargetServesOnlyWhoSaysAskingAndOnlyOneCommand() {
        cluster.set("{42}key", "value");
        AskDuringMigration.begin(source, target, SLOT);
        assertThat(AskDuringMigration.moveKeys(source, address(target), password, SLOT, 1))
                .isEqualTo(1);
        assertThat(source.clusterCountKeysInSlot(SLOT)).isZero();
        assertThat(target.clusterCountKeysInSlot(SLOT)).isEqualTo(1);

        assertThatThrownBy(() -> target.get("{42}key"))
                .isInstanceOfSatisfying(
                        JedisMovedDataException.class,
                        e -> assertThat(e.getTargetNode()).isEqualTo(address(source)));
        assertThat(AskDuringMigration.getAsking(target, "{42}key")).isEqualTo("value");
        assertThatThrownBy(() -> target.get("{42}key")).isInstanceOf(JedisMovedDataException.class);
    }

    @Test
    void aCommandOnKeysThatAreSplitGetsTryAgain() {
        cluster.mset("{42}a", "1", "{42}b", "2");
        AskDuringMigration.begin(source, target, SLOT);
        AskDuringMigration.moveKeys(source, address(target), password, SLOT, 1);

        assertThatThrownBy(() -> source.mget("{42}a", "{42}b"))
                .isInstanceOf(JedisDataException.class)
                .hasMessageStartingWith("TRYAGAIN");
        target.asking();
        assertThatThrownBy(() -> target.mget("{42}a", "{42}b"))
                .isInstanceOf(JedisDataException.class)
                .hasMessageStartingWith("TRYAGAIN");
        assertThatThrownBy(() -> cluster.mget("{42}a", "{42}b"))
                .as("the cluster client does not try again")
                .isInstanceOf(JedisException.class)
                .hasMessageContaining("TRYAGAIN");

        AskDuringMigration.moveKeys(source, address(target), password, SLOT, 1);
        assertThat(cluster.mget("{42}a", "{42}b")).as("together again").containsExactly("1", "2");
    }

    @Test
    void theClusterClientFollowsAskEachTimeAnew() {
        cluster.set("{42}key", "value");
        AskDuringMigration.begin(source, target, SLOT);
        AskDuringMigration.moveKeys(source, address(target), password, SLOT, 1);
        long asks = askReplies(source);
        long moved = MovedRedirect.movedReplies(source) + MovedRedirect.movedReplies(target);

        for (int i = 1; i <= 3; i++) {
            assertThat(cluster.get("{42}key")).isEqualTo("value");
            assertThat(askReplies(source)).isEqualTo(asks + i);
        }
        assertThat(MovedRedirect.movedReplies(source) + MovedRedirect.movedReplies(target))
                .isEqualTo(moved);
        cluster.set("{42}new", "written during the move");
        assertThat(source.clusterGetKeysInSlot(SLOT, 10)).isEmpty();
        assertThat(target.clusterGetKeysInSlot(SLOT, 10)).containsExactlyInAnyOrder("{42}key", "{42}new");
    }

    @Test
    void everyKeyIsReadableAtEveryStepAndInTheEndAtItsNewOwner() {
        KEYS.forEach(key -> cluster.set(key, "value of " + key));
        AskDuringMigration.begin(source, target, SLOT);
        assertThat(AskDuringMigration.moveKeys(source, address(target), password, SLOT, 130))
                .isEqualTo(130);
        assertThat(new TreeSet<>(source.clusterGetKeysInSlot(SLOT, 1000))).hasSize(120);
        assertThat(target.clusterGetKeysInSlot(SLOT, 1000))
                .hasSize(130)
                .doesNotContainAnyElementsOf(source.clusterGetKeysInSlot(SLOT, 1000));
        assertThat(KEYS).allSatisfy(key -> assertThat(cluster.get(key)).isEqualTo("value of " + key));

        assertThatThrownBy(() -> AskDuringMigration.finish(source, target, SLOT))
                .isInstanceOf(IllegalStateException.class)
                .hasMessageContaining("120 keys");
        assertThat(AskDuringMigration.moveKeys(source, address(target), password, SLOT, Integer.MAX_VALUE))
                .isEqualTo(120);
        long epoch = epochOf(target);
        AskDuringMigration.finish(source, target, SLOT);
        nodes.awaitHealthy();

        assertThat(epochOf(target)).isGreaterThan(epoch);
        for (Node node : nodes.nodes()) {
            try (Jedis any = RedisEndpoint.of(node).connect()) {
                assertThat(MovedRedirect.owner(any, SLOT)).isEqualTo(address(target));
            }
        }
        assertThat(KEYS).allSatisfy(key -> assertThat(cluster.get(key)).isEqualTo("value of " + key));
        assertThat(target.get(KEYS.get(0))).isEqualTo("value of " + KEYS.get(0));
        assertThatThrownBy(() -> source.get(KEYS.get(0))).isInstanceOf(JedisMovedDataException.class);
    }

    @Test
    void aTargetThatWasNotToldSendsClientsBackWhereTheyCameFrom() {
        AskDuringMigration.beginAtSourceOnly(source, target, SLOT);
        assertThatThrownBy(() -> source.get("{42}key"))
                .isInstanceOfSatisfying(
                        JedisAskDataException.class,
                        e -> assertThat(e.getTargetNode()).isEqualTo(address(target)));
        assertThatThrownBy(() -> AskDuringMigration.getAsking(target, "{42}key"))
                .isInstanceOfSatisfying(
                        JedisMovedDataException.class,
                        e -> assertThat(e.getTargetNode()).isEqualTo(address(source)));
        assertThatThrownBy(() -> cluster.set("{42}key", "value"))
                .as("the client goes to and fro until it gives up")
                .isInstanceOf(RuntimeException.class);
    }

    @Test
    void keysThatAreLeftBehindAreDeletedWhenTheOwnerIsNamedTooEarly() {
        KEYS.forEach(key -> cluster.set(key, "acknowledged"));
        AskDuringMigration.begin(source, target, SLOT);
        AskDuringMigration.moveKeys(source, address(target), password, SLOT, 150);

        AskDuringMigration.finishUnchecked(target, SLOT);
        nodes.awaitHealthy();

        assertThat(target.clusterCountKeysInSlot(SLOT)).isEqualTo(150);
        assertThat(source.clusterCountKeysInSlot(SLOT)).isZero();
        assertThat(KEYS.stream().filter(cluster::exists).count())
                .as("of 250 acknowledged keys")
                .isEqualTo(150);
    }

    @Test
    void badInputIsRefused() {
        assertThatThrownBy(() -> AskDuringMigration.begin(source, target, 16384))
                .isInstanceOf(JedisDataException.class)
                .hasMessageContaining("slot");
        assertThatThrownBy(() -> AskDuringMigration.begin(target, source, SLOT))
                .as("the wrong way round")
                .isInstanceOf(JedisDataException.class)
                .hasMessageStartingWith("ERR I'm ");
        assertThatThrownBy(() -> AskDuringMigration.moveKeys(source, address(target), password, SLOT, 0))
                .isInstanceOf(IllegalArgumentException.class);
        assertThatThrownBy(() -> AskDuringMigration.getAsking(target, null)).isInstanceOf(NullPointerException.class);

        String hostile = "{42}\r\nDEL {42}\0größe";
        cluster.set(hostile, "");
        AskDuringMigration.begin(source, target, SLOT);
        assertThatThrownBy(() -> AskDuringMigration.moveKeys(source, address(target), "wrong", SLOT, 1))
                .isInstanceOf(JedisDataException.class)
                .hasMessageContaining("WRONGPASS");
        assertThat(source.get(hostile)).as("still there").isEmpty();
    }

    @Test
    void aKeyOfAnyNameMoves() {
        String hostile = "{42}\r\nDEL {42}\0größe";
        cluster.set(hostile, "");
        AskDuringMigration.begin(source, target, SLOT);
        AskDuringMigration.moveKeys(source, address(target), password, SLOT, 1);
        assertThat(AskDuringMigration.getAsking(target, hostile)).isEmpty();
    }

    private Node masterOf(int slot) {
        try (Jedis any = RedisEndpoint.of(nodes.nodes().get(0)).connect()) {
            int port = MovedRedirect.owner(any, slot).getPort();
            return nodes.nodes().stream()
                    .filter(node -> node.port() == port)
                    .findFirst()
                    .orElseThrow();
        }
    }

    private static HostAndPort address(Jedis node) {
        return node.getConnection().getHostAndPort();
    }

    private static long askReplies(Jedis node) {
        return node.info("errorstats")
                .lines()
                .filter(line -> line.startsWith("errorstat_ASK:count="))
                .mapToLong(line -> Long.parseLong(line.substring(line.indexOf('=') + 1)))
                .sum();
    }

    private static long epochOf(Jedis node) {
        return node.clusterInfo()
                .lines()
                .filter(line -> line.startsWith("cluster_my_epoch:"))
                .mapToLong(line -> Long.parseLong(line.substring(line.indexOf(':') + 1)))
                .sum();
    }
}
