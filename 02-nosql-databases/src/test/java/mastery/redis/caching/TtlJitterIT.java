package mastery.redis.caching;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.SQLException;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.FutureTask;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.TimeUnit;
import java.util.function.Function;
import java.util.stream.Collectors;
import javax.sql.DataSource;
import mastery.support.junit.OnPostgreSql;
import mastery.support.junit.OnRedis;
import mastery.support.junit.OnRedis.Topology;
import mastery.support.junit.Prepare;
import mastery.support.redis.RedisReplication;
import mastery.support.work.PostgreSqlWork;
import org.junit.jupiter.api.Test;
import redis.clients.jedis.AbstractPipeline;
import redis.clients.jedis.RedisClient;
import redis.clients.jedis.Response;
import redis.clients.jedis.exceptions.JedisConnectionException;
import redis.clients.jedis.exceptions.JedisDataException;

@OnRedis(topology = Topology.REPLICATION, replicas = 0)
@OnPostgreSql
class TtlJitterIT {

    private static final int KEYS = 10_000;
    private static final Duration LIFE = Duration.ofMinutes(10);
    private static final double SPREAD = 0.2;
    private static final long SEED = 42;
    /** The spread is 120 s, so a second has 83 ends in the mean. */
    private static final int MOST_IN_ONE_SECOND = 150;

    private final Instant now = Instant.now();

    @Prepare
    static void prepare(Connection connection) throws SQLException {
        TtlJitter.createSchema(connection);
        try (PreparedStatement insert =
                connection.prepareStatement("insert into price select n, n from generate_series(0, ? - 1) n")) {
            insert.setInt(1, KEYS);
            insert.executeUpdate();
        }
    }

    @Test
    void theEndsAreThoseOfTheSeedAndFewFallIntoOneSecond(RedisClient redis) {
        new TtlJitter(LIFE, SPREAD, new Random(SEED)::nextDouble).fill(redis, values(), now);

        TtlJitter same = new TtlJitter(LIFE, SPREAD, new Random(SEED)::nextDouble);
        List<Long> expected = new ArrayList<>();
        for (int i = 0; i < KEYS; i++) {
            expected.add(same.end(now).toEpochMilli());
        }
        List<Long> ends = ends(redis);
        assertThat(ends).isEqualTo(expected);
        long latest = now.plus(LIFE).toEpochMilli();
        long earliest =
                now.plusMillis(Math.round(LIFE.toMillis() * (1 - SPREAD))).toEpochMilli();
        assertThat(ends).allSatisfy(end -> assertThat(end).isBetween(earliest, latest));
        assertThat(mostInOneSecond(ends)).isLessThan(MOST_IN_ONE_SECOND);
    }

    @Test
    void withoutJitterAllEndInOneMoment(RedisClient redis) {
        new TtlJitter(LIFE, SPREAD, new Random(SEED)::nextDouble).fillWithoutJitter(redis, values(), now);
        List<Long> ends = ends(redis);
        assertThat(ends).hasSize(KEYS).containsOnly(now.plus(LIFE).toEpochMilli());
        assertThat(mostInOneSecond(ends)).isEqualTo(KEYS);
    }

    @Test
    void soonAfterTheFirstEndAFewReadersMeetInTheStoreAndWithoutJitterAllDo(RedisClient redis, Connection connection)
            throws Exception {
        Map<String, String> prices = TtlJitter.prices(connection);
        TtlJitter jitter = new TtlJitter(LIFE, SPREAD, new Random(SEED)::nextDouble);
        Duration shortest = Duration.ofMillis(Math.round(LIFE.toMillis() * (1 - SPREAD)));

        // As if it had been cached so long ago that the first ends were a second ago: the last are two minutes away.
        jitter.fill(redis, prices, Instant.now().minus(shortest).minusSeconds(1));
        assertThat(loads(redis, connection)).isBetween(1L, KEYS / 10L);
        jitter.fillWithoutJitter(redis, prices, Instant.now().minus(LIFE).minusSeconds(1));
        assertThat(loads(redis, connection)).isEqualTo(KEYS);
    }

    /** Reads each key once, those that are not cached from the store; counts what the store looked up. */
    private static long loads(RedisClient redis, Connection connection) throws Exception {
        String[] keys = values().keySet().toArray(String[]::new);
        List<String> cached = redis.mget(keys);
        return PostgreSqlWork.measure(connection, "price", () -> {
                    try (PreparedStatement select =
                            connection.prepareStatement("select cents from price where product = ?")) {
                        for (int product = 0; product < KEYS; product++) {
                            if (cached.get(product) == null) {
                                select.setInt(1, product);
                                select.executeQuery().close();
                            }
                        }
                    }
                })
                .indexScans();
    }

    @Test
    void aStoreThatFailsCachesNothing(RedisClient redis, DataSource store) throws Exception {
        TtlJitter jitter = new TtlJitter(LIFE, SPREAD, () -> 0.5);
        FutureTask<Void> warmUp = Sql.terminated(store, "price", () -> {
            try (Connection doomed = store.getConnection()) {
                jitter.fill(redis, TtlJitter.prices(doomed), now);
            }
            return null;
        });
        assertThatThrownBy(() -> warmUp.get(30, TimeUnit.SECONDS))
                .cause()
                .isInstanceOfSatisfying(
                        SQLException.class, e -> assertThat(e.getSQLState()).isEqualTo("57P01"));
        assertThat(redis.dbSize()).isZero();
    }

