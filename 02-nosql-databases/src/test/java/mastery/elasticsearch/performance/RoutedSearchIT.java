package mastery.elasticsearch.performance;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import co.elastic.clients.elasticsearch.ElasticsearchClient;
import co.elastic.clients.elasticsearch._types.ElasticsearchException;
import co.elastic.clients.elasticsearch._types.Refresh;
import java.io.IOException;
import java.util.List;
import java.util.stream.IntStream;
import mastery.elasticsearch.performance.RoutedSearch.Found;
import mastery.elasticsearch.performance.RoutedSearch.Order;
import mastery.support.elasticsearch.ElasticsearchIndices;
import mastery.support.junit.OnElasticsearch;
import mastery.support.junit.Prepare;
import mastery.support.plan.ElasticsearchPlans;
import mastery.support.plan.Plan;
import mastery.support.plan.PlanNode;
import mastery.support.work.ElasticsearchWork;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

@OnElasticsearch
class RoutedSearchIT {

    private static final String CUSTOMER = "customer-7";
    private static final List<String> ITS_ORDERS = List.of("o107", "o207", "o307", "o7");

    private String index;

    @Prepare
    static void fill(ElasticsearchClient client, ElasticsearchIndices indices) throws IOException {
        RoutedSearch.createIndex(client, indices.name("orders"));
        RoutedSearch.save(client, indices.name("orders"), orders());
    }

    private static List<Order> orders() {
        return IntStream.range(0, 400)
                .mapToObj(i -> new Order("o" + i, "customer-" + i % 100, i))
                .toList();
    }

    @BeforeEach
    void name(ElasticsearchIndices indices) {
        index = indices.name("orders");
    }

    @Test
    void withRoutingOneShardIsAskedAndWithoutItAllFour(ElasticsearchClient client) throws IOException {
        assertThat(RoutedSearch.ordersOf(client, index, CUSTOMER)).isEqualTo(new Found(ITS_ORDERS, 1));
        assertThat(RoutedSearch.ordersOfFromEverywhere(client, index, CUSTOMER)).isEqualTo(new Found(ITS_ORDERS, 4));
    }

    @Test
    void theShardsThemselvesCountOneQueryAgainstFour(ElasticsearchClient client) throws Exception {
        ElasticsearchWork routed =
                ElasticsearchWork.measure(client, index, () -> RoutedSearch.ordersOf(client, index, CUSTOMER));
        ElasticsearchWork everywhere = ElasticsearchWork.measure(
                client, index, () -> RoutedSearch.ordersOfFromEverywhere(client, index, CUSTOMER));
        assertThat(routed.count("search.query")).isEqualTo(1);
        assertThat(everywhere.count("search.query")).isEqualTo(4);
    }

    @Test
    void theProfileShowsTheTermOnTheCustomersShardAlone(ElasticsearchClient client) throws IOException {
        Plan routed = ElasticsearchPlans.of(client.search(
                RoutedSearch.profiled(index, CUSTOMER)
                        .routing(CUSTOMER)
                        .profile(true)
                        .build(),
                Order.class));
        Plan everywhere = ElasticsearchPlans.of(client.search(
                RoutedSearch.profiled(index, CUSTOMER).profile(true).build(), Order.class));
        assertThat(shards(routed)).containsExactly(Integer.toString(RoutedSearch.shardOf(client, index, CUSTOMER)));
        assertThat(shards(everywhere)).containsExactly("0", "1", "2", "3");
        assertThat(routed.find("TermQuery").details()).containsEntry("condition", "customer:" + CUSTOMER);
    }

    private static List<String> shards(Plan plan) {
        return plan.root().children().stream()
                .map(PlanNode::target)
                .map(target -> target.orElseThrow())
                .toList();
    }

