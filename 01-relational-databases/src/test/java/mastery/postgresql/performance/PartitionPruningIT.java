package mastery.postgresql.performance;

import static mastery.postgresql.performance.PartitionPruning.DURING_OUTAGE;
import static mastery.postgresql.performance.PartitionPruning.IN_TIME;
import static mastery.postgresql.performance.PartitionPruning.ON_DAY;
import static mastery.postgresql.performance.PartitionPruning.countOn;
import static mastery.postgresql.performance.PartitionPruning.createMonth;
import static mastery.postgresql.performance.PartitionPruning.insert;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.LocalDate;
import java.time.OffsetDateTime;
import java.time.YearMonth;
import java.time.ZoneOffset;
import java.util.List;
import java.util.Optional;
import mastery.support.junit.OnPostgreSql;
import mastery.support.junit.Prepare;
import mastery.support.plan.Plan;
import mastery.support.plan.PlanNode;
import mastery.support.plan.PostgreSqlPlans;
import org.junit.jupiter.api.Test;

@OnPostgreSql
class PartitionPruningIT {

    private static final int EVENTS = 100_000;
    private static final int ON_EACH_DAY = 288;
    private static final LocalDate DAY = LocalDate.of(2026, 3, 5);
    private static final OffsetDateTime FROM = DAY.atStartOfDay().atOffset(ZoneOffset.UTC);

    @Prepare
    static void prepare(Connection connection) throws SQLException {
        PartitionPruning.createSchema(connection, 2026);
        PartitionPruning.fill(connection, EVENTS);
    }

    @Test
    void aKnownValueLeavesOnePartitionInThePlan(Connection connection) throws SQLException {
        Plan plan = PostgreSqlPlans.analyze(connection, IN_TIME, FROM, FROM.plusDays(1));

        assertThat(partitions(plan)).containsExactly("event_2026_03");
        assertThat(plan.has("Append")).isFalse();
        assertThat(plan.rowsFromLeaves()).isEqualTo(ON_EACH_DAY);
    }

    @Test
    void aRangeOverTheEndOfAMonthLeavesTwo(Connection connection) throws SQLException {
        OffsetDateTime end = FROM.withDayOfMonth(1);

        assertThat(partitions(PostgreSqlPlans.explain(connection, IN_TIME, end.minusHours(1), end.plusHours(1))))
                .containsExactly("event_2026_02", "event_2026_03");
        assertThat(partitions(PostgreSqlPlans.explain(connection, IN_TIME, end.minusHours(1), end)))
                .containsExactly("event_2026_02");
    }

    @Test
    void aParameterLeavesThemInThePlanAndElevenAreRemovedWhenItStarts(Connection connection) throws SQLException {
        execute(connection, "set plan_cache_mode = force_generic_plan");
        execute(
                connection,
                "prepare in_time (timestamptz, timestamptz) as "
                        + IN_TIME.replaceFirst("\\?", "\\$1").replaceFirst("\\?", "\\$2"));

        Plan plan = PostgreSqlPlans.analyze(connection, "execute in_time ('2026-03-05 00:00Z', '2026-03-06 00:00Z')");

        assertThat(plan.find("Append").number("Subplans Removed")).hasValue(11);
        assertThat(partitions(plan)).containsExactly("event_2026_03");
        assertThat(plan.find("Index Only Scan").details().get("Index Cond")).contains("$1", "$2");
        assertThat(plan.rowsFromLeaves()).isEqualTo(ON_EACH_DAY);
    }

    @Test
    void withPruningOffTheSameQueryVisitsThemAll(Connection connection) throws SQLException {
        execute(connection, "set enable_partition_pruning = off");

        Plan plan = PostgreSqlPlans.analyze(connection, IN_TIME, FROM, FROM.plusDays(1));

        assertThat(partitions(plan)).hasSize(12);
        assertThat(plan.nodes().filter(PlanNode::neverExecuted)).isEmpty();
        assertThat(plan.rowsFromLeaves()).isEqualTo(ON_EACH_DAY);
    }

