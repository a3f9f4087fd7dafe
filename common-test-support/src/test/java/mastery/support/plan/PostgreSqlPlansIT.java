package mastery.support.plan;

import static org.assertj.core.api.Assertions.assertThat;

import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;
import mastery.support.junit.OnPostgreSql;
import mastery.support.junit.Prepare;
import org.junit.jupiter.api.Test;

@OnPostgreSql
class PostgreSqlPlansIT {

    @Prepare
    static void prepare(Connection c) throws SQLException {
        try (Statement s = c.createStatement()) {
            s.execute("CREATE TABLE orders (id int PRIMARY KEY, customer_id int NOT NULL, note text)");
            s.execute("INSERT INTO orders SELECT g, g % 500, repeat('x', 40) FROM generate_series(1, 20000) g");
            s.execute("CREATE INDEX orders_customer ON orders (customer_id)");
            s.execute("ANALYZE orders");
        }
    }

    @Test
    void explainBindsValuesAndDoesNotRunTheStatement(Connection c) throws SQLException {
        Plan plan = PostgreSqlPlans.explain(c, "DELETE FROM orders WHERE id = ?", 7);
        assertThat(plan.analyzed()).isFalse();
        assertThat(plan.find("Index Scan").index()).contains("orders_pkey");
        assertThat(plan.find("Index Scan").details()).containsEntry("Index Cond", "(id = 7)");
        assertThat(PostgreSqlPlans.analyze(c, "SELECT FROM orders WHERE id = ?", 7)
                        .root()
                        .totalRows())
                .isEqualTo(1);
    }

    @Test
    void analyzeShowsWhatTheMissingIndexCosts(Connection c) throws SQLException {
        String sql = "SELECT * FROM orders WHERE customer_id = ?";
        Plan with = PostgreSqlPlans.analyze(c, sql, 7);
        assertThat(with.find("Bitmap Index Scan").index()).contains("orders_customer");
        assertThat(with.root().totalRows()).isEqualTo(40);
        try (Statement s = c.createStatement()) {
            s.execute("DROP INDEX orders_customer");
        }
        Plan without = PostgreSqlPlans.analyze(c, sql, 7);
        assertThat(without.find("Seq Scan").totalRemovedByFilter()).isEqualTo(19_960);
        assertThat(without.blocks()).isGreaterThan(with.blocks());
    }

    @Test
    void theSameTextReadsAsPlanAfterTheDriverPreparesItOnTheServer(Connection c) throws SQLException {
        for (int i = 1; i <= 10; i++) {
            assertThat(PostgreSqlPlans.analyze(c, "SELECT FROM orders WHERE id <= ?", i)
                            .root()
                            .totalRows())
                    .isEqualTo(i);
        }
    }
}
