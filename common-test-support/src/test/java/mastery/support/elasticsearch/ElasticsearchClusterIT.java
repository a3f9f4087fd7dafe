package mastery.support.elasticsearch;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import co.elastic.clients.elasticsearch.ElasticsearchClient;
import co.elastic.clients.elasticsearch._types.Refresh;
import java.io.IOException;
import java.time.Duration;
import java.util.HashSet;
import java.util.Map;
import java.util.Set;
import mastery.support.junit.OnElasticsearch;
import mastery.support.server.Engine;
import mastery.support.server.Node;
import mastery.support.server.NodeGroup;
import mastery.support.server.NodeSpec;
import mastery.support.server.Passwords;
import mastery.support.server.Ports;
import mastery.support.server.SharedServers;
import org.junit.jupiter.api.Test;

@OnElasticsearch(nodes = 3)
class ElasticsearchClusterIT {

    private static final Duration LIMIT = Duration.ofSeconds(90);

    @Test
    void aNodeIsKilledPausedResumedAndStartedAgainAndTheDataStays(
            ElasticsearchCluster cluster, ElasticsearchClient client, ElasticsearchIndices indices) throws IOException {
        String index = indices.name("things");
        client.indices()
                .create(c -> c.index(index)
                        .settings(s -> s.numberOfShards("1").numberOfReplicas("2"))
                        .waitForActiveShards(w -> w.count(3)));
        client.index(i -> i.index(index).id("1").document(Map.of("n", 1)).refresh(Refresh.True));

        Node primary = cluster.primaryOf(index, 0);
        primary.kill();
        cluster.awaitNodes(2);
        // A new master may count the nodes before it has promoted a replica.
        await("another node holds the primary")
                .atMost(LIMIT)
                .ignoreException(IllegalStateException.class)
                .until(() -> cluster.primaryOf(index, 0) != primary);
        assertThat(client.get(g -> g.index(index).id("1"), Map.class).found()).isTrue();
        primary.start();
        cluster.awaitGreen();

        Node paused = cluster.primaryOf(index, 0);
        paused.pause();
        cluster.awaitNodes(2);
        paused.resume();
        cluster.awaitGreen();
        assertThat(client.count(c -> c.index(index)).count()).isOne();
        assertThat(cluster.isDisturbed()).isTrue();
    }

    @Test
    void aMasterThatWasPausedIsNotBelievedUntilItFollowsTheNewOne(ElasticsearchCluster cluster) throws IOException {
        Node paused = cluster.node(masterInTheEyesOf(cluster.node("node-1")));
        paused.pause();
        cluster.awaitNodes(2);
        paused.resume();
        cluster.awaitGreen();
        Set<String> masters = new HashSet<>();
        for (Node node : cluster.nodes()) {
            masters.add(masterInTheEyesOf(node));
        }
        assertThat(masters).hasSize(1).doesNotContain(paused.name());
    }

    private static String masterInTheEyesOf(Node node) throws IOException {
        try (ElasticsearchClient client = ElasticsearchEndpoint.of(node).newClient()) {
            return client.cat().master().valueBody().get(0).node();
        }
    }

    @Test
    void aNodeThatHasNotReadItsStateAnswersButIsNotReady() throws IOException {
        String port = Integer.toString(Ports.free());
        Map<String, String> waitsForAnother = Map.of(
                ElasticsearchRecipe.TRANSPORT_PORT,
                port,
                ElasticsearchRecipe.SEED_HOSTS,
                "127.0.0.1:" + port,
                "cluster.initial_master_nodes",
                "node-1",
                "gateway.recover_after_data_nodes",
                "2");
        try (NodeGroup group = SharedServers.group(Engine.ELASTICSEARCH, 1)) {
            Node node = group.start(NodeSpec.member("node-1", waitsForAnother, Passwords.generate()));
            ElasticsearchEndpoint endpoint = ElasticsearchEndpoint.of(node);
            assertThat(endpoint.identify().version()).isNotEmpty();
            assertThatThrownBy(endpoint::identifyRecovered).hasMessageContaining("has not read its state");
            try (ElasticsearchClient client = endpoint.newClient()) {
                assertThatThrownBy(() -> client.indices().create(c -> c.index("things")))
                        .hasMessageContaining("state not recovered");
            }
        }
    }

    @Test
    void allNodesAreOneClusterAndEachAsksForThePassword(ElasticsearchCluster cluster) throws IOException {
        assertThat(cluster.nodes()).extracting(Node::name).containsExactly("node-1", "node-2", "node-3");
        for (Node node : cluster.nodes()) {
            try (ElasticsearchClient client = ElasticsearchEndpoint.of(node).newClient()) {
                assertThat(client.cluster().health().numberOfNodes()).isEqualTo(3);
            }
        }
        assertThatThrownBy(() -> cluster.node("node-9")).isInstanceOf(IllegalArgumentException.class);
        assertThatThrownBy(() -> ElasticsearchCluster.start(1)).isInstanceOf(IllegalArgumentException.class);
    }
}
