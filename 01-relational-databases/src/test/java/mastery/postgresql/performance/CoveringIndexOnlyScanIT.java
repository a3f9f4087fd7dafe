package mastery.postgresql.performance;

import static mastery.postgresql.performance.CoveringIndexOnlyScan.SPENT;
import static mastery.postgresql.performance.CoveringIndexOnlyScan.SPENT_AND_LAST_NOTE;
import static mastery.postgresql.performance.CoveringIndexOnlyScan.refund;
import static mastery.postgresql.performance.CoveringIndexOnlyScan.spentBy;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import mastery.postgresql.performance.CoveringIndexOnlyScan.Spent;
import mastery.support.junit.OnPostgreSql;
import mastery.support.junit.Prepare;
import mastery.support.plan.Plan;
import mastery.support.plan.PlanNode;
import mastery.support.plan.PostgreSqlPlans;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.Test;

@OnPostgreSql
class CoveringIndexOnlyScanIT {

    private static final int PURCHASES = 80_000;
    private static final int OF_EACH_CUSTOMER = 50;

    @Prepare
    static void prepare(Connection connection) throws SQLException {
        CoveringIndexOnlyScan.createSchema(connection);
        // who vacuums, and when, is the subject
        execute(connection, "alter table purchase set (autovacuum_enabled = off)");
        CoveringIndexOnlyScan.fill(connection, PURCHASES);
    }

    @Test
    void afterVacuumTheIndexAnswersAlone(Connection connection) throws SQLException {
        vacuumUntilAllIsVisible(connection);

        Plan plan = PostgreSqlPlans.analyze(connection, SPENT, 7);

        PlanNode scan = plan.find("Index Only Scan");
        assertThat(scan.index()).hasValue("purchase_customer");
        assertThat(scan.totalRows()).isEqualTo(OF_EACH_CUSTOMER);
        assertThat(heapFetches(scan)).isZero();
        assertThat(plan.blocks()).isBetween(2L, 5L);
    }

    @Test
    void beforeVacuumThePlannerDoesNotEvenTry(Connection connection) throws SQLException {
        Plan plan = PostgreSqlPlans.analyze(connection, SPENT, 7);

        assertThat(plan.has("Index Only Scan")).isFalse();
        assertThat(plan.find("Bitmap Heap Scan").ownBlocks()).isEqualTo(OF_EACH_CUSTOMER);
    }

    @Test
    void beforeVacuumAnIndexOnlyScanLooksUpEveryRow(Connection connection) throws SQLException {
        execute(connection, "set enable_bitmapscan = off");
        execute(connection, "set enable_seqscan = off");

        Plan plan = PostgreSqlPlans.analyze(connection, SPENT, 7);

        assertThat(heapFetches(plan.find("Index Only Scan"))).isEqualTo(OF_EACH_CUSTOMER);
        assertThat(plan.blocks()).isGreaterThanOrEqualTo(OF_EACH_CUSTOMER);
    }

    @Test
    void oneChangedRowMakesItsWholePageBeLookedUpUntilTheNextVacuum(Connection connection) throws SQLException {
        vacuumUntilAllIsVisible(connection);
        assertThat(refund(connection, 7, 100)).isEqualTo(OF_EACH_CUSTOMER);

        // not a row of customer 8 has changed, but those of customer 7 lie beside them
        PlanNode neighbour = PostgreSqlPlans.analyze(connection, SPENT, 8).find("Index Only Scan");
        assertThat(heapFetches(neighbour)).isEqualTo(OF_EACH_CUSTOMER);
        assertThat(neighbour.ownBlocks()).isGreaterThan(OF_EACH_CUSTOMER);

        vacuumUntilAllIsVisible(connection);
        assertThat(heapFetches(PostgreSqlPlans.analyze(connection, SPENT, 8).find("Index Only Scan")))
                .isZero();
    }

    @Test
    void aColumnThatTheIndexLacksBringsTheTableBack(Connection connection) throws SQLException {
        vacuumUntilAllIsVisible(connection);

        Plan plan = PostgreSqlPlans.analyze(connection, SPENT_AND_LAST_NOTE, 7);

        assertThat(plan.has("Index Only Scan")).isFalse();
        assertThat(plan.find("Bitmap Heap Scan").ownBlocks()).isEqualTo(OF_EACH_CUSTOMER);
    }

