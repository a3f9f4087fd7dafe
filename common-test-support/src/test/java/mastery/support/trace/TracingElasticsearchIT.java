package mastery.support.trace;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import co.elastic.clients.elasticsearch.ElasticsearchAsyncClient;
import co.elastic.clients.elasticsearch.ElasticsearchClient;
import co.elastic.clients.elasticsearch._types.ElasticsearchException;
import co.elastic.clients.elasticsearch._types.Refresh;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import mastery.support.elasticsearch.ElasticsearchIndices;
import mastery.support.junit.OnElasticsearch;
import org.junit.jupiter.api.Test;

@OnElasticsearch
class TracingElasticsearchIT {

    private final List<TraceEvent> events = new ArrayList<>();
    private final Trace trace = new Trace(events::add);

    private ElasticsearchClient traced(ElasticsearchIndices indices) {
        return TracedElasticsearch.of(indices.endpoint().newHttpClient(), indices.prefix(), null, trace);
    }

    private TraceEvent.Statement last() {
        return (TraceEvent.Statement) events.get(events.size() - 1);
    }

    @Test
    void aRequestIsShownWithMethodPathBodyStatusTimeAndTook(ElasticsearchIndices indices) throws Exception {
        try (ElasticsearchClient client = traced(indices)) {
            String index = indices.name("books");
            client.index(
                    i -> i.index(index).id("1").document(Map.of("title", "a")).refresh(Refresh.True));
            assertThat(last().text()).isEqualTo("PUT /books/_doc/1?refresh=true\n{\"title\": \"a\"}");
            assertThat(last().reply()).isEqualTo("201");

            assertThat(client.search(
                                    s -> s.index(index)
                                            .query(q ->
                                                    q.term(t -> t.field("title").value("a"))),
                                    Map.class)
                            .hits()
                            .hits())
                    .hasSize(1);
            assertThat(last().language()).isEqualTo("elasticsearch");
            assertThat(last().text()).startsWith("POST /books/_search\n{\"query\": {\"term\": {\"title\": ");
            assertThat(last().reply()).matches("200, took \\d+ ms, 1 of 1 hit");
            assertThat(last().nanos()).isPositive();
            assertThat(last().roundTrips()).isOne();
            assertThat(trace.counters("").statements()).isEqualTo(2);
        }
    }

    @Test
    void aRefusalIsShownWithTypeAndStatus(ElasticsearchIndices indices) throws Exception {
        try (ElasticsearchClient client = traced(indices)) {
            assertThatThrownBy(() -> client.search(s -> s.index(indices.name("none")), Map.class))
                    .isInstanceOf(ElasticsearchException.class);
            assertThat(last().error())
                    .isEqualTo(new TraceEvent.Failure("index_not_found_exception", 404, "no such index [none]"));
        }
    }

    @Test
    void aBulkRequestShowsItsLinesAndAnAnswerWithoutBodyItsStatus(ElasticsearchIndices indices) throws Exception {
        try (ElasticsearchClient client = traced(indices)) {
            client.bulk(b -> b.index(indices.name("books"))
                    .operations(o -> o.index(i -> i.id("1").document(Map.of("n", 1))))
                    .operations(o -> o.delete(d -> d.id("2"))));
            assertThat(last().text().lines())
                    .containsExactly(
                            "POST /books/_bulk",
                            "{\"index\": {\"_id\": \"1\"}}",
                            "{\"n\": 1}",
                            "{\"delete\": {\"_id\": \"2\"}}");
            assertThat(last().reply()).matches("200, took \\d+ ms, 2 items");
            client.indices().exists(e -> e.index(indices.name("books")));
            assertThat(last().text()).isEqualTo("HEAD /books");
            assertThat(last().reply()).isEqualTo("200");
        }
    }

    @Test
    void anAsynchronousRequestIsShownToo(ElasticsearchIndices indices) throws Exception {
        try (ElasticsearchClient client = traced(indices)) {
            new ElasticsearchAsyncClient(client._transport()).info().get();
            assertThat(last().text()).isEqualTo("GET /");
        }
    }
}
