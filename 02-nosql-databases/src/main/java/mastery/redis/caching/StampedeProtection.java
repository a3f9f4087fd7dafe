package mastery.redis.caching;

import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.List;
import java.util.Objects;
import java.util.UUID;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.locks.LockSupport;
import javax.sql.DataSource;
import mastery.support.trace.Story;
import redis.clients.jedis.RedisClient;
import redis.clients.jedis.exceptions.JedisException;
import redis.clients.jedis.params.SetParams;

/**
 * However many readers miss a cached value at once, only one of them loads it; the others get the stale value, or wait for a
 * bounded time.
 *
 * <p><b>When:</b> a value that many read and that is dear to load: a front page, a price list, a sum over many rows.
 * <b>Not:</b> when two loads do no harm, or when loading must happen only once: a lease can expire under a slow loader, and a flush
 * frees the lock, so this saves work and is no mutual exclusion.
 * <b>Costs:</b> one round trip for a fresh value, two for a stale one, four for a load, and memory for values that are kept past their
 * freshness.
 * <b>Needs:</b> one Redis. In a cluster give the key a {@code {tag}}: its lock must share its slot.
 *
 * <p>A value lives for {@code fresh + stale}. It is fresh while more than {@code stale} of that remains, so Redis' own clock
 * decides and no client's.
 *
 * <p>Without Redis nobody could hold the others back, so reads fail and the store is not asked at all; {@link CacheAside} lets a
 * bounded number through. Whoever has loaded when Redis goes gets his value. Source: Redis manual, commands SET (options NX and
 * PX), PTTL and EVAL.
 */
public final class StampedeProtection {

    /**
     * @param fresh how long a value is served without loading
     * @param stale how long after that it is still served to those who do not load
     * @param lease how long a loader may take before another reader may load as well
     * @param patience how long a reader waits when there is no value at all
     */
    public record Policy(Duration fresh, Duration stale, Duration lease, Duration patience) {

        public Policy {
            if (fresh.toMillis() < 1 || stale.isNegative() || lease.toMillis() < 1 || patience.isNegative()) {
                throw new IllegalArgumentException(
                        "a value is fresh and a lease lasts for a millisecond or more, and no time is negative");
            }
        }
    }

    /** What a reader got and how it came by it. */
    public record Read(String value, Origin origin) {}

    public enum Origin {
        FRESH,
        STALE,
        LOADED
    }

    /** Asks the store. */
    @FunctionalInterface
    public interface Loader<E extends Exception> {
        String load() throws E;
    }

    /** There is no value, and whoever loads it did not finish while the reader waited. */
    public static final class LoadPending extends RuntimeException {
        private LoadPending(String key) {
            super("No value for " + key + " yet: another reader is still loading it");
        }
    }

    /** The value and how long it still lives, of the same moment. */
    private static final String LOOK = "return {redis.call('GET', KEYS[1]), redis.call('PTTL', KEYS[1])}";

    /**
     * Only the owner of the lock stores and releases: a loader that overslept its lease must not overwrite a newer value, nor free
     * the lock of the next owner.
     */
    private static final String STORE_AND_RELEASE = """
            if redis.call('GET', KEYS[2]) ~= ARGV[1] then return 0 end
            redis.call('SET', KEYS[1], ARGV[2], 'PX', ARGV[3])
            return redis.call('DEL', KEYS[2])""";

    private static final String RELEASE = """
            if redis.call('GET', KEYS[1]) ~= ARGV[1] then return 0 end
            return redis.call('DEL', KEYS[1])""";

    private final RedisClient redis;
    private final Policy policy;

    /** Safe for any number of threads and processes. */
    public StampedeProtection(RedisClient redis, Policy policy) {
        this.redis = Objects.requireNonNull(redis);
        this.policy = Objects.requireNonNull(policy);
    }

    /** The wrong way: everyone who misses loads, so a popular key that expires sends all its readers to the store. */
    public <E extends Exception> Read readUnprotected(String key, Loader<E> loader) throws E {
        String cached = redis.get(key);
        if (cached != null) {
            return new Read(cached, Origin.FRESH);
        }
        String value = loader.load();
        redis.set(key, value, SetParams.setParams().px(policy.fresh().toMillis()));
        return new Read(value, Origin.LOADED);
    }

