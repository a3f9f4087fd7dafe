package mastery.redis.pubsub;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.time.Duration;
import java.util.List;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import mastery.support.trace.Story;
import redis.clients.jedis.CommandArguments;
import redis.clients.jedis.JedisPubSub;
import redis.clients.jedis.Protocol.Command;
import redis.clients.jedis.RedisClient;
import redis.clients.jedis.exceptions.JedisException;
import redis.clients.jedis.params.SetParams;

/**
 * The server says that a key expired only when it was told to, only to those who listen in that moment, and only when it removes the key; so
 * what must happen at a time is noted in a sorted set instead.
 *
 * <p><b>When:</b> events for what may be missed: a local cache that forgets a key, a display.
 * <b>Not:</b> for timers, orders to be cancelled, anything that must happen: an event that nobody hears is gone, and every instance of
 * a service hears each one.
 * <b>Costs:</b> events are off by default because each costs a PUBLISH; in a cluster each node tells only of its own keys. A timer costs two
 * round trips and a look now and then.
 * <b>Needs:</b> the setting notify-keyspace-events, which is one for the whole server.
 *
 * <p>Source: Redis manual, "Redis keyspace notifications", sections configuration and timing of expired events.
 */
public final class KeyspaceNotifications {

    /** Takes what is due out of the timers in one step, so that each is handed to one caller only. */
    private static final String TAKE_DUE = """
            local due = redis.call('ZRANGE', KEYS[1], '-inf', ARGV[1], 'BYSCORE', 'LIMIT', 0, ARGV[2])
            if #due > 0 then redis.call('ZREM', KEYS[1], unpack(due)) end
            return due""";

    /** What {@code unpack} can take. */
    private static final int MOST = 1_000;

    private static final String SETTING = "notify-keyspace-events";

    private KeyspaceNotifications() {}

    /** Turns events of expired keys on, beside what is on already; returns the setting before, to be set again. */
    public static String turnOn(RedisClient redis) {
        String before = redis.configGet(SETTING).get(SETTING);
        redis.configSet(SETTING, before + "Ex");
        return before;
    }

    /** What the keys of a numbered database are told about. */
    public static String channel(int database) {
        return "__keyevent@" + database + "__:expired";
    }

    /** Hears of expired keys while it is open; what expires before or after is never told. */
    public static final class Listener extends JedisPubSub implements AutoCloseable {

        /** Stands behind the last key that was heard; no key is this very object. */
        private static final String END = new String("end");

        private static final Duration CLOSING = Duration.ofSeconds(5);

        private final BlockingQueue<String> expired = new LinkedBlockingQueue<>();
        private final CountDownLatch subscribed = new CountDownLatch(1);
        private final Thread thread;
        private volatile JedisException lost;

        public Listener(RedisClient redis, int database) {
            thread = new Thread(() -> listen(redis, database), "expired keys");
            thread.setDaemon(true);
            thread.start();
        }

        private void listen(RedisClient redis, int database) {
            try {
                redis.subscribe(this, channel(database));
            } catch (JedisException e) {
                lost = e;
                expired.add(END);
            }
        }

        @Override
        public void onSubscribe(String channel, int count) {
            subscribed.countDown();
        }

        /** The channel's messages are the names of the keys; their values are gone. */
        @Override
        public void onMessage(String channel, String key) {
            expired.add(key);
        }

        /** Whether it hears by now. */
        public boolean awaitSubscribed(Duration limit) throws InterruptedException {
            return subscribed.await(limit.toMillis(), TimeUnit.MILLISECONDS);
        }

        /**
         * The next key that expired, or null when none did in this time.
         *
         * @throws IllegalStateException when the connection is lost: then others may have expired of which nobody knows
         */
        public String next(Duration limit) throws InterruptedException {
            String key = expired.poll(limit.toMillis(), TimeUnit.MILLISECONDS);
            if (key == END) {
                expired.add(END);
                throw new IllegalStateException("Cut off: events were missed", lost);
            }
            return key;
        }

        /** Stops hearing; the connection goes back to its pool. */
        @Override
        public void close() {
            try {
                // a subscription that is still on its way cannot be ended
                if (lost == null && awaitSubscribed(CLOSING)) {
                    unsubscribe();
                }
                thread.join(CLOSING.toMillis());
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
            }
        }
    }

    /** The right way for what must happen: a note that stays until somebody takes it. */
    public static void remind(RedisClient redis, String timers, String what, long atMillis) {
        redis.zadd(timers, atMillis, what);
    }

    /** Takes up to so many reminders whose time has come, the oldest first; whoever takes one is the only one to do so. */
    @SuppressWarnings("unchecked")
    public static List<String> due(RedisClient redis, String timers, long nowMillis, int count) {
        if (count < 1 || count > MOST) {
            throw new IllegalArgumentException("Take 1 to " + MOST + " reminders, not " + count);
        }
        return (List<String>)
                redis.eval(TAKE_DUE, List.of(timers), List.of(Long.toString(nowMillis), Integer.toString(count)));
    }

    public static void main(String[] args) {
        Story.tell(KeyspaceNotifications.class, story -> {
            RedisClient redis = story.redis();
            int[] database = new int[1];
            story.quietly("Which database is ours", () -> database[0] = databaseOf(redis));
            Duration limit = Duration.ofSeconds(10);

            story.step("Events of expired keys are off until they are turned on, for the whole server.");
            String before = turnOn(redis);
            try {
                story.step("A key expires while nobody listens: its event is never told again.");
                redis.set("order:1", "unpaid", SetParams.setParams().px(1));
                Thread.sleep(5);
                story.show("is it there", redis.exists("order:1"));
                try (Listener listener = new Listener(redis, database[0])) {
                    listener.awaitSubscribed(limit);
                    story.step("A key expires while somebody listens.");
                    redis.set("order:2", "unpaid", SetParams.setParams().px(1));
                    story.show("heard of", listener.next(limit));
                }
            } finally {
                redis.configSet(SETTING, before);
            }

            story.step("The right way: a note for each, which stays until somebody takes it.");
            remind(redis, "unpaid", "order:1", 1_000);
            remind(redis, "unpaid", "order:2", 2_000);
            remind(redis, "unpaid", "order:3", 3_000);
            story.show("due at 2,500", due(redis, "unpaid", 2_500, 10));
            story.show("asked again", due(redis, "unpaid", 2_500, 10));
            story.learned("Events are for those who listen right now; what must happen is written down.");
        });
    }

    private static int databaseOf(RedisClient redis) {
        byte[] info = (byte[]) redis.executeCommand(new CommandArguments(Command.CLIENT).add("INFO"));
        return Integer.parseInt(new String(info, UTF_8).replaceFirst("(?s).* db=(\\d+) .*", "$1"));
    }
}
