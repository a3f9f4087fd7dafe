package mastery.redis.pubsub;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Consumer;
import java.util.function.ToLongFunction;
import mastery.redis.pubsub.ShardedPubSub.BusMessages;
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
import redis.clients.jedis.JedisShardedPubSub;
import redis.clients.jedis.RedisClusterClient;
import redis.clients.jedis.exceptions.JedisException;
import redis.clients.jedis.exceptions.JedisMovedDataException;

@OnRedis(topology = Topology.CLUSTER)
class ShardedPubSubIT {

    private static final Duration LIMIT = Duration.ofSeconds(30);

    private static final Path README = Path.of("src/main/java/mastery/redis/pubsub/README.md");

    /** Its slot is 3300. */
    private static final String CHANNEL = "b";

    private RedisCluster nodes;
    private RedisClusterClient cluster;
    private List<Jedis> all;
    private Jedis owner;
    private Jedis other;

    @BeforeEach
    void open(RedisCluster redisCluster, RedisClusterClient client) {
        nodes = redisCluster;
        cluster = client;
        nodes.nodeTimeout(Duration.ofSeconds(5));
        nodes.awaitHealthy();
        all = nodes.nodes().stream()
                .map(node -> RedisEndpoint.of(node).connect())
                .toList();
        owner = masterOf(CHANNEL);
        other = masterOf("a");
    }

    @AfterEach
    void close() {
        nodes.awaitHealthy();
        all.forEach(Jedis::close);
    }

    @Test
    void aMessageStaysInTheShardOfItsChannel() throws Exception {
        List<BusMessages> before = all.stream().map(ShardedPubSub::busMessages).toList();
        try (Listener listener = new Listener(CHANNEL)) {
            assertThat(ShardedPubSub.publish(cluster, CHANNEL, "to the shard"))
                    .as("listeners on the node of the slot")
                    .isEqualTo(listensOnOwner() ? 1 : 0);
            listener.awaitMessages("b: to the shard");
        }
        for (int i = 0; i < all.size(); i++) {
            assertThat(ShardedPubSub.busMessages(all.get(i)).since(before.get(i)))
                    .as("the owner tells its replica; nobody else says anything")
                    .isEqualTo(all.get(i) == owner ? new BusMessages(0, 1) : new BusMessages(0, 0));
        }
    }

    @Test
    void publishOnTheSameNodeTellsEveryOtherNode() {
        BusMessages before = ShardedPubSub.busMessages(owner);
        owner.publish(CHANNEL, "to all");
        assertThat(ShardedPubSub.busMessages(owner).since(before)).isEqualTo(new BusMessages(5, 0));
    }

    @Test
    void anotherMasterThanThatOfTheSlotSendsThePublisherAway() throws Exception {
        try (Listener listener = new Listener(CHANNEL)) {
            assertThatThrownBy(() -> ShardedPubSub.publishOn(other, CHANNEL, "to anyone"))
                    .isInstanceOfSatisfying(JedisMovedDataException.class, e -> {
                        assertThat(e.getSlot()).isEqualTo(3300);
                        assertThat(e.getTargetNode())
                                .isEqualTo(owner.getConnection().getHostAndPort());
                    });
            ShardedPubSub.publishOn(owner, CHANNEL, "to the owner");
            listener.awaitMessages("b: to the owner");
        }
    }

    @Test
    void aShardedChannelAndAPlainOneOfTheSameNameAreTwo() throws Exception {
        try (Listener listener = new Listener(CHANNEL)) {
            assertThat(owner.publish(CHANNEL, "plain")).isZero();
            ShardedPubSub.publish(cluster, CHANNEL, "sharded");
            listener.awaitMessages("b: sharded");
        }
    }

