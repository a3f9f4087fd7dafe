package mastery.postgresql.basics;

import java.sql.Array;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.List;
import java.util.OptionalLong;
import mastery.support.trace.Story;

/**
 * ON CONFLICT DO UPDATE inserts or updates in one statement that no other session can come between, and RETURNING old and new
 * says which of the two it was and what was there before.
 *
 * <p><b>Use it</b> for counters, stock and imports that may run twice.
 *
 * <p><b>Not</b> to fetch a row that may be there already: DO NOTHING returns no row for it, and a DO UPDATE that changes
 * nothing still writes a new version of the row. SELECT first.
 *
 * <p><b>It costs</b> a sequence value for each row proposed, also when nothing is inserted: ids get gaps.
 *
 * <p><b>It needs</b> a unique constraint on the key; PostgreSQL 18 for {@code old} and {@code new}; and each key once in a
 * statement, or it fails with 21000.
 *
 * <p>Source: PostgreSQL manual, "INSERT", "Returning Data from Modified Rows".
 */
public final class UpsertReturning {

    /** The right way: one row, one statement. The row that was there is {@code old}; all of it is NULL after an insert. */
    static final String RECEIVE = """
            insert into stock (sku, quantity)
            values (?, ?)
            on conflict (sku) do update
               set quantity = stock.quantity + excluded.quantity
            returning new.id, new.sku, old.quantity as before, new.quantity as after, old.id is null as inserted
            """;

    /**
     * The right way for many: add up first, so that each key comes once, and in one order, so that two deliveries lock the
     * rows they share one after the other.
     */
    static final String RECEIVE_ALL = """
            insert into stock (sku, quantity)
            select sku, sum(quantity)
              from unnest(?, ?) as delivery (sku, quantity)
             group by sku
             order by sku
            on conflict (sku) do update
               set quantity = stock.quantity + excluded.quantity
            returning new.id, new.sku, old.quantity as before, new.quantity as after, old.id is null as inserted
            """;

    /** The wrong way: the second row for a key finds one that this statement has just written, error 21000. */
    static final String RECEIVE_ALL_AS_GIVEN = """
            insert into stock (sku, quantity)
            select sku, quantity
              from unnest(?, ?) as delivery (sku, quantity)
            on conflict (sku) do update
               set quantity = stock.quantity + excluded.quantity
            returning new.id, new.sku, old.quantity as before, new.quantity as after, old.id is null as inserted
            """;

    private UpsertReturning() {}

    public record Delivery(String sku, long quantity) {
        public Delivery {
            if (sku == null || sku.isBlank() || quantity < 1) {
                throw new IllegalArgumentException(
                        "a delivery has a sku and at least one piece: " + sku + ", " + quantity);
            }
        }
    }

    /** The stock of one sku after a delivery; {@code before} is {@code null} when the sku is new. */
    public record Receipt(long id, String sku, Long before, long after, boolean inserted) {}

    /** Adds a delivery to the stock of its sku, which may be new. */
    public static Receipt receive(Connection connection, Delivery delivery) throws SQLException {
        try (PreparedStatement upsert = connection.prepareStatement(RECEIVE)) {
            upsert.setString(1, delivery.sku());
            upsert.setLong(2, delivery.quantity());
            return receipts(upsert).get(0);
        }
    }

    /** Adds all deliveries, of which several may have the same sku, in one statement: a receipt for each sku. */
    public static List<Receipt> receiveAll(Connection connection, List<Delivery> deliveries) throws SQLException {
        return receiveAll(connection, RECEIVE_ALL, deliveries);
    }

    static List<Receipt> receiveAll(Connection connection, String sql, List<Delivery> deliveries) throws SQLException {
        Object[] skus = deliveries.stream().map(Delivery::sku).toArray();
        Object[] quantities = deliveries.stream().map(Delivery::quantity).toArray();
        Array skuArray = connection.createArrayOf("text", skus);
        Array quantityArray = connection.createArrayOf("bigint", quantities);
        try (PreparedStatement upsert = connection.prepareStatement(sql)) {
            upsert.setArray(1, skuArray);
            upsert.setArray(2, quantityArray);
            return receipts(upsert);
        } finally {
            skuArray.free();
            quantityArray.free();
        }
    }

    /** The wrong way: between the two statements another session can insert the same key, and one of both fails with 23505. */
    static void receiveInTwoSteps(Connection connection, Delivery delivery) throws SQLException {
        try (PreparedStatement update =
                        connection.prepareStatement("update stock set quantity = quantity + ? where sku = ?");
                PreparedStatement insert =
                        connection.prepareStatement("insert into stock (quantity, sku) values (?, ?)")) {
            update.setLong(1, delivery.quantity());
            update.setString(2, delivery.sku());
            if (update.executeUpdate() == 0) {
                insert.setLong(1, delivery.quantity());
                insert.setString(2, delivery.sku());
                insert.executeUpdate();
            }
        }
    }

    /** Adds a sku without stock and returns its id; empty if it was there: DO NOTHING has nothing to return. */
    public static OptionalLong addIfNew(Connection connection, String sku) throws SQLException {
        if (sku == null || sku.isBlank()) {
            throw new IllegalArgumentException("no sku: " + sku);
        }
        try (PreparedStatement insert = connection.prepareStatement(
                "insert into stock (sku, quantity) values (?, 0) on conflict (sku) do nothing returning id")) {
            insert.setString(1, sku);
            try (ResultSet row = insert.executeQuery()) {
                return row.next() ? OptionalLong.of(row.getLong("id")) : OptionalLong.empty();
            }
        }
    }

    private static List<Receipt> receipts(PreparedStatement upsert) throws SQLException {
        List<Receipt> receipts = new ArrayList<>();
        try (ResultSet row = upsert.executeQuery()) {
            while (row.next()) {
                receipts.add(new Receipt(
                        row.getLong("id"),
                        row.getString("sku"),
                        row.getObject("before", Long.class),
                        row.getLong("after"),
                        row.getBoolean("inserted")));
            }
        }
        return receipts;
    }

    public static void createSchema(Connection connection) throws SQLException {
        try (Statement statement = connection.createStatement()) {
            statement.execute("""
                    create table stock (
                      id       bigint generated always as identity primary key,
                      sku      text not null unique,
                      quantity bigint not null
                    )
                    """);
        }
    }

    public static void main(String[] args) {
        Story.tell(UpsertReturning.class, story -> {
            try (Connection connection = story.postgresql().getConnection()) {
                createSchema(connection);

                story.step("The first delivery of tea inserts, the second updates: old tells them apart");
                story.show("first", receive(connection, new Delivery("tea", 10)));
                story.show("second", receive(connection, new Delivery("tea", 5)));

                story.step("A list that names a sku twice fails as a whole");
                List<Delivery> list = List.of(new Delivery("tea", 1), new Delivery("mate", 3), new Delivery("mate", 4));
                try {
                    receiveAll(connection, RECEIVE_ALL_AS_GIVEN, list);
                } catch (SQLException e) {
                    story.note("Nothing of the list is stored.");
                }

                story.step("Added up first, it is one statement with a receipt for each sku");
                story.show("receipts", receiveAll(connection, list));

                story.step("DO NOTHING returns nothing for a sku that is there, and still takes an id");
                story.show("id of tea", addIfNew(connection, "tea"));
                story.show("id of rooibos", addIfNew(connection, "rooibos"));

                story.learned("Let one statement decide between insert and update, and let RETURNING tell.");
            }
        });
    }
}
