package mastery.redis.structures;

import java.util.List;
import java.util.Optional;
import mastery.support.trace.Story;
import redis.clients.jedis.AbstractTransaction;
import redis.clients.jedis.RedisClient;
import redis.clients.jedis.Response;
import redis.clients.jedis.args.ListDirection;

/**
 * A consumer that takes an item by LMOVE into a list of its own loses nothing when it dies: the item is in one of the two lists at every
 * moment, while LPOP leaves it only in the memory of the dead.
 *
 * <p><b>When:</b> jobs that must be done at least once, each by one of several consumers.
 * <b>Not:</b> when several groups read the same items, or a read item is to be kept: a stream does that.
 * <b>Costs:</b> one round trip to take, one to acknowledge. An item whose consumer died after the work was done is done again, so
 * doing it twice must do no harm. LREM looks through the consumer's list: keep that list short.
 * <b>Needs:</b> Redis 6.2. Both lists of a queue share a slot of a cluster, because the second is named by the first as its tag.
 *
 * <p>Equal items cannot be told apart: put an id into each. Source: Redis manual, commands LMOVE (pattern: reliable queue),
 * LREM and LPOP.
 */
public final class ReliableListQueue {

    /** How many items wait and how many one consumer has taken, both of the same moment. */
    public record Lengths(long waiting, long taken) {

        public long sum() {
            return waiting + taken;
        }
    }

    private ReliableListQueue() {}

    /** Adds items at the end and returns how many wait. */
    public static long add(RedisClient redis, String queue, String... items) {
        return redis.rpush(checked(queue), items);
    }

    /** The wrong way: if the consumer dies now, or the reply gets lost on its way, so does the item. */
    public static Optional<String> pop(RedisClient redis, String queue) {
        return Optional.ofNullable(redis.lpop(checked(queue)));
    }

    /** The right way: takes the first item and notes it in the consumer's list, in one command. */
    public static Optional<String> take(RedisClient redis, String queue, String consumer) {
        return Optional.ofNullable(
                redis.lmove(checked(queue), listOf(queue, consumer), ListDirection.LEFT, ListDirection.RIGHT));
    }

    /** The work is done: false when the item was no longer the consumer's, so that somebody else does it once more. */
    public static boolean acknowledge(RedisClient redis, String queue, String consumer, String item) {
        return redis.lrem(listOf(queue, consumer), 1, item) == 1;
    }

    /** Puts all that a dead consumer had taken back to where it was, and returns how many that were. */
    public static long recover(RedisClient redis, String queue, String consumer) {
        String taken = listOf(queue, consumer);
        long moved = 0;
        // The last taken first: it then stands behind the earlier ones, as before.
        while (redis.lmove(taken, queue, ListDirection.RIGHT, ListDirection.LEFT) != null) {
            moved++;
        }
        return moved;
    }

    public static Lengths lengths(RedisClient redis, String queue, String consumer) {
        try (AbstractTransaction both = redis.multi()) {
            Response<Long> waiting = both.llen(checked(queue));
            Response<Long> taken = both.llen(listOf(queue, consumer));
            both.exec();
            return new Lengths(waiting.get(), taken.get());
        }
    }

    /** The list of what a consumer has taken. */
    static String listOf(String queue, String consumer) {
        return "{" + checked(queue) + "}:taken:" + consumer;
    }

    private static String checked(String queue) {
        if (queue.isEmpty() || queue.indexOf('{') >= 0 || queue.indexOf('}') >= 0) {
            throw new IllegalArgumentException("A queue needs a name without braces, not '" + queue + "'");
        }
        return queue;
    }

    public static void main(String[] args) {
        Story.tell(ReliableListQueue.class, story -> {
            RedisClient redis = story.redis();
            add(redis, "mails", "mail 1", "mail 2", "mail 3");

            story.step("The wrong way: LPOP. If the consumer dies now, nobody knows of mail 1 any more.");
            story.show("popped", pop(redis, "mails"));
            story.show("waiting", redis.lrange("mails", 0, -1));

            story.step("LMOVE notes the item in the consumer's own list while it is taken.");
            story.show("taken", take(redis, "mails", "bob"));
            story.show("lengths", lengths(redis, "mails", "bob"));

            story.step("Bob dies. Whoever notices puts his items back to the front.");
            story.show("recovered", recover(redis, "mails", "bob"));
            story.show("waiting", redis.lrange("mails", 0, -1));

            story.step("Eve takes them and acknowledges each when it is done.");
            for (String item : List.of("mail 2", "mail 3")) {
                take(redis, "mails", "eve");
                acknowledge(redis, "mails", "eve", item);
            }
            story.show("lengths", lengths(redis, "mails", "eve"));
            story.learned("LMOVE keeps an item in a list until LREM says that it is done.");
        });
    }
}
