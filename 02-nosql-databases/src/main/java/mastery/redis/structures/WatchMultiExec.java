package mastery.redis.structures;

import java.util.List;
import java.util.Objects;
import java.util.OptionalLong;
import java.util.function.LongUnaryOperator;
import mastery.support.trace.Story;
import redis.clients.jedis.AbstractTransaction;
import redis.clients.jedis.RedisClient;

/**
 * EXEC runs nothing when a watched key was touched since, so read, compute and write can be one step; but it undoes nothing: a command that
 * fails inside leaves the others done.
 *
 * <p><b>When:</b> a change that depends on what was read, where conflicts are rare. Commands that belong together need only MULTI.
 * <b>Not:</b> for keys that many write at once: each loser reads and tries again; a Lua script or a command of Redis' own does it at once.
 * <b>Costs:</b> a connection of its own while it lasts, and four round trips: WATCH, GET, MULTI, then all commands with EXEC.
 * <b>Needs:</b> one Redis; in a cluster all keys of the transaction need one {@code {tag}}.
 *
 * <p>A command that is refused while it is queued, by its name or the number of its arguments, is different: then EXEC runs nothing.
 * Source: Redis manual, "Transactions", sections errors, rollbacks and optimistic locking.
 */
public final class WatchMultiExec {

    /** What a key was changed to, and how often that was tried. */
    public record Changed(long value, int attempts) {}

    /** What each command of a transaction answered, in order; an error is an answer too. */
    public record Answers(List<Object> answers) {

        public boolean failed() {
            return answers.stream().anyMatch(Throwable.class::isInstance);
        }
    }

    private WatchMultiExec() {}

    /**
     * The right way: writes only if nobody touched the key since it was read, else reads again.
     *
     * @param change is called once for each attempt, so it must do nothing but compute
     * @throws IllegalStateException when another was faster in every attempt
     */
    public static Changed change(RedisClient redis, String key, LongUnaryOperator change, int attempts) {
        if (attempts < 1) {
            throw new IllegalArgumentException("It takes an attempt at least, not " + attempts);
        }
        for (int attempt = 1; attempt <= attempts; attempt++) {
            OptionalLong value = tryToChange(redis, key, change);
            if (value.isPresent()) {
                return new Changed(value.getAsLong(), attempt);
            }
        }
        throw new IllegalStateException("Another was faster " + attempts + " times: " + key + " is not changed");
    }

    private static OptionalLong tryToChange(RedisClient redis, String key, LongUnaryOperator change) {
        try (AbstractTransaction transaction = redis.transaction(false)) {
            // Before the read: what happens to the key from here on is noticed.
            transaction.watch(key);
            long value = change.applyAsLong(number(redis.get(key)));
            transaction.multi();
            transaction.set(key, Long.toString(value));
            return transaction.exec() == null ? OptionalLong.empty() : OptionalLong.of(value);
        }
    }

    /** The wrong way: MULTI alone keeps others out of the block, but the block begins after the read. */
    public static long changeUnwatched(RedisClient redis, String key, LongUnaryOperator change) {
        long value = change.applyAsLong(number(redis.get(key)));
        try (AbstractTransaction transaction = redis.multi()) {
            transaction.set(key, Long.toString(value));
            transaction.exec();
        }
        return value;
    }

    /**
     * Adds an order to a list and counts it, together, but not all or none: when one of the keys has another type, only the other command is
     * done, and EXEC itself does not fail. Look at the answers.
     */
    public static Answers order(RedisClient redis, String orders, String counter, String order) {
        Objects.requireNonNull(order, "order");
        try (AbstractTransaction transaction = redis.multi()) {
            transaction.rpush(orders, order);
            transaction.incr(counter);
            return new Answers(transaction.exec());
        }
    }

    private static long number(String value) {
        return value == null ? 0 : Long.parseLong(value);
    }

    public static void main(String[] args) {
        Story.tell(WatchMultiExec.class, story -> {
            RedisClient redis = story.redis();
            redis.set("stock", "10");

            story.step("The wrong way: somebody buys 5 between our GET and our MULTI.");
            changeUnwatched(redis, "stock", stock -> {
                redis.decrBy("stock", 5);
                return stock - 1;
            });
            story.note("6 bought, and the stock of 10 says " + redis.get("stock") + ".");

            story.step("With WATCH, EXEC answers nil and does nothing: we read again.");
            redis.set("stock", "10");
            boolean[] first = {true};
            story.show(
                    "changed",
                    change(
                            redis,
                            "stock",
                            stock -> {
                                if (first[0]) {
                                    first[0] = false;
                                    redis.decrBy("stock", 5);
                                }
                                return stock - 1;
                            },
                            3));

            story.step("No rollback: INCR fails on a text, and the order stays in the list.");
            redis.set("count", "many");
            Answers answers = order(redis, "orders", "count", "order 1");
            story.show("did one fail", answers.failed());
            story.show("orders", redis.lrange("orders", 0, -1));
            story.learned("WATCH before the read; nil from EXEC means try again; EXEC undoes nothing.");
        });
    }
}