    @Test
    void aFlushIsFilledAgainWithEndsOfItsOwn(RedisClient redis) {
        TtlJitter jitter = new TtlJitter(LIFE, SPREAD, new Random(SEED)::nextDouble);
        jitter.fill(redis, values(), now);
        redis.flushAll();
        jitter.fill(redis, values(), now);
        assertThat(mostInOneSecond(ends(redis))).isLessThan(MOST_IN_ONE_SECOND);
    }

    @Test
    void noSpreadIsNoJitterAndTheShortestLifeIsAMillisecond() {
        assertThat(new TtlJitter(LIFE, 0, () -> 0.5).end(now)).isEqualTo(now.plus(LIFE));
        assertThat(new TtlJitter(LIFE, 0.5, () -> 0).end(now)).isEqualTo(now.plus(LIFE));
        assertThat(new TtlJitter(Duration.ofMillis(1), 0.99, () -> 0.99).end(now))
                .isEqualTo(now.plusMillis(1));
    }

    @Test
    void aClockThatIsBehindByMoreThanALifeCachesNothingAndNobodyIsTold(RedisClient redis) {
        new TtlJitter(LIFE, SPREAD, new Random(SEED)::nextDouble)
                .fill(redis, Map.of("key", "value"), now.minus(LIFE).minusSeconds(60));
        assertThat(redis.exists("key")).isFalse();
    }

    @Test
    void aKeyThatIsFilledAgainGetsANewEnd(RedisClient redis) {
        TtlJitter jitter = new TtlJitter(LIFE, 0, () -> 0);
        jitter.fill(redis, Map.of("key", "old"), now);
        jitter.fill(redis, Map.of("key", "new"), now.plusSeconds(60));
        assertThat(redis.get("key")).isEqualTo("new");
        assertThat(redis.pexpireTime("key"))
                .isEqualTo(now.plusSeconds(60).plus(LIFE).toEpochMilli());
    }

    @Test
    void withRedisKilledTheFillingFailsAndCanBeRepeated(RedisClient redis, RedisReplication replication) {
        TtlJitter jitter =
                new TtlJitter(LIFE, SPREAD, () -> ThreadLocalRandom.current().nextDouble());
        jitter.fill(redis, values(), now);
        replication.primary().kill();
        try {
            assertThatThrownBy(() -> jitter.fill(redis, values(), now)).isInstanceOf(JedisConnectionException.class);
        } finally {
            replication.primary().start();
        }
        assertThat(redis.dbSize()).isZero();
        jitter.fill(redis, values(), now);
        assertThat(redis.dbSize()).isEqualTo(KEYS);
    }

    @Test
    void aFullRedisRefusesAndTheFillingSaysSo(RedisClient redis) {
        TtlJitter jitter = new TtlJitter(LIFE, SPREAD, () -> 0.5);
        redis.configSet("maxmemory", "1");
        try {
            assertThatThrownBy(() -> jitter.fill(redis, values(), now))
                    .isInstanceOf(JedisDataException.class)
                    .hasMessageStartingWith("OOM");
        } finally {
            redis.configSet("maxmemory", "0");
        }
    }

    @Test
    void withRedisPausedTheFillingFailsAfterTheTimeout(RedisReplication replication) {
        TtlJitter jitter = new TtlJitter(LIFE, SPREAD, () -> 0.5);
        try (RedisClient impatient = Clients.impatient(replication.primary(), 300)) {
            impatient.ping();
            replication.primary().pause();
            try {
                assertThatThrownBy(() -> jitter.fill(impatient, values(), now))
                        .isInstanceOf(JedisConnectionException.class);
            } finally {
                replication.primary().resume();
            }
        }
    }

    @Test
    void whatCannotBeMeantIsRefused() {
        assertThatThrownBy(() -> new TtlJitter(Duration.ZERO, 0.1, () -> 0))
                .isInstanceOf(IllegalArgumentException.class);
        for (double spread : new double[] {-0.1, 1, Double.NaN}) {
            assertThatThrownBy(() -> new TtlJitter(LIFE, spread, () -> 0)).isInstanceOf(IllegalArgumentException.class);
        }
        assertThatThrownBy(() -> new TtlJitter(LIFE, 0.1, null)).isInstanceOf(NullPointerException.class);
    }

    /** In a fixed order, so that a seed says which key ends when. */
    private static Map<String, String> values() {
        Map<String, String> values = new LinkedHashMap<>();
        for (int i = 0; i < KEYS; i++) {
            values.put(TtlJitter.key(i), Integer.toString(i));
        }
        return values;
    }

    private static List<Long> ends(RedisClient redis) {
        List<Response<Long>> ends = new ArrayList<>();
        try (AbstractPipeline pipeline = redis.pipelined()) {
            values().keySet().forEach(key -> ends.add(pipeline.pexpireTime(key)));
        }
        return ends.stream().map(Response::get).toList();
    }

    private static int mostInOneSecond(List<Long> ends) {
        Map<Long, Long> bySecond = ends.stream()
                .map(end -> end / 1000)
                .collect(Collectors.groupingBy(Function.identity(), Collectors.counting()));
        return Collections.max(bySecond.values()).intValue();
    }
}
