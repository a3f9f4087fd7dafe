package mastery.support.plan;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import co.elastic.clients.elasticsearch.ElasticsearchClient;
import co.elastic.clients.elasticsearch._types.Refresh;
import co.elastic.clients.elasticsearch.core.SearchResponse;
import java.io.IOException;
import java.util.Map;
import mastery.support.elasticsearch.ElasticsearchIndices;
import mastery.support.junit.OnElasticsearch;
import mastery.support.junit.Prepare;
import org.junit.jupiter.api.Test;

@OnElasticsearch
class ElasticsearchPlansIT {

    @Prepare
    static void fill(ElasticsearchClient client, ElasticsearchIndices indices) throws IOException {
        String index = indices.name("books");
        client.indices()
                .create(c -> c.index(index).settings(s -> s.numberOfShards("2").numberOfReplicas("0")));
        client.bulk(b -> {
            for (int i = 0; i < 20; i++) {
                Map<String, Object> book = Map.of("title", "book " + i, "even", i % 2 == 0);
                b.operations(o -> o.index(x -> x.index(index).document(book)));
            }
            return b.refresh(Refresh.True);
        });
    }

    private static SearchResponse<Void> search(ElasticsearchClient client, String index, boolean profile)
            throws IOException {
        return client.search(
                s -> s.index(index)
                        .profile(profile)
                        .query(q -> q.bool(b -> b.must(
                                        m -> m.match(t -> t.field("title").query("book")))
                                .filter(f -> f.term(t -> t.field("even").value(true))))),
                Void.class);
    }

    @Test
    void aProfileIsReadAsShardsAndTheQueriesBelowThem(ElasticsearchClient client, ElasticsearchIndices indices)
            throws IOException {
        Plan plan = ElasticsearchPlans.of(search(client, indices.name("books"), true));
        assertThat(plan.engine()).isEqualTo("Elasticsearch");
        assertThat(plan.root().children())
                .extracting(shard -> shard.operation() + shard.target().orElseThrow())
                .containsExactly("Shard0", "Shard1");
        assertThat(plan.root().children()).allSatisfy(shard -> {
            PlanNode bool = shard.children().get(0);
            assertThat(bool.operation()).isEqualTo("BooleanQuery");
            assertThat(bool.children())
                    .extracting(query -> query.details().get("condition"))
                    .containsExactlyInAnyOrder("title:book", "even:T");
        });
        long scored = plan.nodes()
                .filter(node -> "title:book".equals(node.details().get("condition")))
                .mapToLong(node -> Long.parseLong(node.details().get("score_count")))
                .sum();
        assertThat(scored).isEqualTo(10);
        assertThat(plan.toString()).contains("Shard on 0", "TermQuery: title:book");
    }

    @Test
    void aSearchWithoutAProfileIsRefusedWithTheCure(ElasticsearchClient client, ElasticsearchIndices indices)
            throws IOException {
        SearchResponse<Void> response = search(client, indices.name("books"), false);
        assertThatThrownBy(() -> ElasticsearchPlans.of(response))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("profile(true)");
    }
}
