package mastery.redis.structures;

import java.time.Duration;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import mastery.support.trace.Story;
import redis.clients.jedis.RedisClient;
import redis.clients.jedis.params.HSetExParams;

/**
 * A field of a hash can end by itself while the rest of the hash stays; HSET takes a field's time to live away, HSETEX keeps or sets it.
 *
 * <p><b>When:</b> one thing with parts of different life: a session with a one-time code, a device with its last reading.
 * <b>Not:</b> when the whole thing ends at once (EXPIRE on the key), or when fields must be found by their value.
 * <b>Costs:</b> one round trip; a few bytes for each field with an end. A hash of more than hash-max-listpack-entries fields (512) or
 * with a field or value of more than hash-max-listpack-value bytes (64) becomes a hash table of several times the size, and never turns back.
 * <b>Needs:</b> Redis 7.4 for HEXPIRE, 8.0 for HSETEX.
 *
 * <p>Source: Redis manual, commands HEXPIRE, HTTL, HSETEX and OBJECT ENCODING, and "Memory optimization".
 */
public final class HashWithFieldTtl {

    /** A field, its value and the seconds it still lives; -1 means as long as the hash does. */
    public record Field(String name, String value, long secondsLeft) {}

    private HashWithFieldTtl() {}

    public static void save(RedisClient redis, String key, Map<String, String> fields) {
        redis.hset(key, fields);
    }

    /**
     * The right way: gives one field an end and leaves the others alone.
     *
     * @return false when there is no such field
     */
    public static boolean expireField(RedisClient redis, String key, String field, Duration life) {
        return redis.hpexpire(key, millis(life), field).get(0) == 1;
    }

    /** The wrong way to end one field: the whole hash ends with it. */
    public static boolean expireHash(RedisClient redis, String key, Duration life) {
        return redis.pexpire(key, millis(life)) == 1;
    }

    /** Writes a field together with its end: there is no moment in which it is there without. */
    public static void put(RedisClient redis, String key, String field, String value, Duration life) {
        redis.hsetex(key, HSetExParams.hSetExParams().px(millis(life)), field, value);
    }

    /** The wrong way to change a field that has an end: afterwards it has none. */
    public static void overwrite(RedisClient redis, String key, String field, String value) {
        redis.hset(key, field, value);
    }

    /** The right way: changes a field that exists and leaves its end as it is. False, and nothing done, without the field. */
    public static boolean replace(RedisClient redis, String key, String field, String value) {
        return redis.hsetex(key, HSetExParams.hSetExParams().fxx().keepTtl(), field, value) == 1;
    }

    /** The fields with their ends, in the order of their names; -2 for a field that ended between the two commands. */
    public static List<Field> look(RedisClient redis, String key) {
        Map<String, String> values = new TreeMap<>(redis.hgetAll(key));
        if (values.isEmpty()) {
            return List.of();
        }
        Iterator<Long> left =
                redis.httl(key, values.keySet().toArray(String[]::new)).iterator();
        return values.entrySet().stream()
                .map(field -> new Field(field.getKey(), field.getValue(), left.next()))
                .toList();
    }

    /** How the server stores it: {@code listpack}, {@code listpackex} once a field has an end, or {@code hashtable}. */
    public static String encoding(RedisClient redis, String key) {
        return redis.objectEncoding(key);
    }

    private static long millis(Duration life) {
        if (life.toMillis() < 1) {
            throw new IllegalArgumentException("A field must live at least a millisecond, not " + life);
        }
        return life.toMillis();
    }

    public static void main(String[] args) {
        Story.tell(HashWithFieldTtl.class, story -> {
            RedisClient redis = story.redis();

            story.step("A session: its user stays, its one-time code ends after five minutes.");
            save(redis, "session:7", Map.of("user", "ann", "code", "4711"));
            expireField(redis, "session:7", "code", Duration.ofMinutes(5));
            story.show("session:7", look(redis, "session:7"));

            story.step("HSET changes the code and takes its end away (-1).");
            overwrite(redis, "session:7", "code", "0815");
            story.show("session:7", look(redis, "session:7"));

            story.step("HSETEX writes value and end at once, and KEEPTTL keeps the end.");
            put(redis, "session:7", "code", "1234", Duration.ofMinutes(5));
            replace(redis, "session:7", "code", "5678");
            story.show("session:7", look(redis, "session:7"));
            story.show("stored as", encoding(redis, "session:7"));

            story.step("One long value makes it a hash table, for good.");
            save(redis, "session:7", Map.of("note", "x".repeat(65)));
            story.show("stored as", encoding(redis, "session:7"));
            redis.hdel("session:7", "note");
            story.show("after HDEL", encoding(redis, "session:7"));
            story.learned("HEXPIRE ends one field; write a field that has an end by HSETEX, not by HSET.");
        });
    }
}
