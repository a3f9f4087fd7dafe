package mastery.design.transactions;

import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import mastery.support.trace.Story;
import redis.clients.jedis.RedisClient;
import redis.clients.jedis.StreamEntryID;
import redis.clients.jedis.exceptions.JedisDataException;
import redis.clients.jedis.params.XReadGroupParams;
import redis.clients.jedis.resps.StreamEntry;

/**
 * An event is written in the transaction that it tells of, a relay publishes it at least once, and a consumer that keeps the
 * ids of what it did makes that exactly one effect, whoever is killed at whatever step.
 *
 * <p><b>When:</b> a change in the database must become known to another system, and neither may be forgotten: each change has its event, no
 * event is without its change.
 *
 * <p><b>Not</b> where a lost message does no harm, such as a cache that expires anyway; and not without an idempotent consumer: a
 * relay that dies between publishing and marking publishes again.
 *
 * <p><b>It costs</b> two more writes for each event, the delay of the relay's next round, and a row for each event that the consumer
 * has seen, kept as long as the event may come again.
 *
 * <p>Relays may run side by side. Each takes only the oldest waiting event of a basket, so that no other one overtakes it
 * with the next: {@link #relayAnyEvent} shows what SKIP LOCKED does without that. The events of one basket have rising ids because
 * {@link #add} locks the basket before it takes an id; ids of different baskets may commit in any order.
 *
 * <p><b>It needs</b> PostgreSQL at READ COMMITTED, where a row that was changed while it was waited for is looked at again, and a Redis that writes
 * its log to the disk before it answers ({@code appendonly yes}, {@code appendfsync always}): else a Redis that is killed forgets
 * events that the outbox counts as published.
 *
 * <p>Source: PostgreSQL manual, "SELECT", the locking clause, and "Transaction Isolation"; Redis manual, "Redis Streams" and "Redis
 * persistence".
 */
public final class Outbox {

    static final String STREAM = "basket-events";
    static final String GROUP = "packing";

    private static final int AT_ONCE = 100;

    private static final String ANY_WAITING = """
            select id, basket, item
              from outbox
             where not published
             order by id
             limit ?
               for update skip locked
            """;

    private static final String OLDEST_OF_EACH_BASKET = """
            select id, basket, item
              from outbox
             where not published
               and not exists (select from outbox older
                                where older.basket = outbox.basket and older.id < outbox.id and not older.published)
             order by id
             limit ?
               for update skip locked
            """;

    private Outbox() {}

    /** Something that happened: an item was put into a basket. */
    public record Event(long id, String basket, String item) {}

    /** The wrong way: Redis knows of it at once, also when the transaction then rolls back; and never, if it dies in between. */
    public static void addAndPublish(Connection connection, RedisClient redis, String basket, String item)
            throws SQLException {
        long id = add(connection, basket, item);
        publish(redis, new Event(id, basket, item));
    }

    /** The right way: the change and its event, in the caller's transaction. Returns the event's id. */
    public static long add(Connection connection, String basket, String item) throws SQLException {
        if (connection.getAutoCommit()) {
            throw new IllegalStateException("turn auto-commit off: the change and its event are one transaction");
        }
        if (basket == null || basket.isBlank() || item == null || item.isBlank()) {
            throw new IllegalArgumentException("an event needs a basket and an item");
        }
        update(connection, """
                insert into basket (id, items) values (?, 1)
                on conflict (id) do update set items = basket.items + 1
                """, basket);
        try (PreparedStatement insert =
                connection.prepareStatement("insert into outbox (basket, item) values (?, ?) returning id")) {
            insert.setString(1, basket);
            insert.setString(2, item);
            try (ResultSet row = insert.executeQuery()) {
                row.next();
                return row.getLong(1);
            }
        }
    }

    /** One round of a relay: publishes the oldest waiting event of each of so many baskets. An event may be published again. */
    public static List<Event> relay(Connection connection, RedisClient redis, int baskets) throws SQLException {
        return relay(connection, redis, OLDEST_OF_EACH_BASKET, baskets);
    }

    /** Nearly the same: what another relay has locked is skipped, and the event behind it overtakes. */
    public static List<Event> relayAnyEvent(Connection connection, RedisClient redis, int events) throws SQLException {
        return relay(connection, redis, ANY_WAITING, events);
    }

    private static List<Event> relay(Connection connection, RedisClient redis, String waiting, int limit)
            throws SQLException {
        if (limit < 1) {
            throw new IllegalArgumentException("a round of " + limit + " events publishes nothing");
        }
        connection.setAutoCommit(false);
        try {
            List<Event> events = claim(connection, waiting, limit);
            for (Event event : events) {
                publish(redis, event);
                update(connection, "update outbox set published = true where id = ?", event.id());
            }
            connection.commit();
            return events;
        } catch (SQLException | RuntimeException e) {
            rollBack(connection, e);
            throw e;
        }
    }

    private static List<Event> claim(Connection connection, String waiting, int limit) throws SQLException {
        List<Event> events = new ArrayList<>();
        try (PreparedStatement select = connection.prepareStatement(waiting)) {
            select.setInt(1, limit);
            try (ResultSet row = select.executeQuery()) {
                while (row.next()) {
                    events.add(new Event(row.getLong("id"), row.getString("basket"), row.getString("item")));
                }
            }
        }
        return events;
    }

    private static void publish(RedisClient redis, Event event) {
        redis.xadd(
                STREAM,
                StreamEntryID.NEW_ENTRY,
                Map.of("id", Long.toString(event.id()), "basket", event.basket(), "item", event.item()));
    }

