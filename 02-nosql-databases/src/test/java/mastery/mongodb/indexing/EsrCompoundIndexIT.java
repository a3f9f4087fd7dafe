package mastery.mongodb.indexing;

import static com.mongodb.client.model.Filters.and;
import static com.mongodb.client.model.Filters.eq;
import static com.mongodb.client.model.Filters.gte;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.mongodb.client.MongoCollection;
import com.mongodb.client.MongoDatabase;
import java.util.ArrayList;
import java.util.List;
import mastery.mongodb.indexing.EsrCompoundIndex.Order;
import mastery.support.junit.OnMongoDb;
import mastery.support.junit.Prepare;
import mastery.support.plan.MongoDbPlans;
import mastery.support.plan.Plan;
import org.bson.Document;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

@OnMongoDb
class EsrCompoundIndexIT {

    /** Of each of the ten customers 1,000 orders, one of each total from 0 to 999. */
    private static final int ORDERS = 10_000;

    private static final String CUSTOMER = "customer-7";
    private static final int MATCHES = 500;
    private static final int AT_LEAST = 500;
    private static final int PAGE = 5;

    private MongoCollection<Document> orders;

    @Prepare
    static void fill(MongoDatabase database) {
        MongoCollection<Document> orders = database.getCollection("orders");
        EsrCompoundIndex.fill(orders, ORDERS);
        EsrCompoundIndex.createEsrIndex(orders);
        EsrCompoundIndex.createErsIndex(orders);
    }

    @BeforeEach
    void open(MongoDatabase database) {
        orders = database.getCollection("orders");
    }

    @Test
    void thePageIsTheNewestOrdersThatReachTheTotal() {
        List<Order> page = EsrCompoundIndex.newest(orders, CUSTOMER, AT_LEAST, PAGE);
        assertThat(page).isEqualTo(expected(AT_LEAST, PAGE)).hasSize(PAGE);
        assertThat(EsrCompoundIndex.newest(orders, CUSTOMER, AT_LEAST, ORDERS)).hasSize(MATCHES);
        assertThat(EsrCompoundIndex.newest(orders, CUSTOMER, 1_000, PAGE)).isEmpty();
        assertThat(EsrCompoundIndex.newest(orders, "nobody", 0, PAGE)).isEmpty();
    }

    /** The same from all documents, without an index and in Java. */
    private List<Order> expected(int atLeast, int size) {
        List<Document> all = new ArrayList<>();
        orders.find(eq("customer", CUSTOMER)).hintString("_id_").into(all);
        return all.stream()
                .filter(order -> order.getInteger("total") >= atLeast)
                .sorted((a, b) -> b.getInteger("placed") - a.getInteger("placed"))
                .limit(size)
                .map(order -> new Order(
                        order.getInteger("_id"),
                        order.getString("customer"),
                        order.getInteger("placed"),
                        order.getInteger("total")))
                .toList();
    }

    @Test
    void equalitySortRangeReadsAPageAndSortsNothing() {
        Plan plan = plan(EsrCompoundIndex.ESR, AT_LEAST, PAGE);
        assertThat(plan.has("SORT")).isFalse();
        assertThat(plan.find("IXSCAN").details()).containsEntry("direction", "forward");
        assertThat(plan.root().totalRows()).isEqualTo(PAGE);
        assertThat(MongoDbPlans.documentsExamined(plan)).isEqualTo(PAGE);
        assertThat(MongoDbPlans.keysExamined(plan)).isEqualTo(keysUntilThePageIsFull());
    }

    /** The customer's orders from the newest to the last of the page: those that do not reach the total lie between. */
    private long keysUntilThePageIsFull() {
        int last = expected(AT_LEAST, PAGE).get(PAGE - 1).placed();
        long keys = orders.countDocuments(and(eq("customer", CUSTOMER), gte("placed", last)));
        assertThat(keys).as("some are passed over").isGreaterThan(PAGE);
        return keys;
    }

    @Test
    void equalityRangeSortReadsEveryMatchAndSortsThem() {
        Plan plan = plan(EsrCompoundIndex.ERS, AT_LEAST, PAGE);
        assertThat(plan.find("SORT").details().get("sortPattern")).isEqualTo("{\"placed\": -1}");
        assertThat(plan.find("IXSCAN").totalRows()).isEqualTo(MATCHES);
        assertThat(MongoDbPlans.keysExamined(plan)).isEqualTo(MATCHES);
        assertThat(MongoDbPlans.documentsExamined(plan))
                .as("the keys alone are sorted, and the page is fetched")
                .isEqualTo(PAGE);
    }

    @Test
    void whereTheRangeLeavesOneOrderTheSmallSortReadsLess() {
        Plan sorted = plan(EsrCompoundIndex.ERS, 999, PAGE);
        assertThat(MongoDbPlans.keysExamined(sorted)).isEqualTo(1);
        Plan inOrder = plan(EsrCompoundIndex.ESR, 999, PAGE);
        assertThat(MongoDbPlans.keysExamined(inOrder))
                .as("every order of the customer, and the key behind the last")
                .isEqualTo(ORDERS / 10 + 1);
        assertThat(sorted.root().totalRows())
                .isEqualTo(inOrder.root().totalRows())
                .isEqualTo(1);
    }

    @Test
    void thePlannerTakesTheIndexThatEndsWithThePage() {
        Plan plan = MongoDbPlans.analyze(EsrCompoundIndex.newestQuery(orders, CUSTOMER, AT_LEAST, PAGE));
        assertThat(plan.find("IXSCAN").index()).contains(EsrCompoundIndex.ESR);
        orders.dropIndex(EsrCompoundIndex.ESR);
        plan = MongoDbPlans.analyze(EsrCompoundIndex.newestQuery(orders, CUSTOMER, AT_LEAST, PAGE));
        assertThat(plan.find("IXSCAN").index()).contains(EsrCompoundIndex.ERS);
        assertThat(plan.has("SORT")).isTrue();
    }

    @Test
    void anIndexServesTheOppositeOrderToo() {
        Plan plan = MongoDbPlans.analyze(orders.find(eq("customer", CUSTOMER))
                .sort(new Document("placed", 1))
                .limit(PAGE)
                .hintString(EsrCompoundIndex.ESR));
        assertThat(plan.has("SORT")).isFalse();
        assertThat(plan.find("IXSCAN").details()).containsEntry("direction", "backward");
        assertThat(MongoDbPlans.keysExamined(plan)).isEqualTo(PAGE);
    }

    @Test
    void badArgumentsAreRefusedBeforeTheServerIsAsked() {
        assertThatThrownBy(() -> EsrCompoundIndex.newest(orders, null, 0, 1)).isInstanceOf(NullPointerException.class);
        assertThatThrownBy(() -> EsrCompoundIndex.newest(orders, CUSTOMER, -1, 1))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("-1");
        for (int size : new int[] {0, -3}) {
            assertThatThrownBy(() -> EsrCompoundIndex.newest(orders, CUSTOMER, 0, size))
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessageContaining("not " + size);
        }
        assertThat(EsrCompoundIndex.newest(orders, "{$gt: ''}", 0, 1))
                .as("a name is a value, whatever it holds")
                .isEmpty();
    }

    private Plan plan(String index, int atLeast, int size) {
        return MongoDbPlans.analyze(
                EsrCompoundIndex.newestQuery(orders, CUSTOMER, atLeast, size).hintString(index));
    }
}
