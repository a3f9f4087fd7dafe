package mastery.postgresql.basics;

import java.math.BigDecimal;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.time.OffsetDateTime;
import java.time.ZoneId;
import java.util.Objects;
import java.util.Optional;
import mastery.support.trace.Story;

/**
 * Three types give wrong answers without an error: float8 for money, integer division for shares, and timestamp without time
 * zone for moments.
 *
 * <p><b>Use</b> numeric for what is counted exactly, timestamptz for moments, and name the zone where a calendar day is meant.
 *
 * <p><b>Not</b> timestamptz for what a wall clock says wherever it hangs, such as opening hours: that is timestamp or time.
 * Not numeric for measurements, which are inexact from the start.
 *
 * <p><b>It costs</b> time to compute with numeric, which no processor knows. A timestamptz costs no more than a timestamp: both
 * are 8 bytes, because it stores the moment and no zone.
 *
 * <p><b>It needs</b> a look at the session's time zone: the driver sets it to that of the JVM, and every conversion between
 * the two timestamps, and every day added to a timestamptz, follows it.
 *
 * <p>Source: PostgreSQL manual, "Numeric Types", "Date/Time Types", "Date/Time Functions and Operators".
 */
public final class TypesThatBite {

    /** The right way: multiply first, and by a numeric, so that the division is exact enough to round. */
    static final String PERCENT = "select round(100.0 * ? / ?, 1)";

    /** The wrong way: integer by integer is integer, and less than one is zero. */
    static final String PERCENT_OF_INTEGERS = "select ? / ? * 100";

    /** The right way: the same time of day on the next day, in the zone that is meant. */
    static final String NEXT_DAY = "select date_add(?::timestamptz, interval '1 day', ?)";

    /** The wrong way: the next day in whatever zone the session has. */
    static final String NEXT_DAY_OF_THE_SESSION = "select ?::timestamptz + interval '1 day'";

    /** Something else: on two days of the year this is another hour of the day. */
    static final String IN_24_HOURS = "select ?::timestamptz + interval '24 hours'";

    private TypesThatBite() {}

    /** The sum of all payments, by both types, and whether each is equal to what a person adds up. */
    public record Sums(BigDecimal exact, boolean exactIsRight, double floating, boolean floatingIsRight) {}

    /** How long a shift was: as the moments say, and as the clocks on the wall say. */
    public record Lengths(Duration moments, Duration wallClock) {}

    /** Stores a payment as numeric and, beside it, as float8. */
    public static void pay(Connection connection, BigDecimal amount) throws SQLException {
        if (amount == null || amount.signum() < 1 || amount.stripTrailingZeros().scale() > 2) {
            // numeric(12, 2) would round it without a word
            throw new IllegalArgumentException("an amount is positive and in whole cents: " + amount);
        }
        try (PreparedStatement insert =
                connection.prepareStatement("insert into payment (exact, floating) values (?, ?)")) {
            insert.setBigDecimal(1, amount);
            insert.setDouble(2, amount.doubleValue());
            insert.executeUpdate();
        }
    }

    /** The sums of what was paid; empty before the first payment. */
    public static Optional<Sums> sums(Connection connection, BigDecimal expected) throws SQLException {
        Objects.requireNonNull(expected, "expected");
        try (PreparedStatement select = connection.prepareStatement("""
                select exact, exact = ? as exact_is_right, floating, floating = ? as floating_is_right
                  from (select sum(exact) as exact, sum(floating) as floating from payment) as total
                 where exact is not null
                """)) {
            select.setBigDecimal(1, expected);
            select.setDouble(2, expected.doubleValue());
            try (ResultSet row = select.executeQuery()) {
                return row.next()
                        ? Optional.of(new Sums(
                                row.getBigDecimal("exact"),
                                row.getBoolean("exact_is_right"),
                                row.getDouble("floating"),
                                row.getBoolean("floating_is_right")))
                        : Optional.empty();
            }
        }
    }

    /** How many percent {@code part} is of {@code whole}, to one decimal. */
    public static BigDecimal percent(Connection connection, int part, int whole) throws SQLException {
        return percent(connection, PERCENT, part, whole);
    }

    static BigDecimal percent(Connection connection, String sql, int part, int whole) throws SQLException {
        if (whole < 1) {
            throw new IllegalArgumentException("nothing is a part of " + whole);
        }
        try (PreparedStatement select = connection.prepareStatement(sql)) {
            select.setInt(1, part);
            select.setInt(2, whole);
            try (ResultSet row = select.executeQuery()) {
                row.next();
                return row.getBigDecimal(1);
            }
        }
    }

