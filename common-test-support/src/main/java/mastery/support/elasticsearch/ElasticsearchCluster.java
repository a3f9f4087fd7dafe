package mastery.support.elasticsearch;

import static org.awaitility.Awaitility.await;

import co.elastic.clients.elasticsearch.ElasticsearchClient;
import co.elastic.clients.elasticsearch._types.ElasticsearchException;
import co.elastic.clients.elasticsearch._types.HealthStatus;
import co.elastic.clients.elasticsearch.cat.shards.ShardsRecord;
import co.elastic.clients.elasticsearch.cluster.HealthResponse;
import java.io.IOException;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;
import mastery.support.server.Engine;
import mastery.support.server.Node;
import mastery.support.server.NodeGroup;
import mastery.support.server.NodeSpec;
import mastery.support.server.Passwords;
import mastery.support.server.Ports;
import mastery.support.server.SharedServers;
import mastery.support.server.Topology;

/** A cluster of nodes that are all master-eligible and hold data. */
public final class ElasticsearchCluster implements Topology {

    private static final Duration LIMIT = Duration.ofSeconds(90);
    private static final Duration PAUSE = Duration.ofMillis(50);

    /** How long a node may take to say how the cluster is; one that is paused takes for ever. */
    private static final int HEALTH_LIMIT_MILLIS = 3_000;

    private final NodeGroup group;
    private final List<Node> nodes;
    private final Elasticsearch server;

    private ElasticsearchCluster(NodeGroup group, List<Node> nodes) {
        this.group = group;
        this.nodes = List.copyOf(nodes);
        this.server = new Elasticsearch(nodes.get(0), ElasticsearchEndpoint.of(nodes));
    }

    /**
     * Starts the nodes {@code node-1} and so on, at the same time, and returns when they are one cluster that works.
     *
     * @param count at least 2
     * @throws mastery.support.server.ServerException if Elasticsearch cannot be had here
     */
    public static ElasticsearchCluster start(int count) {
        if (count < 2) {
            throw new IllegalArgumentException("A cluster has at least 2 nodes, not " + count);
        }
        String password = Passwords.generate();
        List<Integer> ports =
                IntStream.range(0, count).mapToObj(i -> Ports.free()).toList();
        NodeGroup group = SharedServers.group(Engine.ELASTICSEARCH, count);
        try {
            List<Node> nodes = group.startAll(IntStream.range(0, count)
                    .mapToObj(i -> spec(i, ports, password))
                    .toList());
            ElasticsearchCluster cluster = new ElasticsearchCluster(group, nodes);
            // The nodes are counted before the master has read its state; until then nothing can be made.
            cluster.awaitGreen();
            return cluster;
        } catch (RuntimeException e) {
            group.close();
            throw e;
        }
    }

    private static NodeSpec spec(int i, List<Integer> ports, String password) {
        Map<String, String> settings = new HashMap<>();
        settings.put("cluster.name", "mastery-" + ports.get(0));
        settings.put(ElasticsearchRecipe.TRANSPORT_PORT, ports.get(i).toString());
        settings.put(
                ElasticsearchRecipe.SEED_HOSTS,
                String.join(",", ports.stream().map(port -> "127.0.0.1:" + port).toList()));
        // One node founds the cluster, the others join it: no vote is needed while processors are busy with starting.
        settings.put("cluster.initial_master_nodes", "node-1");
        settings.put("discovery.find_peers_interval", "200ms");
        // A paused node is given up after seconds; by default after half a minute.
        settings.put("cluster.fault_detection.follower_check.interval", "500ms");
        settings.put("cluster.fault_detection.follower_check.timeout", "3s");
        settings.put("cluster.fault_detection.follower_check.retry_count", "2");
        settings.put("cluster.fault_detection.leader_check.interval", "500ms");
        settings.put("cluster.fault_detection.leader_check.timeout", "3s");
        settings.put("cluster.fault_detection.leader_check.retry_count", "2");
        return NodeSpec.member("node-" + (i + 1), settings, password);
    }

    @Override
    public List<Node> nodes() {
        return nodes;
    }

    /** Clean state on the cluster, reached through any node that runs. */
    public ElasticsearchIndices newIndices() {
        return server.newIndices();
    }

    /** A client that knows every node and goes to the next one when a node does not answer; the caller closes it. */
    public ElasticsearchClient newClient() {
        return ElasticsearchEndpoint.of(nodes).newClient();
    }

    /** The node of a name such as {@code node-1}. */
    public Node node(String name) {
        return nodes.stream()
                .filter(node -> node.name().equals(name))
                .findFirst()
                .orElseThrow(() -> new IllegalArgumentException("There is no node " + name + " in " + nodes));
    }

    /**
     * The node that holds the primary of a shard now.
     *
     * @throws IllegalStateException if no node does, or there is no master that could say it
     */
    public Node primaryOf(String index, int shard) {
        return using(client -> client.cat().shards(s -> s.index(index)).valueBody().stream()
                .filter(each -> "p".equals(each.prirep())
                        && Integer.toString(shard).equals(each.shard())
                        && each.node() != null)
                .map(ShardsRecord::node)
                .findFirst()
                .map(this::node)
                .orElseThrow(() -> new IllegalStateException("No node holds the primary of " + index + "/" + shard)));
    }

    /**
     * Returns when the cluster has a master and exactly so many nodes.
     *
     * @throws org.awaitility.core.ConditionTimeoutException when that is not so within a minute and a half
     */
    public void awaitNodes(int count) {
        awaitHealth(
                "a cluster of " + count + " nodes",
                ElasticsearchEndpoint.of(nodes),
                health -> health.numberOfNodes() == count);
    }

    /**
     * Returns when all nodes that run are in the cluster, every copy of every shard is there and none is on its way, and each
     * of these nodes says so.
     *
     * @throws org.awaitility.core.ConditionTimeoutException when that is not so within a minute and a half
     */
    public void awaitGreen() {
        List<Node> running = nodes.stream().filter(Node::isRunning).toList();
        // Each is asked: a master that was paused believes for a moment that it still leads the others.
        running.forEach(node -> awaitHealth(
                "a green cluster of " + running.size() + " nodes in the eyes of " + node,
                ElasticsearchEndpoint.of(node),
                health -> health.numberOfNodes() == running.size()
                        && health.status() == HealthStatus.Green
                        && health.relocatingShards() == 0
                        && health.initializingShards() == 0));
    }

    private interface Condition {
        boolean holds(HealthResponse health);
    }

    private interface Use<T> {
        T by(ElasticsearchClient client) throws IOException;
    }

    private static void awaitHealth(String sentence, ElasticsearchEndpoint asked, Condition condition) {
        try (ElasticsearchClient client = asked.newClient(HEALTH_LIMIT_MILLIS)) {
            await(sentence)
                    .atMost(LIMIT)
                    .pollDelay(Duration.ZERO)
                    .pollInterval(PAUSE)
                    // A node that is paused or has no master fails: another is asked next time.
                    .ignoreExceptionsMatching(
                            failure -> failure instanceof IOException || failure instanceof ElasticsearchException)
                    .until(() -> condition.holds(client.cluster().health(h -> h.timeout(t -> t.time("1s")))));
        } catch (IOException e) {
            throw new IllegalStateException(e);
        }
    }

    private <T> T using(Use<T> use) {
        try (ElasticsearchClient client = newClient()) {
            return use.by(client);
        } catch (IOException | ElasticsearchException e) {
            // The latter when a node answers that it has no master.
            throw new IllegalStateException("The cluster does not answer: " + e.getMessage(), e);
        }
    }

    @Override
    public void close() {
        server.close();
        group.close();
    }
}
