package mastery.postgresql.advanced;

import static mastery.postgresql.advanced.LateralTopN.LATERAL;
import static mastery.postgresql.advanced.LateralTopN.LATERAL_KEEPING_ALL;
import static mastery.postgresql.advanced.LateralTopN.ROW_NUMBER;
import static mastery.postgresql.advanced.LateralTopN.latest;
import static mastery.postgresql.advanced.LateralTopN.latestByRowNumber;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.List;
import mastery.postgresql.advanced.LateralTopN.Purchase;
import mastery.support.junit.OnPostgreSql;
import mastery.support.junit.Prepare;
import mastery.support.plan.Plan;
import mastery.support.plan.PlanNode;
import mastery.support.plan.PostgreSqlPlans;
import org.junit.jupiter.api.Test;

@OnPostgreSql
class LateralTopNIT {

    private static final int CUSTOMERS = 50;
    private static final int PURCHASES_EACH = 400;
    private static final int TOP = 3;

    @Prepare
    static void prepare(Connection connection) throws SQLException {
        LateralTopN.createSchema(connection);
        LateralTopN.fill(connection, CUSTOMERS, PURCHASES_EACH);
    }

    @Test
    void lateralReadsThreeRowsOfTheIndexForEachCustomer(Connection connection) throws SQLException {
        Plan plan = PostgreSqlPlans.analyze(connection, LATERAL, TOP);

        PlanNode limit = plan.find("Nested Loop").children().get(1);
        PlanNode scan = limit.children().get(0);
        assertThat(limit.operation()).isEqualTo("Limit");
        assertThat(scan.operation()).isEqualTo("Index Scan");
        assertThat(scan.index()).hasValue("purchase_latest");
        // one loop for each customer, one of whom never bought
        assertThat(scan.loops()).hasValue(CUSTOMERS + 1);
        assertThat(scan.totalRows()).isEqualTo(TOP * CUSTOMERS);
        assertThat(scan.totalRemovedByFilter()).isZero();
    }

    @Test
    void rowNumberReadsEveryPurchase(Connection connection) throws SQLException {
        Plan plan = PostgreSqlPlans.analyze(connection, ROW_NUMBER, TOP);

        assertThat(plan.has("WindowAgg")).isTrue();
        assertThat(rowsOf(plan, "purchase")).isEqualTo(CUSTOMERS * PURCHASES_EACH);
        assertThat(plan.blocks())
                .isGreaterThan(PostgreSqlPlans.analyze(connection, LATERAL, TOP).blocks());
    }

    @Test
    void withoutItsIndexLateralReadsTheTableForEachCustomer(Connection connection) throws SQLException {
        execute(connection, "drop index purchase_latest");

        Plan plan = PostgreSqlPlans.analyze(connection, LATERAL, TOP);

        PlanNode scan = purchases(plan);
        assertThat(scan.operation()).isEqualTo("Seq Scan");
        assertThat(scan.loops()).hasValue(CUSTOMERS + 1);
        assertThat(scan.totalRows() + scan.totalRemovedByFilter())
                // the server gives a mean for each loop, rounded
                .isCloseTo((CUSTOMERS + 1L) * CUSTOMERS * PURCHASES_EACH, within(CUSTOMERS + 1L));
    }

    @Test
    void bothGiveTheSameRows(Connection connection) throws SQLException {
        List<Purchase> latest = latest(connection, TOP);

        assertThat(latest).hasSize(TOP * CUSTOMERS).isEqualTo(latestByRowNumber(connection, TOP));
        assertThat(latest).extracting(Purchase::customer).startsWith("Customer 1", "Customer 1", "Customer 1");
        // everybody bought in turn: an id of the same customer is 50 below the one after
        assertThat(latest)
                .extracting(Purchase::id)
                .startsWith(19_951L, 19_901L, 19_851L, 19_952L, 19_902L, 19_852L)
                .endsWith(20_000L, 19_950L, 19_900L);
    }

    @Test
    void theKeyDecidesWhichOfTwoPurchasesOfOneHourIsTheLater(Connection connection) throws SQLException {
        // the last purchase has its hour to itself; the two before it share one, and only one of them is asked for
        List<Purchase> three = latest(connection, 3);
        assertThat(three.get(1).placedAt()).isEqualTo(three.get(2).placedAt());
        List<Purchase> byIndex = latest(connection, 2);
        execute(connection, "drop index purchase_latest");

        assertThat(latest(connection, 2)).isEqualTo(byIndex).isEqualTo(latestByRowNumber(connection, 2));
        assertThat(byIndex).extracting(Purchase::id).startsWith(19_951L, 19_901L);
    }

    @Test
    void aCustomerWithoutPurchasesStaysOnlyInALeftJoin(Connection connection) throws SQLException {
        assertThat(customers(connection, LATERAL)).hasSize(CUSTOMERS);
        assertThat(customers(connection, LATERAL_KEEPING_ALL))
                .hasSize(CUSTOMERS + 1)
                .contains("Customer " + (CUSTOMERS + 1));
    }

    @Test
    void aTopOfNothingIsRefusedBeforeAnyStatement(Connection connection) throws SQLException {
        connection.close(); // a statement would fail with an SQLException

        assertThatThrownBy(() -> latest(connection, 0))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("not 0");
        assertThatThrownBy(() -> latestByRowNumber(connection, -1))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("not -1");
    }

    private static PlanNode purchases(Plan plan) {
        return plan.nodes()
                .filter(node -> node.target().filter("purchase"::equals).isPresent())
                .findFirst()
                .orElseThrow();
    }

    private static long rowsOf(Plan plan, String table) {
        return plan.nodes()
                .filter(node -> node.target().filter(table::equals).isPresent())
                .mapToLong(PlanNode::totalRows)
                .sum();
    }

    private static List<String> customers(Connection connection, String sql) throws SQLException {
        List<String> names = new ArrayList<>();
        try (PreparedStatement select = connection.prepareStatement(sql)) {
            select.setInt(1, 1);
            try (ResultSet row = select.executeQuery()) {
                while (row.next()) {
                    names.add(row.getString("name"));
                }
            }
        }
        return names;
    }

    private static void execute(Connection connection, String sql) throws SQLException {
        try (Statement statement = connection.createStatement()) {
            statement.execute(sql);
        }
    }
}
