package mastery.redis.clustering;

import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.function.Function;
import mastery.support.redis.RedisCluster;
import mastery.support.trace.Story;
import redis.clients.jedis.HostAndPort;
import redis.clients.jedis.Jedis;
import redis.clients.jedis.RedisClusterClient;
import redis.clients.jedis.exceptions.JedisMovedDataException;
import redis.clients.jedis.resps.ClusterShardInfo;
import redis.clients.jedis.resps.ClusterShardNodeInfo;

/**
 * A node never fetches a key from another: it answers MOVED with slot and owner, and a cluster client that knows the map meets
 * MOVED only once after the map has changed.
 *
 * <p><b>When:</b> always through a cluster client; following MOVED by hand is shown so that you know what it does.
 * <b>Not:</b> a plain client that is pointed at one node: it reads its own share of the keys and fails for the rest.
 * <b>Costs:</b> a MOVED is one more round trip for one command, and Jedis asks for the whole map again.
 * <b>Needs:</b> a Redis Cluster whose node addresses the client can reach: they are what MOVED names.
 *
 * <p>Source: Redis manual, "Redis cluster specification", section MOVED redirection; commands CLUSTER SHARDS, CLUSTER SETSLOT.
 */
public final class MovedRedirect {

    /** What a node said: the slot of the key, and who has it. */
    public record Moved(int slot, HostAndPort owner) {}

    /** A value, and how many nodes were asked for it. */
    public record Found(String value, int nodesAsked) {}

    private MovedRedirect() {}

    /**
     * The wrong way: one node is taken for the whole cluster.
     *
     * @throws JedisMovedDataException for every key whose slot is on another node
     */
    public static String getFromNode(Jedis node, String key) {
        return node.get(Objects.requireNonNull(key, "key"));
    }

    /** What a cluster client does: it goes to the node that MOVED names, and asks again there. */
    public static Found getFollowing(Jedis node, String key, Function<HostAndPort, Jedis> connections) {
        try {
            return new Found(getFromNode(node, key), 1);
        } catch (JedisMovedDataException e) {
            Moved moved = new Moved(e.getSlot(), e.getTargetNode());
            try (Jedis owner = connections.apply(moved.owner())) {
                return new Found(owner.get(key), 2);
            }
        }
    }

    /** The right way: the client computes the slot, knows its owner, and goes there at once. */
    public static String get(RedisClusterClient cluster, String key) {
        return cluster.get(Objects.requireNonNull(key, "key"));
    }

    /** The map, as a node sees it: who is the master of a slot. */
    public static HostAndPort owner(Jedis node, int slot) {
        for (ClusterShardInfo shard : node.clusterShards()) {
            if (shard.getSlots().stream().anyMatch(range -> range.get(0) <= slot && slot <= range.get(1))) {
                for (ClusterShardNodeInfo member : shard.getNodes()) {
                    if (member.getRole().equals("master")) {
                        return new HostAndPort(member.getIp(), member.getPort().intValue());
                    }
                }
            }
        }
        throw new IllegalArgumentException("nobody has slot " + slot);
    }

    /**
     * Gives a slot without keys to another master; with keys see {@link AskDuringMigration}. Behind the back of every client:
     * nobody tells them.
     */
    public static void giveEmptySlot(Jedis from, Jedis to, int slot) {
        if (from.clusterCountKeysInSlot(slot) > 0) {
            throw new IllegalArgumentException("slot " + slot + " has keys, which would be lost");
        }
        String newOwner = to.clusterMyId();
        // Importing first: then the new owner also takes a new configuration epoch, and the others believe it.
        to.clusterSetSlotImporting(slot, from.clusterMyId());
        to.clusterSetSlotNode(slot, newOwner);
        from.clusterSetSlotNode(slot, newOwner);
    }

    /** How often a node has answered MOVED since it started. */
    public static long movedReplies(Jedis node) {
        return node.info("errorstats")
                .lines()
                .filter(line -> line.startsWith("errorstat_MOVED:count="))
                .mapToLong(line -> Long.parseLong(line.substring(line.indexOf('=') + 1)))
                .sum();
    }

    public static void main(String[] args) {
        Story.tell(MovedRedirect.class, story -> {
            RedisCluster nodes = story.redisCluster();
            RedisClusterClient cluster = story.redisClusterClient();
            Jedis first = story.redisConnection(nodes.nodes().get(0));
            Function<HostAndPort, Jedis> connections = address -> story.redisConnection(nodes.nodes().stream()
                    .filter(node -> node.port() == address.getPort())
                    .findFirst()
                    .orElseThrow());

            story.step("One key for each of the three masters.");
            Map<String, String> values = Map.of("b", "slot 3300", "c", "slot 7365", "a", "slot 15495");
            values.forEach(cluster::set);

            story.step("A plain client on the first node gets its own key, and MOVED for the others.");
            for (String key : List.of("b", "c", "a")) {
                try {
                    getFromNode(first, key);
                } catch (JedisMovedDataException e) {
                    story.show("what MOVED says of " + key, new Moved(e.getSlot(), e.getTargetNode()));
                }
            }

            story.step("It says the same as the map that each node keeps.");
            story.show("owner of slot 15495", owner(first, 15495));

            story.step("Whoever follows MOVED has the value after two round trips.");
            story.show("followed", getFollowing(first, "a", connections));

            story.step("A slot moves, and nobody tells the client: it meets MOVED once, then it knows.");
            Jedis second = story.redisConnection(nodes.nodes().get(1));
            story.quietly("slot 0, key 06S: given to the second master", () -> {
                giveEmptySlot(first, second, 0);
                nodes.awaitHealthy();
            });
            get(cluster, "06S");
            get(cluster, "06S");
            story.learned(
                    "A node answers for its own slots only; a cluster client learns the map, and MOVED corrects it.");
        });
    }
}
