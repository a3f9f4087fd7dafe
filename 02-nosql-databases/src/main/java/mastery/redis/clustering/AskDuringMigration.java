package mastery.redis.clustering;

import java.util.List;
import java.util.Objects;
import mastery.support.redis.RedisCluster;
import mastery.support.server.Node;
import mastery.support.trace.Story;
import redis.clients.jedis.HostAndPort;
import redis.clients.jedis.Jedis;
import redis.clients.jedis.RedisClusterClient;
import redis.clients.jedis.exceptions.JedisException;
import redis.clients.jedis.params.MigrateParams;

/**
 * While a slot moves, its source serves the keys that it still has and answers ASK for the others; the target serves those to
 * whoever says ASKING first, so clients go on all the time.
 *
 * <p><b>When:</b> to move slots of a living cluster: {@code redis-cli --cluster reshard} does what is shown here.
 * <b>Not:</b> with commands on several keys of the slot that can't be tried again: TRYAGAIN while the keys are split.
 * <b>Costs:</b> one more round trip for each key that has moved already, as ASK corrects no map; a MIGRATE of a huge value blocks
 * both nodes.
 * <b>Needs:</b> the password of the target for MIGRATE, which connects as a client.
 *
 * <p>Order matters: importing before migrating, or clients are sent to a target that sends them back; all keys before the new
 * owner is named, or the old owner deletes what it still has. Source: Redis manual, "Redis cluster specification", sections
 * cluster live reconfiguration and ASK redirection; commands CLUSTER SETSLOT, MIGRATE, ASKING.
 */
public final class AskDuringMigration {

    private static final int BATCH = 100;
    private static final int MIGRATE_LIMIT_MILLIS = 5_000;

    private AskDuringMigration() {}

    /** First the target knows that it imports; then the source answers ASK for what it does not have. */
    public static void begin(Jedis source, Jedis target, int slot) {
        target.clusterSetSlotImporting(slot, source.clusterMyId());
        source.clusterSetSlotMigrating(slot, target.clusterMyId());
    }

    /** The wrong way: the source names a target that knows of nothing. */
    public static void beginAtSourceOnly(Jedis source, Jedis target, int slot) {
        source.clusterSetSlotMigrating(slot, target.clusterMyId());
    }

    /**
     * Moves keys of the slot, each of them at one moment: it is on the source or on the target, never on both.
     *
     * @param atMost how many keys; {@link Integer#MAX_VALUE} for all
     * @return how many were moved
     */
    public static int moveKeys(Jedis source, HostAndPort target, String password, int slot, int atMost) {
        if (atMost < 1) {
            throw new IllegalArgumentException("at least 1 key is moved, not " + atMost);
        }
        int moved = 0;
        while (moved < atMost) {
            List<String> keys = source.clusterGetKeysInSlot(slot, Math.min(BATCH, atMost - moved));
            if (keys.isEmpty()) {
                break;
            }
            source.migrate(
                    target.getHost(),
                    target.getPort(),
                    MIGRATE_LIMIT_MILLIS,
                    MigrateParams.migrateParams().auth(password),
                    keys.toArray(String[]::new));
            moved += keys.size();
        }
        return moved;
    }

    /**
     * Names the new owner; the target takes a new configuration epoch, so that all others believe it.
     *
     * @throws IllegalStateException while the source has keys of the slot
     */
    public static void finish(Jedis source, Jedis target, int slot) {
        long left = source.clusterCountKeysInSlot(slot);
        if (left > 0) {
            throw new IllegalStateException(left + " keys of slot " + slot + " are still on the source");
        }
        finishUnchecked(target, slot);
        source.clusterSetSlotNode(slot, target.clusterMyId());
    }

    /** The wrong way: the source learns that it lost the slot, and deletes the keys that it still has. */
    public static void finishUnchecked(Jedis target, int slot) {
        target.clusterSetSlotNode(slot, target.clusterMyId());
    }

    /** Gives a move up. Keys that have moved must be moved back first. */
    public static void forgetMove(Jedis node, int slot) {
        node.clusterSetSlotStable(slot);
    }

    /** What a cluster client does after ASK. ASKING holds for the next command only. */
    public static String getAsking(Jedis target, String key) {
        Objects.requireNonNull(key, "key");
        target.asking();
        return target.get(key);
    }

    public static void main(String[] args) {
        Story.tell(AskDuringMigration.class, story -> {
            RedisCluster nodes = story.redisCluster();
            RedisClusterClient cluster = story.redisClusterClient();
            Node owner = nodes.nodes().get(1);
            Jedis source = story.redisConnection(owner);
            Jedis target = story.redisConnection(nodes.nodes().get(2));
            HostAndPort address = new HostAndPort(
                    nodes.nodes().get(2).host(), nodes.nodes().get(2).port());
            int slot = HashSlotsAndTags.slot("{42}");

            story.step("Two keys in slot 8000, which shall move to another node.");
            cluster.mset("{42}lines", "2", "{42}total", "99.80");
            begin(source, target, slot);

            story.step("One of them has moved. The source has the other, and answers ASK for what it has not.");
            moveKeys(source, address, owner.password(), slot, 1);
            for (String key : List.of("{42}lines", "{42}total")) {
                shown(() -> source.get(key));
            }
            // Which of the two goes first is not promised.
            String gone = source.clusterGetKeysInSlot(slot, 1).contains("{42}lines") ? "{42}total" : "{42}lines";

            story.step("The target does not own the slot yet: it serves only who says ASKING.");
            shown(() -> target.get(gone));
            getAsking(target, gone);

            story.step("Both keys in one command: neither node has both.");
            shown(() -> source.mget("{42}lines", "{42}total"));

            story.step("The cluster client follows ASK, each time anew. A new key arrives at the target.");
            cluster.get(gone);
            cluster.set("{42}owner", "Ann");

            story.step("All keys have moved: now the target is named the owner.");
            moveKeys(source, address, owner.password(), slot, Integer.MAX_VALUE);
            finish(source, target, slot);
            nodes.awaitHealthy();
            story.show("the client reads", cluster.mget("{42}lines", "{42}total", "{42}owner"));
            story.learned("MOVED: ask there from now on. ASK: ask there this once, and say ASKING.");
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
