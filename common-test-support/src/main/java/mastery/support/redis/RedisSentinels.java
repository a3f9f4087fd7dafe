package mastery.support.redis;

import java.util.List;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import mastery.support.server.Engine;
import mastery.support.server.Node;
import mastery.support.server.NodeGroup;
import mastery.support.server.SharedServers;
import mastery.support.server.Topology;
import redis.clients.jedis.HostAndPort;
import redis.clients.jedis.RedisSentinelClient;

/** A primary with two replicas, and three sentinels that promote a replica when two of them miss the primary. */
public final class RedisSentinels implements Topology {

    /** The name under which the sentinels know the primary. */
    public static final String NAME = "primary";

    private static final int REPLICAS = 2;
    private static final int SENTINELS = 3;

    private final NodeGroup group;
    private final List<Node> data;
    private final List<Node> sentinels;

    private RedisSentinels(NodeGroup group, List<Node> data, List<Node> sentinels) {
        this.group = group;
        this.data = List.copyOf(data);
        this.sentinels = List.copyOf(sentinels);
    }

    /**
     * Starts six processes and returns when the sentinels know the replicas and each other.
     *
     * @throws mastery.support.server.ServerException if Redis cannot be had here
     */
    public static RedisSentinels start() {
        NodeGroup group = SharedServers.group(Engine.REDIS, 1 + REPLICAS + SENTINELS);
        try {
            List<Node> data = RedisReplication.startNodes(group, REPLICAS);
            RedisEndpoint primary = RedisEndpoint.of(data.get(0));
            ReplicationWiring.awaitCopies(primary, Members.endpoints(data.subList(1, data.size())));
            List<Node> sentinels = Members.start(
                    group, SENTINELS, i -> Members.spec("sentinel-" + i, RedisRecipe.SENTINEL, primary.password()));
            SentinelWiring.watch(NAME, primary, REPLICAS, Members.endpoints(sentinels));
            return new RedisSentinels(group, data, sentinels);
        } catch (RuntimeException e) {
            group.close();
            throw e;
        }
    }

    /** The primary of the start and its replicas; a failover changes who is which. */
    public List<Node> data() {
        return data;
    }

    public List<Node> sentinels() {
        return sentinels;
    }

    @Override
    public List<Node> nodes() {
        return Stream.concat(data.stream(), sentinels.stream()).toList();
    }

    /** The node that the sentinels name as the primary now. */
    public Node primary() {
        RedisEndpoint sentinel = RedisEndpoint.of(sentinels.get(0));
        try (var jedis = sentinel.connect()) {
            String port = jedis.sentinelGetMasterAddrByName(NAME).get(1);
            return data.stream()
                    .filter(node -> port.equals(Integer.toString(node.port())))
                    .findFirst()
                    .orElseThrow();
        }
    }

    /** A client that asks the sentinels for the primary and follows a failover; the caller closes it. */
    public RedisSentinelClient newClient() {
        RedisEndpoint sentinel = RedisEndpoint.of(sentinels.get(0));
        Set<HostAndPort> addresses = Members.endpoints(sentinels).stream()
                .map(RedisEndpoint::hostAndPort)
                .collect(Collectors.toSet());
        return RedisSentinelClient.builder()
                .masterName(NAME)
                .sentinels(addresses)
                .sentinelClientConfig(sentinel.clientConfig())
                .clientConfig(sentinel.clientConfig())
                .build();
    }

    /** Returns when the sentinels see a living primary, both replicas and each other, such as after a failover. */
    public void awaitAgreement() {
        SentinelWiring.awaitAgreement(NAME, REPLICAS, Members.endpoints(sentinels));
    }

    /** Removes every key. */
    public void flush() {
        Members.flush(data);
    }

    @Override
    public void close() {
        group.close();
    }
}
