package mastery.support.redis;

import java.util.List;
import java.util.Map;
import mastery.support.server.Patience;
import redis.clients.jedis.Jedis;
import redis.clients.jedis.Protocol.Command;

/**
 * Tells running sentinels which primary to watch, and waits until they have found its replicas and each other.
 *
 * <p>Source: Redis manual, "High availability with Redis Sentinel", sections on runtime configuration and passwords.
 */
public final class SentinelWiring {

    private SentinelWiring() {}

    /**
     * Returns when every sentinel knows all others and all replicas, and believes everyone alive.
     *
     * @param name the name under which clients ask for the primary
     * @param primary the node to watch; its replicas already follow it, see {@link ReplicationWiring}
     * @param replicas how many replicas follow the primary
     * @param sentinels processes started with {@link RedisSettings#sentinel()}, all with one password
     * @throws org.awaitility.core.ConditionTimeoutException when they do not agree within a minute
     */
    public static void watch(String name, RedisEndpoint primary, int replicas, List<RedisEndpoint> sentinels) {
        int quorum = sentinels.size() / 2 + 1;
        for (RedisEndpoint sentinel : sentinels) {
            try (Jedis jedis = sentinel.connect()) {
                // Roles are asked for every 10 s by default: until then a primary that came back is not made a replica.
                jedis.sendCommand(Command.SENTINEL, "DEBUG", "info-period", "500", "publish-period", "500");
                jedis.sentinelMonitor(name, primary.host(), primary.port(), quorum);
                jedis.sentinelSet(name, settings(primary.password()));
            }
        }
        awaitAgreement(name, replicas, sentinels);
    }

    /**
     * Returns when every sentinel counts the given replicas and all other sentinels and sees the same living primary.
     *
     * @throws org.awaitility.core.ConditionTimeoutException when they do not agree within a minute
     */
    public static void awaitAgreement(String name, int replicas, List<RedisEndpoint> sentinels) {
        for (RedisEndpoint sentinel : sentinels) {
            try (Jedis jedis = sentinel.connect()) {
                Patience.until(
                        sentinel + " knows " + replicas + " replicas and " + (sentinels.size() - 1) + " sentinels",
                        () -> agrees(jedis.sentinelMaster(name), replicas, sentinels.size() - 1)
                                && jedis.sentinelReplicas(name).stream().allMatch(SentinelWiring::linked)
                                && jedis.sentinelSentinels(name).stream()
                                        .allMatch(other -> "sentinel".equals(other.get("flags"))));
            }
        }
    }

    private static Map<String, String> settings(String password) {
        return Map.of(
                // the sentinel logs in to the primary and its replicas
                "auth-pass", password,
                // silent for a second counts as down; 30000 is the default
                "down-after-milliseconds", "1000",
                // a failover that got stuck is tried again after this time; 180000 is the default
                "failover-timeout", "5000",
                // replicas turn to the new primary all at once: there is nobody to serve meanwhile
                "parallel-syncs", "8");
    }

    private static boolean agrees(Map<String, String> primary, int replicas, int otherSentinels) {
        return "master".equals(primary.get("flags"))
                && Integer.toString(replicas).equals(primary.get("num-slaves"))
                && Integer.toString(otherSentinels).equals(primary.get("num-other-sentinels"));
    }

    /** Up, and its own link to the primary as well: only such a replica can be promoted. */
    private static boolean linked(Map<String, String> replica) {
        return "slave".equals(replica.get("flags")) && "ok".equals(replica.get("master-link-status"));
    }
}
