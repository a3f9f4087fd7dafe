package mastery.redis.pubsub;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import mastery.support.junit.OnRedis;
import mastery.support.junit.OnRedis.Topology;
import mastery.support.redis.RedisCluster;
import mastery.support.redis.RedisEndpoint;
import mastery.support.server.Node;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import redis.clients.jedis.Jedis;
import redis.clients.jedis.JedisPubSub;

@OnRedis(topology = Topology.CLUSTER)
class ClusterPublishBroadcastIT {

    private static final Duration LIMIT = Duration.ofSeconds(30);
    private static final AtomicInteger TESTS = new AtomicInteger();

    /** One for each test: what an earlier one published may still be on its way to other nodes. */
    private final String channel = "news:" + TESTS.incrementAndGet();

    private List<Jedis> all;
    private RedisCluster nodes;

    @BeforeEach
    void open(RedisCluster cluster) {
        nodes = cluster;
        nodes.nodeTimeout(Duration.ofSeconds(5));
        nodes.awaitHealthy();
        all = nodes.nodes().stream()
                .map(node -> RedisEndpoint.of(node).connect())
                .toList();
    }

    @AfterEach
    void close() {
        all.forEach(Jedis::close);
    }

    @Test
    void aMessageOfAnyNodeIsHeardOnEveryNodeAndCountedOnItsOwn() throws Exception {
        List<Listener> listeners = new ArrayList<>();
        try {
            for (Node node : nodes.nodes()) {
                listeners.add(new Listener(node, channel));
            }
            for (int i = 0; i < all.size(); i++) {
                assertThat(ClusterPublishBroadcast.publish(all.get(i), channel, "from node " + i))
                        .as("of six listeners")
                        .isEqualTo(1);
            }
            for (Listener listener : listeners) {
                await().atMost(LIMIT).until(() -> listener.messages.size() >= 6);
                assertThat(listener.messages)
                        .containsExactlyInAnyOrder(
                                "from node 0",
                                "from node 1",
                                "from node 2",
                                "from node 3",
                                "from node 4",
                                "from node 5");
            }
            assertThat(ClusterPublishBroadcast.listeners(all, channel)).isEqualTo(6);
        } finally {
            listeners.forEach(Listener::close);
        }
    }

    @Test
    void theAnswerIs0ThoughAnotherNodesListenerHearsIt() throws Exception {
        try (Listener listener = new Listener(nodes.nodes().get(4), channel)) {
            assertThat(ClusterPublishBroadcast.publish(all.get(0), channel, "hello"))
                    .isZero();
            await().atMost(LIMIT).until(() -> listener.messages.equals(List.of("hello")));
            assertThat(ClusterPublishBroadcast.listeners(all, channel)).isEqualTo(1);
            assertThat(ClusterPublishBroadcast.publish(all.get(4), channel, "here"))
                    .isEqualTo(1);
        }
    }

    @Test
    void eachMessageGoesToEveryOtherNodeWhetherAnybodyListensOrNot() {
        assertThat(ClusterPublishBroadcast.listeners(all, channel)).isZero();
        List<Long> before =
                all.stream().map(ClusterPublishBroadcast::busMessages).toList();
        for (int i = 0; i < 10; i++) {
            assertThat(ClusterPublishBroadcast.publish(all.get(0), channel, "to nobody"))
                    .isZero();
        }
        String pings = all.get(0).clusterInfo().replaceFirst("(?s).*(cluster_stats_messages_ping_sent:\\d+).*", "$1");
        await("other messages, which do not count")
                .atMost(LIMIT)
                .until(() -> !all.get(0).clusterInfo().contains(pings + "\r\n"));
        assertThat(ClusterPublishBroadcast.busMessages(all.get(0)) - before.get(0))
                .isEqualTo(50);
        for (int i = 1; i < all.size(); i++) {
            assertThat(ClusterPublishBroadcast.busMessages(all.get(i)))
                    .as("who was told tells nobody")
                    .isEqualTo(before.get(i));
        }
    }

    @Test
    void anyTextGoesThrough() throws Exception {
        String large = "x".repeat(1 << 20);
        try (Listener listener = new Listener(nodes.nodes().get(1), channel)) {
            ClusterPublishBroadcast.publish(all.get(0), channel, "");
            ClusterPublishBroadcast.publish(all.get(0), channel, "\r\nPUBLISH news x\0größe");
            ClusterPublishBroadcast.publish(all.get(0), channel, large);
            await().atMost(LIMIT).until(() -> listener.messages.size() == 3);
            assertThat(listener.messages).containsExactly("", "\r\nPUBLISH news x\0größe", large);
        }
        assertThatThrownBy(() -> ClusterPublishBroadcast.publish(all.get(0), null, "text"))
                .isInstanceOf(NullPointerException.class)
                .hasMessage("channel");
        assertThatThrownBy(() -> ClusterPublishBroadcast.publish(all.get(0), channel, null))
                .isInstanceOf(NullPointerException.class)
                .hasMessage("message");
    }

    /** Listens on a thread of its own, from the end of the constructor on. */
    private static final class Listener implements AutoCloseable {

        private final List<String> messages = new CopyOnWriteArrayList<>();
        private final JedisPubSub listener;
        private final Thread thread;

        Listener(Node node, String channel) throws InterruptedException {
            CountDownLatch subscribed = new CountDownLatch(1);
            listener = ClusterPublishBroadcast.listener(subscribed::countDown, messages::add);
            thread = new Thread(() -> {
                try (Jedis jedis = RedisEndpoint.of(node).connect()) {
                    ClusterPublishBroadcast.listen(jedis, listener, channel);
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
            assertThat(thread.isAlive()).isFalse();
        }
    }
}
