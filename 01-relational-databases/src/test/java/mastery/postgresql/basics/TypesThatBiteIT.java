package mastery.postgresql.basics;

import static mastery.postgresql.basics.TypesThatBite.IN_24_HOURS;
import static mastery.postgresql.basics.TypesThatBite.NEXT_DAY_OF_THE_SESSION;
import static mastery.postgresql.basics.TypesThatBite.PERCENT_OF_INTEGERS;
import static mastery.postgresql.basics.TypesThatBite.later;
import static mastery.postgresql.basics.TypesThatBite.nextDay;
import static mastery.postgresql.basics.TypesThatBite.pay;
import static mastery.postgresql.basics.TypesThatBite.percent;
import static mastery.postgresql.basics.TypesThatBite.sums;
import static mastery.postgresql.basics.TypesThatBite.work;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.math.BigDecimal;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.time.OffsetDateTime;
import java.time.ZoneId;
import java.time.ZoneOffset;
import mastery.postgresql.basics.TypesThatBite.Lengths;
import mastery.postgresql.basics.TypesThatBite.Sums;
import mastery.support.junit.OnPostgreSql;
import mastery.support.junit.Prepare;
import org.junit.jupiter.api.Test;

@OnPostgreSql
class TypesThatBiteIT {

    private static final ZoneId BERLIN = ZoneId.of("Europe/Berlin");
    /** The day before the clocks go forward. */
    private static final OffsetDateTime NOON = OffsetDateTime.parse("2026-03-28T12:00+01:00");

    private static final OffsetDateTime NEXT_NOON = OffsetDateTime.parse("2026-03-29T12:00+02:00");
    private static final OffsetDateTime ONE_O_CLOCK = OffsetDateTime.parse("2026-03-29T13:00+02:00");

    @Prepare
    static void prepare(Connection connection) throws SQLException {
        TypesThatBite.createSchema(connection);
    }

    @Test
    void numericAddsExactlyAndFloat8DoesNot(Connection connection) throws SQLException {
        pay(connection, new BigDecimal("0.10"));
        pay(connection, new BigDecimal("0.20"));

        assertThat(sums(connection, new BigDecimal("0.30")))
                .contains(new Sums(new BigDecimal("0.30"), true, 0.30000000000000004, false));
    }

    @Test
    void anIntegerDivisionCutsOff(Connection connection) throws SQLException {
        assertThat(percent(connection, PERCENT_OF_INTEGERS, 2, 3)).isEqualByComparingTo("0");
        assertThat(percent(connection, PERCENT_OF_INTEGERS, 5, 3)).isEqualByComparingTo("100");
    }

    @Test
    void aNumericInFrontMakesTheDivisionExact(Connection connection) throws SQLException {
        assertThat(percent(connection, 2, 3)).isEqualTo("66.7");
        assertThat(percent(connection, 5, 3)).isEqualTo("166.7");
        // an integer product of this size would fail with 22003
        assertThat(percent(connection, Integer.MAX_VALUE, Integer.MAX_VALUE)).isEqualTo("100.0");
    }

    @Test
    void aDayAnd24HoursDifferByOneHourWhenTheClocksGoForward(Connection connection) throws SQLException {
        setTimeZone(connection, "Europe/Berlin");

        OffsetDateTime day = later(connection, NEXT_DAY_OF_THE_SESSION, NOON);
        OffsetDateTime hours = later(connection, IN_24_HOURS, NOON);

        assertThat(day).isAtSameInstantAs(NEXT_NOON);
        assertThat(hours).isAtSameInstantAs(ONE_O_CLOCK);
        assertThat(Duration.between(day, hours)).isEqualTo(Duration.ofHours(1));
    }

    @Test
    void aDayFollowsTheZoneOfTheSessionUnlessItNamesOne(Connection connection) throws SQLException {
        setTimeZone(connection, "UTC");
        assertThat(later(connection, NEXT_DAY_OF_THE_SESSION, NOON)).isAtSameInstantAs(ONE_O_CLOCK);
        assertThat(nextDay(connection, NOON, BERLIN)).isAtSameInstantAs(NEXT_NOON);

        setTimeZone(connection, "Europe/Berlin");
        assertThat(later(connection, NEXT_DAY_OF_THE_SESSION, NOON)).isAtSameInstantAs(NEXT_NOON);
        assertThat(nextDay(connection, NOON, BERLIN)).isAtSameInstantAs(NEXT_NOON);
        assertThat(nextDay(connection, NOON, ZoneId.of("UTC"))).isAtSameInstantAs(ONE_O_CLOCK);
    }

    @Test
    void theDriverSetsTheZoneOfTheSessionToThatOfTheJvm(Connection connection) throws SQLException {
        assertThat(ZoneId.of(value(connection, "show time zone")).getRules())
                .isEqualTo(ZoneId.systemDefault().getRules());
    }

