package mastery.postgresql.performance;

import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.OffsetDateTime;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import mastery.support.trace.Story;

/**
 * A BRIN index keeps the least and the greatest value of each range of pages: where rows lie in the order of the column, a
 * few kilobytes replace a B-tree; where they do not, it excludes nothing.
 *
 * <p><b>Use it</b> for large tables that are filled in the order they are asked for, such as log entries by their time.
 *
 * <p><b>Not</b> where rows arrive late, are loaded in another order, or move by updates; nor to find one row. Look at
 * {@code correlation} in {@code pg_stats}: near 1 or -1 is good, near 0 is useless.
 *
 * <p><b>It costs</b> the reading of whole ranges: every row of a matching range is checked again (lossy blocks).
 *
 * <p><b>It needs</b> summaries: pages behind the last VACUUM have none and are read by every query, unless the index has
 * {@code autosummarize = on} or {@link #summarize} is called. And a {@code pages_per_range} that fits: the default of 128
 * pages is a megabyte.
 *
 * <p>Source: PostgreSQL manual, "BRIN Indexes" and the view pg_stats.
 */
public final class BrinCorrelation {

    static final String BETWEEN = """
            select count(*), avg(celsius)
              from measurement
             where taken_at >= ?
               and taken_at < ?
            """;

    /** The same rows in another order on disk. */
    static final String BETWEEN_SHUFFLED = """
            select count(*), avg(celsius)
              from measurement_shuffled
             where taken_at >= ?
               and taken_at < ?
            """;

    private BrinCorrelation() {}

    public record Average(long measurements, double celsius) {}

    /**
     * What an index is made of and how well it fits.
     *
     * @param blocks of the index, 8 kB each
     * @param correlation of the column with the place of its rows, from -1 to 1
     */
    public record Fit(String index, int blocks, double correlation) {}

    /** The mean temperature from one time to before another; NaN when nothing was measured. */
    public static Average averageBetween(Connection connection, OffsetDateTime from, OffsetDateTime to)
            throws SQLException {
        if (!Objects.requireNonNull(from, "from").isBefore(Objects.requireNonNull(to, "to"))) {
            throw new IllegalArgumentException("the time from " + from + " to " + to + " is empty");
        }
        try (PreparedStatement select = connection.prepareStatement(BETWEEN)) {
            select.setObject(1, from);
            select.setObject(2, to);
            try (ResultSet row = select.executeQuery()) {
                row.next();
                return new Average(row.getLong(1), row.getLong(1) == 0 ? Double.NaN : row.getDouble(2));
            }
        }
    }

    /** Summarizes the pages that were filled since the last time; returns how many ranges they were. */
    public static int summarize(Connection connection) throws SQLException {
        try (Statement statement = connection.createStatement();
                ResultSet row = statement.executeQuery("select brin_summarize_new_values('measurement_brin')")) {
            row.next();
            return row.getInt(1);
        }
    }

    /** Puts the shuffled rows into the order of time. CLUSTER rewrites the table and locks readers out meanwhile. */
    public static void restoreOrder(Connection connection) throws SQLException {
        try (Statement statement = connection.createStatement()) {
            statement.execute("create index measurement_shuffled_order on measurement_shuffled (taken_at)");
            statement.execute("cluster measurement_shuffled using measurement_shuffled_order");
            statement.execute("drop index measurement_shuffled_order");
            statement.execute("analyze measurement_shuffled");
        }
    }

    /** The indexes on the time, by name. */
    public static List<Fit> fits(Connection connection) throws SQLException {
        List<Fit> fits = new ArrayList<>();
        try (Statement statement = connection.createStatement();
                ResultSet row = statement.executeQuery("""
                        select i.indexrelid::regclass::text,
                               pg_relation_size(i.indexrelid) / current_setting('block_size')::int,
                               s.correlation
                          from pg_index i
                          join pg_stats s on s.tablename = i.indrelid::regclass::text and s.attname = 'taken_at'
                         order by 1
                        """)) {
            while (row.next()) {
                fits.add(new Fit(row.getString(1), row.getInt(2), row.getDouble(3)));
            }
        }
        return fits;
    }

    public static void createSchema(Connection connection) throws SQLException {
        try (Statement statement = connection.createStatement()) {
            statement.execute("""
                    create table measurement (
                      taken_at timestamptz not null,
                      sensor   int         not null,
                      celsius  float8      not null
                    )
                    """);
            statement.execute("create table measurement_shuffled (like measurement)");
        }
    }

    /**
     * A measurement every ten seconds of 2026, the same in both tables; then indexes that summarize 8 pages at a time, which
     * suits these small tables, and a B-tree to compare with.
     */
    public static void fill(Connection connection, int measurements) throws SQLException {
        try (PreparedStatement insert = connection.prepareStatement("""
                        insert into measurement
                        select timestamptz '2026-01-01 00:00Z' + n * interval '10 s', n % 100, 20 + n % 7
                          from generate_series(0, ? - 1) as n
                        """);
                Statement statement = connection.createStatement()) {
            insert.setInt(1, measurements);
            insert.executeUpdate();
            statement.execute("""
                    insert into measurement_shuffled
                    select * from measurement order by timestamptz_hash(taken_at)
                    """);
            for (String table : List.of("measurement", "measurement_shuffled")) {
                statement.execute("create index %s_brin on %s using brin (taken_at) with (pages_per_range = 8)"
                        .formatted(table, table));
            }
            statement.execute("create index measurement_btree on measurement (taken_at)");
            statement.execute("analyze measurement, measurement_shuffled");
        }
    }

    public static void main(String[] args) {
        OffsetDateTime from = OffsetDateTime.parse("2026-01-05T00:00Z");
        Story.tell(BrinCorrelation.class, story -> {
            try (Connection connection = story.postgresql().getConnection();
                    Statement statement = connection.createStatement()) {
                story.quietly("120,000 measurements in the order of time, and once more shuffled", () -> {
                    createSchema(connection);
                    fill(connection, 120_000);
                });

                story.step("The same column: a B-tree of megabytes, or a BRIN of 3 blocks");
                story.show("indexes on taken_at", fits(connection));

                story.step("Six hours, in order: the ranges of these hours are read, and no others");
                statement.execute("drop index measurement_btree");
                story.show("average", averageBetween(connection, from, from.plusHours(6)));
                story.plan(connection, BETWEEN, from, from.plusHours(6));

                story.step("Shuffled: every range may hold such a row, so the planner reads the table");
                story.plan(connection, BETWEEN_SHUFFLED, from, from.plusHours(6));

                story.step("CLUSTER puts the rows in order, and the index works");
                restoreOrder(connection);
                story.plan(connection, BETWEEN_SHUFFLED, from, from.plusHours(6));

                story.learned("BRIN indexes the order of the rows; if there is none, there is nothing to index.");
            }
        });
    }
}
