package mastery.support.redis;

import java.util.List;
import java.util.Map;
import mastery.support.server.Patience;
import redis.clients.jedis.Jedis;

/**
 * Makes running nodes the replicas of another.
 *
 * <p>Source: Redis manual, "Redis replication" and the command INFO, section replication.
 */
public final class ReplicationWiring {

    private ReplicationWiring() {}

    /**
     * Returns when every replica has what its primary wrote and the primary counts every replica as online.
     *
     * @param primary a running node
     * @param replicas running nodes whose {@code masterauth} is the primary's password; what they hold is lost
     * @throws org.awaitility.core.ConditionTimeoutException when that is not so in time
     */
    public static void follow(RedisEndpoint primary, List<RedisEndpoint> replicas) {
        for (RedisEndpoint replica : replicas) {
            try (Jedis jedis = replica.connect()) {
                jedis.replicaof(primary.host(), primary.port());
            }
        }
        awaitCopies(primary, replicas);
    }

    /**
     * Returns when every replica's link to the primary is up, seen from both ends, and every replica has all that the primary
     * had written at the time of the call.
     *
     * <p>A link that is up says nothing about the data: a replica that was started again loads the copy that it kept on disk,
     * takes up the stream where that ends, and counts as linked before it has read the rest.
     *
     * @throws org.awaitility.core.ConditionTimeoutException when that is not so in time
     */
    public static void awaitCopies(RedisEndpoint primary, List<RedisEndpoint> replicas) {
        long written = written(primary);
        for (RedisEndpoint replica : replicas) {
            try (Jedis jedis = replica.connect()) {
                Patience.until(replica + " has copied " + primary, () -> hasCopied(jedis, primary, written));
            }
        }
        Patience.until(primary + " feeds " + replicas.size() + " replicas", () -> feeds(primary, replicas.size()));
    }

    /** Whether the node is a replica without a working link; a master never is. */
    static boolean isCutOff(Jedis jedis) {
        Map<String, String> info = replication(jedis);
        return "slave".equals(info.get("role")) && !"up".equals(info.get("master_link_status"));
    }

    /** How much the node has written, or as a replica has read. */
    static long written(RedisEndpoint node) {
        try (Jedis jedis = node.connect()) {
            return offset(replication(jedis), "master_repl_offset");
        }
    }

    /** Whether the primary counts so many replicas as online. */
    static boolean feeds(RedisEndpoint primary, int replicas) {
        try (Jedis jedis = primary.connect()) {
            return online(jedis) >= replicas;
        }
    }

    static boolean hasCopied(Jedis jedis, RedisEndpoint primary, long written) {
        Map<String, String> info = replication(jedis);
        return "slave".equals(info.get("role"))
                && Integer.toString(primary.port()).equals(info.get("master_port"))
                && "up".equals(info.get("master_link_status"))
                && offset(info, "slave_repl_offset") >= written;
    }

    private static long offset(Map<String, String> info, String field) {
        return Long.parseLong(info.getOrDefault(field, "-1"));
    }

    private static long online(Jedis primary) {
        return replication(primary).values().stream()
                .filter(value -> value.contains("state=online"))
                .count();
    }

    private static Map<String, String> replication(Jedis jedis) {
        return Fields.of(jedis.info("replication"));
    }
}
