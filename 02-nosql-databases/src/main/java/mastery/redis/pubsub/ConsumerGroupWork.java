package mastery.redis.pubsub;

import java.util.List;
import java.util.Map;
import mastery.support.trace.Story;
import redis.clients.jedis.RedisClient;
import redis.clients.jedis.StreamEntryID;
import redis.clients.jedis.exceptions.JedisDataException;
import redis.clients.jedis.params.XReadGroupParams;
import redis.clients.jedis.params.XReadParams;
import redis.clients.jedis.resps.StreamEntry;
import redis.clients.jedis.resps.StreamGroupInfo;

/**
 * A consumer group gives each entry of a stream to exactly one of its consumers, and keeps it for that one until it is acknowledged.
 *
 * <p><b>When:</b> work that several processes share, that must be done at least once, and that may come while nobody listens.
 * <b>Not:</b> when everyone must hear everything: then each listener has a group of its own, or reads by XREAD.
 * <b>Costs:</b> two round trips for a batch, and memory for each entry that is not acknowledged. An acknowledged entry stays in the stream
 * until the stream is trimmed.
 * <b>Needs:</b> Redis 5.0; 7.0 for the lag.
 *
 * <p>A group begins at 0 or where its maker says: one made at {@code $} never sees what was there before. Source: Redis manual,
 * "Redis Streams", section consumer groups, commands XREADGROUP, XACK and XINFO GROUPS.
 */
public final class ConsumerGroupWork {

    /**
     * How far a group is.
     *
     * @param pending given to a consumer and not acknowledged
     * @param lag not yet given to anybody; null when the server does not know, such as after entries in the middle were deleted
     */
    public record Progress(long consumers, long pending, Long lag) {}

    private ConsumerGroupWork() {}

    public static StreamEntryID add(RedisClient redis, String stream, String work) {
        return redis.xadd(stream, StreamEntryID.NEW_ENTRY, Map.of("work", work));
    }

    /**
     * Makes a group that gets all that is in the stream and will be, and the stream if need be.
     *
     * @return false when there is such a group already, as when two processes start
     */
    public static boolean createGroup(RedisClient redis, String stream, String group) {
        return createGroup(redis, stream, group, new StreamEntryID(0, 0));
    }

    /** The wrong way for work: what was added before is never given to anybody. */
    public static boolean createGroupFromNowOn(RedisClient redis, String stream, String group) {
        return createGroup(redis, stream, group, StreamEntryID.XGROUP_LAST_ENTRY);
    }

    private static boolean createGroup(RedisClient redis, String stream, String group, StreamEntryID after) {
        try {
            redis.xgroupCreate(stream, group, after, true);
            return true;
        } catch (JedisDataException e) {
            if (e.getMessage().startsWith("BUSYGROUP")) {
                return false;
            }
            throw e;
        }
    }

    /** The right way: entries that no consumer of the group was given before; they are this consumer's until {@link #done}. */
    public static List<StreamEntry> take(RedisClient redis, String stream, String group, String consumer, int count) {
        return read(redis, stream, group, consumer, batch(count), StreamEntryID.XREADGROUP_UNDELIVERED_ENTRY);
    }

    /** The wrong way: what is given counts as done at once, so a consumer that dies takes its work with it. */
    public static List<StreamEntry> takeForGranted(
            RedisClient redis, String stream, String group, String consumer, int count) {
        return read(redis, stream, group, consumer, batch(count).noAck(), StreamEntryID.XREADGROUP_UNDELIVERED_ENTRY);
    }

    /** What this consumer was given and did not acknowledge: where it begins after a restart under its old name. */
    public static List<StreamEntry> unfinished(
            RedisClient redis, String stream, String group, String consumer, int count) {
        return read(redis, stream, group, consumer, batch(count), new StreamEntryID(0, 0));
    }

    /** The wrong way to share: without a group each reader gets every entry. */
    public static List<StreamEntry> readAlone(RedisClient redis, String stream, int count) {
        List<Map.Entry<String, List<StreamEntry>>> streams =
                redis.xread(XReadParams.xReadParams().count(positive(count)), Map.of(stream, new StreamEntryID(0, 0)));
        return onlyStream(streams);
    }

    /** The work is done: returns how many of the ids were still pending. */
    public static long done(RedisClient redis, String stream, String group, List<StreamEntry> entries) {
        return entries.isEmpty()
                ? 0
                : redis.xack(
                        stream, group, entries.stream().map(StreamEntry::getID).toArray(StreamEntryID[]::new));
    }

    /** @throws IllegalArgumentException when the stream has no such group */
    public static Progress progress(RedisClient redis, String stream, String group) {
        StreamGroupInfo info = redis.xinfoGroups(stream).stream()
                .filter(candidate -> candidate.getName().equals(group))
                .findFirst()
                .orElseThrow(() -> new IllegalArgumentException(stream + " has no group " + group));
        return new Progress(info.getConsumers(), info.getPending(), (Long)
                info.getGroupInfo().get("lag"));
    }

    private static XReadGroupParams batch(int count) {
        return XReadGroupParams.xReadGroupParams().count(positive(count));
    }

    private static List<StreamEntry> read(
            RedisClient redis, String stream, String group, String consumer, XReadGroupParams how, StreamEntryID what) {
        return onlyStream(redis.xreadGroup(group, consumer, how, Map.of(stream, what)));
    }

    private static List<StreamEntry> onlyStream(List<Map.Entry<String, List<StreamEntry>>> streams) {
        return streams == null || streams.isEmpty() ? List.of() : streams.get(0).getValue();
    }

    private static int positive(int count) {
        if (count < 1) {
            // the server takes 0 for "all there are"
            throw new IllegalArgumentException("A batch has at least one entry, not " + count);
        }
        return count;
    }

    public static void main(String[] args) {
        Story.tell(ConsumerGroupWork.class, story -> {
            RedisClient redis = story.redis();

            story.step("Work comes before anybody listens, and waits in the stream.");
            for (int i = 1; i <= 4; i++) {
                add(redis, "mails", "mail " + i);
            }
            createGroup(redis, "mails", "senders");

            story.step("Two consumers of one group share it.");
            List<StreamEntry> anns = take(redis, "mails", "senders", "ann", 2);
            List<StreamEntry> bobs = take(redis, "mails", "senders", "bob", 2);
            story.show("progress", progress(redis, "mails", "senders"));

            story.step("Ann acknowledges hers. Bob starts anew and finds what he had not finished.");
            story.show("acknowledged", done(redis, "mails", "senders", anns));
            List<StreamEntry> again = unfinished(redis, "mails", "senders", "bob", 10);
            story.show("given to Bob before and now", List.of(bobs.size(), again.size()));
            done(redis, "mails", "senders", again);
            story.show("progress", progress(redis, "mails", "senders"));

            story.step("The entries stay in the stream: a second group gets them all.");
            createGroup(redis, "mails", "archive");
            story.show(
                    "for the archive",
                    take(redis, "mails", "archive", "eve", 10).size());
            story.learned("A group hands out each entry once; XACK is what ends it, XREADGROUP 0 what resumes.");
        });
    }
}
