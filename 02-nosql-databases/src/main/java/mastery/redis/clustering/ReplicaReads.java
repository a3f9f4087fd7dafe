package mastery.redis.clustering;

import java.util.Objects;
import java.util.Set;
import mastery.support.redis.RedisCluster;
import mastery.support.redis.RedisEndpoint;
import mastery.support.server.Node;
import mastery.support.trace.Story;
import redis.clients.jedis.CommandObjects;
import redis.clients.jedis.DefaultJedisClientConfig;
import redis.clients.jedis.HostAndPort;
import redis.clients.jedis.Jedis;
import redis.clients.jedis.RedisClusterClient;
import redis.clients.jedis.RedisProtocol;
import redis.clients.jedis.args.ClientType;
import redis.clients.jedis.exceptions.JedisException;
import redis.clients.jedis.params.ClientKillParams;

/**
 * A replica sends every reader to its master, until the connection says READONLY; then it answers with what it has, however
 * old that is, and never says how old.
 *
 * <p><b>When:</b> what may be behind, read far more often than written: a catalogue, a profile page.
 * <b>Not:</b> for what the same user has just written, for a check before a write, for locks and counters.
 * <b>Costs:</b> staleness without a bound; {@code replica-serve-stale-data no} makes a replica refuse while its link is down, which
 * does not cover one that merely lags.
 * <b>Needs:</b> a Redis Cluster with replicas. Writes still go to the master only.
 *
 * <p>Source: Redis manual, commands READONLY and READWRITE; "Redis cluster specification", section scaling reads using replica
 * nodes.
 */
public final class ReplicaReads {

    private ReplicaReads() {}

    /**
     * A client that also knows the replicas, and says READONLY on each connection to one.
     *
     * @param user may be null for the default user
     */
    public static RedisClusterClient replicaReader(Set<HostAndPort> nodes, String user, String password) {
        return RedisClusterClient.builder()
                .nodes(nodes)
                .clientConfig(DefaultJedisClientConfig.builder()
                        .user(user)
                        .password(password)
                        .readOnlyForRedisClusterReplicas()
                        .build())
                .build();
    }

    /**
     * From a replica of the key's slot.
     *
     * @param cluster from {@link #replicaReader}; any other client knows no replica, and fails (Jedis 8.0 with a NullPointerException)
     */
    public static String getFromReplica(RedisClusterClient cluster, String key) {
        return cluster.executeCommandToReplica(
                new CommandObjects(RedisProtocol.RESP3).get(Objects.requireNonNull(key, "key")));
    }

    /** From the master of the key's slot: what was acknowledged last. */
    public static String getFromMaster(RedisClusterClient cluster, String key) {
        return cluster.get(Objects.requireNonNull(key, "key"));
    }

    /** The same by hand, on a connection to one replica: from now on it answers reads itself. */
    public static String allowReads(Jedis replica) {
        return replica.readonly();
    }

    /** Back to the rule: whoever asks is sent to the master. */
    public static String forbidReads(Jedis replica) {
        return replica.readwrite();
    }

    /** A replica answers without a link to its master by default; with false it refuses with MASTERDOWN. */
    public static void serveWithoutLink(Jedis replica, boolean allowed) {
        replica.configSet("replica-serve-stale-data", allowed ? "yes" : "no");
    }

    /** How many bytes of the master's stream a replica has not read yet. Only the two together can tell. */
    public static long bytesBehind(Jedis master, Jedis replica) {
        return offset(master, "master_repl_offset") - offset(replica, "slave_repl_offset");
    }

    private static long offset(Jedis node, String field) {
        return node.info("replication")
                .lines()
                .filter(line -> line.startsWith(field + ":"))
                .mapToLong(line -> Long.parseLong(line.substring(line.indexOf(':') + 1)))
                .findFirst()
                .orElseThrow(() -> new IllegalArgumentException("the node has no " + field));
    }

    public static void main(String[] args) {
        Story.tell(ReplicaReads.class, story -> {
            RedisCluster nodes = story.redisCluster();
            RedisClusterClient cluster = story.redisClusterClient();
            Node masterNode = nodes.nodes().get(0);
            Jedis master = story.redisConnection(masterNode);
            // The wiring makes node 4 the replica of node 1.
            Jedis replica = story.redisConnection(nodes.nodes().get(3));

            story.step("A replica has the key and sends the reader away all the same.");
            cluster.set("b", "old");
            nodes.awaitHealthy();
            refused(() -> replica.get("b"));

            story.step("After READONLY it answers. A write is still sent to the master.");
            allowReads(replica);
            story.show("the replica says", replica.get("b"));
            refused(() -> replica.set("b", "mine"));

            story.step("Jedis does both when asked: a client that knows replicas, and a command for one.");
            try (RedisClusterClient reader =
                    replicaReader(nodes.addresses(), masterNode.user(), masterNode.password())) {
                story.show("a replica says", getFromReplica(reader, "b"));
            }

            story.step("The link breaks: with a wrong password the replica can't come back to its master.");
            replica.configSet("masterauth", "wrong");
            try (Jedis cut = RedisEndpoint.of(masterNode).connect()) {
                cut.clientKill(ClientKillParams.clientKillParams().type(ClientType.REPLICA));
            }
            cluster.set("b", "new");
            story.show("the master says", master.get("b"));
            story.show("the replica says", replica.get("b"));
            story.show("bytes behind", bytesBehind(master, replica));

            story.step("Told so, a replica without a link refuses instead.");
            serveWithoutLink(replica, false);
            refused(() -> replica.get("b"));
            story.learned("READONLY means: I accept old answers. What must be right is read from the master.");
        });
    }

    /** The statement is shown with the error that it got. */
    private static void refused(Runnable command) {
        try {
            command.run();
            throw new IllegalStateException("the server accepted it");
        } catch (JedisException expected) {
            // shown by the tracing
        }
    }
}
