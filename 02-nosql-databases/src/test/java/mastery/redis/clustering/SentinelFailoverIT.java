package mastery.redis.clustering;

import static mastery.support.redis.RedisSentinels.NAME;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import mastery.redis.clustering.SentinelFailover.Switch;
import mastery.support.junit.OnRedis;
import mastery.support.junit.OnRedis.Topology;
import mastery.support.redis.RedisEndpoint;
import mastery.support.redis.RedisSentinels;
import mastery.support.redis.SentinelWiring;
import mastery.support.server.Node;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import redis.clients.jedis.HostAndPort;
import redis.clients.jedis.Jedis;
import redis.clients.jedis.JedisPubSub;
import redis.clients.jedis.Protocol.Command;
import redis.clients.jedis.RedisClient;
import redis.clients.jedis.RedisSentinelClient;
import redis.clients.jedis.exceptions.JedisConnectionException;
import redis.clients.jedis.exceptions.JedisDataException;
import redis.clients.jedis.exceptions.JedisException;

@OnRedis(topology = Topology.SENTINELS)
class SentinelFailoverIT {

    private static final Duration LIMIT = Duration.ofSeconds(60);
    private static final Duration SHORT = Duration.ofSeconds(1);
    private static final Duration LONG = LIMIT.multipliedBy(10);

    private RedisSentinels nodes;
    private RedisSentinelClient client;
    private Node old;
    private HostAndPort oldAddress;

    @BeforeEach
    void open(RedisSentinels sentinels, RedisSentinelClient sentinelClient) {
        nodes = sentinels;
        client = sentinelClient;
        patience(LONG, nodes.sentinels());
        nodes.awaitAgreement();
        old = nodes.primary();
        oldAddress = address(old);
    }

    /** The next test of this class finds six processes that live and agree, and sentinels that remember no failover. */
    @AfterEach
    void mend() {
        for (Node node : nodes.nodes()) {
            node.resume();
            if (!node.isRunning()) {
                node.start();
            }
        }
        for (Node node : nodes.data()) {
            try (Jedis jedis = connect(node)) {
                jedis.configSet("replica-priority", "100");
            }
        }
        nodes.awaitAgreement();
        // A sentinel that took part in a failover starts no other for twice the failover timeout.
        RedisEndpoint primary = RedisEndpoint.of(nodes.primary());
        List<RedisEndpoint> sentinels =
                nodes.sentinels().stream().map(RedisEndpoint::of).toList();
        for (RedisEndpoint sentinel : sentinels) {
            try (Jedis jedis = sentinel.connect()) {
                jedis.sentinelRemove(NAME);
            }
        }
        SentinelWiring.watch(NAME, primary, 2, sentinels);
    }

    /**
     * How long the primary may be silent for these sentinels. On a busy machine a living one is silent for a second now and then: who
     * shall not be replaced gets patience.
     */
    private static void patience(Duration silence, List<Node> sentinels) {
        for (Node node : sentinels) {
            try (Jedis jedis = connect(node)) {
                jedis.sentinelSet(NAME, Map.of("down-after-milliseconds", Long.toString(silence.toMillis())));
            }
        }
    }

    /** Leaves the sentinels one replica to promote, so that it is not replaced in turn; returns that one. */
    private Node onlySuccessor() {
        List<Node> replicas = nodes.data().stream().filter(node -> node != old).toList();
        try (Jedis never = connect(replicas.get(1))) {
            never.configSet("replica-priority", "0");
        }
        for (Node node : nodes.sentinels()) {
            try (Jedis sentinel = connect(node)) {
                await(node + " knows")
                        .atMost(LIMIT)
                        .until(() -> sentinel.sentinelReplicas(NAME).stream()
                                .anyMatch(replica -> replica.get("port")
                                                .equals(Integer.toString(
                                                        replicas.get(1).port()))
                                        && replica.get("slave-priority").equals("0")));
            }
        }
        return replicas.get(0);
    }

