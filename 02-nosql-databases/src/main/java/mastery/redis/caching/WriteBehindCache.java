package mastery.redis.caching;

import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import javax.sql.DataSource;
import mastery.support.trace.Story;
import redis.clients.jedis.RedisClient;
import redis.clients.jedis.StreamEntryID;
import redis.clients.jedis.exceptions.JedisDataException;
import redis.clients.jedis.exceptions.JedisException;
import redis.clients.jedis.params.XAutoClaimParams;
import redis.clients.jedis.params.XReadGroupParams;
import redis.clients.jedis.resps.StreamEntry;

/**
 * A write is done when it stands in a stream beside the cache; a worker carries the last value of each key to the store in
 * batches, and may crash at any moment, because the stream's own ids keep an older value from replacing a newer one.
 *
 * <p><b>When:</b> the same keys are written far more often than the store could take: counters, positions, drafts.
 * <b>Not:</b> for what must not be lost, or what others read from the store: it is behind, and refuses a value only after its
 * writer was told that all is well.
 * <b>Costs:</b> a worker, and memory for what is not carried yet: those values have no end of life, or a reader would get the
 * older one from the store.
 * <b>Needs:</b> one Redis that evicts no keys without a life ({@code volatile-*} or {@code noeviction}), and whose clock does not
 * go back across a loss of its data: ids begin with the time. Batches of several workers overlap safely.
 *
 * <p>When Redis dies, what was acknowledged and not carried yet is lost, unless it runs with {@code appendfsync always}. Without
 * Redis a write fails, and a read gets what the store has and is told so. Source: Redis manual, "Redis Streams", commands
 * XREADGROUP, XAUTOCLAIM and XACK.
 */
public final class WriteBehindCache {

    public enum Origin {
        CACHE,
        STORE,
        /** Redis was not to be had: what the store has may be older than what was acknowledged. */
        STORE_ALONE
    }

    /**
     * What a reader got.
     *
     * @param name null when there is no such product
     */
    public record Read(String name, Origin origin) {}

    /**
     * What one call carried.
     *
     * @param entries taken from the stream, and acknowledged
     * @param keys of the batch: of its entries the last of each key counts
     * @param rows that the store changed; fewer than keys when something newer was there already
     * @param refused by the store, and put aside with its reason
     */
    public record Carried(int entries, int keys, int rows, int refused) {}

    static final String STREAM = "{products}:writes";
    static final String REFUSED = "{products}:refused";
    static final String GROUP = "store";

    /** Entry and cached value in one step, with one id. PERSIST: it may not end before it is carried. */
    private static final String WRITE = """
            local id = redis.call('XADD', KEYS[1], '*', 'id', ARGV[1], 'name', ARGV[2])
            redis.call('HSET', KEYS[2], 'version', id, 'name', ARGV[2])
            redis.call('PERSIST', KEYS[2])
            return id""";

    /** Whoever wrote meanwhile has the newer value. */
    private static final String FILL = """
            if redis.call('EXISTS', KEYS[1]) == 1 then return 0 end
            redis.call('HSET', KEYS[1], 'version', '0-0', 'name', ARGV[1])
            return redis.call('PEXPIRE', KEYS[1], ARGV[2])""";

    /** From now on, or at once, the cached value may end: unless it is a newer one. */
    private static final String END = """
            if redis.call('HGET', KEYS[1], 'version') ~= ARGV[1] then return 0 end
            return redis.call('PEXPIRE', KEYS[1], ARGV[2])""";

    /** The stream's id is the version. A batch that comes twice, or late, changes nothing. */
    private static final String UPSERT = """
            insert into product (id, name, version_time, version_number) values (?, ?, ?, ?)
            on conflict (id) do update
               set name = excluded.name, version_time = excluded.version_time, version_number = excluded.version_number
             where (product.version_time, product.version_number) < (excluded.version_time, excluded.version_number)
            """;

    private final RedisClient redis;
    private final DataSource store;
    private final Duration life;

