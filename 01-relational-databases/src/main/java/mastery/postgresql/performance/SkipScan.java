package mastery.postgresql.performance;

import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.List;
import mastery.support.trace.Story;

/**
 * A B-tree whose leading column has few values serves a query on the second column alone, because PostgreSQL 18 searches
 * it once for each leading value and skips what lies between.
 *
 * <p><b>Use it</b> for the occasional query that lacks the leading column, instead of one more index that every insert pays.
 *
 * <p><b>Not</b> as a plan for the frequent query: an index that begins with its column needs one search, not one for each
 * leading value. Nor behind a leading column of many values: then nothing can be skipped, and the whole index is read
 * (which can still be less than the table).
 *
 * <p><b>It costs</b> a search, so a few blocks, for each leading value.
 *
 * <p><b>It needs</b> PostgreSQL 18, equality or a range on the later column, and statistics: the planner decides by the
 * number of distinct leading values.
 *
 * <p>Source: PostgreSQL manual, "Multicolumn Indexes"; "Using EXPLAIN" for Index Searches.
 */
public final class SkipScan {

    static final String BY_TRACKING = """
            select id, warehouse, customer_id, tracking
              from shipment
             where tracking = ?
            """;

    static final String BY_WAREHOUSE_AND_TRACKING = """
            select id, warehouse, customer_id, tracking
              from shipment
             where warehouse = ?
               and tracking = ?
            """;

    /** 8 warehouses: searched 8 times and once more to see that there is no ninth. */
    static final String FEW_LEADING_VALUES = "create index shipment_warehouse on shipment (warehouse, tracking)";

    /** 30,000 customers: to search once for each would read more than the index from end to end. */
    static final String MANY_LEADING_VALUES = "create index shipment_customer on shipment (customer_id, tracking)";

    /** What the frequent query deserves. */
    static final String ITS_OWN = "create index shipment_tracking on shipment (tracking)";

    private SkipScan() {}

    public record Shipment(long id, int warehouse, int customerId, int tracking) {}

    /** Shipments with that tracking number; carriers use a number again, so there may be several. */
    public static List<Shipment> find(Connection connection, int tracking) throws SQLException {
        if (tracking < 0) {
            throw new IllegalArgumentException("a tracking number is not negative: " + tracking);
        }
        List<Shipment> shipments = new ArrayList<>();
        try (PreparedStatement select = connection.prepareStatement(BY_TRACKING)) {
            select.setInt(1, tracking);
            try (ResultSet row = select.executeQuery()) {
                while (row.next()) {
                    shipments.add(new Shipment(
                            row.getLong("id"),
                            row.getInt("warehouse"),
                            row.getInt("customer_id"),
                            row.getInt("tracking")));
                }
            }
        }
        return shipments;
    }

    public static void createSchema(Connection connection) throws SQLException {
        try (Statement statement = connection.createStatement()) {
            statement.execute("""
                    create table shipment (
                      id          bigint generated always as identity primary key,
                      warehouse   int  not null,
                      customer_id int  not null,
                      tracking    int  not null,
                      note        text not null
                    )
                    """);
        }
    }

    public static void fill(Connection connection, int shipments) throws SQLException {
        try (PreparedStatement insert = connection.prepareStatement("""
                        insert into shipment (warehouse, customer_id, tracking, note)
                        select n % 8, n % 30000, n * 7919::bigint % 1000003, 'handle with care, this side up'
                          from generate_series(1, ?) as n
                        """);
                Statement analyze = connection.createStatement()) {
            insert.setInt(1, shipments);
            insert.executeUpdate();
            analyze.execute("analyze shipment");
        }
    }

    public static void main(String[] args) {
        Story.tell(SkipScan.class, story -> {
            try (Connection connection = story.postgresql().getConnection();
                    Statement statement = connection.createStatement()) {
                story.quietly("90,000 shipments of 8 warehouses to 30,000 customers", () -> {
                    createSchema(connection);
                    fill(connection, 90_000);
                });

                story.step("Without an index every block of the table is read");
                story.plan(connection, BY_TRACKING, 7919);

                story.step("The warehouse leads the index and is not asked for: it is searched for each warehouse");
                statement.execute(FEW_LEADING_VALUES);
                story.show("found", find(connection, 7919));
                story.plan(connection, BY_TRACKING, 7919);

                story.step("Who names the warehouse needs one search");
                story.plan(connection, BY_WAREHOUSE_AND_TRACKING, 1, 7919);

                story.step("With 30,000 leading values nothing is skipped: one search, then the whole index");
                statement.execute("drop index shipment_warehouse");
                statement.execute(MANY_LEADING_VALUES);
                story.plan(connection, BY_TRACKING, 7919);

                story.step("The frequent query deserves its own index");
                statement.execute(ITS_OWN);
                story.plan(connection, BY_TRACKING, 7919);

                story.learned("Few leading values: an index you have may do. Many: it does not.");
            }
        });
    }
}
