package mastery.postgresql.advanced;

import java.math.BigDecimal;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.OffsetDateTime;
import java.util.ArrayList;
import java.util.List;
import mastery.support.trace.Story;

/**
 * LATERAL with LIMIT reads the top three of each group and nothing else; row_number() numbers every row of the table and
 * throws all but three away.
 *
 * <p><b>Use it</b> for "the last three orders of each customer" when groups are large and there is a table that lists them.
 *
 * <p><b>Not</b> for very many groups of few rows each: one descent of the index for each group then costs more than reading
 * the table once. And not without the index: each group would read the whole table.
 *
 * <p><b>It costs</b> an index that begins with the group and goes on in the order of the LIMIT.
 *
 * <p><b>It needs</b> an order without ties, so the key closes it; and {@code left join lateral (...) on true} if groups
 * without rows must not vanish.
 *
 * <p>Source: PostgreSQL manual, "LATERAL Subqueries".
 */
public final class LateralTopN {

    /** The right way: for each customer, stop after the first rows of the index. */
    static final String LATERAL = """
            select c.name, p.id, p.placed_at, p.amount
              from customer c
             cross join lateral (
                   select id, placed_at, amount
                     from purchase
                    where customer_id = c.id
                    order by placed_at desc, id desc
                    limit ?) p
             order by c.id, p.placed_at desc, p.id desc
            """;

    /** The same for customers who never bought: they stay, with nulls. */
    static final String LATERAL_KEEPING_ALL =
            LATERAL.replace("cross join lateral", "left join lateral").replace("limit ?) p", "limit ?) p on true");

    /** The wrong way: number every purchase there is, then keep three of each customer. */
    static final String ROW_NUMBER = """
            select c.name, p.id, p.placed_at, p.amount
              from customer c
              join (select id, customer_id, placed_at, amount,
                           row_number() over (
                             partition by customer_id
                             order by placed_at desc, id desc) as nth
                      from purchase) p on p.customer_id = c.id
             where p.nth <= ?
             order by c.id, p.placed_at desc, p.id desc
            """;

    private LateralTopN() {}

    public record Purchase(String customer, long id, OffsetDateTime placedAt, BigDecimal amount) {}

    /** The latest purchases of each customer, at most {@code perCustomer} of each, the newest first. */
    public static List<Purchase> latest(Connection connection, int perCustomer) throws SQLException {
        return latest(connection, LATERAL, perCustomer);
    }

    /** The same by numbering all purchases. */
    public static List<Purchase> latestByRowNumber(Connection connection, int perCustomer) throws SQLException {
        return latest(connection, ROW_NUMBER, perCustomer);
    }

    private static List<Purchase> latest(Connection connection, String sql, int perCustomer) throws SQLException {
        if (perCustomer < 1) {
            throw new IllegalArgumentException("ask for at least one purchase of each customer, not " + perCustomer);
        }
        List<Purchase> purchases = new ArrayList<>();
        try (PreparedStatement select = connection.prepareStatement(sql)) {
            select.setInt(1, perCustomer);
            try (ResultSet row = select.executeQuery()) {
                while (row.next()) {
                    purchases.add(new Purchase(
                            row.getString("name"),
                            row.getLong("id"),
                            row.getObject("placed_at", OffsetDateTime.class),
                            row.getBigDecimal("amount")));
                }
            }
        }
        return purchases;
    }

    /** The tables, and the index that has the purchases of one customer together, the latest first. */
    public static void createSchema(Connection connection) throws SQLException {
        try (Statement statement = connection.createStatement()) {
            statement.execute("""
                    create table customer (
                      id   bigint generated always as identity primary key,
                      name text not null
                    )
                    """);
            statement.execute("""
                    create table purchase (
                      id          bigint generated always as identity primary key,
                      customer_id bigint not null references customer,
                      placed_at   timestamptz not null,
                      amount      numeric(10, 2) not null
                    )
                    """);
            statement.execute("create index purchase_latest on purchase (customer_id, placed_at desc, id desc)");
        }
    }

    /** The same number of purchases for each customer, two in each hour, and one customer more who bought nothing. */
    public static void fill(Connection connection, int customers, int purchasesEach) throws SQLException {
        try (PreparedStatement customer = connection.prepareStatement(
                        "insert into customer (name) select 'Customer ' || n from generate_series(1, ?) as n");
                PreparedStatement purchase = connection.prepareStatement("""
                        insert into purchase (customer_id, placed_at, amount)
                        select c, timestamptz '2026-01-01 00:00Z' + n / 2 * interval '1 hour', n % 90 + 9.90
                          from generate_series(1, ?) as n, generate_series(1, ?) as c
                         order by n, c
                        """);
                Statement analyze = connection.createStatement()) {
            customer.setInt(1, customers + 1);
            customer.executeUpdate();
            purchase.setInt(1, purchasesEach);
            purchase.setInt(2, customers);
            purchase.executeUpdate();
            analyze.execute("analyze customer, purchase");
        }
    }

    public static void main(String[] args) {
        Story.tell(LateralTopN.class, story -> {
            try (Connection connection = story.postgresql().getConnection()) {
                story.quietly("100 customers with 500 purchases each, and one with none", () -> {
                    createSchema(connection);
                    fill(connection, 100, 500);
                });

                story.step("The first of what the query gives");
                story.show("latest purchases", latest(connection, 3).subList(0, 6));

                story.step("LATERAL: the inner LIMIT runs once for each customer and reads three rows");
                story.plan(connection, LATERAL, 3);

                story.step("row_number(): the same answer, after reading all 50,000 purchases");
                story.plan(connection, ROW_NUMBER, 3);

                story.learned("The top of each group: one LIMIT for each group, on an index in that order.");
            }
        });
    }
}