    @Test
    void channelsOfOneSubscriptionShareASlot() throws Exception {
        JedisShardedPubSub[] refused = new JedisShardedPubSub[1];
        // Were it accepted, it would leave at once, and listen() would return.
        refused[0] = ShardedPubSub.listener(() -> refused[0].sunsubscribe(), (channel, text) -> {}, () -> {});
        assertThatThrownBy(() -> ShardedPubSub.listen(cluster, refused[0], "a", "b"))
                .isInstanceOf(JedisException.class)
                .hasMessageContaining("slot");

        try (Listener listener = new Listener("{42}:orders", "{42}:returns")) {
            ShardedPubSub.publish(cluster, "{42}:orders", "one");
            ShardedPubSub.publish(cluster, "{42}:returns", "two");
            listener.awaitMessages("{42}:orders: one", "{42}:returns: two");
        }
    }

    @Test
    void whenTheSlotMovesTheServerEndsTheSubscription() throws Exception {
        try (Listener listener = new Listener(CHANNEL)) {
            move(owner, other);
            nodes.awaitHealthy();
            assertThat(listener.left.await(LIMIT.toSeconds(), TimeUnit.SECONDS)).isTrue();
            assertThat(ShardedPubSub.publish(cluster, CHANNEL, "to the new shard"))
                    .isZero();
        }
        try (Listener again = new Listener(CHANNEL)) {
            ShardedPubSub.publish(cluster, CHANNEL, "heard again");
            again.awaitMessages("b: heard again");
        } finally {
            move(other, owner);
        }
    }

    @Test
    void theTableOfTheReadmeIsWhatListenersHearAndTheNodeCounts() throws Exception {
        List<Jedis> places = List.of(owner, replicaOf(owner), other);
        List<Thread> threads = new ArrayList<>();

        List<BlockingQueue<String>> heard = new ArrayList<>();
        List<JedisPubSub> plain = new ArrayList<>();
        for (Jedis place : places) {
            BlockingQueue<String> here = new LinkedBlockingQueue<>();
            JedisPubSub listener = ClusterPublishBroadcast.listener(() -> here.add("listens"), here::add);
            threads.add(
                    listens(place, here, connection -> ClusterPublishBroadcast.listen(connection, listener, CHANNEL)));
            heard.add(here);
            plain.add(listener);
        }
        String published = row("PUBLISH", heard, () -> owner.publish(CHANNEL, "yes"), BusMessages::publish);
        plain.forEach(JedisPubSub::unsubscribe);

        heard.clear();
        List<JedisShardedPubSub> sharded = new ArrayList<>();
        for (Jedis place : places) {
            BlockingQueue<String> here = new LinkedBlockingQueue<>();
            JedisShardedPubSub listener =
                    ShardedPubSub.listener(() -> here.add("listens"), (channel, text) -> here.add(text), () -> {});
            threads.add(listens(place, here, connection -> listener.proceed(connection.getConnection(), CHANNEL)));
            heard.add(here);
            sharded.add(listener);
        }
        String toTheShard =
                row("SPUBLISH", heard, () -> ShardedPubSub.publishOn(owner, CHANNEL, "yes"), BusMessages::publishShard);
        sharded.stream().filter(JedisShardedPubSub::isSubscribed).forEach(JedisShardedPubSub::sunsubscribe);

        for (Thread thread : threads) {
            thread.join(LIMIT.toMillis());
            assertThat(thread.isAlive()).isFalse();
        }
        assertThat(Files.readString(README)).contains(published + "\n" + toTheShard + "\n\n");
    }

    /** On a connection and a thread of its own; returns when it listens, or was sent away and says so. */
    private Thread listens(Jedis place, BlockingQueue<String> says, Consumer<Jedis> listen) {
        Node node = nodes.nodes().get(all.indexOf(place));
        Thread thread = new Thread(() -> {
            try (Jedis connection = RedisEndpoint.of(node).connect()) {
                listen.accept(connection);
            } catch (JedisMovedDataException e) {
                says.add("MOVED");
            }
        });
        thread.start();
        await().atMost(LIMIT).until(() -> !says.isEmpty());
        if (says.peek().equals("listens")) {
            says.remove();
        }
        return thread;
    }

