package mastery.postgresql.performance;

import static mastery.postgresql.performance.BrinCorrelation.BETWEEN;
import static mastery.postgresql.performance.BrinCorrelation.BETWEEN_SHUFFLED;
import static mastery.postgresql.performance.BrinCorrelation.averageBetween;
import static mastery.postgresql.performance.BrinCorrelation.summarize;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.OffsetDateTime;
import java.util.Map;
import java.util.function.Function;
import java.util.stream.Collectors;
import mastery.postgresql.performance.BrinCorrelation.Average;
import mastery.postgresql.performance.BrinCorrelation.Fit;
import mastery.support.junit.OnPostgreSql;
import mastery.support.junit.Prepare;
import mastery.support.plan.Plan;
import mastery.support.plan.PlanNode;
import mastery.support.plan.PostgreSqlPlans;
import org.junit.jupiter.api.Test;

/** Six hours, 2,160 measurements, are asked for; a range of 8 pages holds about 1,250. */
@OnPostgreSql
class BrinCorrelationIT {

    private static final int MEASUREMENTS = 120_000;
    private static final int IN_SIX_HOURS = 6 * 360;
    private static final OffsetDateTime FROM = OffsetDateTime.parse("2026-01-05T00:00Z");
    private static final OffsetDateTime TO = FROM.plusHours(6);

    @Prepare
    static void prepare(Connection connection) throws SQLException {
        BrinCorrelation.createSchema(connection);
        // VACUUM would summarize what a test has inserted
        execute(connection, "alter table measurement set (autovacuum_enabled = off)");
        BrinCorrelation.fill(connection, MEASUREMENTS);
    }

    @Test
    void itIsAHundredthOfTheBTree(Connection connection) throws SQLException {
        Map<String, Fit> fits = fits(connection);

        assertThat(fits.get("measurement_brin").blocks()).isLessThanOrEqualTo(3);
        assertThat(fits.get("measurement_btree").blocks())
                .isGreaterThan(100 * fits.get("measurement_brin").blocks());
    }

    @Test
    void theCorrelationTellsOrderedFromShuffled(Connection connection) throws SQLException {
        assertThat(fits(connection).get("measurement_brin").correlation()).isEqualTo(1);
        assertThat(fits(connection).get("measurement_shuffled_brin").correlation())
                .isCloseTo(0, within(0.05));
    }

    @Test
    void inOrderItReadsTheRangesOfTheseHoursOnly(Connection connection) throws SQLException {
        PlanNode scan = brinScan(connection, BETWEEN);

        assertThat(scan.totalRows()).isEqualTo(IN_SIX_HOURS);
        assertThat(lossyBlocks(scan)).isBetween(14L, 32L).isEqualTo(scan.ownBlocks());
        assertThat(scan.number("Rows Removed by Index Recheck").orElseThrow()).isLessThan(2 * 1_300);
    }

    @Test
    void shuffledThePlannerReadsTheTableInstead(Connection connection) throws SQLException {
        Plan plan = PostgreSqlPlans.analyze(connection, BETWEEN_SHUFFLED, FROM, TO);

        assertThat(plan.find("Seq Scan").totalRows()).isEqualTo(IN_SIX_HOURS);
        assertThat(plan.blocks()).isEqualTo(blocks(connection, "measurement_shuffled"));
    }

    @Test
    void shuffledNoRangeCanBeLeftOut(Connection connection) throws SQLException {
        execute(connection, "set enable_seqscan = off");

        PlanNode scan = brinScan(connection, BETWEEN_SHUFFLED);

        assertThat(lossyBlocks(scan)).isEqualTo(blocks(connection, "measurement_shuffled"));
        assertThat(scan.number("Rows Removed by Index Recheck")).hasValue(MEASUREMENTS - IN_SIX_HOURS);
    }

    @Test
    void onceInOrderTheSameRowsAreFoundInTheirRanges(Connection connection) throws SQLException {
        BrinCorrelation.restoreOrder(connection);

        assertThat(fits(connection).get("measurement_shuffled_brin").correlation())
                .isEqualTo(1);
        assertThat(lossyBlocks(brinScan(connection, BETWEEN_SHUFFLED))).isBetween(14L, 32L);
    }

    @Test
    void newPagesAreReadByEveryQueryUntilTheyAreSummarized(Connection connection) throws SQLException {
        long before = lossyBlocks(brinScan(connection, BETWEEN));
        execute(connection, """
                insert into measurement
                select timestamptz '2026-06-01 00:00Z' + n * interval '10 s', 0, 20 from generate_series(1, 10000) as n
                """);

        PlanNode scan = brinScan(connection, BETWEEN);
        assertThat(scan.totalRows()).isEqualTo(IN_SIX_HOURS);
        assertThat(lossyBlocks(scan)).isGreaterThan(before + 50);

        assertThat(summarize(connection)).isBetween(7, 9);
        assertThat(lossyBlocks(brinScan(connection, BETWEEN))).isEqualTo(before);
        assertThat(summarize(connection)).isZero();
    }

    @Test
    void theAverageIsTheSameWithAndWithoutTheIndex(Connection connection) throws SQLException {
        execute(connection, "drop index measurement_btree");
        Average withBrin = averageBetween(connection, FROM, TO);
        execute(connection, "drop index measurement_brin");

        assertThat(withBrin.measurements()).isEqualTo(IN_SIX_HOURS);
        assertThat(averageBetween(connection, FROM, TO)).isEqualTo(withBrin);
    }

    @Test
    void aTimeThatEndsBeforeItBeginsIsRefusedBeforeAnyStatement(Connection connection) throws SQLException {
        assertThat(averageBetween(connection, FROM.plusYears(50), TO.plusYears(50)))
                .isEqualTo(new Average(0, Double.NaN));
        connection.close(); // a statement would fail with an SQLException

        assertThatThrownBy(() -> averageBetween(connection, TO, FROM))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("empty");
        assertThatThrownBy(() -> averageBetween(connection, FROM, FROM)).isInstanceOf(IllegalArgumentException.class);
        assertThatThrownBy(() -> averageBetween(connection, null, TO)).hasMessage("from");
        assertThatThrownBy(() -> averageBetween(connection, FROM, null)).hasMessage("to");
    }

    /** The scan of the table through the BRIN index; the B-tree, which would be taken instead, is dropped first. */
    private static PlanNode brinScan(Connection connection, String sql) throws SQLException {
        execute(connection, "drop index if exists measurement_btree");
        Plan plan = PostgreSqlPlans.analyze(connection, sql, FROM, TO);
        assertThat(plan.find("Bitmap Index Scan").index().orElseThrow()).endsWith("_brin");
        return plan.find("Bitmap Heap Scan");
    }

    private static long lossyBlocks(PlanNode scan) {
        return (long) scan.number("Lossy Heap Blocks").orElseThrow();
    }

    private static Map<String, Fit> fits(Connection connection) throws SQLException {
        return BrinCorrelation.fits(connection).stream().collect(Collectors.toMap(Fit::index, Function.identity()));
    }

    private static long blocks(Connection connection, String relation) throws SQLException {
        try (Statement statement = connection.createStatement();
                ResultSet row = statement.executeQuery(
                        "select pg_relation_size('" + relation + "') / current_setting('block_size')::int")) {
            row.next();
            return row.getLong(1);
        }
    }

    private static void execute(Connection connection, String sql) throws SQLException {
        try (Statement statement = connection.createStatement()) {
            statement.execute(sql);
        }
    }
}
