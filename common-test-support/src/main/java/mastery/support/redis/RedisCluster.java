package mastery.support.redis;

import java.time.Duration;
import java.util.List;
import java.util.Set;
import java.util.stream.Collectors;
import mastery.support.server.Engine;
import mastery.support.server.Node;
import mastery.support.server.NodeGroup;
import mastery.support.server.Passwords;
import mastery.support.server.SharedServers;
import mastery.support.server.Topology;
import redis.clients.jedis.HostAndPort;
import redis.clients.jedis.Jedis;
import redis.clients.jedis.RedisClusterClient;

/** A Redis Cluster of three masters with one replica each. */
public final class RedisCluster implements Topology {

    private static final int NODES = 6;

    private final NodeGroup group;
    private final List<Node> nodes;

    private RedisCluster(NodeGroup group, List<Node> nodes) {
        this.group = group;
        this.nodes = List.copyOf(nodes);
    }

    /**
     * Starts six nodes and returns when they are one cluster. The first three are the masters; node 4 is the replica of
     * node 1, and so on.
     *
     * @throws mastery.support.server.ServerException if Redis cannot be had here
     */
    public static RedisCluster start() {
        NodeGroup group = SharedServers.group(Engine.REDIS, NODES);
        String password = Passwords.generate();
        try {
            List<Node> nodes =
                    Members.start(group, NODES, i -> Members.spec("node-" + i, RedisRecipe.CLUSTER, password));
            ClusterWiring.form(Members.endpoints(nodes));
            return new RedisCluster(group, nodes);
        } catch (RuntimeException e) {
            group.close();
            throw e;
        }
    }

    @Override
    public List<Node> nodes() {
        return nodes;
    }

    /** Where the nodes listen, for a client of one's own. */
    public Set<HostAndPort> addresses() {
        return Members.endpoints(nodes).stream().map(RedisEndpoint::hostAndPort).collect(Collectors.toSet());
    }

    /** A client that knows every node; the caller closes it. */
    public RedisClusterClient newClient() {
        return RedisClusterClient.builder()
                .nodes(addresses())
                .clientConfig(RedisEndpoint.of(nodes.get(0)).clientConfig())
                .build();
    }

    /**
     * Sets for every running node how long another may be silent until it counts as failing and its replica takes over. The
     * second of the start is for proofs that kill a node; on a busy machine a living node can be silent that long as well.
     */
    public void nodeTimeout(Duration silence) {
        nodes.stream().filter(Node::isRunning).forEach(node -> {
            try (Jedis jedis = RedisEndpoint.of(node).connect()) {
                jedis.configSet("cluster-node-timeout", Long.toString(silence.toMillis()));
            }
        });
    }

    /**
     * Returns when every node sees all slots covered, all agree who has them, and every replica has what its master had written
     * at the time of the call, such as after a node was started again, or after slots or roles changed.
     */
    public void awaitHealthy() {
        ClusterWiring.awaitHealthy(Members.endpoints(nodes));
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
