package mastery.elasticsearch.performance;

import co.elastic.clients.elasticsearch.ElasticsearchClient;
import co.elastic.clients.elasticsearch._types.HealthStatus;
import co.elastic.clients.elasticsearch.core.IndexResponse;
import java.io.IOException;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;
import mastery.support.elasticsearch.ElasticsearchCluster;
import mastery.support.server.Node;
import mastery.support.trace.Story;

/**
 * When the node with a primary dies, a copy on another node becomes the primary with every acknowledged document.
 *
 * <p><b>When:</b> any index whose loss or whose silence for an hour would hurt: one replica survives one node, two survive two.
 * <b>Not:</b> for an index that can be built again at any time faster than a node comes back.
 * <b>Costs:</b> the disk and the indexing work once more for each replica; an acknowledgement waits for all copies.
 * <b>Needs:</b> at least one more node than replicas, and three master-eligible nodes, so that two can elect a master.
 *
 * <p>Each promotion raises the primary term, which tells writes of the old primary from those of the new one. The dead
 * node's copy is waited for, a minute by default, before it is built anew elsewhere: until then the index is yellow. Source:
 * Elasticsearch Guide, "Reading and writing documents", "Delaying allocation when a node leaves".
 */
public final class ReplicaPromotion {

    /** A copy of the shard; the node is empty while it is unassigned. */
    public record Copy(boolean primary, String state, String node) {}

    /** A document that was acknowledged: by how many copies, and in which primary term. */
    public record Saved(String id, int copies, long primaryTerm) {}

    private static final int MOST_REPLICAS = 10;

    private ReplicaPromotion() {}

    /** An index of one shard with so many replicas; 0 is the wrong way. Returns when every copy is there. */
    public static void createIndex(ElasticsearchClient client, String index, int replicas) throws IOException {
        if (replicas < 0 || replicas > MOST_REPLICAS) {
            throw new IllegalArgumentException("0 to " + MOST_REPLICAS + " replicas, not " + replicas);
        }
        client.indices()
                .create(c -> c.index(index)
                        .settings(s -> s.numberOfShards("1").numberOfReplicas(Integer.toString(replicas)))
                        .waitForActiveShards(w -> w.count(replicas + 1)));
    }

    /**
     * Writes a document; when this returns, each copy that is counted has it.
     *
     * @throws IOException of the client below, with status 503 and unavailable_shards_exception, when there is no primary for
     *     ten seconds; a client that knows several nodes asks each of them first
     */
    public static Saved save(ElasticsearchClient client, String index, String id, String text) throws IOException {
        if (id == null || id.isBlank() || text == null) {
            throw new IllegalArgumentException("A document needs an id and a text");
        }
        IndexResponse answer = client.index(
                i -> i.index(index).id(id).document(Map.of("text", text)).timeout(t -> t.time("10s")));
        return new Saved(id, answer.shards().successful().intValue(), answer.primaryTerm());
    }

    /** The copies of the shard, the primary first. */
    public static List<Copy> copies(ElasticsearchClient client, String index) throws IOException {
        return client.cat().shards(s -> s.index(index)).valueBody().stream()
                .map(row -> new Copy("p".equals(row.prirep()), row.state(), row.node() == null ? "" : row.node()))
                .sorted(Comparator.comparing(Copy::primary).reversed().thenComparing(Copy::node))
                .toList();
    }

    /** The health of the index once the cluster has exactly so many nodes; waits for that, and for a master, up to a minute. */
    public static HealthStatus healthWithNodes(ElasticsearchClient client, String index, int nodes) throws IOException {
        return client.cluster()
                .health(h -> h.index(index)
                        .waitForNodes(Integer.toString(nodes))
                        .masterTimeout(t -> t.time("60s"))
                        .timeout(t -> t.time("60s")))
                .status();
    }

    /** How many of the documents with these ids can be read. */
    public static long readable(ElasticsearchClient client, String index, List<String> ids) throws IOException {
        return client.mget(m -> m.index(index).ids(ids), Void.class).docs().stream()
                .filter(document -> document.isResult() && document.result().found())
                .count();
    }

    public static void main(String[] args) {
        Story.tell(ReplicaPromotion.class, story -> {
            ElasticsearchCluster cluster = story.elasticsearchCluster(3);
            ElasticsearchClient client = story.elasticsearchClusterClient();
            String index = story.elasticsearchName("messages");
            List<String> ids = IntStream.range(0, 50).mapToObj(i -> "m" + i).toList();

            story.step("One shard, one replica: two copies on two of the three nodes.");
            createIndex(client, index, 1);
            story.quietly("50 messages, each acknowledged by both", () -> {
                for (String id : ids) {
                    save(client, index, id, "text of " + id);
                }
            });
            story.show("copies", copies(client, index));

            story.step("The node with the primary is killed.");
            Node primary = cluster.primaryOf(index, 0);
            primary.kill();
            story.note(primary.name() + " is gone, without a word.");
            story.show("health", healthWithNodes(client, index, 2));
            story.show("copies", copies(client, index));

            story.step("Nothing that was acknowledged is lost, and writing goes on in the next primary term.");
            story.show("readable", readable(client, index, ids));
            story.show("saved", save(client, index, "m50", "after"));

            story.step("The node comes back and copies what it missed.");
            primary.start();
            story.note(primary.name() + " is started again.");
            cluster.awaitGreen();
            story.show("copies", copies(client, index));
            story.learned("With a replica the death of a node is a promotion; without one it is an outage.");
        });
    }
}
