package mastery.support.redis;

import java.util.List;
import java.util.Map;
import java.util.function.Function;
import java.util.stream.IntStream;
import mastery.support.server.Engine;
import mastery.support.server.Node;
import mastery.support.server.NodeSpec;
import mastery.support.server.SharedServers;
import redis.clients.jedis.Jedis;

/** Starts, empties and ends the nodes of a topology. */
final class Members {

    private Members() {}

    /** A node with a role of its own; all nodes of a topology have one password, as either may have to log in to the other. */
    static NodeSpec spec(String name, String role, String password) {
        return NodeSpec.member(name, Map.of(RedisRecipe.ROLE, role), password);
    }

    /** Starts the nodes 1 to {@code count}; those that run are ended if a later one fails. */
    static void start(List<Node> started, int count, Function<Integer, NodeSpec> spec) {
        IntStream.rangeClosed(1, count)
                .mapToObj(i -> SharedServers.start(Engine.REDIS, spec.apply(i)))
                .forEach(started::add);
    }

    static void dispose(List<Node> started) {
        started.forEach(SharedServers::dispose);
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
