package mastery.redis.caching;

import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.List;
import java.util.Objects;
import javax.sql.DataSource;
import mastery.support.trace.Story;
import redis.clients.jedis.RedisClient;
import redis.clients.jedis.exceptions.JedisException;
import redis.clients.jedis.params.SetParams;

/**
 * One path writes to the store and then to the cache, and the version that the store counted decides which of two names the
 * cache keeps, in whatever order they arrive.
 *
 * <p><b>When:</b> what was written is read soon, by many, and a miss after each write would be too dear.
 * <b>Not:</b> when most of what is written is never read: it only fills the cache. Then delete, see {@link CacheAside}.
 * <b>Costs:</b> one more round trip for each write, and a version for each row.
 * <b>Needs:</b> every writer on this path, and a time to live: a writer that dies between store and cache leaves the old name.
 *
 * <p>Without Redis writes go to the store and say so, and reads are answered by the store; as many at once as the data source
 * has connections. A cache that lost its data has forgotten the versions too: a reader that loaded before may then fill in an
 * older name, for one life. Source: Redis manual, commands HSET and EVAL.
 */
public final class WriteThroughCache {

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

    /**
     * What became of a write that the store accepted.
     *
     * @param cached false when Redis was not to be had: readers may get the name before it for the rest of its life
     */
    public record Written(long version, boolean cached) {}

    private record Versioned(String name, long version) {}

    /** Version and name change together, and never back. */
    private static final String PUT_IF_NEWER = """
            local cached = redis.call('HGET', KEYS[1], 'version')
            if cached and tonumber(cached) >= tonumber(ARGV[1]) then return 0 end
            redis.call('HSET', KEYS[1], 'version', ARGV[1], 'name', ARGV[2])
            redis.call('PEXPIRE', KEYS[1], ARGV[3])
            return 1""";

    private final RedisClient redis;
    private final DataSource store;
    private final Duration life;

    /**
     * Safe for any number of threads and processes.
     *
     * @param life how long a name stays after it was written or loaded
     */
    public WriteThroughCache(RedisClient redis, DataSource store, Duration life) {
        if (life.toMillis() < 1) {
            throw new IllegalArgumentException("a value lives for a millisecond or more, not for " + life);
        }
        this.redis = Objects.requireNonNull(redis);
        this.store = Objects.requireNonNull(store);
        this.life = life;
    }

    /**
     * The right way: the store first, since it may refuse.
     *
     * @throws SQLException when the store refuses; the cache is as it was
     */
    public Written write(String id, String name) throws SQLException {
        String key = key(id);
        long version = save(id, name);
        try {
            put(key, new Versioned(name, version));
            return new Written(version, true);
        } catch (JedisException unreachable) {
            return new Written(version, false);
        }
    }

    public Read read(String id) throws SQLException {
        String key = key(id);
        try {
            String cached = redis.hget(key, "name");
            if (cached != null) {
                return new Read(cached, Origin.CACHE);
            }
        } catch (JedisException unreachable) {
            return new Read(load(id).name(), Origin.STORE_ALONE);
        }
        Versioned loaded = load(id);
        if (loaded.name() == null) {
            return new Read(null, Origin.STORE);
        }
        try {
            put(key, loaded);
            return new Read(loaded.name(), Origin.STORE);
        } catch (JedisException unreachable) {
            return new Read(loaded.name(), Origin.STORE_ALONE);
        }
    }

    private void put(String key, Versioned value) {
        List<String> values = List.of(Long.toString(value.version()), value.name(), Long.toString(life.toMillis()));
        redis.eval(PUT_IF_NEWER, List.of(key), values);
    }

    /** A wrong way: when the store refuses, the cache has what never was. */
    void writeCacheFirst(String id, String name) throws SQLException {
        putBlindly(id, name);
        save(id, name);
    }

    /** A wrong way: of two writers the one that saves first may be the one that sets last. */
    void writeWithoutVersion(String id, String name) throws SQLException {
        save(id, name);
        putBlindly(id, name);
    }

    private void putBlindly(String id, String name) {
        redis.set("blind:" + id, name, SetParams.setParams().px(life.toMillis()));
    }

    static String key(String id) {
        return "product:" + Objects.requireNonNull(id, "id");
    }

    /** The row lock that the update takes makes the order in which the version counts the order in which names are saved. */
    private long save(String id, String name) throws SQLException {
        try (Connection connection = store.getConnection();
                PreparedStatement upsert = connection.prepareStatement("""
                        insert into product (id, name) values (?, ?)
                        on conflict (id) do update set name = excluded.name, version = product.version + 1
                        returning version
                        """)) {
            upsert.setString(1, id);
            upsert.setString(2, name);
            try (ResultSet row = upsert.executeQuery()) {
                row.next();
                return row.getLong("version");
            }
        }
    }

    private Versioned load(String id) throws SQLException {
        try (Connection connection = store.getConnection();
                PreparedStatement select =
                        connection.prepareStatement("select name, version from product where id = ?")) {
            select.setString(1, id);
            try (ResultSet row = select.executeQuery()) {
                return row.next()
                        ? new Versioned(row.getString("name"), row.getLong("version"))
                        : new Versioned(null, 0);
            }
        }
    }

    public static void createSchema(Connection connection) throws SQLException {
        try (Statement statement = connection.createStatement()) {
            statement.execute("""
                    create table product (
                      id      text primary key,
                      name    text not null check (name <> ''),
                      version bigint not null default 1
                    )
                    """);
        }
    }

    public static void main(String[] args) {
        Story.tell(WriteThroughCache.class, story -> {
            DataSource store = story.postgresql();
            WriteThroughCache products = new WriteThroughCache(story.redis(), store, Duration.ofMinutes(10));
            story.quietly("an empty table", () -> {
                try (Connection connection = store.getConnection()) {
                    createSchema(connection);
                }
            });

            story.step("A write goes to the store, which counts the version, and then to the cache.");
            story.show("written", products.write("p1", "Lamp"));
            story.show("written", products.write("p1", "Desk lamp"));

            story.step("The read after it does not reach the store.");
            story.show("got", products.read("p1"));

            story.step("A writer that was overtaken arrives last, and its name is refused.");
            products.put(key("p1"), new Versioned("Lamp", 1));
            story.show("got", products.read("p1"));

            story.learned("Store first, cache second, and the store's own version says which name is newer.");
        });
    }
}
