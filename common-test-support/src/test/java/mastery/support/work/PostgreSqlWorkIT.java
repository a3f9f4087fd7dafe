package mastery.support.work;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;
import mastery.support.junit.OnPostgreSql;
import mastery.support.junit.Prepare;
import org.junit.jupiter.api.Test;

@OnPostgreSql
class PostgreSqlWorkIT {

    @Prepare
    static void prepare(Connection c) throws SQLException {
        run(c, "CREATE TABLE orders (id int PRIMARY KEY, customer_id int NOT NULL)");
        run(c, "INSERT INTO orders SELECT g, g % 500 FROM generate_series(1, 20000) g");
        run(c, "ANALYZE orders");
    }

    static void run(Connection c, String sql) throws SQLException {
        try (Statement s = c.createStatement()) {
            s.execute(sql);
        }
    }

    @Test
    void aSequentialScanReadsEveryRowAndAnIndexScanThoseItNeeds(Connection c) throws Exception {
        run(c, "SET max_parallel_workers_per_gather = 0");
        PostgreSqlWork scan =
                PostgreSqlWork.measure(c, "orders", () -> run(c, "SELECT * FROM orders WHERE customer_id = 7"));
        assertThat(scan.seqScans()).isEqualTo(1);
        assertThat(scan.seqRowsRead()).isEqualTo(20_000);
        assertThat(scan.indexScans()).isZero();
        run(c, "CREATE INDEX ON orders (customer_id)");
        PostgreSqlWork index =
                PostgreSqlWork.measure(c, "orders", () -> run(c, "SELECT * FROM orders WHERE customer_id = 7"));
        assertThat(index.seqScans()).isZero();
        assertThat(index.indexScans()).isEqualTo(1);
        assertThat(index.indexRowsFetched()).isEqualTo(40);
        assertThat(index.blocks()).isPositive().isLessThan(scan.blocks());
    }

    @Test
    void writesAreCountedAndAnIdleActionCostsNothing(Connection c) throws Exception {
        PostgreSqlWork idle = PostgreSqlWork.measure(c, "orders", () -> {});
        assertThat(idle).isEqualTo(new PostgreSqlWork(0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0));
        PostgreSqlWork writes = PostgreSqlWork.measure(c, "public.orders", () -> {
            run(c, "INSERT INTO orders VALUES (0, 1)");
            run(c, "UPDATE orders SET customer_id = 2 WHERE id = 0");
            run(c, "DELETE FROM orders WHERE id <= 3");
        });
        assertThat(writes.inserted()).isEqualTo(1);
        assertThat(writes.updated()).isEqualTo(1);
        assertThat(writes.deleted()).isEqualTo(4);
    }

    @Test
    void aMeasureInsideATransactionIsRefused(Connection c) throws Exception {
        c.setAutoCommit(false);
        assertThatThrownBy(() -> PostgreSqlWork.measure(c, "orders", () -> {}))
                .isInstanceOf(IllegalStateException.class)
                .hasMessageContaining("autocommit");
        c.setAutoCommit(true);
    }
}
