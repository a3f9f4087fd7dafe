package mastery.postgresql.performance;

import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import mastery.support.trace.Story;

/**
 * EXPLAIN ANALYZE tells what a statement did in numbers that no busy machine can blur: rows expected and rows found, rows
 * read and thrown away, blocks touched.
 *
 * <p><b>Use it</b> for every statement that is slow or new, with data like that of production and with real values. Read it
 * in this order: where blocks are many for few rows, where rows are removed by a filter, where expected and actual rows
 * differ tenfold.
 *
 * <p><b>Not</b> the time alone: it changes with the cache and the neighbours, the blocks do not. Nor plain EXPLAIN to judge
 * a plan: it prints what the planner believes.
 *
 * <p><b>It costs</b> one run of the statement. EXPLAIN ANALYZE of a DELETE deletes, so {@link #explain} rolls back; but a
 * sequence it has advanced stays so, and its locks are held until then.
 *
 * <p><b>It needs</b> PostgreSQL 18 to tell the blocks unasked; before that, {@code explain (analyze, buffers)}.
 *
 * <p>Source: PostgreSQL manual, "Using EXPLAIN" and EXPLAIN.
 */
public final class ExplainBuffers {

    static final String OF_CUSTOMER = """
            select id, total_cents
              from purchase
             where customer_id = ?
            """;

    /** The planner has no statistics on the result of {@code %} and expects one row in two hundred. */
    static final String OF_GROUP = """
            select id, total_cents
              from purchase
             where total_cents % 7 = ?
            """;

    /** A join that looks up each customer: the inner node tells its rows as a mean over the loops. */
    static final String OF_FIRST_CUSTOMERS = """
            select customer, p.id
              from generate_series(1, ?) as customer
              join purchase p on p.customer_id = customer
            """;

    private ExplainBuffers() {}

    /**
     * The lines of EXPLAIN ANALYZE for a statement, which is run and undone.
     *
     * @param sql one statement without a semicolon, written by a programmer: it becomes part of the text that is sent
     * @param values for its placeholders; those that users type belong here
     * @throws IllegalStateException in a transaction, which the rollback would undo as a whole
     */
    public static List<String> explain(Connection connection, String sql, Object... values) throws SQLException {
        if (sql == null || sql.isBlank() || sql.contains(";")) {
            throw new IllegalArgumentException("one statement is explained, without a semicolon, not: " + sql);
        }
        if (!connection.getAutoCommit()) {
            throw new IllegalStateException("explain outside of a transaction: it ends with a rollback");
        }
        List<String> lines = new ArrayList<>();
        connection.setAutoCommit(false);
        try (PreparedStatement statement = connection.prepareStatement("explain (analyze, timing off) " + sql)) {
            for (int i = 0; i < values.length; i++) {
                statement.setObject(i + 1, values[i]);
            }
            try (ResultSet line = statement.executeQuery()) {
                while (line.next()) {
                    lines.add(line.getString(1));
                }
            }
        } finally {
            connection.rollback();
            connection.setAutoCommit(true);
        }
        return lines;
    }

    public static void createSchema(Connection connection) throws SQLException {
        try (Statement statement = connection.createStatement()) {
            statement.execute("""
                    create table purchase (
                      id          bigint generated always as identity primary key,
                      customer_id int  not null,
                      total_cents int  not null,
                      note        text not null
                    )
                    """);
        }
    }

    public static void createIndex(Connection connection) throws SQLException {
        try (Statement statement = connection.createStatement()) {
            statement.execute("create index purchase_customer on purchase (customer_id)");
        }
    }

    /** Purchases of 1,000 customers in turn, so that those of one customer are spread over the whole table. */
    public static void fill(Connection connection, int purchases) throws SQLException {
        try (PreparedStatement insert = connection.prepareStatement("""
                        insert into purchase (customer_id, total_cents, note)
                        select n % 1000, n % 977, 'as ordered, gift-wrapped'
                          from generate_series(1, ?) as n
                        """);
                Statement analyze = connection.createStatement()) {
            insert.setInt(1, purchases);
            insert.executeUpdate();
            analyze.execute("analyze purchase");
        }
    }

    public static void main(String[] args) {
        Story.tell(ExplainBuffers.class, story -> {
            try (Connection connection = story.postgresql().getConnection()) {
                story.quietly("50,000 purchases of 1,000 customers, no index", () -> {
                    createSchema(connection);
                    fill(connection, 50_000);
                });

                story.step("50 rows are wanted; every block of the table is read, 49,950 rows are removed");
                List<String> plan = explain(connection, OF_CUSTOMER, 7);
                // broken before the actual numbers, to fit a terminal
                Stream<String> lines = plan.stream().flatMap(line -> Stream.of(line.split(" (?=\\(actual)")));
                story.show("in PostgreSQL's own words", lines.toList());

                story.step("With an index: as many blocks as rows, and 2 of the index");
                createIndex(connection);
                story.plan(connection, OF_CUSTOMER, 7);

                story.step("The planner cannot know a remainder: it expects 250 rows and gets 7,164");
                story.plan(connection, OF_GROUP, 0);

                story.step("Rows are a mean per loop: the index found 50 rows ten times, which is 500");
                story.plan(connection, OF_FIRST_CUSTOMERS, 10);

                story.step("EXPLAIN ANALYZE really deletes; explain() takes it back");
                explain(connection, "delete from purchase where customer_id = ?", 7);
                story.plan(connection, OF_CUSTOMER, 7);

                story.learned("Read rows and blocks, expected against actual; the time is only their echo.");
            }
        });
    }
}