    /** What was published, in its order, repetitions too. */
    public static List<Event> published(RedisClient redis) {
        return redis.xrange(STREAM, (StreamEntryID) null, (StreamEntryID) null).stream()
                .map(Outbox::event)
                .toList();
    }

    private static Event event(StreamEntry entry) {
        Map<String, String> fields = entry.getFields();
        return new Event(Long.parseLong(fields.get("id")), fields.get("basket"), fields.get("item"));
    }

    /** A group of consumers that starts at the first event; made before they are. */
    public static void createGroup(RedisClient redis) {
        try {
            redis.xgroupCreate(STREAM, GROUP, new StreamEntryID(0), true);
        } catch (JedisDataException e) {
            if (!String.valueOf(e.getMessage()).startsWith("BUSYGROUP")) {
                throw e;
            }
        }
    }

    /** One round of a consumer: first what it had received and not acknowledged, then what is new. Returns what it did. */
    public static List<Event> consume(Connection connection, RedisClient redis, String consumer) throws SQLException {
        connection.setAutoCommit(false);
        List<Event> done = new ArrayList<>();
        for (StreamEntryID from : List.of(new StreamEntryID(0), StreamEntryID.XREADGROUP_UNDELIVERED_ENTRY)) {
            for (StreamEntry entry : read(redis, consumer, from)) {
                Event event = event(entry);
                if (pack(connection, event)) {
                    done.add(event);
                }
                // last: unacknowledged it comes again, and is then known
                redis.xack(STREAM, GROUP, entry.getID());
            }
        }
        return done;
    }

    private static List<StreamEntry> read(RedisClient redis, String consumer, StreamEntryID from) {
        XReadGroupParams limit = XReadGroupParams.xReadGroupParams().count(AT_ONCE);
        Map<String, List<StreamEntry>> streams = redis.xreadGroupAsMap(GROUP, consumer, limit, Map.of(STREAM, from));
        return streams == null ? List.of() : streams.getOrDefault(STREAM, List.of());
    }

    /** The effect and the event's id are one transaction; false if the id was there already. */
    private static boolean pack(Connection connection, Event event) throws SQLException {
        try {
            boolean isNew =
                    update(connection, "insert into inbox (event) values (?) on conflict do nothing", event.id()) == 1;
            if (isNew) {
                update(connection, """
                        insert into parcel (basket, items) values (?, ?)
                        on conflict (basket) do update set items = parcel.items || ', ' || excluded.items
                        """, event.basket(), event.item());
            }
            connection.commit();
            return isNew;
        } catch (SQLException | RuntimeException e) {
            rollBack(connection, e);
            throw e;
        }
    }

    /** What is in a basket's parcel, in the order in which it was packed. */
    public static String parcel(Connection connection, String basket) throws SQLException {
        try (PreparedStatement select = connection.prepareStatement("select items from parcel where basket = ?")) {
            select.setString(1, basket);
            try (ResultSet row = select.executeQuery()) {
                return row.next() ? row.getString(1) : "";
            }
        }
    }

    private static int update(Connection connection, String sql, Object... values) throws SQLException {
        try (PreparedStatement statement = connection.prepareStatement(sql)) {
            for (int i = 0; i < values.length; i++) {
                statement.setObject(i + 1, values[i]);
            }
            return statement.executeUpdate();
        }
    }

    private static void rollBack(Connection connection, Exception failure) {
        try {
            connection.rollback();
        } catch (SQLException e) {
            failure.addSuppressed(e);
        }
    }

    /** The shop's tables, and those of the consumer, which could lie elsewhere. */
    public static void createSchema(Connection connection) throws SQLException {
        try (Statement statement = connection.createStatement()) {
            statement.execute("create table basket (id text primary key, items int not null)");
            statement.execute("""
                    create table outbox (
                      id        bigint  generated always as identity primary key,
                      basket    text    not null,
                      item      text    not null,
                      published boolean not null default false
                    )
                    """);
            statement.execute("create index outbox_waiting on outbox (basket, id) where not published");
            statement.execute("create table inbox (event bigint primary key)");
            statement.execute("create table parcel (basket text primary key, items text not null)");
        }
    }

    public static void main(String[] args) {
        Story.tell(Outbox.class, story -> {
            RedisClient redis = story.redis();
            try (Connection shop = story.postgresql().getConnection();
                    Connection relay = story.postgresql().getConnection();
                    Connection packing = story.postgresql().getConnection()) {
                createSchema(shop);
                createGroup(redis);
                shop.setAutoCommit(false);

                story.step("The wrong way: published, then rolled back, and Redis tells what never happened");
                addAndPublish(shop, redis, "Ann", "ghost");
                shop.rollback();
                story.show("published", published(redis));
                redis.del(STREAM);
                createGroup(redis);

                story.step("The change and its event are one transaction: rolled back, nothing is published");
                add(shop, "Ann", "apple");
                shop.rollback();
                story.show("published", relay(relay, redis, 10));

                story.step("Two changes of one basket: each round takes the oldest of a basket");
                add(shop, "Ann", "apple");
                shop.commit();
                add(shop, "Ann", "pear");
                shop.commit();
                story.show("first round", relay(relay, redis, 10));

                story.step("A relay that dies before its commit leaves the event waiting, and it is published again");
                try (Statement undo = shop.createStatement()) {
                    undo.execute("update outbox set published = false");
                }
                shop.commit();
                relay(relay, redis, 10);
                relay(relay, redis, 10);
                story.show("published", published(redis));

                story.step("The consumer keeps the ids of what it did: three messages, two effects");
                story.show("done", consume(packing, redis, "worker-1"));
                story.show("parcel", parcel(packing, "Ann"));

                story.learned(
                        "Publish at least once, from a table written in the same transaction; do once, by the id.");
            }
        });
    }
}
