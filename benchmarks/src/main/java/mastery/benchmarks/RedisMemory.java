package mastery.benchmarks;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;
import mastery.support.redis.Redis;
import mastery.support.redis.RedisDatabase;
import redis.clients.jedis.AbstractPipeline;
import redis.clients.jedis.RedisClient;
import redis.clients.jedis.Response;

/**
 * The memory of the same members, numbers from 0 on, in structures that can say whether or how many: by MEMORY USAGE with every element looked at, for a million
 * members. A fact of the server, so it is taken once.
 *
 * <p>Arguments: how many members, and the directory for the plot.
 */
final class RedisMemory {

    private static final int CHUNK = 1_000;
    /** Members of a small hash: below hash-max-listpack-entries. */
    private static final int SMALL = 100;

    private static final double MILLION = 1_000_000;

    private RedisMemory() {}

    /** Puts the members from one number to another into the structure. */
    @FunctionalInterface
    private interface Filling {
        void add(AbstractPipeline pipeline, int from, int to);
    }

    public static void main(String[] arguments) throws Exception {
        int members = Integer.parseInt(arguments[0]);
        if (members < CHUNK || members % CHUNK != 0) {
            throw new IllegalArgumentException("Members go by " + CHUNK + ", not " + members);
        }
        Map<String, Double> kilobytes = new LinkedHashMap<>();
        try (RedisDatabase database = Redis.shared().newDatabase();
                RedisClient redis = database.newClient()) {
            kilobytes.put("set", measure(redis, members, "hashtable", RedisMemory::intoSet));
            kilobytes.put("one hash, hashtable", measure(redis, members, "hashtable", RedisMemory::intoHash));
            kilobytes.put("small hashes, listpack", measure(redis, members, "listpack", RedisMemory::intoSmallHashes));
            kilobytes.put("bitmap", measure(redis, members, "raw", RedisMemory::intoBitmap));
            kilobytes.put("HyperLogLog", measure(redis, members, "raw", RedisMemory::intoHyperLogLog));
        }
        kilobytes.forEach(
                (structure, value) -> System.out.println(new Figure(structure, "kB a million", List.of(value)).line()));
        Plot.bars("Memory of a million members", List.copyOf(kilobytes.keySet()), "kB")
                .logarithmic()
                .series("MEMORY USAGE, " + String.format("%,d", members) + " members", List.copyOf(kilobytes.values()))
                .write(Path.of(arguments[1]).resolve("redis-memory.svg"));
        // Drivers may have left threads behind.
        System.exit(0);
    }

    private static void intoSet(AbstractPipeline pipeline, int from, int to) {
        pipeline.sadd("set", names(from, to));
    }

    private static void intoHash(AbstractPipeline pipeline, int from, int to) {
        pipeline.hset("hash", fields(from, to));
    }

    private static void intoSmallHashes(AbstractPipeline pipeline, int from, int to) {
        for (int start = from; start < to; start += SMALL) {
            pipeline.hset("hash:" + start / SMALL, fields(start, start + SMALL));
        }
    }

    private static void intoBitmap(AbstractPipeline pipeline, int from, int to) {
        for (int member = from; member < to; member++) {
            pipeline.setbit("bitmap", member, true);
        }
    }

    private static void intoHyperLogLog(AbstractPipeline pipeline, int from, int to) {
        pipeline.pfadd("rough", names(from, to));
    }

    private static String[] names(int from, int to) {
        return IntStream.range(from, to).mapToObj(Integer::toString).toArray(String[]::new);
    }

    private static Map<String, String> fields(int from, int to) {
        Map<String, String> fields = new LinkedHashMap<>();
        IntStream.range(from, to).forEach(member -> fields.put(Integer.toString(member), "1"));
        return fields;
    }

    /** Kilobytes for a million members; all keys together, each stored as expected. */
    private static double measure(RedisClient redis, int members, String encoding, Filling filling) {
        redis.flushDB();
        for (int from = 0; from < members; from += CHUNK) {
            try (AbstractPipeline pipeline = redis.pipelined()) {
                filling.add(pipeline, from, from + CHUNK);
            }
        }
        List<Response<Long>> bytes = new ArrayList<>();
        List<Response<String>> encodings = new ArrayList<>();
        try (AbstractPipeline pipeline = redis.pipelined()) {
            for (String key : redis.keys("*")) {
                bytes.add(pipeline.memoryUsage(key, 0));
                encodings.add(pipeline.objectEncoding(key));
            }
        }
        if (encodings.isEmpty()
                || !encodings.stream().allMatch(stored -> stored.get().equals(encoding))) {
            throw new IllegalStateException("not everything is stored as " + encoding);
        }
        double all = bytes.stream().mapToLong(Response::get).sum();
        redis.flushDB();
        return all / 1_000 * MILLION / members;
    }
}