    @Test
    void aTimestampWithoutZoneLosesTheHourThatTheClocksGoBack(Connection connection) throws SQLException {
        setTimeZone(connection, "Europe/Berlin");

        Lengths night = work(
                connection,
                OffsetDateTime.parse("2026-10-24T22:00+02:00"),
                OffsetDateTime.parse("2026-10-25T06:00+01:00"));

        assertThat(night).isEqualTo(new Lengths(Duration.ofHours(9), Duration.ofHours(8)));
    }

    @Test
    void twoMomentsReadTheSameWithoutAZone(Connection connection) throws SQLException {
        setTimeZone(connection, "Europe/Berlin");
        Lengths hour = work(
                connection,
                OffsetDateTime.parse("2026-10-25T02:30+02:00"),
                OffsetDateTime.parse("2026-10-25T02:30+01:00"));

        assertThat(hour).isEqualTo(new Lengths(Duration.ofHours(1), Duration.ZERO));
        assertThat(value(connection, "select wall_started || ', ' || wall_ended from shift"))
                .isEqualTo("2026-10-25 02:30:00, 2026-10-25 02:30:00");
    }

    @Test
    void bothTimestampsAreEightBytes(Connection connection) throws SQLException {
        work(connection, NOON, ONE_O_CLOCK);

        assertThat(value(
                        connection,
                        "select pg_column_size(started) || ', ' || pg_column_size(wall_started) from shift"))
                .isEqualTo("8, 8");
    }

    @Test
    void aTimestamptzIsTheSameMomentInEverySessionAndATimestampIsNot(Connection connection) throws SQLException {
        setTimeZone(connection, "Europe/Berlin");
        work(connection, NOON, ONE_O_CLOCK);
        assertThat(value(connection, "select extract(epoch from started)::bigint from shift"))
                .isEqualTo(String.valueOf(NOON.toEpochSecond()));
        assertThat(value(connection, "select wall_started::timestamptz = started from shift"))
                .isEqualTo("t");

        setTimeZone(connection, "UTC");
        assertThat(value(connection, "select extract(epoch from started)::bigint from shift"))
                .isEqualTo(String.valueOf(NOON.toEpochSecond()));
        assertThat(value(connection, "select wall_started::timestamptz = started from shift"))
                .isEqualTo("f");
    }

    @Test
    void anOffsetIsRefusedBecauseTheServerReadsItsSignTheOtherWay(Connection connection) throws SQLException {
        assertThat(value(connection, "select timestamptz '2026-03-28 11:00Z' at time zone '+02:00'"))
                .isEqualTo("2026-03-28 09:00:00");

        connection.close(); // a statement would fail with an SQLException
        for (ZoneId offset : new ZoneId[] {ZoneOffset.ofHours(2), ZoneId.of("UTC+02:00"), ZoneOffset.UTC}) {
            assertThatThrownBy(() -> nextDay(connection, NOON, offset))
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessageContaining(offset.getId());
        }
    }

    @Test
    void whatCannotBeIsRefusedBeforeAnyStatement(Connection connection) throws SQLException {
        connection.close(); // a statement would fail with an SQLException

        assertThatThrownBy(() -> pay(connection, null)).isInstanceOf(IllegalArgumentException.class);
        assertThatThrownBy(() -> pay(connection, BigDecimal.ZERO)).isInstanceOf(IllegalArgumentException.class);
        assertThatThrownBy(() -> pay(connection, new BigDecimal("0.005")))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("0.005");
        assertThatThrownBy(() -> percent(connection, 1, 0)).isInstanceOf(IllegalArgumentException.class);
        assertThatThrownBy(() -> nextDay(connection, null, BERLIN)).hasMessage("moment");
        assertThatThrownBy(() -> work(connection, NOON, NOON)).isInstanceOf(IllegalArgumentException.class);
    }

    @Test
    void anAmountTooLargeIsRefusedByTheColumnAndNothingIsStored(Connection connection) throws SQLException {
        assertThatThrownBy(() -> pay(connection, new BigDecimal("10000000000")))
                .isInstanceOfSatisfying(
                        SQLException.class, e -> assertThat(e.getSQLState()).isEqualTo("22003"));
        assertThat(sums(connection, BigDecimal.ZERO)).isEmpty();
    }

    private static void setTimeZone(Connection connection, String zone) throws SQLException {
        try (Statement statement = connection.createStatement()) {
            statement.execute("set time zone '" + zone + "'");
        }
    }

    private static String value(Connection connection, String sql) throws SQLException {
        try (Statement statement = connection.createStatement();
                ResultSet row = statement.executeQuery(sql)) {
            row.next();
            return row.getString(1);
        }
    }
}