    /**
     * Safe for any number of threads and processes.
     *
     * @param life how long a value stays in the cache after it was carried or loaded
     */
    public WriteBehindCache(RedisClient redis, DataSource store, Duration life) {
        if (life.toMillis() < 1) {
            throw new IllegalArgumentException("a value lives for a millisecond or more, not for " + life);
        }
        this.redis = Objects.requireNonNull(redis);
        this.store = Objects.requireNonNull(store);
        this.life = life;
    }

    /** Makes stream and group where they are not; again after Redis lost its data. */
    public void createGroup() {
        try {
            // From the first entry on, so that nothing written before is left out.
            redis.xgroupCreate(STREAM, GROUP, new StreamEntryID(0, 0), true);
        } catch (JedisDataException e) {
            if (!e.getMessage().startsWith("BUSYGROUP")) {
                throw e;
            }
        }
    }

    /**
     * Returns when Redis has it; the store gets it later.
     *
     * @throws JedisException when Redis is not to be had: the write may have happened or not, and may be repeated
     */
    public void write(String id, String name) {
        redis.eval(WRITE, List.of(STREAM, key(id)), List.of(id, Objects.requireNonNull(name, "name")));
    }

    public Read read(String id) throws SQLException {
        String key = key(id);
        try {
            String cached = redis.hget(key, "name");
            if (cached != null) {
                return new Read(cached, Origin.CACHE);
            }
        } catch (JedisException unreachable) {
            return new Read(load(id), Origin.STORE_ALONE);
        }
        String name = load(id);
        if (name == null) {
            return new Read(null, Origin.STORE);
        }
        try {
            redis.eval(FILL, List.of(key), List.of(name, Long.toString(life.toMillis())));
            return new Read(name, Origin.STORE);
        } catch (JedisException unreachable) {
            return new Read(name, Origin.STORE_ALONE);
        }
    }

    /**
     * Carries up to {@code limit} entries, those first that this worker took before and did not acknowledge: after a crash it goes
     * on under its old name.
     *
     * @throws SQLException when the store is not to be had; the entries stay this worker's
     */
    public Carried carry(String worker, int limit) throws SQLException {
        List<StreamEntry> entries = take(worker, limit, new StreamEntryID(0, 0));
        return carry(entries.isEmpty() ? take(worker, limit, StreamEntryID.XREADGROUP_UNDELIVERED_ENTRY) : entries);
    }

    /** Carries what workers took and have not acknowledged for so long that they must be dead. */
    public Carried carryForTheDead(String worker, int limit, Duration idle) throws SQLException {
        XAutoClaimParams count = XAutoClaimParams.xAutoClaimParams().count(limit);
        return carry(redis.xautoclaim(STREAM, GROUP, worker, idle.toMillis(), new StreamEntryID(0, 0), count)
                .getValue());
    }

    private List<StreamEntry> take(String worker, int limit, StreamEntryID from) {
        XReadGroupParams count = XReadGroupParams.xReadGroupParams().count(limit);
        var read = redis.xreadGroup(GROUP, worker, count, Map.of(STREAM, from));
        return read == null || read.isEmpty() ? List.of() : read.get(0).getValue();
    }

    private Carried carry(List<StreamEntry> entries) throws SQLException {
        if (entries.isEmpty()) {
            return new Carried(0, 0, 0, 0);
        }
        Map<String, StreamEntry> lastOfKey = new LinkedHashMap<>();
        entries.forEach(entry -> lastOfKey.put(entry.getFields().get("id"), entry));
        Map<StreamEntry, String> refused = new LinkedHashMap<>();
        int rows = save(entries, lastOfKey.values(), refused);
        // A crash up to here leaves the entries pending: they come again, and change nothing.
        lastOfKey.values().forEach(entry -> end(entry, refused.containsKey(entry) ? 0 : life.toMillis()));
        refused.forEach(this::putAside);
        StreamEntryID[] ids = entries.stream().map(StreamEntry::getID).toArray(StreamEntryID[]::new);
        redis.xack(STREAM, GROUP, ids);
        redis.xdel(STREAM, ids);
        return new Carried(entries.size(), lastOfKey.size(), rows, refused.size());
    }

