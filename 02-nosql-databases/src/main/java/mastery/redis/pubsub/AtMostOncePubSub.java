package mastery.redis.pubsub;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import mastery.support.trace.Story;
import redis.clients.jedis.JedisPubSub;
import redis.clients.jedis.RedisClient;
import redis.clients.jedis.StreamEntryID;
import redis.clients.jedis.exceptions.JedisException;
import redis.clients.jedis.params.XAddParams;
import redis.clients.jedis.params.XReadParams;
import redis.clients.jedis.resps.StreamEntry;

/**
 * A published message goes to those who listen in that moment and to nobody else; Redis keeps no copy, and the publisher is
 * told only to how many it was handed.
 *
 * <p><b>When:</b> a message that is worth nothing a moment later, or a hint to look somewhere else: "prices have changed".
 * <b>Not:</b> when a message must arrive: whoever reconnects has missed what came meanwhile and is not told so. A stream
 * keeps messages, and a reader goes on after the last id it has seen: {@link #append} and {@link #readAfter}.
 * <b>Costs:</b> no memory but the buffers of the listeners' connections; a connection and a thread for each listener. A
 * stream costs the memory of what it keeps.
 * <b>Needs:</b> nothing; a channel is no key, and belongs to no numbered database.
 *
 * <p>Source: Redis manual, "Redis Pub/sub", section delivery semantics; commands PUBLISH and XREAD.
 */
public final class AtMostOncePubSub {

    private AtMostOncePubSub() {}

    /**
     * Hands a message to those who listen now.
     *
     * @return to how many connections; in a cluster those of one node only
     */
    public static long publish(RedisClient redis, String channel, String message) {
        return redis.publish(channel, Objects.requireNonNull(message, "message"));
    }

    /** Listens to a channel on a thread and a connection of its own, from its making until it is closed. */
    public static final class Listener extends JedisPubSub implements AutoCloseable {

        private final BlockingQueue<String> messages = new LinkedBlockingQueue<>();
        private final CountDownLatch subscribed = new CountDownLatch(1);
        private final Thread thread;
        private volatile JedisException failure;

        private Listener(RedisClient redis, String channel) {
            thread = new Thread(() -> run(redis, channel), "listener to " + channel);
            thread.setDaemon(true);
        }

        /**
         * Returns once Redis has confirmed: what is published from now on arrives, as long as the connection lasts.
         *
         * @throws IllegalStateException when Redis does not confirm within {@code limit}
         */
        public static Listener to(RedisClient redis, String channel, Duration limit) throws InterruptedException {
            Listener listener = new Listener(redis, channel);
            listener.thread.start();
            if (!listener.subscribed.await(limit.toMillis(), TimeUnit.MILLISECONDS) || listener.failure != null) {
                listener.close();
                throw new IllegalStateException("Redis has not confirmed the subscription", listener.failure);
            }
            return listener;
        }

        private void run(RedisClient redis, String channel) {
            try {
                redis.subscribe(this, channel);
            } catch (JedisException e) {
                // Nobody subscribes anew here: whoever does must know that messages were missed.
                failure = e;
            } finally {
                subscribed.countDown();
            }
        }

        @Override
        public void onSubscribe(String channel, int subscriptions) {
            subscribed.countDown();
        }

        @Override
        public void onMessage(String channel, String message) {
            messages.add(message);
        }

        /**
         * The next message, or nothing within {@code limit}.
         *
         * @throws JedisException when the connection has ended and all that came before was read
         */
        public Optional<String> next(Duration limit) throws InterruptedException {
            String message = messages.poll(failure == null ? limit.toMillis() : 0, TimeUnit.MILLISECONDS);
            if (message == null && failure != null) {
                throw failure;
            }
            return Optional.ofNullable(message);
        }

        /** Why the connection has ended, if it has. */
        public Optional<JedisException> failure() {
            return Optional.ofNullable(failure);
        }

        /** Ends the subscription and waits until its connection is back in the pool. */
        @Override
        public void close() {
            if (isSubscribed()) {
                try {
                    unsubscribe();
                } catch (JedisException ended) {
                    // The connection broke in this moment: that ends the subscription too.
                    failure = ended;
                }
            }
            try {
                thread.join(Duration.ofSeconds(10).toMillis());
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
            }
        }
    }

    /** A message that is kept, and the id to go on after. */
    public record Kept(String id, String message) {}

    /** The way for messages that must arrive: the stream keeps about the last {@code capacity}. */
    public static String append(RedisClient redis, String stream, String message, long capacity) {
        XAddParams limit = XAddParams.xAddParams().maxLen(capacity).approximateTrimming();
        return redis.xadd(stream, limit, Map.of("message", message)).toString();
    }

    /**
     * What was appended after an id, however long the reader was away.
     *
     * @param id the last one seen; "0-0" for everything that is kept
     */
    public static List<Kept> readAfter(RedisClient redis, String stream, String id) {
        Map<String, StreamEntryID> from = Map.of(stream, new StreamEntryID(id));
        List<Kept> kept = new ArrayList<>();
        List<Map.Entry<String, List<StreamEntry>>> reply = redis.xread(XReadParams.xReadParams(), from);
        if (reply != null) {
            reply.forEach(one -> one.getValue()
                    .forEach(entry -> kept.add(
                            new Kept(entry.getID().toString(), entry.getFields().get("message")))));
        }
        return kept;
    }

    public static void main(String[] args) {
        Story.tell(AtMostOncePubSub.class, story -> {
            RedisClient redis = story.redis();
            Duration limit = Duration.ofSeconds(10);
            // Channels are the whole server's, not of one numbered database.
            String channel = "orders:" + ProcessHandle.current().pid();

            story.step("Nobody listens: the message is handed to 0 connections and is gone.");
            publish(redis, channel, "order 1");
            append(redis, "orders", "order 1", 1_000);

            story.step("Somebody listens: 1 connection, and order 2 arrives; order 1 never will.");
            try (Listener listener = Listener.to(redis, channel, limit)) {
                publish(redis, channel, "order 2");
                append(redis, "orders", "order 2", 1_000);
                story.show("arrived", listener.next(limit).orElse("nothing"));
            }

            story.step("The channel was never a key: there is nothing to look up afterwards.");
            redis.exists(channel);

            story.step("A stream keeps both for a reader that comes late.");
            story.show("kept", readAfter(redis, "orders", "0-0"));
            story.learned("Pub/sub delivers at most once, to those who are there; a stream waits for its readers.");
        });
    }
}