    @Test
    void whenThePrimaryIsKilledTheSentinelsPromoteAReplicaAndItsClientsFollow() throws Exception {
        assertThat(SentinelFailover.set(client, "key", "before")).isEqualTo("OK");
        nodes.awaitAgreement();
        awaitOnReplicas("key", "before");
        HostAndPort successor = address(onlySuccessor());
        try (RedisClient fixed = fixedClient();
                Heard heard = new Heard(nodes.sentinels().get(2))) {
            assertThat(SentinelFailover.setAtFixedAddress(fixed, "other", "value"))
                    .isEqualTo("OK");
            patience(SHORT, nodes.sentinels());
            old.kill();
            assertThatThrownBy(() -> SentinelFailover.setAtFixedAddress(fixed, "other", "value"))
                    .isInstanceOf(JedisConnectionException.class);

            await("the sentinel says who is next").atMost(LIMIT).until(() -> !heard.switches.isEmpty());
            Switch change = heard.switches.get(0);
            assertThat(change.name()).isEqualTo(NAME);
            assertThat(change.from()).isEqualTo(oldAddress);
            assertThat(change.to()).isEqualTo(successor);
            for (Node node : nodes.sentinels()) {
                await(node + " knows").atMost(LIMIT).until(() -> primarySeenBy(node), change.to()::equals);
            }
            assertThat(roleOf(change.to())).isEqualTo("master");
            patience(LONG, nodes.sentinels());

            await("the client follows")
                    .atMost(LIMIT)
                    .ignoreExceptionsInstanceOf(JedisException.class)
                    .until(() -> "OK".equals(SentinelFailover.set(client, "key", "after")));
            assertThat(client.getCurrentMaster()).isEqualTo(change.to());
            assertThat(valueAt(change.to(), "key")).isEqualTo("after");

            old.start();
            nodes.awaitAgreement();
            assertThat(roleOf(oldAddress))
                    .as("the old one rejoins as a replica")
                    .isEqualTo("slave");
            await("with what was written without it")
                    .atMost(LIMIT)
                    .until(() -> "after".equals(valueAt(oldAddress, "key")));
            await("the client of the fixed address has a connection again")
                    .atMost(LIMIT)
                    .ignoreExceptionsInstanceOf(JedisConnectionException.class)
                    .until(() -> fixed.ping().equals("PONG"));
            assertThatThrownBy(() -> SentinelFailover.setAtFixedAddress(fixed, "other", "value"))
                    .as("and writes to a replica")
                    .isInstanceOf(JedisDataException.class)
                    .hasMessageStartingWith("READONLY");
            assertThat(heard.switches).hasSize(1);
        }
    }

    @Test
    void aPlannedFailoverNeedsNoLoss() throws Exception {
        SentinelFailover.set(client, "key", "before");
        awaitOnReplicas("key", "before");
        try (Heard heard = new Heard(nodes.sentinels().get(0));
                Jedis sentinel = connect(nodes.sentinels().get(0))) {
            SentinelFailover.failOver(sentinel, NAME);
            await().atMost(LIMIT).until(() -> !heard.switches.isEmpty());
            assertThat(heard.switches.get(0).from()).isEqualTo(oldAddress);
        }
        assertThat(old.isRunning()).isTrue();
        nodes.awaitAgreement();
        HostAndPort now = address(nodes.primary());
        assertThat(now).isNotEqualTo(oldAddress);
        assertThat(valueAt(now, "key")).isEqualTo("before");
        assertThat(nodes.sentinels()).extracting(this::primarySeenBy).containsOnly(now);
        assertThat(roleOf(oldAddress)).isEqualTo("slave");
    }

