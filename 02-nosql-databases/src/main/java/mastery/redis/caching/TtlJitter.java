package mastery.redis.caching;

import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.ThreadLocalRandom;
import java.util.function.DoubleSupplier;
import java.util.function.Supplier;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import mastery.support.trace.Story;
import redis.clients.jedis.AbstractPipeline;
import redis.clients.jedis.RedisClient;
import redis.clients.jedis.Response;
import redis.clients.jedis.params.SetParams;

/**
 * Values that are cached together end apart when each life is shortened by a random part; with one life for all they end in
 * the same moment, and their readers meet in the store.
 *
 * <p><b>When:</b> many keys get their life at once: a warm-up, a batch, the first minute after a flush.
 * <b>Not:</b> for one popular key, of which there is only one end: see {@link StampedeProtection}.
 * <b>Costs:</b> a mean life that is shorter by half the spread.
 * <b>Needs:</b> nothing of the store. With PXAT the end is this process' clock against that of Redis, which is why the time is
 * an argument; where clocks differ use PX with the jittered life.
 *
 * <p>Without Redis the filling fails, with what is not yet filled in; it can be repeated. Source: Redis manual, commands SET
 * (option PXAT) and PEXPIRETIME.
 */
public final class TtlJitter {

    private final Duration life;
    private final double spread;
    private final DoubleSupplier random;

    /**
     * Safe for any number of threads if {@code random} is.
     *
     * @param life the longest life; no value outlives it
     * @param spread the part of it, from 0 to less than 1, that chance may take away
     * @param random gives numbers from 0 to less than 1: {@code () -> ThreadLocalRandom.current().nextDouble()}, or a seeded
     *     one where ends must be known before
     */
    public TtlJitter(Duration life, double spread, DoubleSupplier random) {
        if (life.toMillis() < 1 || !(spread >= 0 && spread < 1)) {
            throw new IllegalArgumentException(
                    "a life is a millisecond or more, and a spread from 0 to less than 1, not " + life + " and "
                            + spread);
        }
        this.life = life;
        this.spread = spread;
        this.random = Objects.requireNonNull(random);
    }

    /** When a value that is cached now ends: after its life, less a random part of the spread. */
    public Instant end(Instant now) {
        double shortened = life.toMillis() * (1 - spread * random.getAsDouble());
        return now.plusMillis(Math.max(1, Math.round(shortened)));
    }

    /** The right way: all in one round trip, each with an end of its own. */
    public void fill(RedisClient redis, Map<String, String> values, Instant now) {
        fill(redis, values, () -> end(now));
    }

    /** The wrong way: all end together. */
    public void fillWithoutJitter(RedisClient redis, Map<String, String> values, Instant now) {
        fill(redis, values, () -> now.plus(life));
    }

    private static void fill(RedisClient redis, Map<String, String> values, Supplier<Instant> end) {
        List<Response<String>> replies = new ArrayList<>();
        try (AbstractPipeline pipeline = redis.pipelined()) {
            values.forEach((key, value) -> replies.add(pipeline.set(key, value, until(end.get()))));
        }
        // The pipeline keeps a refusal to itself until its reply is read.
        replies.forEach(Response::get);
    }

    private static SetParams until(Instant end) {
        return SetParams.setParams().pxAt(end.toEpochMilli());
    }

    public static void main(String[] args) {
        Story.tell(TtlJitter.class, story -> {
            RedisClient redis = story.redis();
            TtlJitter jitter = new TtlJitter(
                    Duration.ofMinutes(10),
                    0.2,
                    () -> ThreadLocalRandom.current().nextDouble());
            Map<String, String> prices =
                    IntStream.range(0, 5).boxed().collect(Collectors.toMap(i -> "price:" + i, i -> "" + i));

            story.step("Five prices are cached at once, with one life: they end at once.");
            jitter.fillWithoutJitter(redis, prices, Instant.now());
            story.show("ends", prices.keySet().stream().map(redis::pexpireTime).toList());

            story.step("Each life is shortened by up to a fifth: they end over two minutes.");
            jitter.fill(redis, prices, Instant.now());
            story.show("ends", prices.keySet().stream().map(redis::pexpireTime).toList());

            story.learned("Take a random part off each life, and what was cached together does not end together.");
        });
    }
}
