package mastery.postgresql.performance;

import static mastery.postgresql.performance.ExplainBuffers.OF_CUSTOMER;
import static mastery.postgresql.performance.ExplainBuffers.OF_FIRST_CUSTOMERS;
import static mastery.postgresql.performance.ExplainBuffers.OF_GROUP;
import static mastery.postgresql.performance.ExplainBuffers.explain;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.List;
import mastery.support.junit.OnPostgreSql;
import mastery.support.junit.Prepare;
import mastery.support.plan.Plan;
import mastery.support.plan.PlanNode;
import mastery.support.plan.PostgreSqlPlans;
import org.junit.jupiter.api.Test;

@OnPostgreSql
class ExplainBuffersIT {

    private static final int PURCHASES = 50_000;
    private static final int OF_EACH_CUSTOMER = 50;
    private static final String DELETE = "delete from purchase where customer_id = ?";

    @Prepare
    static void prepare(Connection connection) throws SQLException {
        ExplainBuffers.createSchema(connection);
        ExplainBuffers.fill(connection, PURCHASES);
    }

    @Test
    void aScanOfTheTableTouchesItsEveryBlockAndRemovesTheRowsThatDoNotMatch(Connection connection) throws SQLException {
        long tableBlocks = number(connection, "select relpages from pg_class where relname = 'purchase'");

        PlanNode scan = PostgreSqlPlans.analyze(connection, OF_CUSTOMER, 7).find("Seq Scan");

        assertThat(tableBlocks).isGreaterThan(400);
        assertThat(scan.ownBlocks()).isEqualTo(tableBlocks);
        assertThat(scan.estimatedRows().orElseThrow()).isCloseTo(OF_EACH_CUSTOMER, within(10.0));
        assertThat(scan.totalRows()).isEqualTo(OF_EACH_CUSTOMER);
        assertThat(scan.totalRemovedByFilter()).isEqualTo(PURCHASES - OF_EACH_CUSTOMER);
    }

    @Test
    void withAnIndexItTouchesOneBlockForEachRowThatItReturns(Connection connection) throws SQLException {
        ExplainBuffers.createIndex(connection);

        Plan plan = PostgreSqlPlans.analyze(connection, OF_CUSTOMER, 7);

        assertThat(plan.find("Bitmap Heap Scan").ownBlocks()).isEqualTo(OF_EACH_CUSTOMER);
        assertThat(plan.find("Bitmap Heap Scan").totalRemovedByFilter()).isZero();
        assertThat(plan.find("Bitmap Index Scan").ownBlocks()).isBetween(1L, 3L);
    }

    @Test
    void theBlocksAreTheSameOnAColdCacheTheirPlaceIsNot(Connection connection) throws SQLException {
        execute(connection, "create extension pg_buffercache");
        execute(connection, "select pg_buffercache_evict_relation('purchase')");

        Plan cold = PostgreSqlPlans.analyze(connection, OF_CUSTOMER, 7);
        Plan warm = PostgreSqlPlans.analyze(connection, OF_CUSTOMER, 7);

        assertThat(cold.root().number("Shared Read Blocks").orElseThrow())
                .isGreaterThan(warm.root().number("Shared Read Blocks").orElseThrow());
        assertThat(cold.blocks()).isEqualTo(warm.blocks());
    }

    @Test
    void withoutStatisticsThePlannerExpectsOneRowInTwoHundred(Connection connection) throws SQLException {
        PlanNode scan = PostgreSqlPlans.analyze(connection, OF_GROUP, 0).find("Seq Scan");

        assertThat(scan.estimatedRows()).hasValue(PURCHASES / 200.0);
        assertThat(scan.totalRows())
                .isEqualTo(number(connection, "select count(*) from purchase where total_cents % 7 = 0"))
                .isGreaterThan(10 * PURCHASES / 200);
    }

