package mastery.redis.pubsub;

import java.util.ArrayDeque;
import java.util.Deque;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.concurrent.CountDownLatch;
import java.util.function.Consumer;
import mastery.support.trace.Story;
import redis.clients.jedis.CommandArguments;
import redis.clients.jedis.JedisPubSub;
import redis.clients.jedis.Protocol.Command;
import redis.clients.jedis.RedisClient;
import redis.clients.jedis.exceptions.JedisException;

/**
 * Redis keeps what a subscriber has not read yet in the subscriber's output buffer, and cuts its connection when the buffer
 * passes a limit: whoever works in the callback loses the connection and everything in the buffer.
 *
 * <p><b>When:</b> for every subscriber whose work can be slower than its messages: take a message off the connection at once
 * and work elsewhere, as {@link Newest} does, and decide yourself which messages to leave out.
 * <b>Not:</b> when none may be left out: a stream has room for what is read later.
 * <b>Costs:</b> a thread more, and memory for {@code room} messages in the client instead of megabytes in the server.
 * <b>Needs:</b> an eye on the server: {@link #disconnections} counts who was cut off, of clients of all kinds. By default a
 * subscriber is cut off at 32 MB, or after 60 seconds with more than 8 MB (client-output-buffer-limit pubsub).
 *
 * <p>Source: Redis manual, "Redis client handling", section output buffer limits.
 */
public final class SlowSubscriberDropped {

    private SlowSubscriberDropped() {}

    /** The wrong way: the thread that reads the connection does the work, and reads nothing meanwhile. */
    public static JedisPubSub workingInTheCallback(Consumer<String> work) {
        return new JedisPubSub() {
            @Override
            public void onMessage(String channel, String message) {
                work.accept(message);
            }
        };
    }

    /** The right way: the callback only puts away, and forgets the oldest message when there is no room. Thread-safe. */
    public static final class Newest extends JedisPubSub {

        private final int room;
        private final Deque<String> waiting = new ArrayDeque<>();
        private long leftOut;

        /** @param room how many messages wait at most, 1 or more */
        public Newest(int room) {
            if (room < 1) {
                throw new IllegalArgumentException("there is no room for " + room + " messages");
            }
            this.room = room;
        }

        @Override
        public void onMessage(String channel, String message) {
            put(message);
        }

        private synchronized void put(String message) {
            if (waiting.size() == room) {
                waiting.removeFirst();
                leftOut++;
            }
            waiting.addLast(message);
        }

        /** The oldest message that still waits; whoever works calls this from a thread of its own. */
        public synchronized Optional<String> next() {
            return Optional.ofNullable(waiting.pollFirst());
        }

        /** How many messages were left out because the work was slower than they came. */
        public synchronized long leftOut() {
            return leftOut;
        }
    }

    /**
     * Subscribes on a thread of its own, which ends with the subscription or with the connection.
     *
     * @param whenCut is given the reason when Redis or the network ends the connection
     */
    public static Thread subscribe(
            RedisClient redis, String channel, JedisPubSub subscriber, Consumer<JedisException> whenCut) {
        Objects.requireNonNull(whenCut, "whenCut");
        Thread thread = new Thread(
                () -> {
                    try {
                        redis.subscribe(subscriber, channel);
                    } catch (JedisException e) {
                        whenCut.accept(e);
                    }
                },
                "subscriber of " + channel);
        thread.setDaemon(true);
        thread.start();
        return thread;
    }

    /** How many clients the server has cut off because of their output buffer, since its start. */
    public static long disconnections(RedisClient redis) {
        String stats = redis.info("stats");
        return stats.lines()
                .filter(line -> line.startsWith("client_output_buffer_limit_disconnections:"))
                .mapToLong(line ->
                        Long.parseLong(line.substring(line.indexOf(':') + 1).strip()))
                .findFirst()
                .orElseThrow(() -> new IllegalStateException("this server does not count them: it is older than 7.0"));
    }

    /** How many connections listen to the channel. */
    public static long listeners(RedisClient redis, String channel) {
        Object reply = redis.executeCommand(
                new CommandArguments(Command.PUBSUB).add("NUMSUB").add(channel));
        return (Long) ((List<?>) reply).get(1);
    }

    public static void main(String[] args) {
        Story.tell(SlowSubscriberDropped.class, story -> {
            RedisClient redis = story.redis();
            String channel = "camera " + ProcessHandle.current().pid();
            String picture = "x".repeat(1_000_000);

            story.step("The wrong way: the callback works, and this work takes long. Redis keeps up to 32 MB for it.");
            long before = disconnections(redis);
            CountDownLatch worked = new CountDownLatch(1);
            subscribe(redis, channel, workingInTheCallback(message -> await(worked)), cut -> {});
            awaitListeners(redis, channel, 1);
            story.quietly("60 pictures of 1 MB", () -> publish(redis, channel, picture, 60));
            listeners(redis, channel);
            story.show("cut off by the server", disconnections(redis) - before);
            worked.countDown();

            story.step("The right way: the callback puts away the newest 3, however long the work takes.");
            Newest newest = new Newest(3);
            Thread reader = subscribe(redis, channel, newest, cut -> {});
            awaitListeners(redis, channel, 1);
            story.quietly("60 pictures of 1 MB", () -> publish(redis, channel, picture, 60));
            listeners(redis, channel);
            for (int i = 0; i < 1_000 && newest.leftOut() < 57; i++) {
                Thread.sleep(10);
            }
            story.show("left out by our own choice", newest.leftOut());
            newest.unsubscribe();
            reader.join();
            story.learned("Read the connection at once and work elsewhere: a slow reader loses its connection.");
        });
    }

    private static void publish(RedisClient redis, String channel, String message, int times) {
        for (int i = 0; i < times; i++) {
            redis.publish(channel, message);
        }
    }

    private static void awaitListeners(RedisClient redis, String channel, long count) throws InterruptedException {
        for (int i = 0; i < 1_000 && listeners(redis, channel) != count; i++) {
            Thread.sleep(10);
        }
    }

    private static void await(CountDownLatch latch) {
        try {
            latch.await();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }
}