    /**
     * The same time of day on the next day in a place.
     *
     * @param place a zone with a name, such as Europe/Berlin
     */
    public static OffsetDateTime nextDay(Connection connection, OffsetDateTime moment, ZoneId place)
            throws SQLException {
        if (!ZoneId.getAvailableZoneIds().contains(place.getId())) {
            // and PostgreSQL reads the sign of an offset the other way round
            throw new IllegalArgumentException("an offset knows no summer time, name a place: " + place);
        }
        return later(connection, NEXT_DAY, moment, place.getId());
    }

    static OffsetDateTime later(Connection connection, String sql, OffsetDateTime moment, String... zone)
            throws SQLException {
        Objects.requireNonNull(moment, "moment");
        try (PreparedStatement select = connection.prepareStatement(sql)) {
            select.setObject(1, moment);
            for (int i = 0; i < zone.length; i++) {
                select.setString(i + 2, zone[i]);
            }
            try (ResultSet row = select.executeQuery()) {
                row.next();
                return row.getObject(1, OffsetDateTime.class);
            }
        }
    }

    /** Stores the same two moments in columns of both types, and returns how long the shift was by each. */
    public static Lengths work(Connection connection, OffsetDateTime from, OffsetDateTime until) throws SQLException {
        if (!Objects.requireNonNull(from, "from").isBefore(Objects.requireNonNull(until, "until"))) {
            throw new IllegalArgumentException("a shift ends after it begins: " + from + " until " + until);
        }
        try (PreparedStatement insert = connection.prepareStatement("""
                insert into shift (started, ended, wall_started, wall_ended)
                values (?, ?, ?, ?)
                returning extract(epoch from ended - started)::bigint as seconds,
                          extract(epoch from wall_ended - wall_started)::bigint as wall_seconds
                """)) {
            insert.setObject(1, from);
            insert.setObject(2, until);
            insert.setObject(3, from); // the server converts, and forgets the offset
            insert.setObject(4, until);
            try (ResultSet row = insert.executeQuery()) {
                row.next();
                return new Lengths(
                        Duration.ofSeconds(row.getLong("seconds")), Duration.ofSeconds(row.getLong("wall_seconds")));
            }
        }
    }

    public static void createSchema(Connection connection) throws SQLException {
        try (Statement statement = connection.createStatement()) {
            statement.execute("create table payment (exact numeric(12, 2) not null, floating float8 not null)");
            statement.execute("""
                    create table shift (
                      started      timestamptz not null,
                      ended        timestamptz not null,
                      wall_started timestamp not null,
                      wall_ended   timestamp not null
                    )
                    """);
        }
    }

    public static void main(String[] args) {
        Story.tell(TypesThatBite.class, story -> {
            try (Connection connection = story.postgresql().getConnection();
                    Statement session = connection.createStatement()) {
                story.quietly("two payments, of 0.10 and of 0.20", () -> {
                    createSchema(connection);
                    pay(connection, new BigDecimal("0.10"));
                    pay(connection, new BigDecimal("0.20"));
                });

                story.step("0.10 and 0.20 are 0.30, but not in float8");
                story.show("sums", sums(connection, new BigDecimal("0.30")));

                story.step("2 of 3 are 66.7 percent, but not in integers");
                story.show("percent, dividing integers", percent(connection, PERCENT_OF_INTEGERS, 2, 3));
                story.show("percent, dividing a numeric", percent(connection, 2, 3));

                ZoneId berlin = ZoneId.of("Europe/Berlin");
                OffsetDateTime noon = OffsetDateTime.parse("2026-03-28T12:00+01:00");

                story.step("Noon in Berlin, the day before the clocks go forward: the next noon is 23 hours away");
                session.execute("set time zone 'UTC'");
                story.show("in 24 hours", inZone(later(connection, IN_24_HOURS, noon), berlin));
                story.show(
                        "a day later, session in UTC",
                        inZone(later(connection, NEXT_DAY_OF_THE_SESSION, noon), berlin));
                story.show("a day later in Berlin", inZone(nextDay(connection, noon, berlin), berlin));

                story.step("The night the clocks go back: a shift from 22:00 until 06:00 is 9 hours long");
                session.execute("set time zone 'Europe/Berlin'");
                Lengths lengths = work(
                        connection,
                        OffsetDateTime.parse("2026-10-24T22:00+02:00"),
                        OffsetDateTime.parse("2026-10-25T06:00+01:00"));
                story.show("hours by timestamptz", lengths.moments().toHours());
                story.show("hours by timestamp", lengths.wallClock().toHours());

                story.learned("numeric for money, timestamptz for moments, and the zone by its name.");
            }
        });
    }

    private static OffsetDateTime inZone(OffsetDateTime moment, ZoneId zone) {
        return moment.atZoneSameInstant(zone).toOffsetDateTime();
    }
}
