package mastery.postgresql.basics;

import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.sql.Types;
import java.time.LocalDate;
import java.util.ArrayList;
import java.util.List;
import mastery.support.trace.Story;

/**
 * A comparison with NULL is unknown, and unknown is not true: one NULL in its set leaves NOT IN without a row, one in a row
 * hides it from {@code <>}, and UNIQUE lets NULL in twice.
 *
 * <p><b>Use</b> NOT EXISTS instead of NOT IN, IS DISTINCT FROM instead of {@code <>}, and UNIQUE NULLS NOT DISTINCT where
 * NULL means something that can be there once, such as "still valid".
 *
 * <p><b>Not</b> where the column is NOT NULL and the set cannot hold a NULL: plain operators do the same there. The best cure
 * is NOT NULL.
 *
 * <p><b>It costs</b> the index where equality is meant: IS NOT DISTINCT FROM does not use one. NOT EXISTS costs nothing: it
 * becomes an anti join, which NOT IN cannot.
 *
 * <p><b>It needs</b> a look at every nullable column. A CHECK does not help: it refuses what is false and lets unknown pass.
 *
 * <p>Source: PostgreSQL manual, "Subquery Expressions", "Comparison Functions and Operators", "Constraints".
 */
public final class NullLogic {

    /** The right way: a manager's NULL is equal to nobody, so it excludes nobody. */
    static final String LEADS_NOBODY = """
            select e.name
              from employee e
             where not exists (select from employee under where under.manager_id = e.id)
             order by e.name
            """;

    /** The wrong way: {@code id <> NULL} is unknown, and with it the whole NOT IN, for every row. */
    static final String LEADS_NOBODY_BY_NOT_IN = """
            select name
              from employee
             where id not in (select manager_id from employee)
             order by name
            """;

    /** The right way: NULL is a value like others, and differs from them. */
    static final String NOT_UNDER = """
            select name
              from employee
             where manager_id is distinct from ?
             order by name
            """;

    /** The wrong way: who has no manager is not under this one either, but is left out. */
    static final String NOT_UNDER_BY_OPERATOR = """
            select name
              from employee
             where manager_id <> ?
             order by name
            """;

    private NullLogic() {}

    /** The names of those who lead nobody. */
    public static List<String> leadsNobody(Connection connection) throws SQLException {
        return leadsNobody(connection, LEADS_NOBODY);
    }

    static List<String> leadsNobody(Connection connection, String sql) throws SQLException {
        try (PreparedStatement select = connection.prepareStatement(sql)) {
            return names(select);
        }
    }

    /** The names of those who are not directly under a manager; with {@code null}, of those who have one. */
    public static List<String> notUnder(Connection connection, Long manager) throws SQLException {
        return notUnder(connection, NOT_UNDER, manager);
    }

    static List<String> notUnder(Connection connection, String sql, Long manager) throws SQLException {
        try (PreparedStatement select = connection.prepareStatement(sql)) {
            select.setObject(1, manager, Types.BIGINT);
            return names(select);
        }
    }

    /**
     * Adds a price of a product.
     *
     * @param validUntil the last day; {@code null} for the price that is valid now, of which a product has one
     * @throws SQLException with SQLSTATE 23505 if the product has a price until then
     */
    public static void addPrice(Connection connection, String product, LocalDate validUntil, int cents)
            throws SQLException {
        if (product == null || product.isBlank() || cents < 1) {
            throw new IllegalArgumentException("a price has a product and at least 1 cent: " + product + ", " + cents);
        }
        try (PreparedStatement insert =
                connection.prepareStatement("insert into price (product, valid_until, cents) values (?, ?, ?)")) {
            insert.setString(1, product);
            insert.setObject(2, validUntil, Types.DATE);
            insert.setInt(3, cents);
            insert.executeUpdate();
        }
    }

    private static List<String> names(PreparedStatement select) throws SQLException {
        List<String> names = new ArrayList<>();
        try (ResultSet row = select.executeQuery()) {
            while (row.next()) {
                names.add(row.getString("name"));
            }
        }
        return names;
    }

    /** Five employees, of whom Ada has no manager; prices, and beside them a table whose constraints NULL walks through. */
    public static void createSchema(Connection connection) throws SQLException {
        try (Statement statement = connection.createStatement()) {
            statement.execute("""
                    create table employee (
                      id         bigint primary key,
                      name       text not null,
                      manager_id bigint references employee
                    )
                    """);
            statement.execute("create index employee_manager on employee (manager_id)");
            statement.execute("""
                    insert into employee
                    values (1, 'Ada', null), (2, 'Bob', 1), (3, 'Cid', 1), (4, 'Dan', 2), (5, 'Eve', 2)
                    """);
            statement.execute("""
                    create table price (
                      product     text not null,
                      valid_until date,
                      cents       integer not null check (cents > 0),
                      unique nulls not distinct (product, valid_until)
                    )
                    """);
            statement.execute("""
                    create table price_unguarded (
                      product     text not null,
                      valid_until date,
                      cents       integer check (cents > 0),
                      unique (product, valid_until)
                    )
                    """);
        }
    }

    public static void main(String[] args) {
        Story.tell(NullLogic.class, story -> {
            try (Connection connection = story.postgresql().getConnection()) {
                story.quietly("five employees: Ada leads Bob and Cid, Bob leads Dan and Eve", () -> {
                    createSchema(connection);
                });

                story.step("Who leads nobody? NOT IN meets Ada's manager, NULL, and answers: no one");
                leadsNobody(connection, LEADS_NOBODY_BY_NOT_IN);

                story.step("NOT EXISTS finds all three");
                story.show("leads nobody", leadsNobody(connection));

                story.step("Who is not under Ada? <> forgets Ada herself");
                story.show("by <>", notUnder(connection, NOT_UNDER_BY_OPERATOR, 1L));
                story.show("by IS DISTINCT FROM", notUnder(connection, 1L));

                story.step("One price of a product is valid now, which NULL says: a second one is refused");
                addPrice(connection, "tea", null, 300);
                try {
                    addPrice(connection, "tea", null, 320);
                } catch (SQLException e) {
                    story.note("Plain UNIQUE would have let the second price in: NULL is not equal to NULL.");
                }

                story.learned("Ask of every nullable column what unknown does to the answer, or make it NOT NULL.");
            }
        });
    }
}
