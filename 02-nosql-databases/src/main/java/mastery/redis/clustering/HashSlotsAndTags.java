package mastery.redis.clustering;

import static java.nio.charset.StandardCharsets.UTF_8;
import static java.util.stream.Collectors.joining;

import java.util.BitSet;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.StringJoiner;
import java.util.TreeMap;
import java.util.stream.Stream;
import mastery.support.trace.Story;
import redis.clients.jedis.Jedis;
import redis.clients.jedis.RedisClusterClient;
import redis.clients.jedis.resps.ClusterShardInfo;

/**
 * The slot of a key is CRC16 of its {@code {tag}} modulo 16384, and only keys of one slot can be written together.
 *
 * <p><b>When:</b> keys that one command, transaction or script must touch together get the same tag, the id of what they
 * belong to: {@code cart:{42}:lines}, {@code cart:{42}:total}.
 * <b>Not:</b> for keys that are merely alike: one tag for everything puts everything on one node.
 * <b>Costs:</b> nothing at run time; a tag can't be changed later without renaming the keys.
 * <b>Needs:</b> a Redis Cluster.
 *
 * <p>A node refuses a command across slots with CROSSSLOT. Jedis' cluster client hides that for MSET, MGET, DEL, EXISTS, TOUCH
 * and UNLINK: it sends one command for each slot, so such an MSET is no longer atomic. Source: Redis manual, "Redis cluster
 * specification", sections key distribution model and hash tags.
 */
public final class HashSlotsAndTags {

    /** Where a key lives: the part of it that is hashed, the slot that gives, and the node ("host:port") that has the slot. */
    public record Place(String key, String hashed, int slot, String node) {}

    /** The slots of a master, and a line of them, 512 to a sign: = its own, . those of others, a digit its own with so many keys. */
    public record Share(String node, String slots, String line) {}

    private static final int SLOTS = 16384;
    private static final int SLOTS_OF_A_SIGN = 512;

    private HashSlotsAndTags() {}

    /** The slot, 0 to 16383, computed without asking anybody. */
    public static int slot(String key) {
        return crc16(hashed(key).getBytes(UTF_8)) % SLOTS;
    }

    /** What is between the first { and the first } after it; the whole key when there is no such pair, or nothing between. */
    public static String hashed(String key) {
        int open = key.indexOf('{');
        int close = key.indexOf('}', open + 1);
        return open < 0 || close < 0 || close == open + 1 ? key : key.substring(open + 1, close);
    }

    /** CRC16 in the XMODEM variant: polynomial 0x1021, start value 0, most significant bit first. */
    static int crc16(byte[] bytes) {
        int crc = 0;
        for (byte b : bytes) {
            crc ^= (b & 0xff) << 8;
            for (int bit = 0; bit < 8; bit++) {
                crc = (crc & 0x8000) == 0 ? crc << 1 : crc << 1 ^ 0x1021;
            }
        }
        return crc & 0xffff;
    }

    /** The same as the cluster sees it: the node that owns the slot is asked for the slot of the key. */
    public static Place place(RedisClusterClient cluster, String key) {
        try (Jedis owner = ownerOf(cluster, key)) {
            String node = owner.getConnection().getHostAndPort().toString();
            return new Place(key, hashed(key), (int) owner.clusterKeySlot(key), node);
        }
    }

    /** The whole ring with these keys on it: what each master has, in the order of the slots. */
    public static List<Share> shares(RedisClusterClient cluster, List<String> keys) {
        try (Jedis anyNode = ownerOf(cluster, "")) {
            return anyNode.clusterShards().stream()
                    .filter(shard -> !shard.getSlots().isEmpty())
                    .sorted(Comparator.comparing(
                            shard -> shard.getSlots().get(0).get(0)))
                    .map(shard -> share(shard, keys))
                    .toList();
        }
    }

