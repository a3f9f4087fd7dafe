package mastery.postgresql.performance;

import static mastery.postgresql.performance.SkipScan.BY_TRACKING;
import static mastery.postgresql.performance.SkipScan.BY_WAREHOUSE_AND_TRACKING;
import static mastery.postgresql.performance.SkipScan.FEW_LEADING_VALUES;
import static mastery.postgresql.performance.SkipScan.ITS_OWN;
import static mastery.postgresql.performance.SkipScan.MANY_LEADING_VALUES;
import static mastery.postgresql.performance.SkipScan.find;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import mastery.postgresql.performance.SkipScan.Shipment;
import mastery.support.junit.OnPostgreSql;
import mastery.support.junit.Prepare;
import mastery.support.plan.Plan;
import mastery.support.plan.PlanNode;
import mastery.support.plan.PostgreSqlPlans;
import org.junit.jupiter.api.Test;

@OnPostgreSql
class SkipScanIT {

    private static final int SHIPMENTS = 90_000;
    private static final int WAREHOUSES = 8;
    private static final int TRACKING = 7919;

    @Prepare
    static void prepare(Connection connection) throws SQLException {
        SkipScan.createSchema(connection);
        SkipScan.fill(connection, SHIPMENTS);
    }

    @Test
    void withFewLeadingValuesTheIndexIsSearchedOnceForEach(Connection connection) throws SQLException {
        execute(connection, FEW_LEADING_VALUES);

        PlanNode scan =
                PostgreSqlPlans.analyze(connection, BY_TRACKING, TRACKING).find("Index Scan");

        assertThat(scan.index()).hasValue("shipment_warehouse");
        assertThat(scan.details()).containsEntry("Index Cond", "(tracking = 7919)");
        assertThat(scan.totalRows()).isEqualTo(1);
        // and once more, to see that there is no further one
        assertThat(searches(scan)).isEqualTo(WAREHOUSES + 1);
        assertThat(scan.ownBlocks()).isLessThan(blocks(connection, "shipment_warehouse") / 5);
    }

    @Test
    void withoutAnIndexEveryBlockOfTheTableIsRead(Connection connection) throws SQLException {
        PlanNode scan =
                PostgreSqlPlans.analyze(connection, BY_TRACKING, TRACKING).find("Seq Scan");

        assertThat(scan.ownBlocks()).isEqualTo(blocks(connection, "shipment"));
        assertThat(scan.totalRemovedByFilter()).isEqualTo(SHIPMENTS - 1);
    }

    @Test
    void skippingReadsAFractionOfWhatTheTableCosts(Connection connection) throws SQLException {
        Plan without = PostgreSqlPlans.analyze(connection, BY_TRACKING, TRACKING);
        execute(connection, FEW_LEADING_VALUES);
        Plan with = PostgreSqlPlans.analyze(connection, BY_TRACKING, TRACKING);

        assertThat(with.blocks()).isLessThan(without.blocks() / 20);
    }

    @Test
    void aRangeOnTheSecondColumnSkipsToo(Connection connection) throws SQLException {
        execute(connection, FEW_LEADING_VALUES);

        PlanNode scan = PostgreSqlPlans.analyze(
                        connection, "select id from shipment where tracking between ? and ?", TRACKING, TRACKING + 5)
                .find("Index Scan");

        assertThat(searches(scan)).isGreaterThanOrEqualTo(WAREHOUSES);
    }

    @Test
    void whoNamesTheLeadingColumnNeedsOneSearch(Connection connection) throws SQLException {
        execute(connection, FEW_LEADING_VALUES);

        PlanNode scan = PostgreSqlPlans.analyze(connection, BY_WAREHOUSE_AND_TRACKING, 1, TRACKING)
                .find("Index Scan");

        assertThat(searches(scan)).isEqualTo(1);
        assertThat(scan.ownBlocks()).isBetween(2L, 4L);
    }

    @Test
    void withManyLeadingValuesNothingIsSkippedAndTheWholeIndexIsRead(Connection connection) throws SQLException {
        execute(connection, MANY_LEADING_VALUES);

        PlanNode scan =
                PostgreSqlPlans.analyze(connection, BY_TRACKING, TRACKING).find("Index Scan");

        assertThat(scan.index()).hasValue("shipment_customer");
        assertThat(searches(scan)).isEqualTo(1);
        assertThat(scan.ownBlocks()).isGreaterThan(blocks(connection, "shipment_customer") * 9 / 10);
    }

    @Test
    void theIndexThatBeginsWithTheColumnIsPreferredAndReadsLeast(Connection connection) throws SQLException {
        execute(connection, FEW_LEADING_VALUES);
        PlanNode skipping =
                PostgreSqlPlans.analyze(connection, BY_TRACKING, TRACKING).find("Index Scan");
        execute(connection, ITS_OWN);

        PlanNode scan =
                PostgreSqlPlans.analyze(connection, BY_TRACKING, TRACKING).find("Index Scan");

        assertThat(scan.index()).hasValue("shipment_tracking");
        assertThat(searches(scan)).isEqualTo(1);
        assertThat(scan.ownBlocks()).isLessThan(skipping.ownBlocks() / 3);
    }

    @Test
    void theAnswerIsTheSameWithAndWithoutTheIndex(Connection connection) throws SQLException {
        Shipment only = new Shipment(1, 1, 1, TRACKING);
        assertThat(find(connection, TRACKING)).containsExactly(only);
        execute(connection, FEW_LEADING_VALUES);
        assertThat(find(connection, TRACKING)).containsExactly(only);
        assertThat(find(connection, Integer.MAX_VALUE)).isEmpty();
    }

    @Test
    void aNegativeNumberIsRefusedBeforeAnyStatement(Connection connection) throws SQLException {
        connection.close(); // a statement would fail with an SQLException

        assertThatThrownBy(() -> find(connection, -1))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("-1");
    }

    private static long searches(PlanNode scan) {
        return (long) scan.number("Index Searches").orElseThrow();
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
