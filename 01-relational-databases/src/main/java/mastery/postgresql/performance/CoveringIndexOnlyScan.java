package mastery.postgresql.performance;

import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import mastery.support.trace.Story;

/**
 * An index that includes every column of a query answers it without the table, but only for pages that VACUUM has marked
 * as visible to all.
 *
 * <p><b>Use it</b> for frequent queries on few columns whose rows are spread over many pages: one block of the index
 * replaces fifty of the table.
 *
 * <p><b>Not</b> for wide or often updated columns: each is stored twice, and an update of an included column cannot be HOT.
 * Nor where rows change faster than VACUUM passes: one change and all rows of its page are looked up again.
 *
 * <p><b>It costs</b> a larger index. INCLUDE keeps the columns out of its upper levels, its sort order and, if the index is
 * unique, out of the uniqueness.
 *
 * <p><b>It needs</b> VACUUM. Autovacuum comes after a fifth of the table has changed, so a table that is bulk loaded and
 * then read wants a VACUUM by hand, and a busy one a lower {@code autovacuum_vacuum_scale_factor}.
 *
 * <p>Source: PostgreSQL manual, "Index-Only Scans and Covering Indexes" and "Updating the Visibility Map".
 */
public final class CoveringIndexOnlyScan {

    /** Covered: the condition is on the key, the sum on the included column. */
    static final String SPENT = """
            select count(*), coalesce(sum(total_cents), 0)
              from purchase
             where customer_id = ?
            """;

    /** Not covered: one more column, and every row is fetched from the table. */
    static final String SPENT_AND_LAST_NOTE = """
            select count(*), coalesce(sum(total_cents), 0), max(note)
              from purchase
             where customer_id = ?
            """;

    static final String COVERING = "create index purchase_customer on purchase (customer_id) include (total_cents)";

    private CoveringIndexOnlyScan() {}

    public record Spent(long purchases, long totalCents) {}

    /** What one customer bought. */
    public static Spent spentBy(Connection connection, int customerId) throws SQLException {
        try (PreparedStatement select = connection.prepareStatement(SPENT)) {
            select.setInt(1, customerId);
            try (ResultSet row = select.executeQuery()) {
                row.next();
                return new Spent(row.getLong(1), row.getLong(2));
            }
        }
    }

    /** Takes something off each purchase of a customer; returns how many there were. */
    public static int refund(Connection connection, int customerId, int cents) throws SQLException {
        if (cents < 1) {
            throw new IllegalArgumentException("a refund is at least one cent, not " + cents);
        }
        try (PreparedStatement update = connection.prepareStatement(
                "update purchase set total_cents = total_cents - ? where customer_id = ?")) {
            update.setInt(1, cents);
            update.setInt(2, customerId);
            return update.executeUpdate();
        }
    }

    /** Marks the pages whose rows are visible to all. It cannot run in a transaction. */
    public static void vacuum(Connection connection) throws SQLException {
        try (Statement statement = connection.createStatement()) {
            statement.execute("vacuum purchase");
        }
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
            statement.execute(COVERING);
        }
    }

    /** Purchases of 1,600 customers in turn, so that those of one customer are spread over the whole table. */
    public static void fill(Connection connection, int purchases) throws SQLException {
        try (PreparedStatement insert = connection.prepareStatement("""
                        insert into purchase (customer_id, total_cents, note)
                        select n % 1600, 1000 + n % 977, 'as ordered, gift-wrapped, left with neighbours'
                          from generate_series(1, ?) as n
                        """);
                Statement analyze = connection.createStatement()) {
            insert.setInt(1, purchases);
            insert.executeUpdate();
            analyze.execute("analyze purchase");
        }
    }

    public static void main(String[] args) {
        Story.tell(CoveringIndexOnlyScan.class, story -> {
            try (Connection connection = story.postgresql().getConnection()) {
                story.quietly("80,000 purchases of 1,600 customers, just loaded", () -> {
                    createSchema(connection);
                    fill(connection, 80_000);
                });

                story.step(
                        "The index has both columns, yet 50 blocks of the table are read: nothing is marked visible");
                story.plan(connection, SPENT, 7);

                story.step("After VACUUM the index alone answers");
                vacuum(connection);
                story.show("customer 7", spentBy(connection, 7));
                story.plan(connection, SPENT, 7);

                story.step("Customer 7 gets a refund, and customer 8, whose rows lie in the same pages, pays for it");
                refund(connection, 7, 100);
                story.plan(connection, SPENT, 8);

                story.step("The next VACUUM marks the pages again");
                vacuum(connection);
                story.plan(connection, SPENT, 8);

                story.step("One column more than the index has, and the table is back");
                story.plan(connection, SPENT_AND_LAST_NOTE, 8);

                story.learned("A covering index is half of an index-only scan; VACUUM is the other half.");
            }
        });
    }
}