    private static Share share(ClusterShardInfo shard, List<String> keys) {
        String node = shard.getNodes().stream()
                .filter(member -> member.getRole().equals("master"))
                .map(master -> master.getIp() + ":" + master.getPort())
                .collect(joining(" "));
        BitSet own = new BitSet(SLOTS);
        StringJoiner slots = new StringJoiner(" ");
        for (List<Long> range : shard.getSlots()) {
            own.set(range.get(0).intValue(), range.get(1).intValue() + 1);
            slots.add(range.get(0) + "-" + range.get(1));
        }
        StringBuilder line = new StringBuilder();
        for (int from = 0; from < SLOTS; from += SLOTS_OF_A_SIGN) {
            BitSet here = own.get(from, from + SLOTS_OF_A_SIGN);
            int first = from;
            long found = keys.stream()
                    .map(key -> slot(key) - first)
                    .filter(slot -> slot >= 0 && here.get(slot))
                    .count();
            line.append(here.isEmpty() ? "." : found == 0 ? "=" : found < 10 ? "" + found : "+");
        }
        return new Share(node, slots.toString(), line.toString());
    }

    /**
     * One MSET, sent as it is to the node of the first key.
     *
     * @throws redis.clients.jedis.exceptions.JedisDataException CROSSSLOT when the keys have different slots
     */
    public static String saveOnNode(RedisClusterClient cluster, Map<String, String> values) {
        try (Jedis owner = ownerOf(cluster, values.keySet().iterator().next())) {
            return owner.mset(flat(values));
        }
    }

    /** The wrong way for values that belong together, unless tagged: the client splits it into one MSET for each slot. */
    public static String saveByClient(RedisClusterClient cluster, Map<String, String> values) {
        return cluster.mset(flat(values));
    }

    /**
     * All or none, which the client can't split.
     *
     * @return true when written, false when one of the keys existed
     * @throws redis.clients.jedis.exceptions.JedisException from the client, nothing sent, when the keys have different slots
     */
    public static boolean saveIfAbsent(RedisClusterClient cluster, Map<String, String> values) {
        return cluster.msetnx(flat(values)) == 1;
    }

    /** A plain connection to the node that has the key's slot; closing it returns it to the client's pool. */
    private static Jedis ownerOf(RedisClusterClient cluster, String key) {
        return new Jedis(cluster.getConnectionFromSlot(slot(key)));
    }

    private static String[] flat(Map<String, String> values) {
        return values.entrySet().stream()
                .flatMap(entry -> Stream.of(entry.getKey(), entry.getValue()))
                .toArray(String[]::new);
    }

    public static void main(String[] args) {
        Story.tell(HashSlotsAndTags.class, story -> {
            RedisClusterClient cluster = story.redisClusterClient();

            story.step("Without a tag the whole key is hashed: keys of one cart are strewn over the nodes.");
            List<String> loose = List.of("cart:42:lines", "cart:42:total", "cart:42:owner");
            story.show("places", loose.stream().map(key -> place(cluster, key)).toList());
            story.show("the ring of slots, 512 to a sign; a digit: so many keys", shares(cluster, loose));

            story.step("With a tag only the tag is hashed: one slot, one node.");
            List<String> tagged = List.of("cart:{42}:lines", "cart:{42}:total", "cart:{42}:owner");
            story.show("places", tagged.stream().map(key -> place(cluster, key)).toList());
            story.show("the ring of slots, 512 to a sign; a digit: so many keys", shares(cluster, tagged));

            Map<String, String> strewn = new TreeMap<>(Map.of("cart:42:lines", "2", "cart:42:total", "99.80"));
            Map<String, String> together = new TreeMap<>(Map.of("cart:{42}:lines", "2", "cart:{42}:total", "99.80"));

            story.step("A node refuses to write keys of different slots in one command.");
            story.show("the node", refusal(() -> saveOnNode(cluster, strewn)));

            story.step("The cluster client makes two commands of it: both arrive, or one, or none.");
            story.show("the client", saveByClient(cluster, strewn));

            story.step("What it cannot split it refuses itself, and sends nothing.");
            story.show("the client", refusal(() -> saveIfAbsent(cluster, strewn)));

            story.step("With a tag each of them works, as one command.");
            story.show("the node", saveOnNode(cluster, together));
            story.show("the client", saveByClient(cluster, together));
            story.learned(
                    "Keys that change together share a {tag}; otherwise MSET through a cluster client may half succeed.");
        });
    }

    private static String refusal(Runnable action) {
        try {
            action.run();
            return "accepted";
        } catch (RuntimeException e) {
            return e.getClass().getSimpleName() + ": " + e.getMessage();
        }
    }
}