    @Test
    void withoutIncludeTheSameQueryReadsTheTable(Connection connection) throws SQLException {
        execute(connection, "drop index purchase_customer");
        execute(connection, "create index purchase_customer on purchase (customer_id)");
        vacuumUntilAllIsVisible(connection);

        Plan plan = PostgreSqlPlans.analyze(connection, SPENT, 7);

        assertThat(plan.has("Index Only Scan")).isFalse();
        assertThat(plan.blocks()).isGreaterThan(OF_EACH_CUSTOMER);
    }

    @Test
    void anIncludedColumnIsNoPartOfTheKey(Connection connection) throws SQLException {
        assertThat(number(connection, """
                select indnkeyatts * 10 + indnatts
                  from pg_index
                 where indexrelid = 'purchase_customer'::regclass
                """)).as("one key column of two").isEqualTo(12);
        execute(connection, "create unique index purchase_unique on purchase (id) include (total_cents)");

        assertThatThrownBy(() -> execute(connection, """
                insert into purchase (id, customer_id, total_cents, note) overriding system value
                values (1, 1, 99999, 'the same key, another included value')
                """))
                .isInstanceOfSatisfying(
                        SQLException.class, e -> assertThat(e.getSQLState()).isEqualTo("23505"));
    }

    @Test
    void anUpdateOfAnIncludedColumnIsNotHot(Connection connection) throws SQLException {
        execute(connection, "alter table purchase set (fillfactor = 50)");
        execute(connection, "vacuum full purchase");

        refund(connection, 7, 100);
        execute(connection, "update purchase set note = 'left at the door' where customer_id = 9");

        execute(connection, "select pg_stat_force_next_flush()");
        String count = "from pg_stat_user_tables where relname = 'purchase'";
        assertThat(number(connection, "select n_tup_upd " + count)).isEqualTo(2 * OF_EACH_CUSTOMER);
        assertThat(number(connection, "select n_tup_hot_upd " + count)).isEqualTo(OF_EACH_CUSTOMER);
    }

    @Test
    void theIndexAnswersWhatTheTableHolds(Connection connection) throws SQLException {
        vacuumUntilAllIsVisible(connection);
        Spent before = spentBy(connection, 7);
        assertThat(before.purchases()).isEqualTo(OF_EACH_CUSTOMER);
        assertThat(before.totalCents())
                .isEqualTo(number(connection, "select sum(total_cents) from purchase where customer_id + 0 = 7"));

        refund(connection, 7, 100);

        assertThat(spentBy(connection, 7))
                .isEqualTo(new Spent(OF_EACH_CUSTOMER, before.totalCents() - 100 * OF_EACH_CUSTOMER));
        assertThat(spentBy(connection, -1)).isEqualTo(new Spent(0, 0));
    }

    @Test
    void aRefundOfNothingIsRefusedBeforeAnyStatement(Connection connection) throws SQLException {
        connection.close(); // a statement would fail with an SQLException

        assertThatThrownBy(() -> refund(connection, 7, 0))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("not 0");
        assertThatThrownBy(() -> refund(connection, 7, -5)).isInstanceOf(IllegalArgumentException.class);
    }

    /** VACUUM passes a page by while another process, such as a checkpoint, holds it; then it comes again. */
    private static void vacuumUntilAllIsVisible(Connection connection) {
        Awaitility.await("every page of the table is marked visible to all")
                .atMost(Duration.ofSeconds(60))
                .until(() -> {
                    CoveringIndexOnlyScan.vacuum(connection);
                    return number(
                                    connection,
                                    "select relpages - relallvisible from pg_class where relname = 'purchase'")
                            == 0;
                });
    }

    private static long heapFetches(PlanNode scan) {
        return (long) scan.number("Heap Fetches").orElseThrow();
    }

    private static long number(Connection connection, String sql) throws SQLException {
        try (Statement statement = connection.createStatement();
                ResultSet row = statement.executeQuery(sql)) {
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