    @Test
    void theRowsOfANodeAreAMeanOverItsLoops(Connection connection) throws SQLException {
        ExplainBuffers.createIndex(connection);

        PlanNode inner =
                PostgreSqlPlans.analyze(connection, OF_FIRST_CUSTOMERS, 10).find("Bitmap Heap Scan");

        assertThat(inner.actualRows()).hasValue(OF_EACH_CUSTOMER);
        assertThat(inner.loops()).hasValue(10);
        assertThat(inner.totalRows()).isEqualTo(10 * OF_EACH_CUSTOMER);
        assertThat(explain(connection, OF_FIRST_CUSTOMERS, 10))
                .anyMatch(line -> line.contains("Bitmap Heap Scan") && line.contains("rows=50.00 loops=10"));
    }

    @Test
    void theBlocksAreToldUnasked(Connection connection) throws SQLException {
        assertThat(explain(connection, OF_CUSTOMER, 7))
                .anyMatch(line -> line.strip().matches("Buffers: shared .*"))
                .anyMatch(line -> line.strip().equals("Rows Removed by Filter: 49950"))
                .anyMatch(line -> line.contains("(actual rows=50.00 loops=1)"));
        assertThat(lines(connection, "explain (analyze, buffers off) select from purchase"))
                .noneMatch(line -> line.contains("Buffers"));
        assertThat(lines(connection, "explain select from purchase"))
                .noneMatch(line -> line.contains("Buffers") || line.contains("actual"));
    }

    @Test
    void explainAnalyzeDeletesAndExplainHereTakesItBack(Connection connection, Connection other) throws SQLException {
        List<String> plan = explain(connection, DELETE, 7);

        assertThat(plan).anyMatch(line -> line.contains("Delete on purchase"));
        assertThat(plan).anyMatch(line -> line.contains("Seq Scan") && line.contains("actual rows=50.00"));
        assertThat(number(other, "select count(*) from purchase")).isEqualTo(PURCHASES);
        assertThat(connection.getAutoCommit()).isTrue();

        PostgreSqlPlans.analyze(connection, DELETE, 7);
        assertThat(number(other, "select count(*) from purchase")).isEqualTo(PURCHASES - OF_EACH_CUSTOMER);
    }

    @Test
    void aNumberTakenFromASequenceIsNotPutBack(Connection connection) throws SQLException {
        explain(connection, "insert into purchase (customer_id, total_cents, note) values (?, ?, ?)", 7, 100, "again");

        assertThat(number(connection, "select max(id) from purchase")).isEqualTo(PURCHASES);
        assertThat(number(connection, "select last_value from purchase_id_seq")).isEqualTo(PURCHASES + 1);
    }

    @Test
    void aStatementThatFailsLeavesNoTransactionOpen(Connection connection) throws SQLException {
        assertThatThrownBy(() -> explain(connection, "select 1 / 0"))
                .isInstanceOfSatisfying(
                        SQLException.class, e -> assertThat(e.getSQLState()).isEqualTo("22012"));

        assertThat(connection.getAutoCommit()).isTrue();
        assertThat(number(connection, "select 1")).isEqualTo(1);
    }

    @Test
    void whatCannotBeTakenBackIsRefused(Connection connection) throws SQLException {
        for (String sql : new String[] {null, " ", "select 1; commit; drop table purchase"}) {
            assertThatThrownBy(() -> explain(connection, sql))
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessageContaining("one statement");
        }
        assertThat(explain(connection, "select from purchase where note = ?", "'; drop table purchase; --"))
                .isNotEmpty();
        assertThat(number(connection, "select count(*) from purchase")).isEqualTo(PURCHASES);

        connection.setAutoCommit(false);
        assertThatThrownBy(() -> explain(connection, "select 1"))
                .isInstanceOf(IllegalStateException.class)
                .hasMessageContaining("transaction");
    }

    private static List<String> lines(Connection connection, String sql) throws SQLException {
        List<String> lines = new ArrayList<>();
        try (Statement statement = connection.createStatement();
                ResultSet row = statement.executeQuery(sql)) {
            while (row.next()) {
                lines.add(row.getString(1));
            }
        }
        return lines;
    }

    private static long number(Connection connection, String sql) throws SQLException {
        return Long.parseLong(lines(connection, sql).get(0));
    }

    private static void execute(Connection connection, String sql) throws SQLException {
        try (Statement statement = connection.createStatement()) {
            statement.execute(sql);
        }
    }
}