    @Test
    void aSentinelThatIsAloneMissesThePrimaryAndChangesNothing() {
        Node alone = nodes.sentinels().get(0);
        patience(SHORT, List.of(alone));
        nodes.sentinels().subList(1, 3).forEach(Node::kill);
        old.pause();
        try (Jedis sentinel = connect(alone)) {
            assertThat(SentinelFailover.quorum(sentinel, NAME)).isEqualTo(2);
            await("it misses the primary")
                    .atMost(LIMIT)
                    .until(() -> SentinelFailover.flags(sentinel, NAME).contains("s_down"));
            await("and the other sentinels")
                    .atMost(LIMIT)
                    .until(() -> sentinel.sentinelSentinels(NAME).stream()
                            .allMatch(other -> other.get("flags").contains("s_down")));
            assertThatThrownBy(() -> sentinel.sendCommand(Command.SENTINEL, "CKQUORUM", NAME))
                    .isInstanceOf(JedisDataException.class)
                    .hasMessageStartingWith("NOQUORUM");
            assertThat(SentinelFailover.flags(sentinel, NAME)).doesNotContain("o_down", "failover");
            assertThat(SentinelFailover.primary(sentinel, NAME)).isEqualTo(oldAddress);

            old.resume();
            await("the primary is back")
                    .atMost(LIMIT)
                    .until(() -> SentinelFailover.flags(sentinel, NAME), "master"::equals);
        }
        nodes.sentinels().subList(1, 3).forEach(Node::start);
        nodes.awaitAgreement();
        assertThat(nodes.sentinels()).extracting(this::primarySeenBy).containsOnly(oldAddress);
        assertThat(roleOf(oldAddress)).isEqualTo("master");
    }

    @Test
    void theQuorumIsWhatThisSentinelWasTold() {
        try (Jedis sentinel = connect(nodes.sentinels().get(0))) {
            sentinel.sentinelSet(NAME, Map.of("quorum", "3"));
            assertThat(SentinelFailover.quorum(sentinel, NAME)).isEqualTo(3);
        }
    }

    @Test
    void badInputIsRefused() {
        try (Jedis sentinel = connect(nodes.sentinels().get(0))) {
            assertThatThrownBy(() -> SentinelFailover.primary(sentinel, "nobody\r\n"))
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessageContaining("nobody");
            assertThatThrownBy(() -> SentinelFailover.primary(sentinel, null)).isInstanceOf(NullPointerException.class);
            assertThatThrownBy(() -> SentinelFailover.failOver(sentinel, "nobody"))
                    .isInstanceOf(JedisDataException.class)
                    .hasMessageContaining("No such master");
        }
    }

    private RedisClient fixedClient() {
        RedisEndpoint endpoint = RedisEndpoint.of(old);
        return RedisClient.builder()
                .hostAndPort(endpoint.hostAndPort())
                .clientConfig(endpoint.clientConfig())
                .build();
    }

    private void awaitOnReplicas(String key, String value) {
        for (Node node : nodes.data()) {
            await().atMost(LIMIT).until(() -> value.equals(valueAt(address(node), key)));
        }
    }

    private HostAndPort primarySeenBy(Node sentinel) {
        try (Jedis jedis = connect(sentinel)) {
            return SentinelFailover.primary(jedis, NAME);
        }
    }

    private String roleOf(HostAndPort address) {
        try (Jedis jedis = connect(nodeAt(address))) {
            return (String) jedis.role().get(0);
        }
    }

    private String valueAt(HostAndPort address, String key) {
        try (Jedis jedis = connect(nodeAt(address))) {
            return jedis.get(key);
        }
    }

    private Node nodeAt(HostAndPort address) {
        return nodes.data().stream()
                .filter(node -> node.port() == address.getPort())
                .findFirst()
                .orElseThrow();
    }

    private static HostAndPort address(Node node) {
        return new HostAndPort(node.host(), node.port());
    }

    private static Jedis connect(Node node) {
        return RedisEndpoint.of(node).connect();
    }

    /** Listens on a thread of its own, from the end of the constructor on. */
    private static final class Heard implements AutoCloseable {

        private final List<Switch> switches = new CopyOnWriteArrayList<>();
        private final JedisPubSub listener;
        private final Thread thread;

        Heard(Node sentinel) throws InterruptedException {
            CountDownLatch subscribed = new CountDownLatch(1);
            listener = SentinelFailover.listener(subscribed::countDown, switches::add);
            thread = new Thread(() -> {
                try (Jedis jedis = connect(sentinel)) {
                    SentinelFailover.listen(jedis, listener);
                }
            });
            thread.start();
            assertThat(subscribed.await(LIMIT.toSeconds(), TimeUnit.SECONDS)).isTrue();
        }

        @Override
        public void close() {
            listener.unsubscribe();
            try {
                thread.join(LIMIT.toMillis());
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
            }
        }
    }
}