    /**
     * The right way.
     *
     * @param loader returns the value, never null; what it throws passes to its own reader only, and another reader loads
     * @throws LoadPending when there is no value within {@link Policy#patience()}, or the waiting thread is interrupted
     * @throws JedisException when Redis is not to be had; the loader is not asked
     */
    public <E extends Exception> Read read(String key, Loader<E> loader) throws E {
        String lock = lock(key);
        String owner = UUID.randomUUID().toString();
        // NX: only one gets it. PX: it ends even if its owner dies. One command, so no lock is ever without an end.
        SetParams once = SetParams.setParams().nx().px(policy.lease().toMillis());
        long givesUp = System.nanoTime() + policy.patience().toNanos();
        while (true) {
            Read cached = look(key);
            if (cached != null && cached.origin() == Origin.FRESH) {
                return cached;
            }
            if (redis.set(lock, owner, once) != null) {
                return load(key, owner, loader);
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

    private <E extends Exception> Read load(String key, String owner, Loader<E> loader) throws E {
        String loaded = null;
        try {
            // The value may have come between the look and the lock.
            Read cached = look(key);
            if (cached != null && cached.origin() == Origin.FRESH) {
                return cached;
            }
            loaded = Objects.requireNonNull(loader.load(), "the loader returned null");
            return new Read(loaded, Origin.LOADED);
        } finally {
            end(key, owner, loaded);
        }
    }

    private void end(String key, String owner, String loaded) {
        try {
            if (loaded == null) {
                redis.eval(RELEASE, List.of(lock(key)), List.of(owner));
            } else {
                long life = policy.fresh().plus(policy.stale()).toMillis();
                redis.eval(STORE_AND_RELEASE, List.of(key, lock(key)), List.of(owner, loaded, Long.toString(life)));
            }
        } catch (JedisException unreachable) {
            // The reader has its value, or the loader's error, all the same; the lock ends by itself.
        }
    }

    /** What is cached, or null. */
    private Read look(String key) {
        List<?> reply = (List<?>) redis.eval(LOOK, List.of(key), List.of());
        String value = (String) reply.get(0);
        long remaining = (Long) reply.get(1);
        Origin origin = remaining > policy.stale().toMillis() ? Origin.FRESH : Origin.STALE;
        return value == null ? null : new Read(value, origin);
    }

    static String lock(String key) {
        return Objects.requireNonNull(key, "key") + ":lock";
    }

    /** What is dear to load here: it reads every sale there is. */
    static String bestsellers(DataSource store) throws SQLException {
        try (Connection connection = store.getConnection();
                Statement select = connection.createStatement();
                ResultSet row = select.executeQuery("""
                        select coalesce(string_agg(product, ', ' order by sold desc, product), 'none')
                          from (select product, sum(quantity) as sold
                                  from sale
                                 group by product
                                 order by sold desc, product
                                 limit 3) best
                        """)) {
            row.next();
            return row.getString(1);
        }
    }

    public static void createSchema(Connection connection) throws SQLException {
        try (Statement statement = connection.createStatement()) {
            statement.execute("create table sale (product text not null, quantity integer not null)");
        }
    }

    public static void main(String[] args) {
        Story.tell(StampedeProtection.class, story -> {
            DataSource store = story.postgresql();
            RedisClient redis = story.redis();
            Policy policy = new Policy(
                    Duration.ofMinutes(1), Duration.ofMinutes(10), Duration.ofSeconds(5), Duration.ofSeconds(2));
            StampedeProtection cache = new StampedeProtection(redis, policy);
            Loader<SQLException> loader = () -> bestsellers(store);
            story.quietly("100,000 sales", () -> {
                try (Connection connection = store.getConnection();
                        Statement statement = connection.createStatement()) {
                    createSchema(connection);
                    statement.execute("""
                            insert into sale (product, quantity)
                            select (array['Lamp', 'Chair', 'Desk', 'Shelf'])[1 + n % 4], 1 + n % 4
                              from generate_series(1, 100000) n
                            """);
                }
            });

            story.step("Nothing is cached: the first reader takes the lock, loads and stores.");
            story.show("first reader", cache.read("best", loader));

            story.step("The value is fresh: one round trip, and the store is not asked.");
            story.show("second reader", cache.read("best", loader));

            story.step(
                    "The value is past its freshness. One reader loads, and whoever comes meanwhile gets the stale value.");
            story.quietly("many lamps are sold", () -> {
                try (Connection connection = store.getConnection();
                        Statement statement = connection.createStatement()) {
                    statement.execute("insert into sale (product, quantity) values ('Lamp', 100000)");
                }
            });
            redis.pexpire("best", policy.stale().toMillis());
            Read slow = cache.read("best", () -> {
                story.show("meanwhile", cache.read("best", loader));
                return loader.load();
            });
            story.show("the one that loads", slow);
            story.learned("SET NX PX lets one reader in; the time that remains of the value tells fresh from stale.");
        });
    }
}
