package mastery.redis.structures;

import java.util.List;
import java.util.Map;
import mastery.support.trace.Story;
import redis.clients.jedis.RedisClient;
import redis.clients.jedis.StreamEntryID;
import redis.clients.jedis.exceptions.JedisDataException;
import redis.clients.jedis.params.XTrimParams;
import redis.clients.jedis.resps.StreamEntry;

/**
 * A stream only grows at its end: an id that is not greater than all before is refused, so a reader that remembers the last id it saw reads on
 * without a gap and without a repetition.
 *
 * <p><b>When:</b> events, audit trails, messages that are kept for a while and read by range or again.
 * <b>Not:</b> for entries that change, or are looked up by anything but their id.
 * <b>Costs:</b> some bytes over the entry's own, when entries have the same field names; trimming to about n ({@code ~}) removes whole
 * nodes, of 100 entries unless configured, and costs far less than to exactly n.
 * <b>Needs:</b> Redis 6.2 for the exclusive bound {@code (id}.
 *
 * <p>An id is {@code milliseconds-number}. When the server's clock goes back, it counts on from the last id. The greatest id is
 * remembered when its entry is deleted. Source: Redis manual, "Redis Streams", commands XADD, XRANGE and XTRIM.
 */
public final class StreamLog {

    /** How much a log had and has. */
    public record Trimmed(long removed, long left) {}

    private StreamLog() {}

    /** Appends an entry; the server gives the id. */
    public static StreamEntryID append(RedisClient redis, String log, Map<String, String> entry) {
        return appendAt(redis, log, StreamEntryID.NEW_ENTRY, entry);
    }

    /**
     * Appends an entry under an id from elsewhere: a writer that tries again with the same id does not write twice.
     *
     * @throws JedisDataException when the id is not greater than every id before
     */
    public static StreamEntryID appendAt(RedisClient redis, String log, StreamEntryID id, Map<String, String> entry) {
        if (entry.isEmpty()) {
            throw new IllegalArgumentException("An entry needs a field at least");
        }
        return redis.xadd(log, id, entry);
    }

    /** The first page: {@code after} is {@code 0-0}, which no entry has. */
    public static List<StreamEntry> page(RedisClient redis, String log, StreamEntryID after, int size) {
        // The bracket excludes the id itself, so that the last of a page is not the first of the next.
        return redis.xrange(log, "(" + after, "+", positive(size));
    }

    /** The wrong way: from the last id on, that entry included, so each page begins with the end of the one before. */
    public static List<StreamEntry> pageFrom(RedisClient redis, String log, StreamEntryID from, int size) {
        return redis.xrange(log, from.toString(), "+", positive(size));
    }

    /** The newest entries, the very newest first. */
    public static List<StreamEntry> newest(RedisClient redis, String log, int count) {
        return redis.xrevrange(log, "+", "-", positive(count));
    }

    /** Removes the oldest entries so that exactly this many are left. */
    public static Trimmed keepExactly(RedisClient redis, String log, long entries) {
        long removed =
                redis.xtrim(log, XTrimParams.xTrimParams().maxLen(entries).exactTrimming());
        return new Trimmed(removed, redis.xlen(log));
    }

    /** Removes whole nodes of the oldest, so that no fewer than this many are left. */
    public static Trimmed keepAbout(RedisClient redis, String log, long entries) {
        long removed =
                redis.xtrim(log, XTrimParams.xTrimParams().maxLen(entries).approximateTrimming());
        return new Trimmed(removed, redis.xlen(log));
    }

    private static int positive(int count) {
        if (count < 1) {
            throw new IllegalArgumentException("A page has at least one entry, not " + count);
        }
        return count;
    }

    public static void main(String[] args) {
        Story.tell(StreamLog.class, story -> {
            RedisClient redis = story.redis();

            story.step("Five entries; the server gives the first its id, then we do.");
            StreamEntryID first = append(redis, "log", Map.of("event", "start"));
            for (int i = 1; i <= 4; i++) {
                StreamEntryID next = new StreamEntryID(first.getTime() + 1_000, i);
                appendAt(redis, "log", next, Map.of("event", "step " + i));
            }

            story.step("An id that is not greater than the last is refused.");
            try {
                appendAt(redis, "log", first, Map.of("event", "start again"));
            } catch (JedisDataException refused) {
                story.note(refused.getMessage());
            }

            story.step("Page by page, each after the last id of the one before.");
            StreamEntryID after = new StreamEntryID(0, 0);
            for (List<StreamEntry> page = page(redis, "log", after, 2);
                    !page.isEmpty();
                    page = page(redis, "log", after, 2)) {
                after = page.get(page.size() - 1).getID();
            }

            story.step("Trim to exactly three.");
            story.show("trimmed", keepExactly(redis, "log", 3));
            story.learned("Remember the last id and ask for what is after it: '(' excludes the bound.");
        });
    }
}
