package mastery.support.work;

import static org.assertj.core.api.Assertions.assertThat;

import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;
import mastery.support.junit.OnMySql;
import mastery.support.junit.Prepare;
import org.junit.jupiter.api.Test;

@OnMySql
class MySqlWorkIT {

    @Prepare
    static void prepare(Connection c) throws SQLException {
        run(c, "CREATE TABLE orders (id int PRIMARY KEY, customer_id int NOT NULL)");
        run(c, """
                INSERT INTO orders
                WITH RECURSIVE g (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM g WHERE n < 1000) SELECT n, n % 50 FROM g
                """);
        run(c, "ANALYZE TABLE orders");
    }

    static void run(Connection c, String sql) throws SQLException {
        try (Statement s = c.createStatement()) {
            s.execute(sql);
        }
    }

    @Test
    void aTableScanReadsEveryRowAndAnIndexLookupThoseItNeeds(Connection c) throws Exception {
        MySqlWork scan = MySqlWork.measure(c, () -> run(c, "SELECT * FROM orders WHERE customer_id = 7"));
        assertThat(scan.readRndNext()).isEqualTo(1_001);
        assertThat(scan.rowsExamined()).isEqualTo(1_000);
        assertThat(scan.rowsSent()).isEqualTo(20);
        run(c, "CREATE INDEX orders_customer ON orders (customer_id)");
        MySqlWork index = MySqlWork.measure(c, () -> run(c, "SELECT * FROM orders WHERE customer_id = 7"));
        assertThat(index.readRndNext()).isZero();
        assertThat(index.readKey()).isEqualTo(1);
        assertThat(index.readNext()).isEqualTo(20);
        assertThat(index.rowsExamined()).isEqualTo(20);
    }

    @Test
    void anIdleActionCostsNothingAndManyStatementsAreAllCounted(Connection c) throws Exception {
        assertThat(MySqlWork.measure(c, () -> {}).rowsExamined()).isZero();
        assertThat(MySqlWork.measure(c, () -> {}).handlers()).isEmpty();
        MySqlWork many = MySqlWork.measure(c, () -> {
            for (int i = 1; i <= 25; i++) {
                run(c, "SELECT * FROM orders WHERE id = " + i);
            }
        });
        assertThat(many.readKey()).isEqualTo(25);
        assertThat(many.rowsExamined()).isEqualTo(25);
    }
}
