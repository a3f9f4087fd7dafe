package mastery.redis.structures;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.stream.IntStream;
import mastery.support.trace.Story;
import redis.clients.jedis.AbstractPipeline;
import redis.clients.jedis.AbstractTransaction;
import redis.clients.jedis.RedisClient;
import redis.clients.jedis.Response;
import redis.clients.jedis.args.BitOP;

/**
 * A bitmap counts who came exactly, and who came on both days; a HyperLogLog estimates how many came in at most 12 KB, however many they are.
 *
 * <p><b>When:</b> distinct visitors a day: a bitmap where ids are small numbers without great gaps and you ask who, a HyperLogLog where
 * ids are anything and you ask only how many.
 * <b>Not:</b> a bitmap for large or sparse ids: one bit at 4,000,000,000 takes 500 MB. Not a HyperLogLog for what is billed, or for
 * who came on both days: it has unions only.
 * <b>Costs:</b> a bitmap has a byte for each 8 ids up to the greatest; a HyperLogLog has a standard error of 0.81%.
 * <b>Needs:</b> one Redis. In a cluster the keys of all days need one {@code {tag}}: BITOP and PFMERGE take several.
 *
 * <p>Source: Redis manual, "Redis bitmaps" and "HyperLogLog", commands SETBIT, BITOP and PFCOUNT.
 */
public final class BitmapAndHyperLogLog {

    /** How many came on the first day, on both, and on either. */
    public record Days(long first, long both, long either) {}

    /** The greatest id that is taken: a bitmap of 1.25 MB. Without a limit one bad id reserves up to 512 MB. */
    static final long GREATEST_ID = 9_999_999;

    private BitmapAndHyperLogLog() {}

    /** Notes visitors in a bitmap; one round trip for all. */
    public static void visitExactly(RedisClient redis, String day, long... ids) {
        Arrays.stream(ids).filter(id -> id < 0 || id > GREATEST_ID).findAny().ifPresent(id -> {
            throw new IllegalArgumentException("An id in a bitmap is 0 to " + GREATEST_ID + ", not " + id);
        });
        List<Response<Boolean>> before = new ArrayList<>();
        try (AbstractPipeline pipeline = redis.pipelined()) {
            for (long id : ids) {
                before.add(pipeline.setbit(day, id, true));
            }
        }
        // Closing the pipeline throws nothing: an error waits in the answer that nobody reads.
        before.forEach(Response::get);
    }

    /** Notes visitors in a HyperLogLog; their names are not kept. */
    public static void visitRoughly(RedisClient redis, String day, String... visitors) {
        redis.pfadd(day, visitors);
    }

    public static boolean cameOn(RedisClient redis, String day, long id) {
        return redis.getbit(day, id);
    }

    /** Exact. What BITOP makes is gone before anybody else sees it. */
    public static Days exactly(RedisClient redis, String day, String otherDay) {
        String scratch = day + ":scratch";
        try (AbstractTransaction together = redis.multi()) {
            Response<Long> first = together.bitcount(day);
            together.bitop(BitOP.AND, scratch, day, otherDay);
            Response<Long> both = together.bitcount(scratch);
            together.bitop(BitOP.OR, scratch, day, otherDay);
            Response<Long> either = together.bitcount(scratch);
            together.del(scratch);
            together.exec();
            return new Days(first.get(), both.get(), either.get());
        }
    }

    /** Estimated. The first and the union are asked for; the intersection is what the sums leave, with the errors of all three. */
    public static Days roughly(RedisClient redis, String day, String otherDay) {
        long first = redis.pfcount(day);
        long other = redis.pfcount(otherDay);
        long either = redis.pfcount(day, otherDay);
        return new Days(first, first + other - either, either);
    }

    /** Keeps the union of days in a key of its own: a week out of its days. */
    public static long merge(RedisClient redis, String week, String... days) {
        redis.pfmerge(week, days);
        return redis.pfcount(week);
    }

    /** The bytes of the value of a key. */
    public static long bytes(RedisClient redis, String key) {
        return redis.strlen(key);
    }

    public static void main(String[] args) {
        Story.tell(BitmapAndHyperLogLog.class, story -> {
            RedisClient redis = story.redis();

            story.step("Exactly: one bit for each visitor.");
            visitExactly(redis, "exact:mon", 1, 2, 3, 1000);
            visitExactly(redis, "exact:tue", 2, 3, 4);
            story.show("visitors", exactly(redis, "exact:mon", "exact:tue"));
            story.show("did 4 come on Monday", cameOn(redis, "exact:mon", 4));
            story.show("bytes of Monday", bytes(redis, "exact:mon"));

            story.step("Roughly: 20,000 visitors on Monday, half of them on Tuesday too.");
            story.quietly("The visitors come", () -> {
                for (int from = 0; from < 20_000; from += 500) {
                    visitRoughly(redis, from < 10_000 ? "rough:tue" : "rough:mon", names(from, from + 500));
                }
                visitRoughly(redis, "rough:mon", names(0, 10_000));
            });
            story.show("visitors", roughly(redis, "rough:mon", "rough:tue"));
            story.show("bytes of Monday", bytes(redis, "rough:mon"));
            story.show("both days in one", merge(redis, "rough:week", "rough:mon", "rough:tue"));
            story.learned("A bitmap knows who; a HyperLogLog knows about how many, in 12 KB.");
        });
    }

    private static String[] names(int from, int to) {
        return IntStream.range(from, to).mapToObj(i -> "v" + i).toArray(String[]::new);
    }
}
