package mastery.elasticsearch.performance;

import co.elastic.clients.elasticsearch.ElasticsearchClient;
import co.elastic.clients.elasticsearch._types.Refresh;
import co.elastic.clients.elasticsearch.core.GetResponse;
import co.elastic.clients.elasticsearch.core.SearchRequest;
import co.elastic.clients.elasticsearch.core.SearchResponse;
import java.io.IOException;
import java.io.StringReader;
import java.util.List;
import java.util.Optional;
import java.util.stream.IntStream;
import mastery.support.trace.Story;

/**
 * A search that gives the routing under which documents were written asks one shard; without it every shard is asked.
 *
 * <p><b>When:</b> nearly all searches are within one customer, tenant or account, and there are many of them.
 * <b>Not:</b> where a few of them hold most of the documents: their shard would be larger than the others.
 * <b>Costs:</b> every read and write by id needs the same routing; forgotten at a write, the document lands elsewhere and may
 * be there twice.
 * <b>Needs:</b> {@code _routing.required} in the mapping, so that forgetting it is an error.
 *
 * <p>Routing chooses a shard, not documents: others live in the same shard, so the search must filter as well. Source:
 * Elasticsearch Guide, "_routing field".
 */
public final class RoutedSearch {

    /** An order of a customer. */
    public record Order(String id, String customer, int total) {}

    /** What a search found, in the order of the ids, and how many shards it asked. */
    public record Found(List<String> ids, int shards) {}

    private static final int LONGEST_NAME = 100;

    private static final String INDEX = """
            {
              "settings": {"number_of_shards": 4, "number_of_replicas": 0},
              "mappings": {
                "_routing": {"required": true},
                "properties": {
                  "id": {"type": "keyword"},
                  "customer": {"type": "keyword"},
                  "total": {"type": "integer"}
                }
              }
            }""";

    private RoutedSearch() {}

    /** An index of four shards that refuses reads and writes by id without a routing. */
    public static void createIndex(ElasticsearchClient client, String index) throws IOException {
        client.indices().create(c -> c.index(index).withJson(new StringReader(INDEX)));
    }

    /** The wrong way: an index in which a forgotten routing goes unnoticed. */
    public static void createIndexThatForgives(ElasticsearchClient client, String index) throws IOException {
        String forgiving = INDEX.replace("\"required\": true", "\"required\": false");
        client.indices().create(c -> c.index(index).withJson(new StringReader(forgiving)));
    }

    /** Writes orders, each under the routing of its customer, and returns when a search finds them. */
    public static void save(ElasticsearchClient client, String index, List<Order> orders) throws IOException {
        orders.forEach(order -> requireName(order.customer()));
        client.bulk(bulk -> {
            for (Order order : orders) {
                bulk.operations(o -> o.index(i ->
                        i.index(index).id(order.id()).routing(order.customer()).document(order)));
            }
            return bulk.refresh(Refresh.True);
        });
    }

    /** The orders of a customer, from the one shard that has them. */
    public static Found ordersOf(ElasticsearchClient client, String index, String customer) throws IOException {
        return found(client.search(profiled(index, customer).routing(customer).build(), Order.class));
    }

    /** The wrong way: the same orders, from all shards. */
    public static Found ordersOfFromEverywhere(ElasticsearchClient client, String index, String customer)
            throws IOException {
        return found(client.search(profiled(index, customer).build(), Order.class));
    }

    /** The wrong way: routing without a filter finds everyone whose orders live in the same shard. */
    public static Found ordersByRoutingAlone(ElasticsearchClient client, String index, String customer)
            throws IOException {
        requireName(customer);
        return found(client.search(
                s -> s.index(index)
                        .routing(customer)
                        .query(q -> q.matchAll(m -> m))
                        .size(1_000),
                Order.class));
    }

    /** The request of {@link #ordersOfFromEverywhere}, still without routing. */
    static SearchRequest.Builder profiled(String index, String customer) {
        requireName(customer);
        return new SearchRequest.Builder()
                .index(index)
                .query(q -> q.bool(
                        b -> b.filter(f -> f.term(t -> t.field("customer").value(customer)))))
                .size(1_000);
    }

    /** An order of a customer by its id. The shard also has orders of others: whose it is, is checked. */
    public static Optional<Order> order(ElasticsearchClient client, String index, String customer, String id)
            throws IOException {
        requireName(customer);
        GetResponse<Order> answer = client.get(g -> g.index(index).id(id).routing(customer), Order.class);
        return Optional.ofNullable(answer.source())
                .filter(order -> order.customer().equals(customer));
    }

    /**
     * The wrong way: an id without its routing is looked for in the shard that the id itself gives.
     *
     * @throws co.elastic.clients.elasticsearch._types.ElasticsearchException routing_missing_exception, where it is required
     */
    public static Optional<Order> orderById(ElasticsearchClient client, String index, String id) throws IOException {
        return Optional.ofNullable(
                client.get(g -> g.index(index).id(id), Order.class).source());
    }

    /** The number of the shard that has the orders of a customer. */
    public static int shardOf(ElasticsearchClient client, String index, String customer) throws IOException {
        requireName(customer);
        return client.searchShards(s -> s.index(index).routing(customer))
                .shards()
                .get(0)
                .get(0)
                .shard();
    }

    private static Found found(SearchResponse<Order> response) {
        return new Found(
                response.hits().hits().stream().map(hit -> hit.id()).sorted().toList(),
                response.shards().total().intValue());
    }

    /** A comma would name two routings, and nothing no routing at all. */
    private static void requireName(String customer) {
        if (customer == null || customer.isBlank() || customer.length() > LONGEST_NAME || customer.contains(",")) {
            throw new IllegalArgumentException("A customer is 1 to " + LONGEST_NAME + " characters without a comma");
        }
    }

    public static void main(String[] args) {
        Story.tell(RoutedSearch.class, story -> {
            ElasticsearchClient client = story.elasticsearch();
            String index = story.elasticsearchName("orders");
            List<Order> orders = IntStream.range(0, 400)
                    .mapToObj(i -> new Order("o" + i, "customer-" + i % 100, i))
                    .toList();

            story.step("Four shards, and no write or read by id without a routing.");
            createIndex(client, index);
            story.quietly("400 orders of 100 customers, in one request", () -> save(client, index, orders));

            story.step("With the customer's routing one shard is asked.");
            SearchResponse<Order> one = client.search(
                    profiled(index, "customer-7")
                            .routing("customer-7")
                            .profile(true)
                            .build(),
                    Order.class);
            story.show("found", found(one));
            story.plan(one);

            story.step("Without it all four are asked, for the same orders.");
            SearchResponse<Order> all =
                    client.search(profiled(index, "customer-7").profile(true).build(), Order.class);
            story.show("found", found(all));
            story.plan(all);

            story.step("The shard has other customers too: routing does not replace the filter.");
            story.show(
                    "orders by routing alone",
                    ordersByRoutingAlone(client, index, "customer-7").ids().size());

            story.step("By id, the routing belongs to the key.");
            story.show("o107", order(client, index, "customer-7", "o107").orElseThrow());
            story.learned("Write and search under one routing, filter all the same, and make the routing required.");
        });
    }
}
