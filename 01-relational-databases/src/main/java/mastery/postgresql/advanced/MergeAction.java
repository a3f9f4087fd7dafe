package mastery.postgresql.advanced;

import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import mastery.support.trace.Story;

/**
 * MERGE makes a table equal to a feed in one statement and reports what it did to each row; but it is no upsert: two that
 * insert the same key at once end with 23505, where ON CONFLICT goes on.
 *
 * <p><b>Use it</b> to synchronise: what is new is inserted, what differs is updated, what the feed no longer has is deleted.
 *
 * <p><b>Not</b> for adding one row that others add at the same time: that is {@code insert ... on conflict}.
 *
 * <p><b>It costs</b> reading the whole table, because of NOT MATCHED BY SOURCE: each of its rows is looked for in the feed.
 *
 * <p><b>It needs</b> each key once in the feed, or the second one fails (21000 for an update, 23505 for an insert); and a
 * guard against an empty feed, which would delete everything. PostgreSQL 17 or later, 18 for {@code old} and {@code new}.
 *
 * <p>Source: PostgreSQL manual, MERGE, and INSERT, ON CONFLICT Clause.
 */
public final class MergeAction {

    /** Stock that is right already is left alone: an update to the same value would write a new row version. */
    static final String SYNC = """
            with change as (
              merge into stock as s
              using unnest(?::text[], ?::int[])
                    as feed (sku, quantity)
                 on s.sku = feed.sku
               when matched and s.quantity <> feed.quantity then
                    update set quantity = feed.quantity
               when not matched by target then
                    insert (sku, quantity) values (feed.sku, feed.quantity)
               when not matched by source then
                    delete
              returning merge_action() as action, coalesce(new.sku, old.sku) as sku,
                        old.quantity as quantity_before, new.quantity as quantity_after
            )
            select action, sku, quantity_before, quantity_after
              from change
             order by sku
            """;

    /** The right way for one key: whoever comes second waits, and then adds to what the first has inserted. */
    static final String ADD = """
            insert into stock as s (sku, quantity)
            values (?, ?)
                on conflict (sku) do update set quantity = s.quantity + excluded.quantity
            """;

    /** The wrong way: MERGE decides to insert by what was committed when it looked. */
    static final String ADD_BY_MERGE = """
            merge into stock as s
            using (values (?, ?)) as delivery (sku, quantity)
               on s.sku = delivery.sku
             when matched then
                  update set quantity = s.quantity + delivery.quantity
             when not matched then
                  insert (sku, quantity) values (delivery.sku, delivery.quantity)
            """;

    private MergeAction() {}

    /**
     * What happened to one row.
     *
     * @param action INSERT, UPDATE or DELETE
     * @param before the quantity before, null for a new row
     * @param after the quantity now, null for a row that is gone
     */
    public record Change(String action, String sku, Integer before, Integer after) {}

    /**
     * Makes the stock equal to the feed.
     *
     * @param feed quantities by sku, none negative, at least one
     * @return what was changed, by sku; nothing for what was right already
     */
    public static List<Change> sync(Connection connection, Map<String, Integer> feed) throws SQLException {
        if (feed.isEmpty()) {
            throw new IllegalArgumentException("an empty feed would delete the whole stock");
        }
        feed.forEach(MergeAction::requireDelivery);
        List<Change> changes = new ArrayList<>();
        try (PreparedStatement merge = connection.prepareStatement(SYNC)) {
            merge.setArray(1, connection.createArrayOf("text", feed.keySet().toArray()));
            merge.setArray(2, connection.createArrayOf("int4", feed.values().toArray()));
            try (ResultSet row = merge.executeQuery()) {
                while (row.next()) {
                    changes.add(new Change(
                            row.getString("action"),
                            row.getString("sku"),
                            row.getObject("quantity_before", Integer.class),
                            row.getObject("quantity_after", Integer.class)));
                }
            }
        }
        return changes;
    }

    /** Adds a delivery to the stock, whether the sku is there or not. */
    public static void add(Connection connection, String sku, int quantity) throws SQLException {
        add(connection, ADD, sku, quantity);
    }

    static void add(Connection connection, String sql, String sku, int quantity) throws SQLException {
        requireDelivery(sku, quantity);
        try (PreparedStatement statement = connection.prepareStatement(sql)) {
            statement.setString(1, sku);
            statement.setInt(2, quantity);
            statement.executeUpdate();
        }
    }

    private static void requireDelivery(String sku, Integer quantity) {
        if (sku == null || sku.isBlank() || quantity == null || quantity < 0) {
            throw new IllegalArgumentException("no sku, or no quantity: " + sku + " = " + quantity);
        }
    }

    public static void createSchema(Connection connection) throws SQLException {
        try (Statement statement = connection.createStatement()) {
            statement.execute("create table stock (sku text primary key, quantity int not null)");
        }
    }

    public static void main(String[] args) {
        Story.tell(MergeAction.class, story -> {
            try (Connection connection = story.postgresql().getConnection()) {
                story.quietly("a stock of apples, figs and pears", () -> {
                    createSchema(connection);
                    sync(connection, Map.of("apple", 5, "fig", 3, "pear", 2));
                });

                Map<String, Integer> feed = new TreeMap<>(Map.of("apple", 5, "kiwi", 9, "pear", 20));
                story.step("The feed has the same apples, more pears, new kiwis and no figs");
                story.show("what MERGE did", sync(connection, feed));

                story.step("The same feed again changes nothing");
                story.show("what MERGE did", sync(connection, feed));

                story.step("One delivery, while others deliver too: ON CONFLICT, not MERGE");
                add(connection, "plum", 7);
                add(connection, "plum", 1);

                story.learned("MERGE to make a table equal to a feed; ON CONFLICT to add while others add.");
            }
        });
    }
}
