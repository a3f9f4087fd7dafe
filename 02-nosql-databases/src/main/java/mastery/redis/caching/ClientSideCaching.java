package mastery.redis.caching;

import java.time.Duration;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.ConcurrentHashMap;
import mastery.support.redis.Redis;
import mastery.support.redis.RedisDatabase;
import mastery.support.trace.Story;
import redis.clients.jedis.ConnectionPoolConfig;
import redis.clients.jedis.DefaultJedisClientConfig;
import redis.clients.jedis.HostAndPort;
import redis.clients.jedis.JedisClientConfig;
import redis.clients.jedis.RedisClient;
import redis.clients.jedis.csc.CacheConfig;
import redis.clients.jedis.csc.CacheStats;

/**
 * A client keeps what it read in its own memory, and Redis, which remembers who read what, tells it when that changes: a second
 * read costs no round trip, and a foreign write still shows.
 *
 * <p><b>When:</b> few keys are read by one process again and again, and change seldom: settings, flags, rates.
 * <b>Not:</b> for keys that change about as often as they are read: each change costs a message and a read more. Nor where no
 * answer may be old: between the write and the message the old value is served.
 * <b>Costs:</b> memory here, bounded by {@code maxReplies}, and in the server, which remembers keys and clients.
 * <b>Needs:</b> RESP3, by which messages come on the connection that reads; and a check of idle connections.
 *
 * <p>That check matters: Jedis does not look at a connection before it serves a copy, so when the connection is gone, or Redis
 * hangs, no message comes and old values are served until something uses the connection. By default that is the pool's own
 * check, every 30 s. Here the caller says how often. When the check fails everything kept is dropped, and without Redis reads
 * then fail. Redis is the source here; before a store give this client to {@link CacheAside}, which then asks the store. Source: Redis
 * manual, "Client-side caching", command CLIENT TRACKING; Jedis, {@code ConnectionPoolConfig}.
 */
public final class ClientSideCaching {

    /** Reads answered here, reads sent to Redis, and replies that messages of Redis dropped. */
    public record Counts(long hits, long misses, long invalidations) {}

    private ClientSideCaching() {}

    /**
     * The right way: a client that keeps replies and drops the least recently used. Safe for any number of threads; the caller
     * closes it.
     *
     * @param maxReplies how many replies it keeps, those that say that a key does not exist included
     * @param checkEvery how often idle connections are checked; with the timeout of the client, how long copies are served
     *     at most after no message can come
     */
    public static RedisClient connect(
            HostAndPort server, JedisClientConfig config, int maxReplies, Duration checkEvery) {
        if (maxReplies < 1 || checkEvery.toMillis() < 1) {
            throw new IllegalArgumentException("keep one reply or more and check every millisecond or less often, not "
                    + maxReplies + " and " + checkEvery);
        }
        ConnectionPoolConfig pool = new ConnectionPoolConfig();
        pool.setTestWhileIdle(true);
        pool.setTimeBetweenEvictionRuns(checkEvery);
        return RedisClient.builder()
                .hostAndPort(Objects.requireNonNull(server))
                .clientConfig(
                        DefaultJedisClientConfig.builder().from(config).resp3().build())
                .poolConfig(pool)
                .cacheConfig(CacheConfig.builder().maxSize(maxReplies).build())
                .build();
    }

    public static Counts counts(RedisClient client) {
        CacheStats stats = client.getCache().getStats();
        return new Counts(stats.getHitCount(), stats.getMissCount(), stats.getInvalidationCount());
    }

    /** The wrong way: a map that nobody tells of changes is right until the first one. */
    static final class Kept {

        private final Map<String, String> values = new ConcurrentHashMap<>();
        private final RedisClient redis;

        Kept(RedisClient redis) {
            this.redis = redis;
        }

        String get(String key) {
            return values.computeIfAbsent(key, redis::get);
        }
    }

    public static void main(String[] args) {
        Story.tell(ClientSideCaching.class, story -> {
            story.redis();
            try (RedisDatabase database = Redis.shared().newDatabase();
                    RedisClient writer = database.newClient();
                    RedisClient reader =
                            connect(database.hostAndPort(), database.clientConfig(), 100, Duration.ofSeconds(1))) {
                writer.set("rate", "1.08");

                story.step("Three reads: the first goes to Redis, the others do not.");
                for (int i = 0; i < 3; i++) {
                    story.show("rate", reader.get("rate"));
                }
                story.show("counts", counts(reader));

                story.step("Somebody else writes. Redis tells the reader, who asks again.");
                writer.set("rate", "1.09");
                long told = System.nanoTime() + 2_000_000_000L;
                while (reader.get("rate").equals("1.08") && System.nanoTime() < told) {
                    Thread.onSpinWait();
                }
                story.show("rate", reader.get("rate"));
                story.show("invalidations", counts(reader).invalidations());
                story.learned("Keep copies near, and let the server say when they are no longer true.");
            }
        });
    }
}