    @Test
    void routingAloneFindsOtherCustomersOfTheShard(ElasticsearchClient client) throws IOException {
        Found alone = RoutedSearch.ordersByRoutingAlone(client, index, CUSTOMER);
        assertThat(alone.shards()).isEqualTo(1);
        assertThat(alone.ids()).containsAll(ITS_ORDERS).hasSizeGreaterThan(ITS_ORDERS.size());
    }

    @Test
    void anIdIsFoundWithItsRoutingByItsOwnCustomerOnly(ElasticsearchClient client) throws IOException {
        assertThat(RoutedSearch.order(client, index, CUSTOMER, "o107")).contains(new Order("o107", CUSTOMER, 107));
        // The other customer's order is in the same shard, where the routing alone would find it.
        assertThat(RoutedSearch.shardOf(client, index, "customer-8"))
                .isEqualTo(RoutedSearch.shardOf(client, index, CUSTOMER));
        assertThat(client.get(g -> g.index(index).id("o108").routing(CUSTOMER), Order.class)
                        .found())
                .isTrue();
        assertThat(RoutedSearch.order(client, index, CUSTOMER, "o108")).isEmpty();
    }

    @Test
    void whereRoutingIsRequiredForgettingItIsAnError(ElasticsearchClient client) {
        assertThatThrownBy(() -> RoutedSearch.orderById(client, index, "o107"))
                .isInstanceOfSatisfying(ElasticsearchException.class, this::routingIsMissing);
        assertThatThrownBy(() -> client.index(i -> i.index(index).id("o1").document(new Order("o1", "customer-1", 1))))
                .isInstanceOfSatisfying(ElasticsearchException.class, this::routingIsMissing);
    }

    private void routingIsMissing(ElasticsearchException refusal) {
        assertThat(refusal.status()).isEqualTo(400);
        assertThat(refusal.error().type()).isEqualTo("routing_missing_exception");
    }

    @Test
    void whereItIsNotAnIdGoesUnfoundAndADocumentIsThereTwice(ElasticsearchClient client, ElasticsearchIndices indices)
            throws IOException {
        String forgiving = indices.name("forgiving");
        RoutedSearch.createIndexThatForgives(client, forgiving);
        RoutedSearch.save(client, forgiving, orders());
        // An id whose own shard is another one than its customer's.
        Order strayed = orders().stream()
                .filter(order -> shard(client, forgiving, order.id()) != shard(client, forgiving, order.customer()))
                .findFirst()
                .orElseThrow();
        assertThat(RoutedSearch.orderById(client, forgiving, strayed.id())).isEmpty();

        client.index(i -> i.index(forgiving).id(strayed.id()).document(strayed).refresh(Refresh.True));
        assertThat(RoutedSearch.ordersOfFromEverywhere(client, forgiving, strayed.customer())
                        .ids())
                .filteredOn(strayed.id()::equals)
                .hasSize(2);
        assertThat(RoutedSearch.ordersOf(client, forgiving, strayed.customer()).ids())
                .filteredOn(strayed.id()::equals)
                .hasSize(1);
    }

    private static int shard(ElasticsearchClient client, String index, String routing) {
        try {
            return RoutedSearch.shardOf(client, index, routing);
        } catch (IOException e) {
            throw new AssertionError(e);
        }
    }

    @Test
    void aCustomerThatIsNoRoutingIsRefusedBeforeAnythingIsWritten(ElasticsearchClient client) throws IOException {
        for (String customer : new String[] {null, "", " ", "a,b", "x".repeat(101)}) {
            assertThatThrownBy(() -> RoutedSearch.ordersOf(client, index, customer))
                    .isInstanceOf(IllegalArgumentException.class);
            assertThatThrownBy(() -> RoutedSearch.save(
                            client, index, List.of(new Order("new", "fine", 1), new Order("new", customer, 1))))
                    .isInstanceOf(IllegalArgumentException.class);
        }
        assertThat(RoutedSearch.order(client, index, "fine", "new")).isEmpty();
    }
}
