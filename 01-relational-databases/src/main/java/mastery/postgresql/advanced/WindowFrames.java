package mastery.postgresql.advanced;

import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.LocalDate;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import mastery.support.trace.Story;

/**
 * A window with ORDER BY and no frame ends at the peers of the current row: rows that tie get their total at once, and
 * last_value is not the last.
 *
 * <p><b>Use it</b> by writing the frame out: ROWS counts rows, RANGE measures the distance in the values of ORDER BY, GROUPS
 * counts sets of ties. "The last seven days" is a RANGE; seven rows are seven days only where no day is missing or double.
 *
 * <p><b>Not</b> for the first or last row of each group alone: a window returns every row it reads ({@link LateralTopN}).
 *
 * <p><b>It costs</b> one sort, however many frames share it; an index in that order saves even this.
 *
 * <p><b>It needs</b> one ORDER BY column for RANGE with a distance; and for ROWS an order without ties, closed by the key,
 * wherever it matters which of two tied rows comes first. Here it does not: sales of one day have one amount.
 *
 * <p>Source: PostgreSQL manual, "Window Function Calls" and "Window Functions" (the note on last_value).
 */
public final class WindowFrames {

    /** The first total adds row by row; the second names no frame and gets RANGE UNBOUNDED PRECEDING. */
    static final String RUNNING_TOTALS = """
            select sold_on, amount,
                   sum(amount) over (by_day rows unbounded preceding) as by_rows,
                   sum(amount) over by_day as by_default
              from sale
            window by_day as (order by sold_on)
             order by sold_on, by_rows
            """;

    /** The same distance in three units: rows, days, and days on which something was sold. */
    static final String MOVING_TOTALS = """
            select sold_on, amount,
                   sum(amount) over (by_day rows ? preceding) as by_rows,
                   sum(amount) over (by_day range make_interval(days => ?)
                                     preceding) as by_range,
                   sum(amount) over (by_day groups ? preceding) as by_groups
              from sale
            window by_day as (order by sold_on)
             order by sold_on, by_rows
            """;

    /** The trap and the cure: only a frame that reaches to the end of the window has the last row in it. */
    static final String LAST_DAYS = """
            select sold_on, amount,
                   last_value(sold_on) over by_day as by_default,
                   last_value(sold_on) over (by_day rows between unbounded preceding
                                                 and unbounded following) as to_the_end
              from sale
            window by_day as (order by sold_on)
             order by sold_on
            """;

    private WindowFrames() {}

    public record Running(LocalDate soldOn, int amount, long byRows, long byDefault) {}

    public record Moving(LocalDate soldOn, int amount, long byRows, long byRange, long byGroups) {}

    /** The last day with a sale, as two frames see it. */
    public record Last(LocalDate soldOn, int amount, LocalDate byDefault, LocalDate toTheEnd) {}

    /** Each sale with the total so far. */
    public static List<Running> runningTotals(Connection connection) throws SQLException {
        List<Running> sales = new ArrayList<>();
        try (PreparedStatement select = connection.prepareStatement(RUNNING_TOTALS);
                ResultSet row = select.executeQuery()) {
            while (row.next()) {
                sales.add(new Running(
                        row.getObject("sold_on", LocalDate.class),
                        row.getInt("amount"),
                        row.getLong("by_rows"),
                        row.getLong("by_default")));
            }
        }
        return sales;
    }

    /**
     * Each sale with the total of its neighbourhood, which begins so far back.
     *
     * @param back how many rows, days, or days with a sale; 0 for the row, or the day, alone
     */
    public static List<Moving> movingTotals(Connection connection, int back) throws SQLException {
        if (back < 0) {
            throw new IllegalArgumentException("a frame begins at the row or before it, not " + back + " before it");
        }
        List<Moving> sales = new ArrayList<>();
        try (PreparedStatement select = connection.prepareStatement(MOVING_TOTALS)) {
            for (int unit = 1; unit <= 3; unit++) {
                select.setInt(unit, back);
            }
            try (ResultSet row = select.executeQuery()) {
                while (row.next()) {
                    sales.add(new Moving(
                            row.getObject("sold_on", LocalDate.class),
                            row.getInt("amount"),
                            row.getLong("by_rows"),
                            row.getLong("by_range"),
                            row.getLong("by_groups")));
                }
            }
        }
        return sales;
    }

    /** Each sale with the last day on which something was sold. */
    public static List<Last> lastDays(Connection connection) throws SQLException {
        List<Last> sales = new ArrayList<>();
        try (PreparedStatement select = connection.prepareStatement(LAST_DAYS);
                ResultSet row = select.executeQuery()) {
            while (row.next()) {
                sales.add(new Last(
                        row.getObject("sold_on", LocalDate.class),
                        row.getInt("amount"),
                        row.getObject("by_default", LocalDate.class),
                        row.getObject("to_the_end", LocalDate.class)));
            }
        }
        return sales;
    }

    public static void createSchema(Connection connection) throws SQLException {
        try (Statement statement = connection.createStatement()) {
            statement.execute("create table sale (sold_on date not null, amount int not null)");
        }
    }

    /** Adds sales of one day and one amount. */
    public static void sell(Connection connection, LocalDate day, int amount, int sales) throws SQLException {
        Objects.requireNonNull(day, "day");
        try (PreparedStatement insert =
                connection.prepareStatement("insert into sale select ?, ? from generate_series(1, ?)")) {
            insert.setObject(1, day);
            insert.setInt(2, amount);
            insert.setInt(3, sales);
            insert.executeUpdate();
        }
    }

    public static void main(String[] args) {
        Story.tell(WindowFrames.class, story -> {
            try (Connection connection = story.postgresql().getConnection()) {
                story.quietly("six sales: two days with two of them, two days without any", () -> {
                    createSchema(connection);
                    sell(connection, LocalDate.of(2026, 1, 1), 10, 1);
                    sell(connection, LocalDate.of(2026, 1, 2), 20, 2);
                    sell(connection, LocalDate.of(2026, 1, 5), 40, 2);
                    sell(connection, LocalDate.of(2026, 1, 6), 60, 1);
                });

                story.step("A total by rows grows with each sale; the default one jumps by the whole day");
                story.show("totals so far", runningTotals(connection));

                story.step("One back: one row, one day of the calendar, one day with sales");
                story.show("moving totals", movingTotals(connection, 1));

                story.step("The last sale was on the 6th, but by default a frame does not reach it");
                story.show("the last day", lastDays(connection));

                story.learned("Write the frame out: ROWS for rows, RANGE for distances, and both ends for last_value.");
            }
        });
    }
}
