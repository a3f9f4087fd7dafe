package mastery.postgresql.performance;

import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.LocalDate;
import java.time.OffsetDateTime;
import java.time.YearMonth;
import java.time.ZoneOffset;
import mastery.support.trace.Story;

/**
 * PostgreSQL leaves out the partitions that a condition on the bare key excludes: in the plan when the value is known, at
 * the start when it is a parameter, for each row when it comes from a join. A function around the key ends all three.
 *
 * <p><b>Use it</b> for large tables whose queries name the key and whose old data goes as a whole: dropping a partition
 * deletes a month at once.
 *
 * <p><b>Not</b> for speed alone: an index on the key finds the same rows in one table. A query without the key visits every
 * partition, so it becomes slower.
 *
 * <p><b>It costs</b> planning and locks for each partition that is not excluded in the plan, and a unique index must include
 * the key.
 *
 * <p><b>It needs</b> partitions before their rows come (else 23514), and conditions on the key as it is: a half-open range of
 * times, not the day of the time.
 *
 * <p>Source: PostgreSQL manual, "Table Partitioning", above all "Partition Pruning".
 */
public final class PartitionPruning {

    /** The right way: the bare key between two times. */
    static final String IN_TIME = """
            select count(*)
              from event
             where happened_at >= ?
               and happened_at < ?
            """;

    /** The wrong way: nobody knows which partitions hold a result of a function. */
    static final String ON_DAY = """
            select count(*)
              from event
             where (happened_at at time zone 'UTC')::date = ?
            """;

    /** The range comes from another table, row by row. */
    static final String DURING_OUTAGE = """
            select count(*)
              from outage
              join event on event.happened_at >= outage.began_at and event.happened_at < outage.ended_at
             where outage.id = ?
            """;

    private PartitionPruning() {}

    /** Events of one day in UTC. */
    public static long countOn(Connection connection, LocalDate day) throws SQLException {
        OffsetDateTime from = day.atStartOfDay().atOffset(ZoneOffset.UTC);
        try (PreparedStatement select = connection.prepareStatement(IN_TIME)) {
            select.setObject(1, from);
            select.setObject(2, from.plusDays(1));
            try (ResultSet row = select.executeQuery()) {
                row.next();
                return row.getLong(1);
            }
        }
    }

    /** Makes the partition of one month; does nothing if it is there. */
    public static void createMonth(Connection connection, YearMonth month) throws SQLException {
        // DDL takes no parameters, so the text is made of numbers only
        String name = "event_%d_%02d".formatted(month.getYear(), month.getMonthValue());
        try (Statement statement = connection.createStatement()) {
            statement.execute("""
                    create table if not exists %s partition of event
                       for values from ('%s-01 00:00Z') to ('%s-01 00:00Z')
                    """.formatted(name, month, month.plusMonths(1)));
        }
    }

    /** Stores an event. Error 23514 says that there is no partition for its time. */
    public static void insert(Connection connection, OffsetDateTime time, String payload) throws SQLException {
        try (PreparedStatement insert =
                connection.prepareStatement("insert into event (happened_at, payload) values (?, ?)")) {
            insert.setObject(1, time);
            insert.setString(2, payload);
            insert.executeUpdate();
        }
    }

    public static void createSchema(Connection connection, int year) throws SQLException {
        try (Statement statement = connection.createStatement()) {
            statement.execute("""
                    create table event (
                      happened_at timestamptz not null,
                      payload     text        not null
                    )
                      partition by range (happened_at)
                    """);
            statement.execute("create index event_time on event (happened_at)");
            statement.execute("""
                    create table outage (
                      id       int         primary key,
                      began_at timestamptz not null,
                      ended_at timestamptz not null
                    )
                    """);
        }
        for (int month = 1; month <= 12; month++) {
            createMonth(connection, YearMonth.of(year, month));
        }
    }

    /** An event every five minutes from the beginning of 2026, and an outage of two hours on 5 March. */
    public static void fill(Connection connection, int events) throws SQLException {
        try (PreparedStatement insert = connection.prepareStatement("""
                        insert into event
                        select timestamptz '2026-01-01 00:00Z' + n * interval '5 minutes', 'event ' || n
                          from generate_series(0, ? - 1) as n
                        """);
                Statement statement = connection.createStatement()) {
            insert.setInt(1, events);
            insert.executeUpdate();
            statement.execute("insert into outage values (1, '2026-03-05 07:00Z', '2026-03-05 09:00Z')");
            statement.execute("analyze event, outage");
        }
    }

    public static void main(String[] args) {
        LocalDate day = LocalDate.of(2026, 3, 5);
        OffsetDateTime from = day.atStartOfDay().atOffset(ZoneOffset.UTC);
        Story.tell(PartitionPruning.class, story -> {
            try (Connection connection = story.postgresql().getConnection();
                    Statement statement = connection.createStatement()) {
                story.quietly("100,000 events of 2026 in 12 partitions", () -> {
                    createSchema(connection, 2026);
                    fill(connection, 100_000);
                });

                story.step("The values are known: one partition is in the plan");
                story.show("events on 5 March", countOn(connection, day));
                story.plan(connection, IN_TIME, from, from.plusDays(1));

                story.step("A generic plan has them all, and removes 11 when it starts");
                statement.execute("set plan_cache_mode = force_generic_plan");
                statement.execute("prepare in_time (timestamptz, timestamptz) as "
                        + IN_TIME.replaceFirst("\\?", "\\$1").replaceFirst("\\?", "\\$2"));
                story.plan(connection, "execute in_time ('2026-03-05 00:00Z', '2026-03-06 00:00Z')");
                statement.execute("reset plan_cache_mode");

                story.step("In a join the partition is chosen for each outer row");
                story.plan(connection, DURING_OUTAGE, 1);

                story.step("A function around the key: every partition is read");
                story.plan(connection, ON_DAY, day);

                story.learned("Compare the bare key with a range; a function around it reads everything.");
            }
        });
    }
}
