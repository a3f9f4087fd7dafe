package mastery.support.plan;

import static org.assertj.core.api.Assertions.assertThat;

import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import mastery.support.junit.OnMySql;
import mastery.support.junit.Prepare;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

@OnMySql
class MySqlPlansIT {

    @Prepare
    static void prepare(Connection c) throws SQLException {
        try (Statement s = c.createStatement()) {
            s.execute(
                    "CREATE TABLE orders (id int PRIMARY KEY, customer_id int NOT NULL, note varchar(50), KEY orders_customer (customer_id))");
            s.execute("SET SESSION cte_max_recursion_depth = 5000");
            s.execute("""
                    INSERT INTO orders
                    WITH RECURSIVE g (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM g WHERE n < 2000)
                    SELECT n, n % 50, 'x' FROM g
                    """);
            s.execute("ANALYZE TABLE orders");
        }
    }

    @Test
    void explainBindsValuesAndDoesNotRunTheStatement(Connection c) throws SQLException {
        Plan plan = MySqlPlans.explain(c, "SELECT * FROM orders WHERE customer_id = ?", 7);
        assertThat(plan.analyzed()).isFalse();
        assertThat(plan.find("Index lookup").index()).contains("orders_customer");
        assertThat(plan.find("Index lookup").details()).containsEntry("condition", "(customer_id = 7)");
    }

    @Test
    void analyzeShowsWhatTheMissingIndexCosts(Connection c) throws SQLException {
        String sql = "SELECT * FROM orders WHERE customer_id = ?";
        assertThat(MySqlPlans.analyze(c, sql, 7).rowsFromLeaves()).isEqualTo(40);
        try (Statement s = c.createStatement()) {
            s.execute("DROP INDEX orders_customer ON orders");
        }
        Plan without = MySqlPlans.analyze(c, sql, 7);
        assertThat(without.find("Table scan").totalRows()).isEqualTo(2_000);
        assertThat(without.find("Filter").totalRemovedByFilter()).isEqualTo(1_960);
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 2})
    void theSessionsJsonVersionIsUsedAndGivenBack(int version, Connection c) throws SQLException {
        try (Statement s = c.createStatement()) {
            s.execute("SET SESSION explain_json_format_version = " + version);
            assertThat(MySqlPlans.analyze(c, "SELECT * FROM orders WHERE id = ?", 7)
                            .root()
                            .totalRows())
                    .isEqualTo(1);
            try (ResultSet row = s.executeQuery("SELECT @@SESSION.explain_json_format_version")) {
                row.next();
                assertThat(row.getInt(1)).isEqualTo(version);
            }
        }
    }

    @Test
    void treeTextOfTheServerReadsLikeItsJson(Connection c) throws SQLException {
        String sql =
                "SELECT count(*) FROM orders a JOIN orders b ON b.customer_id = a.id WHERE a.id < 4 AND b.note <> 'y'";
        Plan tree = MySqlPlans.parse(PlanQuery.text(c, "EXPLAIN ANALYZE FORMAT=TREE " + sql));
        Plan json = MySqlPlans.analyze(c, sql);
        assertThat(tree.nodes().map(n -> n.operation() + " " + n.actualRows() + " " + n.loops()))
                .containsExactlyElementsOf(json.nodes()
                        .map(n -> n.operation() + " " + n.actualRows() + " " + n.loops())
                        .toList());
    }
}
