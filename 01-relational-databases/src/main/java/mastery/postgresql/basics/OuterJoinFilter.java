package mastery.postgresql.basics;

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
 * A condition on the outer side of a LEFT JOIN belongs into ON: in WHERE it drops the rows without a match, and the planner
 * makes an inner join of it.
 *
 * <p><b>Use</b> ON for what makes a match, WHERE for which rows of the left table are wanted.
 *
 * <p><b>Not</b> ON for a condition on the left table: it keeps every row and only takes away its matches.
 *
 * <p><b>It costs</b> the freedom of the planner: an outer join fixes which table must keep its rows. Where no row without a
 * match is wanted, write JOIN.
 *
 * <p><b>It needs</b> {@code count(p.id)} above it: {@code count(*)} counts the row that stands for no match as one.
 *
 * <p>Source: PostgreSQL manual, "Table Expressions" (joined tables), "Aggregate Functions".
 */
public final class OuterJoinFilter {

    /** The right way: the condition decides which purchases match; every customer stays. */
    static final String IN_ON = """
            select c.name, p.id as purchase
              from customer c
              left join purchase p on p.customer_id = c.id and p.state = ?
             order by c.name, p.id
            """;

    /** The wrong way: {@code NULL = 'paid'} is not true, so customers without a match are gone. */
    static final String IN_WHERE = """
            select c.name, p.id as purchase
              from customer c
              left join purchase p on p.customer_id = c.id
             where p.state = ?
             order by c.name, p.id
            """;

    /** The wrong cure: it brings back who bought nothing, but not who has only purchases in another state. */
    static final String IN_WHERE_OR_NULL = """
            select c.name, p.id as purchase
              from customer c
              left join purchase p on p.customer_id = c.id
             where p.state = ? or p.id is null
             order by c.name, p.id
            """;

    /** The right way to count: a column of the outer side, which is NULL where nothing matched. */
    static final String COUNTS = """
            select c.name, count(p.id) as purchases
              from customer c
              left join purchase p on p.customer_id = c.id and p.state = ?
             group by c.id
            """;

    /** The wrong way: whoever bought nothing has one row too. */
    static final String COUNTS_OF_ROWS = """
            select c.name, count(*) as purchases
              from customer c
              left join purchase p on p.customer_id = c.id and p.state = ?
             group by c.id
            """;

    private OuterJoinFilter() {}

    /** A customer with one purchase, {@code null} if there is none. */
    public record Line(String name, Long purchase) {}

    /** Every customer with each purchase in that state; once with {@code null} if there is none. */
    public static List<Line> purchases(Connection connection, String state) throws SQLException {
        return purchases(connection, IN_ON, state);
    }

    static List<Line> purchases(Connection connection, String sql, String state) throws SQLException {
        requireState(state);
        List<Line> lines = new ArrayList<>();
        try (PreparedStatement select = connection.prepareStatement(sql)) {
            select.setString(1, state);
            try (ResultSet row = select.executeQuery()) {
                while (row.next()) {
                    lines.add(new Line(row.getString("name"), row.getObject("purchase", Long.class)));
                }
            }
        }
        return lines;
    }

    /** How many purchases in that state each customer has, by name. */
    public static Map<String, Long> counts(Connection connection, String state) throws SQLException {
        return counts(connection, COUNTS, state);
    }

    static Map<String, Long> counts(Connection connection, String sql, String state) throws SQLException {
        requireState(state);
        Map<String, Long> counts = new TreeMap<>();
        try (PreparedStatement select = connection.prepareStatement(sql)) {
            select.setString(1, state);
            try (ResultSet row = select.executeQuery()) {
                while (row.next()) {
                    counts.put(row.getString("name"), row.getLong("purchases"));
                }
            }
        }
        return counts;
    }

    private static void requireState(String state) {
        if (state == null || state.isBlank()) {
            throw new IllegalArgumentException("no state: " + state);
        }
    }

    /** Ten customers: four have a paid purchase, three only an open one, three none. */
    public static void createSchema(Connection connection) throws SQLException {
        try (Statement statement = connection.createStatement()) {
            statement.execute("create table customer (id bigint primary key, name text not null unique)");
            statement.execute("""
                    create table purchase (
                      id          bigint primary key,
                      customer_id bigint not null references customer,
                      state       text not null
                    )
                    """);
            statement.execute("insert into customer select n, chr(64 + n) from generate_series(1, 10) as n");
            statement.execute("""
                    insert into purchase
                    select n, n, case when n <= 4 then 'paid' else 'open' end
                      from generate_series(1, 7) as n
                    """);
            statement.execute("analyze customer, purchase");
        }
    }

    public static void main(String[] args) {
        Story.tell(OuterJoinFilter.class, story -> {
            try (Connection connection = story.postgresql().getConnection()) {
                story.quietly("customers A to J: A to D have paid, E to G only have an open purchase", () -> {
                    createSchema(connection);
                });

                story.step("All customers with what they paid: the condition in ON keeps all ten");
                story.plan(connection, IN_ON, "paid");

                story.step("In WHERE it keeps four, and no outer join is left in the plan");
                story.plan(connection, IN_WHERE, "paid");

                story.step("OR IS NULL is no cure: E, F and G, who have an open purchase, are still missing");
                story.show("seven lines", purchases(connection, IN_WHERE_OR_NULL, "paid"));

                story.step("How many each? count(*) says that J has one");
                story.show(
                        "J by count(*)",
                        counts(connection, COUNTS_OF_ROWS, "paid").get("J"));
                story.show("J by count(p.id)", counts(connection, "paid").get("J"));

                story.learned("ON says what matches, WHERE says what stays.");
            }
        });
    }
}