    private String row(
            String command, List<BlockingQueue<String>> heard, Runnable send, ToLongFunction<BusMessages> count)
            throws InterruptedException {
        BusMessages before = ShardedPubSub.busMessages(owner);
        send.run();
        StringBuilder row = new StringBuilder("| " + command + " |");
        for (BlockingQueue<String> here : heard) {
            row.append(' ')
                    .append(here.poll(LIMIT.toSeconds(), TimeUnit.SECONDS))
                    .append(" |");
        }
        long told = count.applyAsLong(ShardedPubSub.busMessages(owner).since(before));
        return row.append(' ').append(told).append(" |").toString();
    }

    @Test
    void anyNameAndAnyTextGoThrough() throws Exception {
        String hostile = "{b}\r\nPUBLISH x y\0größe";
        try (Listener listener = new Listener(hostile)) {
            String large = "x".repeat(1 << 20);
            ShardedPubSub.publish(cluster, hostile, "");
            ShardedPubSub.publish(cluster, hostile, large);
            listener.awaitMessages(hostile + ": ", hostile + ": " + large);
        }
        assertThatThrownBy(() -> ShardedPubSub.publish(cluster, null, "text"))
                .isInstanceOf(NullPointerException.class)
                .hasMessage("channel");
        assertThatThrownBy(() -> ShardedPubSub.publish(cluster, CHANNEL, null))
                .isInstanceOf(NullPointerException.class)
                .hasMessage("message");
    }

    /** A slot without keys, given to another master. */
    private static void move(Jedis from, Jedis to) {
        String id = to.clusterMyId();
        to.clusterSetSlotImporting(3300, from.clusterMyId());
        to.clusterSetSlotNode(3300, id);
        from.clusterSetSlotNode(3300, id);
    }

    private boolean listensOnOwner() {
        return owner.pubsubShardNumSub(CHANNEL).get(CHANNEL) == 1;
    }

    private Jedis replicaOf(Jedis master) {
        Object port = (long) master.getConnection().getHostAndPort().getPort();
        return all.stream()
                .filter(node -> node.role().get(0).equals("slave"))
                .filter(replica -> replica.role().get(2).equals(port))
                .findFirst()
                .orElseThrow();
    }

    /** The one of the masters that accepts a question for the key. */
    private Jedis masterOf(String key) {
        return all.stream()
                .filter(node -> {
                    try {
                        node.exists(key);
                        return true;
                    } catch (JedisMovedDataException e) {
                        return false;
                    }
                })
                .findFirst()
                .orElseThrow();
    }

    /** Listens on a thread of its own, from the end of the constructor on. */
    private final class Listener implements AutoCloseable {

        private final List<String> messages = new CopyOnWriteArrayList<>();
        private final CountDownLatch left;
        private final JedisShardedPubSub listener;
        private final Thread thread;

        Listener(String... channels) {
            AtomicInteger subscribed = new AtomicInteger();
            left = new CountDownLatch(channels.length);
            listener = ShardedPubSub.listener(
                    subscribed::incrementAndGet,
                    (channel, text) -> messages.add(channel + ": " + text),
                    left::countDown);
            thread = new Thread(() -> ShardedPubSub.listen(cluster, listener, channels));
            thread.start();
            await("subscribed").atMost(LIMIT).until(() -> subscribed.get() == channels.length);
        }

        void awaitMessages(String... expected) {
            await().atMost(LIMIT).until(() -> messages.size() >= expected.length);
            assertThat(messages).containsExactly(expected);
        }

        @Override
        public void close() {
            if (left.getCount() > 0) {
                listener.sunsubscribe();
            }
            try {
                thread.join(LIMIT.toMillis());
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
            }
            assertThat(thread.isAlive()).isFalse();
        }
    }
}
