package mastery.redis.pubsub;

import static mastery.redis.pubsub.SlowSubscriberDropped.disconnections;
import static mastery.redis.pubsub.SlowSubscriberDropped.listeners;
import static mastery.redis.pubsub.SlowSubscriberDropped.subscribe;
import static mastery.redis.pubsub.SlowSubscriberDropped.workingInTheCallback;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.stream.IntStream;
import mastery.redis.pubsub.SlowSubscriberDropped.Newest;
import mastery.support.junit.OnRedis;
import mastery.support.junit.OnRedis.Topology;
import mastery.support.redis.RedisReplication;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import redis.clients.jedis.DefaultJedisClientConfig;
import redis.clients.jedis.HostAndPort;
import redis.clients.jedis.Jedis;
import redis.clients.jedis.JedisPubSub;
import redis.clients.jedis.RedisClient;
import redis.clients.jedis.args.ClientType;
import redis.clients.jedis.exceptions.JedisConnectionException;
import redis.clients.jedis.exceptions.JedisException;

/** Pictures of 1 MB against the server's own limit of 32 MB. The counters are the server's: no other class uses this one. */
@OnRedis(topology = Topology.REPLICATION)
class SlowSubscriberDroppedIT {

    private static final Duration LIMIT = Duration.ofSeconds(30);
    private static final String CHANNEL = "camera";
    private static final String PICTURE = "x".repeat(1_000_000);
    /** What the buffer of 32 MB and those of the sockets hold together is less. */
    private static final int TOO_MANY = 60;

    private final BlockingQueue<String> worked = new LinkedBlockingQueue<>();
    private final BlockingQueue<JedisException> cuts = new LinkedBlockingQueue<>();
    private final CountDownLatch gate = new CountDownLatch(1);
    private final List<JedisPubSub> subscribed = new ArrayList<>();
    private final List<Thread> readers = new ArrayList<>();

    @AfterEach
    void noSubscriberStaysBehind() throws InterruptedException {
        gate.countDown();
        for (JedisPubSub subscriber : subscribed) {
            try {
                subscriber.unsubscribe();
            } catch (JedisException cutOrEnded) {
                // It has no subscription any more.
                continue;
            }
        }
        for (Thread reader : readers) {
            reader.join(LIMIT.toMillis());
        }
    }

    @Test
    void whoWorksInTheCallbackIsCutOff(RedisClient redis, RedisReplication replication) throws Exception {
        long before = disconnections(redis);
        Thread reader = begin(redis, workingInTheCallback(this::workWhenOpened));
        List<String> subscribers = subscribers(replication);
        assertThat(subscribers).hasSize(1);

        List<Long> counts = publish(redis, TOO_MANY);

        assertThat(counts).as("the last one found nobody").startsWith(1L).endsWith(0L);
        assertThat(subscribers(replication)).doesNotContainAnyElementsOf(subscribers);
        assertThat(disconnections(redis)).isEqualTo(before + 1);

        gate.countDown();
        reader.join(LIMIT.toMillis());
        assertThat(cuts.poll()).isInstanceOf(JedisConnectionException.class);
        assertThat(worked.size())
                .as("the rest of what Redis had counted as delivered is lost")
                .isLessThan((int) counts.stream().filter(count -> count == 1).count());
    }

    @Test
    void whoPutsAwayAtOnceStaysHoweverSlowTheWorkIs(RedisClient redis, RedisReplication replication) throws Exception {
        long before = disconnections(redis);
        Newest newest = new Newest(3);
        Thread reader = begin(redis, newest);
        List<String> subscribers = subscribers(replication);

        for (int i = 1; i <= TOO_MANY; i++) {
            assertThat(redis.publish(CHANNEL, i + PICTURE)).isEqualTo(1);
            // The reader need not be as quick as the publisher of a test: only its work must not hold it up.
            long leftOut = Math.max(0, i - 3);
            await().atMost(LIMIT).pollInterval(Duration.ofMillis(1)).until(() -> newest.leftOut() == leftOut);
        }

        assertThat(subscribers(replication)).isEqualTo(subscribers);
        assertThat(disconnections(redis)).isEqualTo(before);
        for (int i = TOO_MANY - 2; i <= TOO_MANY; i++) {
            assertThat(newest.next()).contains(i + PICTURE);
        }
        assertThat(newest.next()).isEmpty();
        newest.unsubscribe();
        reader.join(LIMIT.toMillis());
        assertThat(cuts).isEmpty();
    }

    @Test
    void theLimitIsTheServersAndHoldsForEachSubscriberAlone(RedisClient redis, RedisReplication replication)
            throws Exception {
        try (Jedis administrator = administrator(replication)) {
            assertThat(administrator.configGet("client-output-buffer-limit").get("client-output-buffer-limit"))
                    .contains("pubsub 33554432 8388608 60");
        }
        Newest quick = new Newest(TOO_MANY);
        begin(redis, quick);
        begin(redis, workingInTheCallback(this::workWhenOpened), 2);

        List<Long> counts = publish(redis, TOO_MANY);

        assertThat(counts).startsWith(2L).endsWith(1L);
        assertThat(listeners(redis, CHANNEL)).isEqualTo(1);
    }

    @Test
    void nothingIsLeftOutWhileThereIsRoom() {
        Newest newest = new Newest(2);
        newest.onMessage(CHANNEL, "1");
        newest.onMessage(CHANNEL, "2");
        assertThat(newest.leftOut()).isZero();

        newest.onMessage(CHANNEL, "3");
        assertThat(newest.leftOut()).isEqualTo(1);
        assertThat(List.of(newest.next().orElseThrow(), newest.next().orElseThrow()))
                .containsExactly("2", "3");
        assertThat(newest.next()).isEmpty();
    }

    @Test
    void badArgumentsAreRefused(RedisClient redis) {
        assertThatThrownBy(() -> new Newest(0))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("0 messages");
        assertThatThrownBy(() -> subscribe(redis, CHANNEL, new Newest(1), null))
                .isInstanceOf(NullPointerException.class)
                .hasMessage("whenCut");
    }

    private Thread begin(RedisClient redis, JedisPubSub subscriber) {
        return begin(redis, subscriber, 1);
    }

    private Thread begin(RedisClient redis, JedisPubSub subscriber, long listeners) {
        Thread reader = subscribe(redis, CHANNEL, subscriber, cuts::add);
        subscribed.add(subscriber);
        readers.add(reader);
        await().atMost(LIMIT).until(() -> listeners(redis, CHANNEL) == listeners);
        return reader;
    }

    private List<Long> publish(RedisClient redis, int times) {
        return IntStream.rangeClosed(1, times)
                .mapToObj(i -> redis.publish(CHANNEL, i + PICTURE))
                .toList();
    }

    private void workWhenOpened(String message) {
        try {
            gate.await();
            worked.add(message);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    /** The ids of the connections that have subscribed to something. */
    private static List<String> subscribers(RedisReplication replication) {
        try (Jedis administrator = administrator(replication)) {
            return administrator
                    .clientList(ClientType.PUBSUB)
                    .lines()
                    .map(line -> line.substring("id=".length(), line.indexOf(' ')))
                    .toList();
        }
    }

    private static Jedis administrator(RedisReplication replication) {
        var primary = replication.primary();
        return new Jedis(
                new HostAndPort(primary.host(), primary.port()),
                DefaultJedisClientConfig.builder().password(primary.password()).build());
    }
}