    @Test
    void inAJoinOnlyThePartitionOfTheOuterRowRuns(Connection connection) throws SQLException {
        Plan plan = PostgreSqlPlans.analyze(connection, DURING_OUTAGE, 1);

        List<PlanNode> scans = plan.find("Append").children();
        assertThat(scans).hasSize(12);
        assertThat(scans.stream().filter(scan -> !scan.neverExecuted()).map(PlanNode::target))
                .containsExactly(Optional.of("event_2026_03"));
        assertThat(plan.find("Append").totalRows()).isEqualTo(24);
    }

    @Test
    void aFunctionAroundTheKeyReadsEveryPartition(Connection connection) throws SQLException {
        Plan plan = PostgreSqlPlans.analyze(connection, ON_DAY, DAY);
        Plan pruned = PostgreSqlPlans.analyze(connection, IN_TIME, FROM, FROM.plusDays(1));

        assertThat(partitions(plan)).hasSize(12);
        assertThat(plan.find("Append").totalRows()).isEqualTo(ON_EACH_DAY);
        assertThat(plan.nodes().mapToLong(PlanNode::totalRemovedByFilter).sum()).isEqualTo(EVENTS - ON_EACH_DAY);
        assertThat(plan.blocks()).isGreaterThan(50 * pruned.blocks());
    }

    @Test
    void aRowWithoutAPartitionIsRefusedWith23514UntilItsMonthIsThere(Connection connection) throws SQLException {
        OffsetDateTime nextYear = FROM.plusYears(1);
        assertThatThrownBy(() -> insert(connection, nextYear, "early"))
                .isInstanceOfSatisfying(
                        SQLException.class, e -> assertThat(e.getSQLState()).isEqualTo("23514"));

        createMonth(connection, YearMonth.of(2027, 3));
        createMonth(connection, YearMonth.of(2027, 3));
        insert(connection, nextYear, "early");

        assertThat(countOn(connection, DAY.plusYears(1))).isEqualTo(1);
        assertThat(partitions(PostgreSqlPlans.explain(connection, IN_TIME, nextYear, nextYear.plusDays(1))))
                .containsExactly("event_2027_03");
    }

    @Test
    void aUniqueIndexMustIncludeTheKey(Connection connection) {
        assertThatThrownBy(() -> execute(connection, "create unique index event_payload on event (payload)"))
                .isInstanceOfSatisfying(
                        SQLException.class, e -> assertThat(e.getSQLState()).isEqualTo("0A000"));
    }

    @Test
    void droppingAPartitionDeletesItsMonth(Connection connection) throws SQLException {
        execute(connection, "drop table event_2026_03");

        assertThat(countOn(connection, DAY)).isZero();
        assertThat(countOn(connection, DAY.withMonth(4))).isEqualTo(ON_EACH_DAY);
    }

    @Test
    void badInputIsRefusedAndHostileTextIsOnlyText(Connection connection) throws SQLException {
        assertThatThrownBy(() -> countOn(connection, null)).isInstanceOf(NullPointerException.class);
        assertThatThrownBy(() -> createMonth(connection, null)).isInstanceOf(NullPointerException.class);
        assertThatThrownBy(() -> insert(connection, null, "when?"))
                .isInstanceOfSatisfying(
                        SQLException.class, e -> assertThat(e.getSQLState()).isEqualTo("23514"));
        assertThatThrownBy(() -> insert(connection, FROM, null))
                .isInstanceOfSatisfying(
                        SQLException.class, e -> assertThat(e.getSQLState()).isEqualTo("23502"));
        assertThat(countOn(connection, DAY)).isEqualTo(ON_EACH_DAY);

        insert(connection, FROM, "'); drop table event; --");
        assertThat(countOn(connection, DAY)).isEqualTo(ON_EACH_DAY + 1);
    }

    /** The partitions that a plan reads, in its order. */
    private static List<String> partitions(Plan plan) {
        return plan.nodes()
                .map(PlanNode::target)
                .flatMap(Optional::stream)
                .filter(name -> name.startsWith("event_"))
                .distinct()
                .toList();
    }

    private static void execute(Connection connection, String sql) throws SQLException {
        try (Statement statement = connection.createStatement()) {
            statement.execute(sql);
        }
    }
}
