package mastery.cassandra.modeling;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.datastax.oss.driver.api.core.CqlSession;
import com.datastax.oss.driver.api.core.cql.SimpleStatement;
import com.datastax.oss.driver.api.core.servererrors.InvalidQueryException;
import java.time.LocalDate;
import java.util.List;
import java.util.UUID;
import mastery.cassandra.modeling.QueryFirstTables.Order;
import mastery.support.junit.OnCassandra;
import mastery.support.junit.Prepare;
import mastery.support.plan.CassandraPlans;
import mastery.support.plan.Plan;
import mastery.support.work.CassandraWork;
import org.junit.jupiter.api.Test;

@OnCassandra
class QueryFirstTablesIT {

    private static final LocalDate MONDAY = LocalDate.of(2026, 3, 2);
    private static final int CUSTOMERS = 20;
    private static final Order NEW = new Order(new UUID(9, 9), "customer-3", MONDAY.plusDays(9), 5);

    /** Each customer has an order on Monday and one on the day after. */
    @Prepare
    static void fill(CqlSession session) {
        QueryFirstTables.createTables(session);
        for (int i = 0; i < CUSTOMERS; i++) {
            QueryFirstTables.place(session, new Order(new UUID(1, i), "customer-" + i, MONDAY, 100 + i));
            QueryFirstTables.place(session, new Order(new UUID(2, i), "customer-" + i, MONDAY.plusDays(1), 200 + i));
        }
    }

    @Test
    void eachQuestionIsAnsweredByItsTableAlone(CqlSession session) throws Exception {
        CassandraWork work = CassandraWork.measure(
                session,
                () -> assertThat(QueryFirstTables.ofCustomer(session, "customer-3"))
                        .extracting(Order::day)
                        .containsExactly(MONDAY.plusDays(1), MONDAY));
        assertThat(work.reads("orders_by_customer")).isEqualTo(1);
        assertThat(work.reads("orders_by_day")).isZero();

        work = CassandraWork.measure(
                session,
                () -> assertThat(QueryFirstTables.ofDay(session, MONDAY)).hasSize(CUSTOMERS));
        assertThat(work.reads("orders_by_day")).isEqualTo(1);
        assertThat(work.reads("orders_by_customer")).isZero();
    }

    @Test
    void bothTablesHoldTheSameOrders(CqlSession session) {
        assertThat(all(session, "orders_by_customer"))
                .hasSize(2 * CUSTOMERS)
                .containsExactlyInAnyOrderElementsOf(all(session, "orders_by_day"));
    }

    @Test
    void oneRequestWritesBothTables(CqlSession session) throws Exception {
        CassandraWork work = CassandraWork.measure(session, () -> QueryFirstTables.place(session, NEW));
        assertThat(work.writes("orders_by_customer")).isEqualTo(1);
        assertThat(work.writes("orders_by_day")).isEqualTo(1);
        assertThat(QueryFirstTables.ofCustomer(session, NEW.customer())).contains(NEW);
        assertThat(QueryFirstTables.ofDay(session, NEW.day())).containsExactly(NEW);
    }

    @Test
    void theBatchIsLoggedBeforeTheTablesAreWritten(CqlSession session) {
        Plan plan = CassandraPlans.trace(session, QueryFirstTables.placing(NEW));
        assertThat(plan.nodes()
                        .filter(node -> node.operation().equals("Memtable write"))
                        .map(node -> node.target().orElseThrow()))
                .startsWith("batches")
                .contains("orders_by_customer", "orders_by_day");
    }

    @Test
    void theSameOrderAgainChangesNothing(CqlSession session) {
        List<Order> before = all(session, "orders_by_day");
        QueryFirstTables.place(session, new Order(new UUID(1, 3), "customer-3", MONDAY, 103));
        assertThat(all(session, "orders_by_day")).containsExactlyInAnyOrderElementsOf(before);
        assertThat(QueryFirstTables.ofCustomer(session, "customer-3")).hasSize(2);
    }

    @Test
    void aQuestionWithoutATableIsRefused(CqlSession session) {
        assertThatThrownBy(() -> QueryFirstTables.ofDayFromTheWrongTable(session, MONDAY))
                .isInstanceOf(InvalidQueryException.class)
                .hasMessageContaining("ALLOW FILTERING");
    }

    @Test
    void filteringScansTheTableAndTheOtherTableReadsOnePartition(CqlSession session) {
        SimpleStatement filtering = QueryFirstTables.byFiltering(MONDAY);
        assertThat(QueryFirstTables.orders(session, filtering))
                .containsExactlyInAnyOrderElementsOf(QueryFirstTables.ofDay(session, MONDAY));

        Plan scan = CassandraPlans.trace(session, filtering);
        assertThat(scan.has("Range scan")).isTrue();
        assertThat(scan.has("Single-partition query")).isFalse();

        Plan lookup = CassandraPlans.trace(
                session, SimpleStatement.newInstance("SELECT id FROM orders_by_day WHERE day = ?", MONDAY));
        assertThat(lookup.find("Single-partition query").target()).contains("orders_by_day");
        assertThat(lookup.find("Single-partition query").actualRows()).hasValue(CUSTOMERS);
        assertThat(lookup.has("Range scan")).isFalse();
    }

    @Test
    void anOrderWithoutACustomerOrBelowZeroIsRefusedBeforeAnythingIsWritten() {
        UUID id = new UUID(1, 1);
        for (String customer : new String[] {null, "", " "}) {
            assertThatThrownBy(() -> new Order(id, customer, MONDAY, 1)).isInstanceOf(IllegalArgumentException.class);
        }
        assertThatThrownBy(() -> new Order(id, "ann", null, 1)).isInstanceOf(IllegalArgumentException.class);
        assertThatThrownBy(() -> new Order(null, "ann", MONDAY, 1)).isInstanceOf(IllegalArgumentException.class);
        assertThatThrownBy(() -> new Order(id, "ann", MONDAY, -1)).hasMessageContaining("-1");
    }

    private static List<Order> all(CqlSession session, String table) {
        return QueryFirstTables.orders(
                session, SimpleStatement.newInstance("SELECT id, customer, day, cents FROM " + table));
    }
}
