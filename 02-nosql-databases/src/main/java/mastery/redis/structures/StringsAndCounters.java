package mastery.redis.structures;

import java.time.Duration;
import java.util.function.LongUnaryOperator;
import mastery.support.trace.Story;
import redis.clients.jedis.RedisClient;
import redis.clients.jedis.params.SetParams;

/**
 * INCR counts exactly however many write at once, and a plain SET takes the time to live away from the key that it overwrites.
 *
 * <p><b>When:</b> counters, numbers to be given out, flags, small values that end by themselves.
 * <b>Not:</b> for sums that may pass 64 bits, or money that a crash must not lose: Redis writes to disk later, or never.
 * <b>Costs:</b> one round trip each; SET with options costs no more than SET.
 * <b>Needs:</b> one Redis; the option GET together with NX needs 7.0.
 *
 * <p>A value has at most proto-max-bulk-len bytes, 512 MB unless configured. The server refuses a longer one before it
 * reserves memory for it. Source: Redis manual, commands INCR, SET (options NX, XX, GET, KEEPTTL) and SETRANGE.
 */
public final class StringsAndCounters {

    /** What stands in a key and how long it still lives; -1 means forever. The value is null and the time -2 without the key. */
    public record Entry(String value, long millisLeft) {}

    private StringsAndCounters() {}

    /**
     * The right way to count: the server reads, adds and writes in one command. A missing key counts as 0.
     *
     * @throws redis.clients.jedis.exceptions.JedisDataException when the value is no integer, or would pass 64 bits
     */
    public static long increment(RedisClient redis, String counter) {
        return redis.incr(counter);
    }

    /** The wrong way: whatever happens to the key between GET and SET is overwritten, and so is its time to live. */
    public static long readAndWrite(RedisClient redis, String counter, LongUnaryOperator change) {
        String before = redis.get(counter);
        long after = change.applyAsLong(before == null ? 0 : Long.parseLong(before));
        redis.set(counter, Long.toString(after));
        return after;
    }

    /** Creates the key with its end in one command: true for the one that created it, false for all others. */
    public static boolean create(RedisClient redis, String key, String value, Duration life) {
        if (life.toMillis() < 1) {
            throw new IllegalArgumentException("A value must live at least a millisecond, not " + life);
        }
        return redis.set(key, value, SetParams.setParams().nx().px(life.toMillis())) != null;
    }

    /** The wrong way to change a value that has an end: afterwards it has none, and nobody removes it. */
    public static void overwrite(RedisClient redis, String key, String value) {
        redis.set(key, value);
    }

    /** The right way: changes the value of an existing key and leaves its end as it is. False, and nothing done, without it. */
    public static boolean replace(RedisClient redis, String key, String value) {
        return redis.set(key, value, SetParams.setParams().xx().keepTtl()) != null;
    }

    /** Puts a value in and takes the one before out, in one command: of many that do so each value goes to exactly one. */
    public static String swap(RedisClient redis, String key, String value) {
        return redis.setGet(key, value, SetParams.setParams().keepTtl());
    }

    /**
     * Writes over a part of a value; what is missing before it is filled with zero bytes.
     *
     * @return the new length in bytes
     * @throws redis.clients.jedis.exceptions.JedisDataException when the value would be longer than proto-max-bulk-len
     */
    public static long patch(RedisClient redis, String key, long offset, String text) {
        return redis.setrange(key, offset, text);
    }

    public static Entry look(RedisClient redis, String key) {
        return new Entry(redis.get(key), redis.pttl(key));
    }

    public static void main(String[] args) {
        Story.tell(StringsAndCounters.class, story -> {
            RedisClient redis = story.redis();

            story.step("The wrong way to count: somebody else counts between our GET and our SET.");
            long counted = readAndWrite(redis, "visits", before -> {
                increment(redis, "visits");
                return before + 1;
            });
            story.note("Two visits, and the counter says " + counted + ".");

            story.step("INCR reads, adds and writes in one command: nobody comes in between.");
            increment(redis, "visits");
            story.show("visits", increment(redis, "visits"));

            story.step("A code that lives five minutes: only the first SET NX creates it.");
            story.show("first", create(redis, "code:ann", "4711", Duration.ofMinutes(5)));
            story.show("second", create(redis, "code:ann", "0815", Duration.ofMinutes(5)));

            story.step("XX KEEPTTL changes the value and leaves its end alone.");
            replace(redis, "code:ann", "1234");
            story.show("replaced", look(redis, "code:ann"));

            story.step("A plain SET takes the end away: the code now lives forever (-1).");
            overwrite(redis, "code:ann", "5678");
            story.show("overwritten", look(redis, "code:ann"));

            story.step("SET GET puts a value in and takes the old one out.");
            story.show("taken out", swap(redis, "code:ann", "9999"));
            story.learned("Let the server do the arithmetic; SET needs KEEPTTL where the key has an end.");
        });
    }
}
