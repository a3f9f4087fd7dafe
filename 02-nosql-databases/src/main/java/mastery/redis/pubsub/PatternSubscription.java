package mastery.redis.pubsub;

import java.time.Duration;
import java.util.List;
import java.util.Optional;
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

/**
 * A connection gets a message once for its channel and once more for each of its patterns that fits, so overlapping
 * subscriptions of one connection deliver it more than once.
 *
 * <p><b>When:</b> channels come and go and the listener knows only their form, such as {@code news.*}.
 * <b>Not:</b> beside a subscription to one of the same channels: whoever counts or adds up then does it twice. Have one
 * subscription for a channel, or tell the deliveries apart by their pattern, as {@link Delivery} does.
 * <b>Costs:</b> the server tries each pattern on each message: {@code PUBLISH} takes time in proportion to all patterns of all
 * clients.
 * <b>Needs:</b> nothing. The stars of a pattern do not stop at a dot or colon, and what a user may put into a pattern is
 * escaped by {@link #literal}.
 *
 * <p>Source: Redis manual, "Redis Pub/sub", sections pattern-matching subscriptions and messages matching both a pattern and a
 * channel subscription; command PSUBSCRIBE.
 */
public final class PatternSubscription {

    private PatternSubscription() {}

    /**
     * A message as it came.
     *
     * @param pattern the pattern it came by; null when it came by its channel
     */
    public record Delivery(String pattern, String channel, String message) {}

    /** Channels and patterns on one connection, with a thread of its own, until it is closed. */
    public static final class Subscription extends JedisPubSub implements AutoCloseable {

        private final List<String> channels;
        private final List<String> patterns;
        private final BlockingQueue<Delivery> deliveries = new LinkedBlockingQueue<>();
        private final CountDownLatch confirmations;
        private final Thread thread;
        private volatile JedisException failure;

        private Subscription(RedisClient redis, List<String> channels, List<String> patterns) {
            this.channels = List.copyOf(channels);
            this.patterns = List.copyOf(patterns);
            confirmations = new CountDownLatch(channels.size() + patterns.size());
            thread = new Thread(() -> run(redis), "subscription");
            thread.setDaemon(true);
        }

        /**
         * Returns once Redis has confirmed every channel and pattern.
         *
         * @throws IllegalArgumentException when there is neither
         * @throws IllegalStateException when Redis does not confirm within {@code limit}
         */
        public static Subscription to(RedisClient redis, List<String> channels, List<String> patterns, Duration limit)
                throws InterruptedException {
            if (channels.isEmpty() && patterns.isEmpty()) {
                throw new IllegalArgumentException("name a channel or a pattern");
            }
            Subscription subscription = new Subscription(redis, channels, patterns);
            subscription.thread.start();
            boolean confirmed = subscription.confirmations.await(limit.toMillis(), TimeUnit.MILLISECONDS);
            if (!confirmed || subscription.failure != null) {
                subscription.close();
                throw new IllegalStateException("Redis has not confirmed every subscription", subscription.failure);
            }
            return subscription;
        }

        private void run(RedisClient redis) {
            try {
                if (channels.isEmpty()) {
                    redis.psubscribe(this, patterns.toArray(String[]::new));
                } else {
                    redis.subscribe(this, channels.toArray(String[]::new));
                }
            } catch (JedisException e) {
                failure = e;
                while (confirmations.getCount() > 0) {
                    confirmations.countDown();
                }
            }
        }

        @Override
        public void onSubscribe(String channel, int subscriptions) {
            // The patterns go over the same connection once its last channel is confirmed.
            if (subscriptions == channels.size() && !patterns.isEmpty()) {
                psubscribe(patterns.toArray(String[]::new));
            }
            confirmations.countDown();
        }

        @Override
        public void onPSubscribe(String pattern, int subscriptions) {
            confirmations.countDown();
        }

        @Override
        public void onMessage(String channel, String message) {
            deliveries.add(new Delivery(null, channel, message));
        }

        @Override
        public void onPMessage(String pattern, String channel, String message) {
            deliveries.add(new Delivery(pattern, channel, message));
        }

        /**
         * The next delivery, or nothing within {@code limit}.
         *
         * @throws JedisException when the connection has ended and all that came before was read
         */
        public Optional<Delivery> next(Duration limit) throws InterruptedException {
            Delivery delivery = deliveries.poll(failure == null ? limit.toMillis() : 0, TimeUnit.MILLISECONDS);
            if (delivery == null && failure != null) {
                throw failure;
            }
            return Optional.ofNullable(delivery);
        }

        /** Ends all subscriptions and waits until the connection is back in the pool. */
        @Override
        public void close() {
            if (isSubscribed()) {
                try {
                    end();
                } catch (JedisException ended) {
                    // The connection broke in this moment: that ends the subscriptions too.
                    failure = ended;
                }
            }
            try {
                thread.join(Duration.ofSeconds(10).toMillis());
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
            }
        }

        /** The connection goes back to the pool with its last subscription: nothing may be sent after that. */
        private void end() {
            if (!channels.isEmpty()) {
                unsubscribe();
            }
            if (!patterns.isEmpty()) {
                punsubscribe();
            }
        }
    }

    /** Text that stands for itself in a pattern, whatever is in it. */
    public static String literal(String text) {
        return text.replaceAll("[*?\\[\\]\\\\^-]", "\\\\$0");
    }

    /** How many connections have subscribed to the channel by its name; those with patterns are not counted. */
    public static long listenersByName(RedisClient redis, String channel) {
        List<?> reply = (List<?>) redis.executeCommand(
                new CommandArguments(Command.PUBSUB).add("NUMSUB").add(channel));
        return (Long) reply.get(1);
    }

    /** How many different patterns all connections of the server have subscribed to. */
    public static long patterns(RedisClient redis) {
        return (Long) redis.executeCommand(new CommandArguments(Command.PUBSUB).add("NUMPAT"));
    }

    public static void main(String[] args) {
        Story.tell(PatternSubscription.class, story -> {
            RedisClient redis = story.redis();
            Duration limit = Duration.ofSeconds(10);
            // Channels are the whole server's: the number keeps others' news away.
            String news = "news" + ProcessHandle.current().pid();

            story.step("The wrong way: the channel and a pattern that fits it, on one connection.");
            try (Subscription both = Subscription.to(redis, List.of(news + ".sport"), List.of(news + ".*"), limit)) {
                redis.publish(news + ".sport", "1:0");
                story.show("came first", both.next(limit).orElseThrow());
                story.show("came again", both.next(limit).orElseThrow());
                story.note("PUBLISH counts deliveries: 2, for one connection.");
                listenersByName(redis, news + ".sport");
            }

            story.step("The right way: the pattern alone. Its star does not stop at a dot.");
            try (Subscription pattern = Subscription.to(redis, List.of(), List.of(news + ".*"), limit)) {
                redis.publish(news + ".sport", "2:0");
                redis.publish(news + ".sport.football", "3:0");
                story.show("came", pattern.next(limit).orElseThrow());
                story.show("came", pattern.next(limit).orElseThrow());
            }
            story.learned("One subscription for a message: each one that fits delivers it again.");
        });
    }
}
