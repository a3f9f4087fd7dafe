package mastery.redis.caching;

import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.Objects;
import javax.sql.DataSource;
import mastery.support.trace.Story;
import redis.clients.jedis.RedisClient;
import redis.clients.jedis.exceptions.JedisException;
import redis.clients.jedis.params.SetParams;

/**
 * What the store does not have is cached as well, for a short time, so that asking for it again and again does not reach the
 * store.
 *
 * <p><b>When:</b> many ask for what is not there: dead links, unknown devices, names that are still free.
 * <b>Not:</b> against somebody who never asks for the same thing twice: every question then costs a load, and memory for
 * {@code missingLife}. Limit how often he may ask, see {@link LuaRateLimiter}.
 * <b>Costs:</b> what is created may stay hidden for {@code missingLife}: a reader that looked before it was created may note
 * "missing" after the creation deleted that note. So this life is short.
 * <b>Needs:</b> values that cannot be mistaken for the note, and rows that do not change, as here; else see {@link CacheAside}.
 *
 * <p>Without Redis every question goes to the store, as many at once as the data source has connections. A question that the
 * store could not answer is never noted as missing. Source: Redis manual, command SET (options NX and PX).
 */
public final class NegativeCaching {

    /** A found value begins with a plus, so no value is ever the note. */
    static final String MISSING = "-";

    private static final String FOUND = "+";

    public enum Origin {
        CACHE,
        STORE,
        /** Redis was not to be had, and the store answered. */
        STORE_ALONE
    }

    /**
     * What a reader got.
     *
     * @param owner null when there is no such account
     */
    public record Read(String owner, Origin origin) {}

    private final RedisClient redis;
    private final DataSource store;
    private final Duration life;
    private final Duration missingLife;

    /**
     * Safe for any number of threads and processes.
     *
     * @param life how long an account stays in the cache
     * @param missingLife how long it stays noted that there is none, at most {@code life}
     */
    public NegativeCaching(RedisClient redis, DataSource store, Duration life, Duration missingLife) {
        if (missingLife.toMillis() < 1 || missingLife.compareTo(life) > 0) {
            throw new IllegalArgumentException(
                    "a note of what is missing lives for a millisecond or more, and not longer than a value: "
                            + missingLife);
        }
        this.redis = Objects.requireNonNull(redis);
        this.store = Objects.requireNonNull(store);
        this.life = life;
        this.missingLife = missingLife;
    }

    /** The right way. */
    public Read find(String account) throws SQLException {
        String key = key(account);
        try {
            String cached = redis.get(key);
            if (cached != null) {
                return new Read(cached.equals(MISSING) ? null : cached.substring(FOUND.length()), Origin.CACHE);
            }
        } catch (JedisException unreachable) {
            return new Read(load(account), Origin.STORE_ALONE);
        }
        String owner = load(account);
        // NX: what somebody else noted meanwhile is not older than this.
        SetParams params = SetParams.setParams().nx().px((owner == null ? missingLife : life).toMillis());
        try {
            redis.set(key, owner == null ? MISSING : FOUND + owner, params);
            return new Read(owner, Origin.STORE);
        } catch (JedisException unreachable) {
            return new Read(owner, Origin.STORE_ALONE);
        }
    }

    /** The wrong way: only what is there is cached, so whoever asks for what is not reaches the store each time. */
    Read findCachingFoundOnly(String account) throws SQLException {
        String cached = redis.get(key(account));
        if (cached != null) {
            return new Read(cached.substring(FOUND.length()), Origin.CACHE);
        }
        String owner = load(account);
        if (owner != null) {
            redis.set(key(account), FOUND + owner, SetParams.setParams().px(life.toMillis()));
        }
        return new Read(owner, Origin.STORE);
    }

    /**
     * Creates an account and deletes the note that there is none.
     *
     * @return false when Redis was not to be had: the account exists, and may stay hidden for {@code missingLife}
     * @throws SQLException when the store refuses, with SQLSTATE 23505 where the account exists
     */
    public boolean create(String account, String owner) throws SQLException {
        String key = key(account);
        try (Connection connection = store.getConnection();
                PreparedStatement insert =
                        connection.prepareStatement("insert into account (id, owner) values (?, ?)")) {
            insert.setString(1, account);
            insert.setString(2, owner);
            insert.executeUpdate();
        }
        try {
            redis.del(key);
            return true;
        } catch (JedisException unreachable) {
            return false;
        }
    }

    static String key(String account) {
        return "account:" + Objects.requireNonNull(account, "account");
    }

    private String load(String account) throws SQLException {
        try (Connection connection = store.getConnection();
                PreparedStatement select = connection.prepareStatement("select owner from account where id = ?")) {
            select.setString(1, account);
            try (ResultSet row = select.executeQuery()) {
                return row.next() ? row.getString("owner") : null;
            }
        }
    }

    public static void createSchema(Connection connection) throws SQLException {
        try (Statement statement = connection.createStatement()) {
            statement.execute("""
                    create table account (
                      id    text primary key,
                      owner text not null
                    )
                    """);
        }
    }

    public static void main(String[] args) {
        Story.tell(NegativeCaching.class, story -> {
            DataSource store = story.postgresql();
            NegativeCaching accounts =
                    new NegativeCaching(story.redis(), store, Duration.ofHours(1), Duration.ofSeconds(5));
            story.quietly("an empty table", () -> {
                try (Connection connection = store.getConnection()) {
                    createSchema(connection);
                }
            });

            story.step("The first question reaches the store, and its answer \"none\" is noted for five seconds.");
            story.show("got", accounts.find("ann"));

            story.step("The second does not.");
            story.show("got", accounts.find("ann"));

            story.step("Creating the account deletes the note.");
            accounts.create("ann", "Ann Lee");
            story.show("got", accounts.find("ann"));

            story.learned("Cache the answer \"none\" too, but shortly: it is the one that creation makes wrong.");
        });
    }
}
