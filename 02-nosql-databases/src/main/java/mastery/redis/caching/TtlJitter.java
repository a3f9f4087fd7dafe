package mastery.redis.caching;

import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.ThreadLocalRandom;
import java.util.function.DoubleSupplier;
import java.util.function.Supplier;
import javax.sql.DataSource;
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
 * <p>Without Redis the filling fails, with what is not yet filled in; it can be repeated. Whoever reads afterwards, and finds nothing or
 * no Redis, goes to the store: see {@link CacheAside}. Source: Redis manual, commands SET
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

    /** What a warm-up caches, by its key: one statement for all. */
    static Map<String, String> prices(Connection connection) throws SQLException {
        Map<String, String> prices = new LinkedHashMap<>();
        try (Statement select = connection.createStatement();
                ResultSet row = select.executeQuery("select product, cents from price order by product")) {
            while (row.next()) {
                prices.put(key(row.getInt("product")), row.getString("cents"));
            }
        }
        return prices;
    }

    static String key(int product) {
        return "price:" + product;
    }

    public static void createSchema(Connection connection) throws SQLException {
        try (Statement statement = connection.createStatement()) {
            statement.execute("create table price (product integer primary key, cents integer not null)");
        }
    }

    public static void main(String[] args) {
        Story.tell(TtlJitter.class, story -> {
            DataSource store = story.postgresql();
            RedisClient redis = story.redis();
            TtlJitter jitter = new TtlJitter(
                    Duration.ofMinutes(10),
                    0.2,
                    () -> ThreadLocalRandom.current().nextDouble());
            try (Connection connection = store.getConnection()) {
                story.quietly("five prices in the store", () -> {
                    createSchema(connection);
                    try (Statement statement = connection.createStatement()) {
                        statement.execute("insert into price select n, n * 100 from generate_series(1, 5) n");
                    }
                });

                story.step("Five prices are cached at once, with one life: they end at once.");
                Map<String, String> prices = prices(connection);
                jitter.fillWithoutJitter(redis, prices, Instant.now());
                story.show(
                        "ends", prices.keySet().stream().map(redis::pexpireTime).toList());

                story.step("Each life is shortened by up to a fifth: they end over two minutes.");
                jitter.fill(redis, prices, Instant.now());
                story.show(
                        "ends", prices.keySet().stream().map(redis::pexpireTime).toList());
            }

            story.learned("Take a random part off each life, and what was cached together does not end together.");
        });
    }
}
