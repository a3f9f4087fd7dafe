package mastery.postgresql.advanced;

import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import mastery.support.trace.Story;

/**
 * A GIN index on jsonb serves {@code @>} and never {@code ->>}: the same question asked with the wrong operator reads the
 * whole table.
 *
 * <p><b>Use it</b> for documents that are searched by keys which are not known beforehand: one index serves them all.
 *
 * <p><b>Not</b> for one known key: a B-tree on {@code (body ->> 'customer')} serves equality, order and ranges. Nor for what
 * every document has: that is a column.
 *
 * <p><b>It costs</b> an index entry for each value of each document. What is written goes to a pending list first, which
 * every search reads from end to end until VACUUM has sorted it in. {@code jsonb_path_ops} hashes path and value into one
 * entry and is smaller, but knows nothing about a key alone: it cannot serve {@code ?}.
 *
 * <p><b>It needs</b> {@code ??} for the operator {@code ?} in JDBC, where a single one is a placeholder; and {@code ERROR ON
 * ERROR} in JSON_TABLE, which otherwise turns what it cannot convert into NULL.
 *
 * <p>Source: PostgreSQL manual, "jsonb Indexing", "GIN Fast Update Technique" and "JSON_TABLE".
 */
public final class JsonbGin {

    /** The right way: containment, which both operator classes serve. */
    static final String CONTAINS = """
            select id
              from event
             where body @> jsonb_build_object('customer', ?::text)
             order by id
            """;

    /** The wrong way: extract and compare, which no GIN index serves. */
    static final String EXTRACTS = """
            select id
              from event
             where body ->> 'customer' = ?
             order by id
            """;

    /** Does the document have the key? Served by jsonb_ops only. */
    static final String HAS_KEY = """
            select id
              from event
             where body ?? ?
             order by id
            """;

    static final String LINES = """
            select line, sku, quantity
              from event,
                   json_table(body, '$.lines[*]' columns (
                     line     for ordinality,
                     sku      text path '$.sku' error on empty error on error,
                     quantity int  path '$.quantity' default 1 on empty error on error))
             where id = ?
             order by line
            """;

    /** The default: what is missing, and what is no number, are NULL alike. */
    static final String LINES_FORGIVING = LINES.replace(" default 1 on empty", "")
            .replace(" error on empty", "")
            .replace(" error on error", "");

    private JsonbGin() {}

    /** A line of an order; the quantity is null where the forgiving query found none. */
    public record Line(int line, String sku, Integer quantity) {}

    /** The ids of a customer's events. */
    public static List<Long> eventsOf(Connection connection, String customer) throws SQLException {
        return ids(connection, CONTAINS, Objects.requireNonNull(customer, "customer"));
    }

    /** The same, by extracting. */
    public static List<Long> eventsByExtracting(Connection connection, String customer) throws SQLException {
        return ids(connection, EXTRACTS, Objects.requireNonNull(customer, "customer"));
    }

    /** The ids of the events that have a key at the top, whatever its value. */
    public static List<Long> eventsWith(Connection connection, String key) throws SQLException {
        return ids(connection, HAS_KEY, Objects.requireNonNull(key, "key"));
    }

    private static List<Long> ids(Connection connection, String sql, String word) throws SQLException {
        List<Long> ids = new ArrayList<>();
        try (PreparedStatement select = connection.prepareStatement(sql)) {
            select.setString(1, word);
            try (ResultSet row = select.executeQuery()) {
                while (row.next()) {
                    ids.add(row.getLong("id"));
                }
            }
        }
        return ids;
    }

    /**
     * The lines of an order as rows; a missing quantity is 1.
     *
     * @throws SQLException with SQLSTATE 22P02 if a quantity is no number, 22035 if a line has no sku
     */
    public static List<Line> lines(Connection connection, long eventId) throws SQLException {
        return lines(connection, LINES, eventId);
    }

    static List<Line> lines(Connection connection, String sql, long eventId) throws SQLException {
        List<Line> lines = new ArrayList<>();
        try (PreparedStatement select = connection.prepareStatement(sql)) {
            select.setLong(1, eventId);
            try (ResultSet row = select.executeQuery()) {
                while (row.next()) {
                    lines.add(new Line(
                            row.getInt("line"), row.getString("sku"), row.getObject("quantity", Integer.class)));
                }
            }
        }
        return lines;
    }

    public static void createSchema(Connection connection) throws SQLException {
        try (Statement statement = connection.createStatement()) {
            statement.execute("""
                    create table event (
                      id   bigint generated always as identity primary key,
                      body jsonb not null
                    )
                    """);
            statement.execute("create index event_paths on event using gin (body jsonb_path_ops)");
        }
    }

    /** Orders of two lines; each customer has one in 5,000, and one in a thousand orders has a coupon. */
    public static void fill(Connection connection, int events) throws SQLException {
        try (PreparedStatement insert = connection.prepareStatement("""
                        insert into event (body)
                        select jsonb_build_object(
                                 'customer', 'c' || n % 5000,
                                 'lines', jsonb_build_array(
                                   jsonb_build_object('sku', 'A' || n % 7, 'quantity', n % 3 + 1),
                                   jsonb_build_object('sku', 'B' || n % 11)))
                               || case when n % 1000 = 0 then '{"coupon": "SPRING"}' else '{}' end::jsonb
                          from generate_series(1, ?) as n
                        """);
                Statement vacuum = connection.createStatement()) {
            insert.setInt(1, events);
            insert.executeUpdate();
            // VACUUM empties the pending list too: while it is long the planner rather reads the table
            vacuum.execute("vacuum analyze event");
        }
    }

    public static void main(String[] args) {
        Story.tell(JsonbGin.class, story -> {
            try (Connection connection = story.postgresql().getConnection();
                    Statement statement = connection.createStatement()) {
                story.quietly("20,000 orders, and a GIN index with jsonb_path_ops", () -> {
                    createSchema(connection);
                    fill(connection, 20_000);
                });

                story.step("Containment is looked up in the index");
                story.show("events of c42", eventsOf(connection, "c42"));
                story.plan(connection, CONTAINS, "c42");

                story.step("Extracting gives the same events, and reads every order for them");
                story.plan(connection, EXTRACTS, "c42");

                story.step("Who has a coupon? jsonb_path_ops cannot tell, jsonb_ops can");
                story.plan(connection, HAS_KEY, "coupon");
                statement.execute("create index event_keys on event using gin (body)");
                story.plan(connection, HAS_KEY, "coupon");

                story.step("JSON_TABLE makes rows of the lines; the second has no quantity, so it is 1");
                story.show("lines of order 42", lines(connection, 42));

                story.learned("Ask jsonb with @>, and choose the operator class by the questions you will ask.");
            }
        });
    }
}
