package mastery.support.elasticsearch;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import co.elastic.clients.elasticsearch.ElasticsearchClient;
import co.elastic.clients.elasticsearch._types.ExpandWildcard;
import co.elastic.clients.elasticsearch._types.Refresh;
import co.elastic.clients.elasticsearch._types.mapping.DynamicMapping;
import java.io.IOException;
import java.util.List;
import java.util.Map;
import mastery.support.junit.OnElasticsearch;
import mastery.support.server.Address;
import mastery.support.server.Engine;
import mastery.support.server.Node;
import mastery.support.server.SourceKind;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.RepeatedTest;
import org.junit.jupiter.api.Test;

@OnElasticsearch
class ElasticsearchFixtureIT {

    @RepeatedTest(3)
    void eachTestHasNamesOfItsOwn(ElasticsearchClient client, ElasticsearchIndices indices) throws IOException {
        String index = indices.name("things");
        assertThat(client.indices()
                        .exists(e -> e.index(indices.prefix() + "*").allowNoIndices(false))
                        .value())
                .isFalse();
        client.index(i -> i.index(index).id("1").document(Map.of("name", "a")).refresh(Refresh.True));
        assertThat(client.count(c -> c.index(index)).count()).isOne();
    }

    @Test
    void closingRemovesIndicesAliasesTemplatesAndPipelines(ElasticsearchClient client) throws IOException {
        ElasticsearchIndices own = Elasticsearch.shared().newIndices();
        String pattern = own.prefix() + "*";
        client.indices().putIndexTemplate(t -> t.name(own.name("template")).indexPatterns(own.name("made") + "*"));
        client.cluster()
                .putComponentTemplate(t ->
                        t.name(own.name("component")).template(m -> m.mappings(x -> x.dynamic(DynamicMapping.Strict))));
        client.ingest().putPipeline(p -> p.id(own.name("pipeline")).processors(x -> x.lowercase(l -> l.field("name"))));
        client.indices().create(c -> c.index(own.name("made-1")).aliases(own.name("alias"), a -> a));
        client.indices().create(c -> c.index(own.name("made-2")).settings(s -> s.hidden(true)));
        own.close();
        assertThat(client.indices().resolveIndex(r -> r.name(pattern).expandWildcards(ExpandWildcard.All)))
                .satisfies(found -> assertThat(found.indices()).isEmpty())
                .satisfies(found -> assertThat(found.aliases()).isEmpty());
        assertThat(client.indices().existsIndexTemplate(e -> e.name(pattern)).value())
                .isFalse();
        assertThat(client.cluster()
                        .existsComponentTemplate(e -> e.name(pattern))
                        .value())
                .isFalse();
        assertThat(client.ingest().getPipeline(g -> g).result()).doesNotContainKey(own.name("pipeline"));
    }

    @Test
    void closingLeavesWhatOthersMade(ElasticsearchClient client, ElasticsearchIndices indices) throws IOException {
        client.indices().create(c -> c.index(indices.name("mine")));
        ElasticsearchIndices other = Elasticsearch.shared().newIndices();
        client.indices().create(c -> c.index(other.name("theirs")));
        other.close();
        assertThat(client.indices().exists(e -> e.index(indices.name("mine"))).value())
                .isTrue();
        assertThat(client.indices().exists(e -> e.index(other.name("theirs"))).value())
                .isFalse();
    }

    @Test
    void aNameThatCouldBeAPatternIsRefused(ElasticsearchIndices indices) {
        for (String name : new String[] {"", "*", "a*", "A", "a,b", "-a", "a/b", "a".repeat(101)}) {
            assertThatThrownBy(() -> indices.name(name))
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessageContaining("'" + name + "'");
        }
    }

    @Test
    void theServerIsTheOneThatTheReportNames(ElasticsearchClient client, Node node) throws IOException {
        assertThat(node.engine()).isEqualTo(Engine.ELASTICSEARCH);
        assertThat(client.info().version().number()).isEqualTo(node.version());
    }

    @Test
    void theModulesThatTheBareDistributionLacksAreThere(ElasticsearchClient client) throws IOException {
        assertThat(client.nodes().info(n -> n.metric("plugins")).nodes().values())
                .allSatisfy(node -> assertThat(node.modules())
                        .extracting(module -> module.name())
                        .contains(
                                "aggregations",
                                "analysis-common",
                                "ingest-common",
                                "lang-painless",
                                "parent-join",
                                "reindex",
                                "rest-root"));
    }

    /** Another name than that of the administrator, whose login the other tests use at the same time. */
    @Test
    void theServerAsksForALogin(Node node) {
        Assumptions.assumeTrue(node.source() != SourceKind.EXTERNAL, "the user's own server may ask for none");
        assertThatThrownBy(() ->
                        new ElasticsearchEndpoint(List.of(Address.loopback(node.port(), "nobody", "wrong"))).identify())
                .isInstanceOf(IOException.class)
                .hasMessageContaining("refuses user 'nobody' (HTTP 401)");
    }
}
