package mastery.benchmarks;

import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CyclicBarrier;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import mastery.redis.caching.StampedeProtection;
import mastery.redis.caching.StampedeProtection.Loader;
import mastery.redis.caching.StampedeProtection.Policy;
import mastery.redis.caching.StampedeProtection.Read;
import mastery.support.redis.Redis;
import mastery.support.redis.RedisDatabase;
import redis.clients.jedis.ConnectionPoolConfig;
import redis.clients.jedis.RedisClient;

/**
 * Readers that all ask in the same moment for a value that is not there, or is stale: how often the source is asked, and how long half of them wait at most. The
 * source is a pause of {@value #SOURCE_MILLIS} ms. The ways take turns; the first round is not counted.
 *
 * <p>Arguments: how many rounds, and the directory for the plot.
 */
final class RedisStampede {

    private static final int SOURCE_MILLIS = 20;
    private static final int LIMIT_SECONDS = 60;
    private static final String KEY = "stampede";
    private static final List<Integer> READERS = List.of(1, 10, 50, 100);
    private static final Policy POLICY =
            new Policy(Duration.ofMinutes(1), Duration.ofMinutes(10), Duration.ofSeconds(10), Duration.ofSeconds(30));

    private RedisStampede() {}

    /** What a key is before the readers come, and how each reads. */
    private enum Way {
        UNPROTECTED("no protection, missing"),
        MISSING("protected, missing"),
        STALE("protected, stale");

        private final String title;

        Way(String title) {
            this.title = title;
        }

        void prepare(RedisClient redis) {
            redis.del(KEY);
            if (this == STALE) {
                new StampedeProtection(redis, POLICY).read(KEY, () -> "stale");
                redis.pexpire(KEY, POLICY.stale().toMillis());
            }
        }

        Read read(RedisClient redis, Loader<RuntimeException> source) {
            StampedeProtection cache = new StampedeProtection(redis, POLICY);
            return this == UNPROTECTED ? cache.readUnprotected(KEY, source) : cache.read(KEY, source);
        }
    }

    /** How often the source was asked, and how long half of the readers waited at most. */
    private record Rush(double loads, double medianMillis) {}

    public static void main(String[] arguments) throws Exception {
        int rounds = Integer.parseInt(arguments[0]);
        Map<Way, List<Double>> medians = new LinkedHashMap<>();
        ConnectionPoolConfig pool = new ConnectionPoolConfig();
        pool.setMaxTotal(100);
        pool.setMaxIdle(100);
        try (RedisDatabase database = Redis.shared().newDatabase();
                RedisClient redis = RedisClient.builder()
                        .hostAndPort(database.hostAndPort())
                        .clientConfig(database.clientConfig())
                        .poolConfig(pool)
                        .build()) {
            for (int readers : READERS) {
                Map<Way, List<Rush>> rushes = new LinkedHashMap<>();
                for (int round = -1; round < rounds; round++) {
                    for (Way way : Way.values()) {
                        Rush rush = rush(redis, way, readers);
                        if (round >= 0) {
                            rushes.computeIfAbsent(way, key -> new ArrayList<>())
                                    .add(rush);
                        }
                    }
                }
                rushes.forEach((way, all) -> {
                    String name = readers + (readers == 1 ? " reader, " : " readers, ") + way.title;
                    List<Double> loads = all.stream().map(Rush::loads).toList();
                    print(name, "loads", loads);
                    print(name, "ms", all.stream().map(Rush::medianMillis).toList());
                    medians.computeIfAbsent(way, key -> new ArrayList<>()).add(new Figure("", "", loads).median());
                });
            }
        }
        Plot plot = Plot.bars(
                        "Loads of the source when a popular value is gone",
                        READERS.stream().map(String::valueOf).toList(),
                        "loads, median of " + rounds)
                .over("readers at once");
        medians.forEach((way, loads) -> plot.series(way.title, loads));
        plot.write(Path.of(arguments[1]).resolve("redis-stampede.svg"));
        // Drivers may have left threads behind.
        System.exit(0);
    }

    private static Rush rush(RedisClient redis, Way way, int readers) throws Exception {
        way.prepare(redis);
        AtomicInteger loads = new AtomicInteger();
        CyclicBarrier start = new CyclicBarrier(readers);
        ExecutorService threads = Executors.newFixedThreadPool(readers);
        try {
            List<Future<Double>> reading = new ArrayList<>();
            for (int i = 0; i < readers; i++) {
                reading.add(threads.submit(() -> {
                    // a connection of its own is open before time is taken
                    redis.ping();
                    start.await(LIMIT_SECONDS, TimeUnit.SECONDS);
                    return Stopwatch.millis(() -> check(way.read(redis, () -> load(loads))));
                }));
            }
            List<Double> waits = new ArrayList<>();
            for (Future<Double> millis : reading) {
                waits.add(millis.get(LIMIT_SECONDS, TimeUnit.SECONDS));
            }
            return new Rush(loads.get(), new Figure("", "ms", waits).median());
        } finally {
            threads.shutdownNow();
        }
    }

    private static String load(AtomicInteger loads) {
        loads.incrementAndGet();
        try {
            Thread.sleep(SOURCE_MILLIS);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IllegalStateException("interrupted", e);
        }
        return "fresh";
    }

    private static void check(Read read) {
        if (!List.of("fresh", "stale").contains(read.value())) {
            throw new IllegalStateException("a reader got " + read);
        }
    }

    private static void print(String name, String unit, List<Double> values) {
        System.out.println(new Figure(name, unit, values).line());
    }
}
