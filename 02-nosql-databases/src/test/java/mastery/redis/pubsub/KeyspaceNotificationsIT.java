package mastery.redis.pubsub;

import static mastery.redis.pubsub.KeyspaceNotifications.due;
import static mastery.redis.pubsub.KeyspaceNotifications.remind;
import static mastery.redis.pubsub.KeyspaceNotifications.turnOn;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import mastery.redis.pubsub.KeyspaceNotifications.Listener;
import mastery.support.junit.OnRedis;
import mastery.support.junit.OnRedis.Topology;
import mastery.support.redis.RedisEndpoint;
import mastery.support.server.Node;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import redis.clients.jedis.AbstractTransaction;
import redis.clients.jedis.BuilderFactory;
import redis.clients.jedis.CommandArguments;
import redis.clients.jedis.CommandObject;
import redis.clients.jedis.Jedis;
import redis.clients.jedis.JedisPubSub;
import redis.clients.jedis.Protocol.Command;
import redis.clients.jedis.RedisClient;
import redis.clients.jedis.exceptions.JedisConnectionException;
import redis.clients.jedis.params.SetParams;

/** On a server of its own, a primary without a replica: the setting is one for all databases, and so is what it makes heard. */
@OnRedis(topology = Topology.REPLICATION, replicas = 0)
class KeyspaceNotificationsIT {

    private static final Duration LIMIT = Duration.ofSeconds(30);

    @AfterEach
    void turnOff(RedisClient redis) {
        client(redis, "UNPAUSE");
        redis.configSet("notify-keyspace-events", "");
    }

    @Test
    void nothingIsToldUntilItIsTurnedOn(RedisClient redis) throws Exception {
        assertThat(redis.configGet("notify-keyspace-events")).containsEntry("notify-keyspace-events", "");
        try (Listener listener = listening(redis, 0)) {
            expires(redis, "untold");
            assertThat(redis.exists("untold")).isFalse();

            assertThat(turnOn(redis)).isEmpty();
            expires(redis, "told");
            assertThat(listener.next(LIMIT))
                    .as("the first event of all is that of the second key")
                    .isEqualTo("told");
        }
    }

    @Test
    void eachKeyThatExpiresIsToldOnceAndADeletedOneIsNot(RedisClient redis) throws Exception {
        turnOn(redis);
        try (Listener listener = listening(redis, 0)) {
            redis.set("deleted", "value", SetParams.setParams().px(60_000));
            redis.del("deleted");
            expires(redis, "first");
            expires(redis, "second");
            assertThat(listener.next(LIMIT)).isEqualTo("first");
            assertThat(listener.next(LIMIT)).isEqualTo("second");
        }
    }

    @Test
    void whatExpiresWhileTheListenerIsCutOffIsNeverTold(RedisClient redis) throws Exception {
        turnOn(redis);
        try (Listener cutOff = new Listener(redis, 0)) {
            assertThat(cutOff.awaitSubscribed(LIMIT)).isTrue();
            client(redis, "KILL", "TYPE", "pubsub");
            assertThatThrownBy(() -> cutOff.next(LIMIT))
                    .isInstanceOf(IllegalStateException.class)
                    .hasMessageContaining("events were missed")
                    .hasCauseInstanceOf(JedisConnectionException.class);
            assertThatThrownBy(() -> cutOff.next(LIMIT))
                    .as("also when it is asked again")
                    .isInstanceOf(IllegalStateException.class);
            expires(redis, "while nobody listened");
        }
        try (Listener again = listening(redis, 0)) {
            expires(redis, "afterwards");
            assertThat(again.next(LIMIT)).isEqualTo("afterwards");
        }
    }

    @Test
    void everyListenerHearsOfEachKeySoEventsShareNoWork(RedisClient redis) throws Exception {
        turnOn(redis);
        try (Listener one = listening(redis, 0);
                Listener other = listening(redis, 0)) {
            expires(redis, "order");
            assertThat(one.next(LIMIT)).isEqualTo("order");
            assertThat(other.next(LIMIT)).isEqualTo("order");
        }
    }

    @Test
    void theEventComesWhenTheKeyIsRemovedAndNotWhenItsTimeIsOver(RedisClient redis) throws Exception {
        turnOn(redis);
        Probe probe = new Probe();
        Thread thread = new Thread(() -> redis.subscribe(probe, KeyspaceNotifications.channel(0)));
        thread.start();
        try {
            assertThat(probe.next()).isEqualTo("subscribed to " + KeyspaceNotifications.channel(0));
            // A server that may not write removes nothing either. Together, so that the key cannot end before.
            try (AbstractTransaction together = redis.multi()) {
                together.set("key", "value", SetParams.setParams().px(50));
                together.executeCommand(new CommandObject<>(
                        command("PAUSE", Long.toString(LIMIT.toMillis()), "WRITE"), BuilderFactory.STRING));
                assertThat(together.exec()).containsExactly("OK", "OK");
            }
            await().atMost(LIMIT).until(() -> redis.get("key") == null);
            probe.subscribe("another");
            assertThat(probe.next())
                    .as("gone for readers, and nothing told before the server answers this")
                    .isEqualTo("subscribed to another");
            client(redis, "UNPAUSE");
            assertThat(probe.next()).isEqualTo("key");
        } finally {
            probe.unsubscribe();
            thread.join(LIMIT.toMillis());
        }
    }

    @Test
    void aListenerThatIsClosedAtOnceLeavesNoSubscription(RedisClient redis) {
        new Listener(redis, 0).close();
        assertThat(redis.getPool().getNumActive()).isZero();
        assertThat(redis.publish(KeyspaceNotifications.channel(0), "to nobody")).isZero();
    }

