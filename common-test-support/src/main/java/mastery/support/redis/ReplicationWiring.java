package mastery.support.redis;

import java.util.List;
import java.util.Map;
import redis.clients.jedis.Jedis;

/**
 * Makes running nodes the replicas of another.
 *
 * <p>Source: Redis manual, "Redis replication" and the command INFO, section replication.
 */
public final class ReplicationWiring {

    private ReplicationWiring() {}

    /**
     * Returns when every replica's link is up and the primary counts every replica as online.
     *
     * @param primary a running node
     * @param replicas running nodes whose {@code masterauth} is the primary's password; what they hold is lost
     * @throws org.awaitility.core.ConditionTimeoutException when that is not so within a minute
     */
    public static void follow(RedisEndpoint primary, List<RedisEndpoint> replicas) {
        for (RedisEndpoint replica : replicas) {
            try (Jedis jedis = replica.connect()) {
                jedis.replicaof(primary.host(), primary.port());
            }
        }
        awaitLinks(primary, replicas);
    }

    /**
     * Returns when every replica's link to the primary is up, seen from both ends.
     *
     * @throws org.awaitility.core.ConditionTimeoutException when that is not so within a minute
     */
    public static void awaitLinks(RedisEndpoint primary, List<RedisEndpoint> replicas) {
        for (RedisEndpoint replica : replicas) {
            try (Jedis jedis = replica.connect()) {
                Patience.until(replica + " follows " + primary, () -> follows(jedis, primary));
            }
        }
        try (Jedis jedis = primary.connect()) {
            Patience.until(primary + " feeds " + replicas.size() + " replicas", () -> online(jedis) >= replicas.size());
        }
    }

    /** Whether the node is a replica without a working link; a master never is. */
    static boolean isCutOff(Jedis jedis) {
        Map<String, String> info = replication(jedis);
        return "slave".equals(info.get("role")) && !"up".equals(info.get("master_link_status"));
    }

    private static boolean follows(Jedis jedis, RedisEndpoint primary) {
        Map<String, String> info = replication(jedis);
        return "slave".equals(info.get("role"))
                && Integer.toString(primary.port()).equals(info.get("master_port"))
                && "up".equals(info.get("master_link_status"));
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
