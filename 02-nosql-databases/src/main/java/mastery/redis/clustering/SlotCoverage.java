package mastery.redis.clustering;

import java.util.Collection;
import java.util.Map;
import java.util.stream.Collectors;
import mastery.support.redis.RedisCluster;
import mastery.support.server.Node;
import mastery.support.trace.Story;
import redis.clients.jedis.Jedis;
import redis.clients.jedis.RedisClusterClient;
import redis.clients.jedis.exceptions.JedisException;

/**
 * One slot that nobody serves stops the whole cluster by default; with {@code cluster-require-full-coverage no} only that slot is
 * lost, and the rest goes on.
 *
 * <p><b>When:</b> "no" where keys have nothing to do with each other, as in a cache: two thirds are better than nothing.
 * <b>Not:</b> where a missing part is worse than an error: a sum over all keys, or a write in one part that supposes another.
 * <b>Costs:</b> with "yes", all keys for the sake of some; with "no", a client that must live with errors for some keys.
 * <b>Needs:</b> the same setting on every node: each decides for itself.
 *
 * <p>{@code cluster-allow-reads-when-down yes} lets reads through while the cluster is down; writes it keeps out. Source: Redis
 * manual, "Scale with Redis Cluster", section configuration parameters; commands CLUSTER DELSLOTS, CLUSTER INFO.
 */
public final class SlotCoverage {

    /** What CLUSTER INFO of one node says: {@code ok} or {@code fail}, and how many of the 16384 slots have an owner. */
    public record Coverage(String state, int slotsAssigned, int slotsOk) {}

    private SlotCoverage() {}

    /**
     * By default: every slot must be served, or no command is. A node that goes on with a gap already does so until its map
     * changes: only then it looks at the setting again.
     */
    public static void requireAll(Collection<Jedis> nodes) {
        nodes.forEach(node -> node.configSet("cluster-require-full-coverage", "yes"));
    }

    /** The slots that are served are served. */
    public static void serveWhatThereIs(Collection<Jedis> nodes) {
        nodes.forEach(node -> node.configSet("cluster-require-full-coverage", "no"));
    }

    /** Whether a node answers reads while it holds the cluster for down. */
    public static void allowReadsWhenDown(Collection<Jedis> nodes, boolean allowed) {
        nodes.forEach(node -> node.configSet("cluster-allow-reads-when-down", allowed ? "yes" : "no"));
    }

    public static Coverage coverage(Jedis node) {
        Map<String, String> info = node.clusterInfo()
                .lines()
                .map(line -> line.split(":"))
                .collect(Collectors.toMap(field -> field[0], field -> field[1]));
        return new Coverage(
                info.get("cluster_state"),
                Integer.parseInt(info.get("cluster_slots_assigned")),
                Integer.parseInt(info.get("cluster_slots_ok")));
    }

    /**
     * Takes a slot from its owner: a gap as a broken repair leaves it. Each node keeps a map of its own, so each must be told;
     * one that hears an older message of the owner puts the slot back, and is told again.
     *
     * @return whether no node knows an owner any more; if not, try again
     */
    public static boolean takeAway(Collection<Jedis> nodes, int slot) {
        boolean gone = true;
        for (Jedis node : nodes) {
            if (isAssigned(node, slot)) {
                gone = false;
                node.clusterDelSlots(slot);
            }
        }
        return gone;
    }

    /** Gives a slot without an owner to a master. The others learn of it by gossip. */
    public static void giveTo(Jedis master, int slot) {
        master.clusterAddSlots(slot);
    }

    private static boolean isAssigned(Jedis node, int slot) {
        return node.clusterShards().stream()
                .flatMap(shard -> shard.getSlots().stream())
                .anyMatch(range -> range.get(0) <= slot && slot <= range.get(1));
    }

    public static void main(String[] args) {
        Story.tell(SlotCoverage.class, story -> {
            RedisCluster nodes = story.redisCluster();
            RedisClusterClient cluster = story.redisClusterClient();
            Map<Node, Jedis> all = nodes.nodes().stream().collect(Collectors.toMap(n -> n, story::redisConnection));
            Jedis first = all.get(nodes.nodes().get(0));

            story.step("Keys a and b are in slots 15495 and 3300. Then slot 3300 loses its owner.");
            cluster.set("a", "1");
            cluster.set("b", "2");
            story.quietly("CLUSTER DELSLOTS 3300 on every node, until none puts it back", () -> {
                boolean gone = false;
                while (!gone
                        || all.values().stream()
                                .anyMatch(node -> coverage(node).state().equals("ok"))) {
                    gone = takeAway(all.values(), 3300);
                }
            });
            story.show("the first node", coverage(first));

            story.step("By default that is the end for every key.");
            shown(() -> cluster.get("a"));
            shown(() -> cluster.set("a", "3"));

            story.step("Reads can be let through.");
            story.quietly("cluster-allow-reads-when-down yes", () -> allowReadsWhenDown(all.values(), true));
            shown(() -> cluster.get("a"));
            shown(() -> cluster.set("a", "3"));

            story.step("Without full coverage only the slot is lost that nobody has.");
            story.quietly("cluster-require-full-coverage no", () -> {
                serveWhatThereIs(all.values());
                while (all.values().stream()
                        .anyMatch(node -> !coverage(node).state().equals("ok"))) {
                    Thread.onSpinWait();
                }
            });
            story.show("the first node", coverage(first));
            shown(() -> cluster.set("a", "3"));
            shown(() -> cluster.set("b", "4"));

            story.step("An owner is found, and the cluster is whole.");
            giveTo(first, 3300);
            nodes.awaitHealthy();
            shown(() -> cluster.set("b", "4"));
            story.learned("Decide before it happens whether two thirds of the keys are better than none.");
        });
    }

    /** The statement is shown with the error that it may get. */
    private static void shown(Runnable command) {
        try {
            command.run();
        } catch (JedisException expected) {
            // shown by the tracing
        }
    }
}
