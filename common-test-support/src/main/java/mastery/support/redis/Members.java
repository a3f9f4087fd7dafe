package mastery.support.redis;

import java.util.List;
import java.util.Map;
import java.util.function.IntFunction;
import java.util.stream.IntStream;
import mastery.support.server.Node;
import mastery.support.server.NodeGroup;
import mastery.support.server.NodeSpec;
import redis.clients.jedis.Jedis;

/** Starts and empties the nodes of a topology. */
final class Members {

    private Members() {}

    /** A node with a role of its own; all nodes of a topology have one password, as either may have to log in to the other. */
    static NodeSpec spec(String name, String role, String password) {
        return NodeSpec.member(name, Map.of(RedisRecipe.ROLE, role), password);
    }

    /** Starts the nodes 1 to {@code count}. */
    static List<Node> start(NodeGroup group, int count, IntFunction<NodeSpec> spec) {
        return IntStream.rangeClosed(1, count)
                .mapToObj(i -> group.start(spec.apply(i)))
                .toList();
    }

    static List<RedisEndpoint> endpoints(List<Node> nodes) {
        return nodes.stream().map(RedisEndpoint::of).toList();
    }

    /** Removes every key of every node that accepts writes; the replicas follow. */
    static void flush(List<Node> nodes) {
        for (RedisEndpoint endpoint : endpoints(nodes)) {
            try (Jedis jedis = endpoint.connect()) {
                if ("master".equals(jedis.role().get(0))) {
                    jedis.flushAll();
                }
            }
        }
    }
}
