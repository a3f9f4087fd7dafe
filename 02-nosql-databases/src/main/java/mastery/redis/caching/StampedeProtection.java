package mastery.redis.caching;

import java.time.Duration;
import java.util.List;
import java.util.Objects;
import java.util.UUID;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.locks.LockSupport;
import java.util.function.Supplier;
import mastery.support.trace.Story;
import redis.clients.jedis.RedisClient;
import redis.clients.jedis.params.SetParams;

/**
 * However many readers miss a cached value at once, only one of them loads it; the others get the stale value, or wait for a
 * bounded time.
 *
 * <p><b>When:</b> a value that many read and that is dear to load: a front page, a price list, a token.
 * <b>Not:</b> when two loads do no harm, or when loading must happen only once: a lease can expire under a slow loader, so this
 * saves work and is no mutual exclusion.
 * <b>Costs:</b> one round trip for a fresh value, two for a stale one, five for a load, and memory for values that are kept past their freshness.
 * <b>Needs:</b> one Redis. In a cluster give the key a {@code {tag}}: its lock must share its slot.
 *
 * <p>A value lives for {@code fresh + stale}. It is fresh while more than {@code stale} of that remains, so Redis' own clock
 * decides and no client's. Source: Redis manual, commands SET (options NX and PX) and PTTL.
 */
public final class StampedeProtection {

    /**
     * @param fresh how long a value is served without loading
     * @param stale how long after that it is still served to those who do not load
     * @param lease how long a loader may take before another reader may load as well
     * @param patience how long a reader waits when there is no value at all
     */
    public record Policy(Duration fresh, Duration stale, Duration lease, Duration patience) {}

    /** What a reader got and how it came by it. */
    public record Read(String value, Origin origin) {}

    public enum Origin {
        FRESH,
        STALE,
        LOADED
    }

    /** There is no value, and whoever loads it did not finish while the reader waited. */
    public static final class LoadPending extends RuntimeException {
        private LoadPending(String key) {
            super("No value for " + key + " yet: another reader is still loading it");
        }
    }

    /** The value and how long it still lives, of the same moment. */
    private static final String LOOK = "return {redis.call('GET', KEYS[1]), redis.call('PTTL', KEYS[1])}";

    /** Only the owner of the lock stores: a loader that overslept its lease must not overwrite a newer value. */
    private static final String STORE_IF_OWNER = """
            if redis.call('GET', KEYS[2]) ~= ARGV[1] then return 0 end
            redis.call('SET', KEYS[1], ARGV[2], 'PX', ARGV[3])
            return 1""";

    /** Only the owner of the lock releases it: a plain DEL would free the lock of the next owner. */
    private static final String RELEASE_IF_OWNER = """
            if redis.call('GET', KEYS[1]) ~= ARGV[1] then return 0 end
            return redis.call('DEL', KEYS[1])""";

    private StampedeProtection() {}

    /** The wrong way: everyone who misses loads, so a popular key that expires sends all its readers to the source. */
    public static Read readUnprotected(RedisClient redis, String key, Policy policy, Supplier<String> loader) {
        String cached = redis.get(key);
        if (cached != null) {
            return new Read(cached, Origin.FRESH);
        }
        String value = loader.get();
        redis.set(key, value, SetParams.setParams().px(policy.fresh().toMillis()));
        return new Read(value, Origin.LOADED);
    }

    /**
     * The right way. Safe for any number of threads and processes.
     *
     * @param loader returns the value, never null; what it throws passes to its own reader only, and another reader loads
     * @throws LoadPending when there is no value within {@link Policy#patience()}, or the waiting thread is interrupted
     */
    public static Read read(RedisClient redis, String key, Policy policy, Supplier<String> loader) {
        String lock = key + ":lock";
        String owner = UUID.randomUUID().toString();
        // NX: only one gets it. PX: it ends even if its owner dies. One command, so no lock is ever without an end.
        SetParams once = SetParams.setParams().nx().px(policy.lease().toMillis());
        long givesUp = System.nanoTime() + policy.patience().toNanos();
        while (true) {
            Read cached = look(redis, key, policy);
            if (cached != null && cached.origin() == Origin.FRESH) {
                return cached;
            }
            if (redis.set(lock, owner, once) != null) {
                return load(redis, key, lock, owner, policy, loader);
            }
            if (cached != null) {
                return cached;
            }
            if (System.nanoTime() - givesUp >= 0 || Thread.currentThread().isInterrupted()) {
                throw new LoadPending(key);
            }
            // Spread, so that those who wait do not all come back in the same moment.
            LockSupport.parkNanos(ThreadLocalRandom.current().nextLong(5_000_000, 25_000_000));
        }
    }

    private static Read load(
            RedisClient redis, String key, String lock, String owner, Policy policy, Supplier<String> loader) {
        try {
            // The value may have come between the look and the lock.
            Read cached = look(redis, key, policy);
            if (cached != null && cached.origin() == Origin.FRESH) {
                return cached;
            }
            String value = Objects.requireNonNull(loader.get(), "the loader returned null");
            long life = policy.fresh().plus(policy.stale()).toMillis();
            redis.eval(STORE_IF_OWNER, List.of(key, lock), List.of(owner, value, Long.toString(life)));
            return new Read(value, Origin.LOADED);
        } finally {
            redis.eval(RELEASE_IF_OWNER, List.of(lock), List.of(owner));
        }
    }

    /** What is cached, or null. */
    private static Read look(RedisClient redis, String key, Policy policy) {
        List<?> reply = (List<?>) redis.eval(LOOK, List.of(key), List.of());
        String value = (String) reply.get(0);
        long remaining = (Long) reply.get(1);
        Origin origin = remaining > policy.stale().toMillis() ? Origin.FRESH : Origin.STALE;
        return value == null ? null : new Read(value, origin);
    }

    public static void main(String[] args) {
        Story.tell(StampedeProtection.class, story -> {
            RedisClient redis = story.redis();
            Policy policy = new Policy(
                    Duration.ofMinutes(1), Duration.ofMinutes(10), Duration.ofSeconds(5), Duration.ofSeconds(2));

            story.step("Nothing is cached: the first reader takes the lock, loads and stores.");
            story.show("first reader", read(redis, "prices", policy, () -> "prices of Monday"));

            story.step("The value is fresh: one round trip, no load.");
            story.show("second reader", read(redis, "prices", policy, () -> "never asked"));

            story.step(
                    "The value is past its freshness. One reader loads, and whoever comes meanwhile gets the stale value.");
            redis.pexpire("prices", policy.stale().toMillis());
            Read slow = read(redis, "prices", policy, () -> {
                story.show("meanwhile", read(redis, "prices", policy, () -> "never asked"));
                return "prices of Tuesday";
            });
            story.show("the one that loads", slow);
            story.learned("SET NX PX lets one reader in; the time that remains of the value tells fresh from stale.");
        });
    }
}