    @Test
    void aChannelIsThatOfOneDatabase(RedisClient redis, Node node) throws Exception {
        turnOn(redis);
        try (Jedis database1 = new Jedis(
                        RedisEndpoint.of(node).hostAndPort(),
                        RedisEndpoint.of(node).clientConfig(1));
                Listener of0 = listening(redis, 0);
                Listener of1 = listening(redis, 1)) {
            database1.set("of 1", "value", SetParams.setParams().px(1));
            await().atMost(LIMIT).until(() -> !database1.exists("of 1"));
            expires(redis, "of 0");
            assertThat(of1.next(LIMIT)).isEqualTo("of 1");
            assertThat(of0.next(LIMIT)).as("its first event").isEqualTo("of 0");
        }
    }

    @Test
    void whatIsOnAlreadyStaysOn(RedisClient redis) {
        redis.configSet("notify-keyspace-events", "Kg");
        assertThat(turnOn(redis))
                .isEqualTo(redis.configGet("notify-keyspace-events")
                        .get("notify-keyspace-events")
                        .replace("E", "")
                        .replace("x", ""));
        assertThat(redis.configGet("notify-keyspace-events").get("notify-keyspace-events"))
                .contains("K", "g", "E", "x");
    }

    @Test
    void aReminderWaitsUntilItIsTakenAndIsTakenOnce(RedisClient redis) {
        remind(redis, "timers", "third", 3_000);
        remind(redis, "timers", "first", 1_000);
        remind(redis, "timers", "second", 2_000);
        assertThat(due(redis, "timers", 999, 10)).isEmpty();
        assertThat(due(redis, "timers", 2_000, 1)).containsExactly("first");
        assertThat(due(redis, "timers", 2_000, 10)).containsExactly("second");
        assertThat(due(redis, "timers", 2_000, 10)).isEmpty();
        assertThat(due(redis, "timers", 1, 10)).as("a clock that goes back").isEmpty();
        assertThat(due(redis, "timers", Long.MAX_VALUE, 10)).containsExactly("third");
        assertThat(redis.exists("timers")).isFalse();
    }

    @Test
    void ofFourThatTakeAtOnceEachReminderGoesToOne(RedisClient redis) throws Exception {
        for (int i = 0; i < 1_000; i++) {
            remind(redis, "timers", "reminder " + i, i);
        }
        ExecutorService threads = Executors.newFixedThreadPool(4);
        List<String> taken = new ArrayList<>();
        try {
            Callable<List<String>> taker = () -> {
                List<String> mine = new ArrayList<>();
                for (List<String> some = due(redis, "timers", 1_000, 7);
                        !some.isEmpty();
                        some = due(redis, "timers", 1_000, 7)) {
                    mine.addAll(some);
                    assertThat(mine).hasSizeLessThanOrEqualTo(1_000);
                }
                return mine;
            };
            for (Future<List<String>> one : threads.invokeAll(List.of(taker, taker, taker, taker))) {
                taken.addAll(one.get());
            }
        } finally {
            threads.shutdownNow();
        }
        assertThat(taken).hasSize(1_000).doesNotHaveDuplicates();
    }

    @Test
    void aThousandAreTakenAtOnceAndTheRestLater(RedisClient redis) {
        for (int i = 0; i <= 1_000; i++) {
            remind(redis, "timers", "reminder " + i, i);
        }
        assertThat(due(redis, "timers", 1_000, 1_000)).hasSize(1_000).doesNotContain("reminder 1000");
        assertThat(due(redis, "timers", 1_000, 1_000)).containsExactly("reminder 1000");
    }

    @Test
    void badInputIsRefusedAndHostileKeysAreToldAsTheyAre(RedisClient redis) throws Exception {
        for (int count : new int[] {0, -1, 1_001}) {
            assertThatThrownBy(() -> due(redis, "timers", 1, count)).isInstanceOf(IllegalArgumentException.class);
        }
        redis.set("text", "value");
        assertThatThrownBy(() -> remind(redis, "text", "x", 1)).hasMessageStartingWith("WRONGTYPE");
        assertThatThrownBy(() -> due(redis, "text", 1, 1)).hasMessageStartingWith("WRONGTYPE");
        turnOn(redis);
        try (Listener listener = listening(redis, 0)) {
            for (String key : List.of("", "a\r\nFLUSHDB\r\n", "\0 😀", "x".repeat(100_000))) {
                expires(redis, key);
                assertThat(listener.next(LIMIT)).isEqualTo(key);
            }
        }
        assertThat(redis.get("text")).isEqualTo("value");
    }

    private static Listener listening(RedisClient redis, int database) throws InterruptedException {
        Listener listener = new Listener(redis, database);
        assertThat(listener.awaitSubscribed(LIMIT)).isTrue();
        return listener;
    }

    private static void client(RedisClient redis, String... words) {
        redis.executeCommand(command(words));
    }

    private static CommandArguments command(String... words) {
        CommandArguments command = new CommandArguments(Command.CLIENT);
        Stream.of(words).forEach(command::add);
        return command;
    }

    /** Returns when the server has removed the key. */
    private static void expires(RedisClient redis, String key) {
        redis.set(key, "value", SetParams.setParams().px(1));
        await().atMost(LIMIT).until(() -> !redis.exists(key));
    }

    /** Notes what its connection brings, in the order in which it comes. */
    private static final class Probe extends JedisPubSub {

        private final BlockingQueue<String> heard = new LinkedBlockingQueue<>();

        @Override
        public void onSubscribe(String channel, int count) {
            heard.add("subscribed to " + channel);
        }

        @Override
        public void onMessage(String channel, String key) {
            heard.add(key);
        }

        String next() throws InterruptedException {
            return heard.poll(LIMIT.toMillis(), TimeUnit.MILLISECONDS);
        }
    }
}
