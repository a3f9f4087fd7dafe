package mastery.elasticsearch.performance;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import co.elastic.clients.elasticsearch.ElasticsearchClient;
import co.elastic.clients.elasticsearch._types.HealthStatus;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import mastery.elasticsearch.performance.ReplicaPromotion.Copy;
import mastery.elasticsearch.performance.ReplicaPromotion.Saved;
import mastery.support.elasticsearch.ElasticsearchCluster;
import mastery.support.elasticsearch.ElasticsearchIndices;
import mastery.support.junit.OnElasticsearch;
import mastery.support.server.Node;
import org.elasticsearch.client.ResponseException;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

@OnElasticsearch(nodes = 3)
class ReplicaPromotionIT {

    private String index;

    @BeforeEach
    void name(ElasticsearchIndices indices) {
        index = indices.name("messages");
    }

    /** The next test finds all three nodes. */
    @AfterEach
    void bringBack(ElasticsearchCluster cluster) {
        cluster.nodes().stream().filter(node -> !node.isRunning()).forEach(Node::start);
        cluster.awaitNodes(3);
    }

    private List<String> saveMany(ElasticsearchClient client, int copies) throws IOException {
        List<String> acknowledged = new ArrayList<>();
        for (int i = 0; i < 50; i++) {
            Saved saved = ReplicaPromotion.save(client, index, "m" + i, "text " + i);
            assertThat(saved.copies()).isEqualTo(copies);
            assertThat(saved.primaryTerm()).isOne();
            acknowledged.add(saved.id());
        }
        return acknowledged;
    }

    @Test
    void theReplicaBecomesThePrimaryWithEveryAcknowledgedDocument(
            ElasticsearchClient client, ElasticsearchCluster cluster) throws IOException {
        ReplicaPromotion.createIndex(client, index, 1);
        List<String> acknowledged = saveMany(client, 2);
        List<Copy> before = ReplicaPromotion.copies(client, index);
        assertThat(before).extracting(Copy::state).containsExactly("STARTED", "STARTED");

        Node dead = cluster.primaryOf(index, 0);
        dead.kill();

        assertThat(ReplicaPromotion.healthWithNodes(client, index, 2)).isEqualTo(HealthStatus.Yellow);
        assertThat(ReplicaPromotion.copies(client, index))
                .containsExactly(new Copy(true, "STARTED", before.get(1).node()), new Copy(false, "UNASSIGNED", ""));
        assertThat(ReplicaPromotion.readable(client, index, acknowledged)).isEqualTo(50);
        assertThat(ReplicaPromotion.save(client, index, "after", "x")).isEqualTo(new Saved("after", 1, 2));

        dead.start();
        cluster.awaitGreen();
        assertThat(ReplicaPromotion.copies(client, index))
                .containsExactly(
                        new Copy(true, "STARTED", before.get(1).node()), new Copy(false, "STARTED", dead.name()));
        assertThat(ReplicaPromotion.save(client, index, "again", "x")).isEqualTo(new Saved("again", 2, 2));
    }

    @Test
    void withoutAReplicaNothingCanBeReadOrWrittenUntilTheNodeIsBack(
            ElasticsearchClient client, ElasticsearchCluster cluster) throws IOException {
        ReplicaPromotion.createIndex(client, index, 0);
        List<String> acknowledged = saveMany(client, 1);

        Node dead = cluster.primaryOf(index, 0);
        dead.kill();

        assertThat(ReplicaPromotion.healthWithNodes(client, index, 2)).isEqualTo(HealthStatus.Red);
        assertThat(ReplicaPromotion.copies(client, index)).containsExactly(new Copy(true, "UNASSIGNED", ""));
        assertThat(ReplicaPromotion.readable(client, index, acknowledged)).isZero();
        assertThatThrownBy(() -> ReplicaPromotion.save(client, index, "after", "x"))
                .isInstanceOfSatisfying(
                        ResponseException.class,
                        refusal -> assertThat(
                                        refusal.getResponse().getStatusLine().getStatusCode())
                                .isEqualTo(503))
                .hasMessageContaining("unavailable_shards_exception");

        dead.start();
        cluster.awaitGreen();
        assertThat(ReplicaPromotion.readable(client, index, acknowledged)).isEqualTo(50);
    }

    @Test
    void badInputIsRefusedBeforeAnythingIsWritten(ElasticsearchClient client) throws IOException {
        for (int replicas : new int[] {-1, 11}) {
            assertThatThrownBy(() -> ReplicaPromotion.createIndex(client, index, replicas))
                    .isInstanceOf(IllegalArgumentException.class);
        }
        for (String id : new String[] {null, "", " "}) {
            assertThatThrownBy(() -> ReplicaPromotion.save(client, index, id, "x"))
                    .isInstanceOf(IllegalArgumentException.class);
        }
        assertThatThrownBy(() -> ReplicaPromotion.save(client, index, "m", null))
                .isInstanceOf(IllegalArgumentException.class);
        assertThat(client.indices().exists(e -> e.index(index)).value()).isFalse();
    }
}
