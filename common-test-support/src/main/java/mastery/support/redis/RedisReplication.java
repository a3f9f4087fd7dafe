package mastery.support.redis;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import mastery.support.server.Engine;
import mastery.support.server.Node;
import mastery.support.server.NodeGroup;
import mastery.support.server.NodeSpec;
import mastery.support.server.SharedServers;
import mastery.support.server.Topology;
import redis.clients.jedis.RedisClient;

/** A primary and its replicas. */
public final class RedisReplication implements Topology {

    private final NodeGroup group;
    private final List<Node> nodes;

    private RedisReplication(NodeGroup group, List<Node> nodes) {
        this.group = group;
        this.nodes = List.copyOf(nodes);
    }

    /**
     * Starts a primary and replicas named {@code replica-1} and so on, and returns when all of them follow.
     *
     * @throws mastery.support.server.ServerException if Redis cannot be had here
     */
    public static RedisReplication start(int replicas) {
        NodeGroup group = SharedServers.group(Engine.REDIS, 1 + replicas);
        try {
            RedisReplication replication = new RedisReplication(group, startNodes(group, replicas));
            replication.awaitCopies();
            return replication;
        } catch (RuntimeException e) {
            group.close();
            throw e;
        }
    }

    /** The primary, then its replicas. */
    static List<Node> startNodes(NodeGroup group, int replicas) {
        Node primary = group.start(NodeSpec.of("primary", Map.of()));
        List<Node> nodes = new ArrayList<>(List.of(primary));
        nodes.addAll(Members.start(group, replicas, i -> NodeSpec.replicaOf(primary, "replica-" + i, Map.of())));
        return nodes;
    }

    /** The node that accepts writes. */
    public Node primary() {
        return nodes.get(0);
    }

    public List<Node> replicas() {
        return nodes.subList(1, nodes.size());
    }

    @Override
    public List<Node> nodes() {
        return nodes;
    }

    /** A client of one node; the caller closes it. */
    public RedisClient newClient(Node node) {
        RedisEndpoint endpoint = RedisEndpoint.of(node);
        return RedisClient.builder()
                .hostAndPort(endpoint.hostAndPort())
                .clientConfig(endpoint.clientConfig())
                .build();
    }

    /**
     * Returns when every replica is linked to the primary and has all that it had written at the time of the call, such as after
     * a node was started again.
     *
     * @throws org.awaitility.core.ConditionTimeoutException when that is not so within a minute
     */
    public void awaitCopies() {
        ReplicationWiring.awaitCopies(RedisEndpoint.of(primary()), Members.endpoints(replicas()));
    }

    /** Removes every key. */
    public void flush() {
        Members.flush(nodes);
    }

    @Override
    public void close() {
        group.close();
    }
}
