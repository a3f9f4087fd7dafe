package mastery.redis.pubsub;

import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import mastery.redis.pubsub.AtMostOncePubSub.Kept;
import mastery.redis.pubsub.AtMostOncePubSub.Listener;
import mastery.support.trace.Story;
import redis.clients.jedis.RedisClient;
import redis.clients.jedis.resps.StreamEntry;

/**
 * Whoever notes a message before it is handled handles it at most once, whoever notes it afterwards at least once, and a channel has
 * no notes at all.
 *
 * <p><b>When:</b> choosing how messages travel: is it worse that one is lost, or that one comes twice?
 * <b>Not:</b> at least once for work that does harm the second time, unless the work itself finds out that it was done.
 * <b>Costs:</b> at least once costs a note for each batch, kept where the death of the receiver does not reach it.
 * <b>Needs:</b> what {@link AtMostOncePubSub} and {@link ConsumerGroupWork} show; here they get the same messages.
 *
 * <p>Source: Redis manual, "Redis Pub/Sub", section delivery semantics; "Redis Streams", section consumer groups.
 */
public final class DeliveryMatrix {

    /**
     * How many times a receiver handled each of five messages.
     *
     * @param early was sent before the receiver came for the first time
     * @param there was sent while it was there
     * @param away was sent while it was away
     * @param handled was handled, and the receiver died before it noted that
     * @param taken was taken, and the receiver died before it handled it
     */
    public record Row(String receiver, int early, int there, int away, int handled, int taken, String promise) {}

    private static final List<String> MESSAGES = List.of("early", "there", "away", "handled", "taken");

    private DeliveryMatrix() {}

    /** Sends each message on a channel and in a stream of that name, and counts what four receivers handled. */
    public static List<Row> observe(RedisClient redis, String name) throws InterruptedException {
        List<Receiver> receivers = List.of(
                new OnChannel(redis, name),
                new ByPosition(redis, name),
                new InGroup(redis, name, "group, XACK", false),
                new InGroup(redis, name, "group, NOACK", true));
        send(redis, name, "early");
        for (Receiver receiver : receivers) {
            receiver.come();
        }
        send(redis, name, "there");
        for (Receiver receiver : receivers) {
            receiver.work();
            receiver.die();
        }
        send(redis, name, "away");
        for (Receiver receiver : receivers) {
            receiver.come();
            receiver.work();
        }
        send(redis, name, "handled");
        for (Receiver receiver : receivers) {
            receiver.handled.addAll(receiver.take());
            receiver.die();
            receiver.come();
            receiver.work();
        }
        send(redis, name, "taken");
        for (Receiver receiver : receivers) {
            receiver.take();
            receiver.die();
            receiver.come();
            receiver.work();
            receiver.die();
        }
        return receivers.stream().map(Receiver::row).toList();
    }

    private static void send(RedisClient redis, String name, String message) {
        AtMostOncePubSub.publish(redis, name, message);
        AtMostOncePubSub.append(redis, name, message, 1_000);
    }

    /** What it notes in Redis stays; what it has in its fields is lost when it dies. */
    private abstract static class Receiver {

        final RedisClient redis;
        final String source;
        private final String name;
        private final List<String> handled = new ArrayList<>();

        Receiver(RedisClient redis, String source, String name) {
            this.redis = redis;
            this.source = source;
            this.name = name;
        }

        abstract void come() throws InterruptedException;

        /** All that was sent by now and that it can still get. */
        abstract List<String> take() throws InterruptedException;

        /** Notes that it handled what it took. */
        abstract void note();

        abstract void die();

        final void work() throws InterruptedException {
            handled.addAll(take());
            note();
        }

        final Row row() {
            List<Integer> times = MESSAGES.stream()
                    .map(message -> Collections.frequency(handled, message))
                    .toList();
            String promise = Collections.max(times) <= 1 ? "at most once" : "";
            if (Collections.min(times) >= 1) {
                promise = promise.isEmpty() ? "at least once" : "exactly once";
            }
            return new Row(name, times.get(0), times.get(1), times.get(2), times.get(3), times.get(4), promise);
        }
    }

    private static final class OnChannel extends Receiver {

        private static final Duration LIMIT = Duration.ofSeconds(30);
        private static final String LAST = "nothing comes after this";

        private Listener listener;

        OnChannel(RedisClient redis, String source) {
            super(redis, source, "channel");
        }

        @Override
        void come() throws InterruptedException {
            listener = Listener.to(redis, source, LIMIT);
        }

        /** Messages come in the order in which they were published: what is not here before the last one does not come. */
        @Override
        List<String> take() throws InterruptedException {
            AtMostOncePubSub.publish(redis, source, LAST);
            List<String> messages = new ArrayList<>();
            String message = listener.next(LIMIT).orElseThrow();
            while (!message.equals(LAST)) {
                messages.add(message);
                message = listener.next(LIMIT).orElseThrow();
            }
            return messages;
        }

        @Override
        void note() {
            // There is nobody to tell: the server has forgotten the message.
        }

        @Override
        void die() {
            listener.close();
        }
    }

    private static final class ByPosition extends Receiver {

        private final String position;
        private String last;

        ByPosition(RedisClient redis, String source) {
            super(redis, source, "stream, position");
            position = source + ":position";
            redis.set(position, "0-0");
        }

        @Override
        void come() {
            last = redis.get(position);
        }

        @Override
        List<String> take() {
            List<Kept> kept = AtMostOncePubSub.readAfter(redis, source, last);
            kept.forEach(one -> last = one.id());
            return kept.stream().map(Kept::message).toList();
        }

        @Override
        void note() {
            redis.set(position, last);
        }

        @Override
        void die() {
            last = null;
        }
    }

    /** The server notes for the group what it gave; with NOACK it counts as handled at once, otherwise by XACK. */
    private static final class InGroup extends Receiver {

        private static final int MOST = 100;

        private final String group;
        private final boolean noAck;
        private final List<StreamEntry> given = new ArrayList<>();

        InGroup(RedisClient redis, String source, String name, boolean noAck) {
            super(redis, source, name);
            this.group = name;
            this.noAck = noAck;
        }

        @Override
        void come() {
            ConsumerGroupWork.createGroup(redis, source, group);
        }

        @Override
        List<String> take() {
            if (noAck) {
                given.addAll(ConsumerGroupWork.takeForGranted(redis, source, group, "consumer", MOST));
            } else {
                given.addAll(ConsumerGroupWork.unfinished(redis, source, group, "consumer", MOST));
                given.addAll(ConsumerGroupWork.take(redis, source, group, "consumer", MOST));
            }
            return given.stream().map(entry -> entry.getFields().get("message")).toList();
        }

        @Override
        void note() {
            ConsumerGroupWork.done(redis, source, group, given);
            given.clear();
        }

        @Override
        void die() {
            given.clear();
        }
    }

    public static void main(String[] args) {
        Story.tell(DeliveryMatrix.class, story -> {
            RedisClient redis = story.redis();
            // Channels are the whole server's, not of one numbered database.
            String name = "orders:" + ProcessHandle.current().pid();
            List<Row> matrix = new ArrayList<>();

            story.step("Five messages for receivers that come late, go away and die.");
            story.quietly("All of them, on a channel and in a stream", () -> matrix.addAll(observe(redis, name)));
            story.show("how many times each message was handled", matrix);
            story.note(
                    "early: it was sent before the receiver came, there: while it was there, away: while it was not.");
            story.note("handled: the receiver died before it noted that. taken: it died before it handled it.");
            story.learned("Note first and lose, or note afterwards and repeat; a channel has no notes at all.");
        });
    }
}
