package mastery.redis.pubsub;

import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import mastery.support.trace.Story;
import redis.clients.jedis.AbstractTransaction;
import redis.clients.jedis.RedisClient;
import redis.clients.jedis.StreamEntryID;
import redis.clients.jedis.params.XAutoClaimParams;
import redis.clients.jedis.params.XPendingParams;
import redis.clients.jedis.params.XReadGroupParams;
import redis.clients.jedis.resps.StreamEntry;
import redis.clients.jedis.resps.StreamPendingEntry;

/**
 * XAUTOCLAIM gives a living consumer what a dead one had taken, and the count of deliveries tells work that kills its consumers, which goes
 * to a stream of dead letters.
 *
 * <p><b>When:</b> beside every consumer group: each consumer recovers now and then, or when it has nothing to do.
 * <b>Not:</b> with an idle time below the longest work: then the work of a consumer that is merely slow is done twice at once.
 * <b>Costs:</b> one round trip for a batch of pending entries, and one for each entry taken over, to learn its count.
 * <b>Needs:</b> Redis 7.0; 6.2 keeps entries that were deleted from the stream among the pending ones.
 *
 * <p>The one believed dead may come back and finish: an acknowledgement counts whoever sends it. So work must bear being done twice.
 * Source: Redis manual, "Redis Streams", section automatic claiming, commands XAUTOCLAIM, XPENDING and XACK.
 */
public final class AutoClaimRecovery {

    /**
     * Who recovers what.
     *
     * @param idle how long nothing was heard of an entry before it is taken over
     * @param deliveries how often an entry is given out; the next time it is buried
     */
    public record Policy(String stream, String group, Duration idle, int deliveries) {

        public Policy {
            if (idle.toMillis() < 1 || deliveries < 1) {
                throw new IllegalArgumentException(
                        "An entry must be idle for a millisecond and be given out once, at least: " + idle + ", "
                                + deliveries);
            }
        }

        /** Where entries go that were given out too often. */
        public String deadLetters() {
            return stream + ":dead";
        }
    }

    /** What the consumer has to do now, and what it put away. */
    public record Recovered(List<StreamEntry> work, List<StreamEntryID> buried) {}

    private static final int BATCH = 100;

    private AutoClaimRecovery() {}

    /** The wrong way to go on after a death: a consumer with a new name asks for new entries only. */
    public static List<StreamEntry> takeNew(RedisClient redis, Policy policy, String consumer) {
        List<Map.Entry<String, List<StreamEntry>>> streams = redis.xreadGroup(
                policy.group(),
                consumer,
                XReadGroupParams.xReadGroupParams().count(BATCH),
                Map.of(policy.stream(), StreamEntryID.XREADGROUP_UNDELIVERED_ENTRY));
        return streams == null || streams.isEmpty() ? List.of() : streams.get(0).getValue();
    }

    /** The right way: takes over all that has been idle too long. Of several that recover at once each entry goes to one. */
    public static Recovered recover(RedisClient redis, Policy policy, String consumer) {
        List<StreamEntry> work = new ArrayList<>();
        List<StreamEntryID> buried = new ArrayList<>();
        StreamEntryID cursor = new StreamEntryID(0, 0);
        do {
            // Taking over makes the entry fresh again: the next one who recovers passes it by.
            Map.Entry<StreamEntryID, List<StreamEntry>> batch = redis.xautoclaim(
                    policy.stream(),
                    policy.group(),
                    consumer,
                    policy.idle().toMillis(),
                    cursor,
                    XAutoClaimParams.xAutoClaimParams().count(BATCH));
            for (StreamEntry entry : batch.getValue()) {
                long deliveries = deliveries(redis, policy, consumer, entry.getID());
                if (deliveries > policy.deliveries()) {
                    bury(redis, policy, entry, deliveries);
                    buried.add(entry.getID());
                } else {
                    work.add(entry);
                }
            }
            cursor = batch.getKey();
        } while (!cursor.equals(new StreamEntryID(0, 0)));
        return new Recovered(work, buried);
    }

    /** How often an entry was given out; 0 when it is no longer this consumer's. */
    static long deliveries(RedisClient redis, Policy policy, String consumer, StreamEntryID id) {
        List<StreamPendingEntry> pending = redis.xpending(
                policy.stream(),
                policy.group(),
                XPendingParams.xPendingParams(id, id, 1).consumer(consumer));
        return pending.isEmpty() ? 0 : pending.get(0).getDeliveredTimes();
    }

    /** Both or none: an entry is neither lost between the streams nor buried while it is still given out. */
    private static void bury(RedisClient redis, Policy policy, StreamEntry entry, long deliveries) {
        Map<String, String> letter = new HashMap<>(entry.getFields());
        letter.put("dead:id", entry.getID().toString());
        letter.put("dead:deliveries", Long.toString(deliveries));
        try (AbstractTransaction both = redis.multi()) {
            both.xadd(policy.deadLetters(), StreamEntryID.NEW_ENTRY, letter);
            both.xack(policy.stream(), policy.group(), entry.getID());
            both.exec().stream()
                    .filter(RuntimeException.class::isInstance)
                    .findFirst()
                    .ifPresent(failure -> {
                        throw (RuntimeException) failure;
                    });
        }
    }

    public static void main(String[] args) {
        Story.tell(AutoClaimRecovery.class, story -> {
            RedisClient redis = story.redis();
            Policy policy = new Policy("mails", "senders", Duration.ofMillis(1), 2);
            redis.xgroupCreate("mails", "senders", new StreamEntryID(0, 0), true);
            redis.xadd("mails", StreamEntryID.NEW_ENTRY, Map.of("to", "ann"));
            redis.xadd("mails", StreamEntryID.NEW_ENTRY, Map.of("to", "a name that kills"));

            story.step("Bob takes both, sends the first, and dies of the second.");
            List<StreamEntry> bobs = takeNew(redis, policy, "bob");
            redis.xack("mails", "senders", bobs.get(0).getID());

            story.step("Eve asks for new entries only, and gets nothing: the mail is still Bob's.");
            story.show("new for Eve", takeNew(redis, policy, "eve").size());

            story.step("XAUTOCLAIM makes it hers, the second delivery. She dies of it too.");
            Thread.sleep(5);
            story.show("Eve's", recover(redis, policy, "eve"));

            story.step("Dan would be the third. Given out twice is enough: it becomes a dead letter.");
            Thread.sleep(5);
            story.show("Dan's", recover(redis, policy, "dan"));
            story.show("still pending", redis.xpending("mails", "senders").getTotal());
            story.learned("Recover what is idle, count deliveries, and bury what kills its consumers.");
        });
    }
}