    private void end(StreamEntry entry, long millis) {
        String key = key(entry.getFields().get("id"));
        redis.eval(END, List.of(key), List.of(entry.getID().toString(), Long.toString(millis)));
    }

    private void putAside(StreamEntry entry, String reason) {
        Map<String, String> fields = new LinkedHashMap<>(entry.getFields());
        fields.put("entry", entry.getID().toString());
        fields.put("reason", reason);
        redis.xadd(REFUSED, StreamEntryID.NEW_ENTRY, fields);
    }

    /**
     * The last of each key in one transaction. Only if the store refuses one of them all entries, one by one: it holds up none of
     * the rest, and the value before it counts.
     */
    private int save(List<StreamEntry> all, Collection<StreamEntry> lastOfKey, Map<StreamEntry, String> refused)
            throws SQLException {
        try (Connection connection = store.getConnection()) {
            connection.setAutoCommit(false);
            try {
                return save(connection, lastOfKey);
            } catch (SQLException e) {
                if (!isAboutTheValue(e)) {
                    throw e;
                }
                connection.rollback();
            }
            int rows = 0;
            for (StreamEntry entry : all) {
                try {
                    rows += save(connection, List.of(entry));
                } catch (SQLException e) {
                    if (!isAboutTheValue(e)) {
                        throw e;
                    }
                    connection.rollback();
                    refused.put(entry, e.getSQLState());
                }
            }
            return rows;
        }
    }

    private static int save(Connection connection, Collection<StreamEntry> entries) throws SQLException {
        try (PreparedStatement upsert = connection.prepareStatement(UPSERT)) {
            // All workers lock rows in one order, so none waits for another in a circle.
            List<StreamEntry> ordered = new ArrayList<>(entries);
            ordered.sort(
                    (a, b) -> a.getFields().get("id").compareTo(b.getFields().get("id")));
            for (StreamEntry entry : ordered) {
                upsert.setString(1, entry.getFields().get("id"));
                upsert.setString(2, entry.getFields().get("name"));
                upsert.setLong(3, entry.getID().getTime());
                upsert.setLong(4, entry.getID().getSequence());
                upsert.addBatch();
            }
            int rows = 0;
            for (int count : upsert.executeBatch()) {
                rows += count;
            }
            connection.commit();
            return rows;
        }
    }

    /** Classes 22 and 23, data exception and integrity constraint violation: repeating would not help. */
    private static boolean isAboutTheValue(SQLException e) {
        String state = String.valueOf(e.getSQLState());
        return state.startsWith("22") || state.startsWith("23");
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

    /** In the slot of the stream. */
    static String key(String id) {
        return "{products}:id:" + Objects.requireNonNull(id, "id");
    }

    public static void createSchema(Connection connection) throws SQLException {
        try (Statement statement = connection.createStatement()) {
            statement.execute("""
                    create table product (
                      id             text primary key,
                      name           text not null check (name <> ''),
                      version_time   bigint not null,
                      version_number bigint not null
                    )
                    """);
        }
    }

    public static void main(String[] args) {
        Story.tell(WriteBehindCache.class, story -> {
            DataSource store = story.postgresql();
            WriteBehindCache products = new WriteBehindCache(story.redis(), store, Duration.ofMinutes(10));
            story.quietly("a table, a stream and a group", () -> {
                try (Connection connection = store.getConnection()) {
                    createSchema(connection);
                }
                products.createGroup();
            });

            story.step("Four writes to two products: none of them reaches the store.");
            for (String name : List.of("L", "La", "Lamp")) {
                products.write("p1", name);
            }
            products.write("p2", "Chair");
            story.show("got", products.read("p1"));

            story.step("A worker carries the last of each in one batch, and acknowledges all four.");
            story.show("carried", products.carry("worker 1", 100));

            story.step("A value that the store does not take is put aside, and its reason with it.");
            products.write("p1", "");
            story.show("carried", products.carry("worker 1", 100));
            story.show("got", products.read("p1"));
            story.learned("The stream remembers, its ids decide which value is newer, and XACK comes last.");
        });
    }
}
