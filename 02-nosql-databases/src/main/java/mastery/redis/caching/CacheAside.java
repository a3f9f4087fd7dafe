package mastery.redis.caching;

import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.List;
import java.util.Objects;
import java.util.UUID;
import java.util.concurrent.Semaphore;
import javax.sql.DataSource;
import mastery.support.trace.Story;
import redis.clients.jedis.RedisClient;
import redis.clients.jedis.exceptions.JedisException;
import redis.clients.jedis.params.SetParams;

/**
 * A read that misses loads from the store and fills the cache; a write changes the store and then deletes from the cache, and
 * with it the right of slower readers to fill in what they loaded before.
 *
 * <p><b>When:</b> much is read, little is written, and a reader may be told what was true a moment ago.
 * <b>Not:</b> when an answer must never be old: a writer that dies between the store and the cache, or one that does not know
 * of the cache, leaves the old value there for the rest of its life. When many miss at once see {@link StampedeProtection}.
 * <b>Costs:</b> one round trip for a hit, three and a load for a miss, one more for a write.
 * <b>Needs:</b> a time to live for every value, and a socket timeout, which is what a read costs more while Redis does not
 * answer.
 *
 * <p>Without Redis reads go to the store, but only so many at once: the store was never sized for all of them. Source: Redis
 * manual, commands SET, DEL and EVAL.
 */
public final class CacheAside {

    public enum Origin {
        CACHE,
        STORE,
        /** Redis was not to be had, and the store answered. */
        STORE_ALONE
    }

    /**
     * What a reader got.
     *
     * @param name null when the store has no such product
     */
    public record Read(String name, Origin origin) {}

    /** Redis is not to be had, and as many as may already read from the store. */
    public static final class StoreProtected extends RuntimeException {
        private StoreProtected() {
            super("No cache, and the store serves as many readers as it may");
        }
    }

    /** A reader fills only with the lease it took before it loaded: a writer or a later reader has ended it otherwise. */
    private static final String FILL = """
            if redis.call('GET', KEYS[2]) ~= ARGV[1] then return 0 end
            redis.call('SET', KEYS[1], ARGV[2], 'PX', ARGV[3])
            return redis.call('DEL', KEYS[2])""";

    /** How long a reader may take to load and still fill. */
    private static final Duration LEASE = Duration.ofSeconds(10);

    private final RedisClient redis;
    private final DataSource store;
    private final Duration life;
    private final Semaphore readersWithoutCache;

    /**
     * Safe for any number of threads and processes.
     *
     * @param life how long a value stays, and so how long it may be old at worst
     * @param readersWithoutCache how many of this process may read from the store at once while Redis is not to be had
     */
    public CacheAside(RedisClient redis, DataSource store, Duration life, int readersWithoutCache) {
        if (life.toMillis() < 1 || readersWithoutCache < 1) {
            throw new IllegalArgumentException(
                    "a value lives for a millisecond or more, and one reader or more may read");
        }
        this.redis = Objects.requireNonNull(redis);
        this.store = Objects.requireNonNull(store);
        this.life = life;
        this.readersWithoutCache = new Semaphore(readersWithoutCache);
    }

    /**
     * The right way to read.
     *
     * @throws StoreProtected when Redis is not to be had and too many read from the store already
     */
    public Read read(String id) throws SQLException {
        String key = key(id);
        String lease = UUID.randomUUID().toString();
        try {
            String cached = redis.get(key);
            if (cached != null) {
                return new Read(cached, Origin.CACHE);
            }
            redis.set(leaseOf(key), lease, SetParams.setParams().px(LEASE.toMillis()));
        } catch (JedisException unreachable) {
            return readWithoutCache(id);
        }
        String name = load(id);
        if (name == null) {
            return new Read(null, Origin.STORE);
        }
        try {
            List<String> values = List.of(lease, name, Long.toString(life.toMillis()));
            redis.eval(FILL, List.of(key, leaseOf(key)), values);
            return new Read(name, Origin.STORE);
        } catch (JedisException unreachable) {
            return new Read(name, Origin.STORE_ALONE);
        }
    }

    private Read readWithoutCache(String id) throws SQLException {
        if (!readersWithoutCache.tryAcquire()) {
            throw new StoreProtected();
        }
        try {
            return new Read(load(id), Origin.STORE_ALONE);
        } finally {
            readersWithoutCache.release();
        }
    }

    /** The wrong way: between the load and the SET a writer may have come and gone, and its delete with it. */
    Read readWithoutLease(String id) throws SQLException {
        String cached = redis.get(key(id));
        if (cached != null) {
            return new Read(cached, Origin.CACHE);
        }
        String name = load(id);
        if (name != null) {
            redis.set(key(id), name, SetParams.setParams().px(life.toMillis()));
        }
        return new Read(name, Origin.STORE);
    }

    /**
     * The right way to write.
     *
     * @return false when Redis was not to be had: the store is changed, and readers may get the old name for the rest of its life
     */
    public boolean write(String id, String name) throws SQLException {
        String key = key(id);
        save(id, name);
        try {
            redis.del(key, leaseOf(key));
            return true;
        } catch (JedisException unreachable) {
            return false;
        }
    }

    /** The wrong way: of two writers the one that saves first may be the one that sets last. */
    void writeAndSet(String id, String name) throws SQLException {
        save(id, name);
        redis.set(key(id), name, SetParams.setParams().px(life.toMillis()));
    }

    static String key(String id) {
        return "product:" + Objects.requireNonNull(id, "id");
    }

    /** In a cluster the braces put it into the slot of its key. */
    static String leaseOf(String key) {
        return "{" + key + "}:lease";
    }

    private String load(String id) throws SQLException {
        try (Connection connection = store.getConnection();
                PreparedStatement select = connection.prepareStatement("select name from product where id = ?")) {
            select.setString(1, id);
            try (ResultSet row = select.executeQuery()) {
                return row.next() ? row.getString("name") : null;
            }
        }
    }

    private void save(String id, String name) throws SQLException {
        try (Connection connection = store.getConnection();
                PreparedStatement upsert = connection.prepareStatement("""
                        insert into product (id, name) values (?, ?)
                        on conflict (id) do update set name = excluded.name
                        """)) {
            upsert.setString(1, id);
            upsert.setString(2, name);
            upsert.executeUpdate();
        }
    }

    public static void createSchema(Connection connection) throws SQLException {
        try (Statement statement = connection.createStatement()) {
            statement.execute("""
                    create table product (
                      id   text primary key,
                      name text not null check (name <> '')
                    )
                    """);
        }
    }

    public static void main(String[] args) {
        Story.tell(CacheAside.class, story -> {
            DataSource store = story.postgresql();
            CacheAside products = new CacheAside(story.redis(), store, Duration.ofMinutes(10), 8);
            story.quietly("a product in the store", () -> {
                try (Connection connection = store.getConnection()) {
                    createSchema(connection);
                }
                products.write("p1", "Lamp");
            });

            story.step("The first read misses: it takes a lease, loads, and fills the cache.");
            story.show("got", products.read("p1"));

            story.step("The second read does not reach the store.");
            story.show("got", products.read("p1"));

            story.step("A write changes the store, then deletes the value and the lease.");
            products.write("p1", "Desk lamp");
            story.show("got", products.read("p1"));

            story.learned("Delete after a write, and let nobody fill in what was loaded before it.");
        });
    }
}
