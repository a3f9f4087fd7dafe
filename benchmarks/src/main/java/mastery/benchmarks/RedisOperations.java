package mastery.benchmarks;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;
import mastery.support.redis.Redis;
import mastery.support.redis.RedisDatabase;
import redis.clients.jedis.AbstractPipeline;
import redis.clients.jedis.AbstractTransaction;
import redis.clients.jedis.RedisClient;

/**
 * The same keys set to values of {@value #BYTES} bytes over one connection: one by one, and {@value #DEPTH} at a time in a pipeline, in a MULTI and
 * by a Lua script. The limit is {@code redis-benchmark} with the same depth and the same payload, on the same server. The ways take turns; two rounds are
 * not counted, so that the JVM has compiled what it runs.
 *
 * <p>Arguments: how many operations, how many rounds, and the directory for the plot.
 */
final class RedisOperations {

    private static final int DEPTH = 100;
    private static final int BYTES = 64;
    private static final int UNCOUNTED = 2;
    private static final String LIMIT = "redis-benchmark -P " + DEPTH;

    private static final String SET_ALL =
            "for i, key in ipairs(KEYS) do redis.call('SET', key, ARGV[i]) end return #KEYS";

    /** How many of the keys have the value. */
    private static final String COUNT = """
            local count = 0
            for i = 0, ARGV[1] - 1 do
              if redis.call('GET', string.format('key:%012d', i)) == ARGV[2] then count = count + 1 end
            end
            return count""";

    private RedisOperations() {}

    /** Sets all keys to a value. */
    @FunctionalInterface
    private interface Way {
        void set(String[] keys, String value) throws Exception;
    }

    public static void main(String[] arguments) throws Exception {
        int operations = Integer.parseInt(arguments[0]);
        int rounds = Integer.parseInt(arguments[1]);
        if (operations < DEPTH || operations % DEPTH != 0) {
            throw new IllegalArgumentException("Operations go by " + DEPTH + ", not " + operations);
        }
        String[] keys = IntStream.range(0, operations)
                .mapToObj(RedisBenchmark.KEYS::formatted)
                .toArray(String[]::new);
        Map<String, List<Double>> perSecond = new LinkedHashMap<>();
        RedisBenchmark limit = RedisBenchmark.find();
        try (RedisDatabase database = Redis.shared().newDatabase();
                RedisClient redis = database.newClient()) {
            Map<String, Way> ways = ways(redis);
            for (int round = -UNCOUNTED; round < rounds; round++) {
                for (Map.Entry<String, Way> way : ways.entrySet()) {
                    add(perSecond, way.getKey(), measure(redis, way, keys, round), round);
                }
                add(perSecond, LIMIT, limit.setsPerSecond(database, operations, DEPTH, BYTES), round);
            }
        }
        perSecond.forEach((way, values) -> print(way, "op/s", values));
        // How many times as long as the limit: the issue of a client.
        perSecond.forEach((way, values) -> {
            if (!way.equals(LIMIT)) {
                print(
                        LIMIT + " / " + way,
                        "x",
                        IntStream.range(0, values.size())
                                .mapToObj(i -> perSecond.get(LIMIT).get(i) / values.get(i))
                                .toList());
            }
        });
        Plot.bars(
                        "Setting " + String.format("%,d", operations) + " keys over one connection",
                        List.copyOf(perSecond.keySet()),
                        "operations per second")
                .series(
                        "median of " + rounds,
                        perSecond.values().stream()
                                .map(values -> new Figure("", "", values).median())
                                .toList())
                .write(Path.of(arguments[2]).resolve("redis-operations.svg"));
        // Drivers may have left threads behind.
        System.exit(0);
    }

    private static Map<String, Way> ways(RedisClient redis) {
        String script = redis.scriptLoad(SET_ALL);
        Map<String, Way> ways = new LinkedHashMap<>();
        ways.put("one by one", (keys, value) -> {
            for (String key : keys) {
                redis.set(key, value);
            }
        });
        ways.put("pipeline", (keys, value) -> {
            try (AbstractPipeline pipeline = redis.pipelined()) {
                for (int from = 0; from < keys.length; from += DEPTH) {
                    for (int i = from; i < from + DEPTH; i++) {
                        pipeline.set(keys[i], value);
                    }
                    pipeline.sync();
                }
            }
        });
        ways.put("MULTI", (keys, value) -> {
            for (int from = 0; from < keys.length; from += DEPTH) {
                try (AbstractTransaction transaction = redis.multi()) {
                    for (int i = from; i < from + DEPTH; i++) {
                        transaction.set(keys[i], value);
                    }
                    transaction.exec();
                }
            }
        });
        ways.put("Lua", (keys, value) -> {
            List<String> values = Collections.nCopies(DEPTH, value);
            List<String> all = List.of(keys);
            for (int from = 0; from < keys.length; from += DEPTH) {
                redis.evalsha(script, all.subList(from, from + DEPTH), values);
            }
        });
        return ways;
    }

    /** Operations per second; each round and way writes a value of its own, and every key must have it. */
    private static double measure(RedisClient redis, Map.Entry<String, Way> way, String[] keys, int round)
            throws Exception {
        String mark = way.getKey() + " " + round + " ";
        String value = mark + "x".repeat(BYTES - mark.length());
        double seconds = Stopwatch.millis(() -> way.getValue().set(keys, value)) / 1_000;
        Object written = redis.eval(COUNT, List.of(), List.of(Integer.toString(keys.length), value));
        if (!written.equals((long) keys.length)) {
            throw new IllegalStateException(way.getKey() + " has set " + written + " keys of " + keys.length);
        }
        return keys.length / seconds;
    }

    private static void add(Map<String, List<Double>> all, String way, double value, int round) {
        if (round >= 0) {
            all.computeIfAbsent(way, key -> new ArrayList<>()).add(value);
        }
    }

    private static void print(String name, String unit, List<Double> values) {
        System.out.println(new Figure(name, unit, values).line());
    }
}
