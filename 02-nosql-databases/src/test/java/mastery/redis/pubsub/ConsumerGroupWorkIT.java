package mastery.redis.pubsub;

import static mastery.redis.pubsub.ConsumerGroupWork.add;
import static mastery.redis.pubsub.ConsumerGroupWork.createGroup;
import static mastery.redis.pubsub.ConsumerGroupWork.createGroupFromNowOn;
import static mastery.redis.pubsub.ConsumerGroupWork.done;
import static mastery.redis.pubsub.ConsumerGroupWork.progress;
import static mastery.redis.pubsub.ConsumerGroupWork.readAlone;
import static mastery.redis.pubsub.ConsumerGroupWork.take;
import static mastery.redis.pubsub.ConsumerGroupWork.takeForGranted;
import static mastery.redis.pubsub.ConsumerGroupWork.unfinished;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.CyclicBarrier;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import mastery.redis.pubsub.ConsumerGroupWork.Progress;
import mastery.support.junit.OnRedis;
import org.junit.jupiter.api.Test;
import redis.clients.jedis.RedisClient;
import redis.clients.jedis.StreamEntryID;
import redis.clients.jedis.exceptions.JedisDataException;
import redis.clients.jedis.resps.StreamEntry;

@OnRedis
class ConsumerGroupWorkIT {

    @Test
    void consumersOfOneGroupShareAllWorkAndNoneIsGivenTwice(RedisClient redis) throws Exception {
        int entries = 400;
        int consumers = 4;
        List<StreamEntryID> added = new ArrayList<>();
        for (int i = 0; i < entries; i++) {
            added.add(add(redis, "work", "job " + i));
        }
        createGroup(redis, "work", "group");
        CyclicBarrier start = new CyclicBarrier(consumers);
        ExecutorService threads = Executors.newFixedThreadPool(consumers);
        List<StreamEntryID> given = new ArrayList<>();
        try {
            List<Callable<List<StreamEntryID>>> all = new ArrayList<>();
            for (int i = 0; i < consumers; i++) {
                String consumer = "consumer-" + i;
                all.add(() -> {
                    start.await(30, TimeUnit.SECONDS);
                    List<StreamEntryID> mine = new ArrayList<>();
                    for (List<StreamEntry> batch = take(redis, "work", "group", consumer, 7);
                            !batch.isEmpty();
                            batch = take(redis, "work", "group", consumer, 7)) {
                        mine.addAll(ids(batch));
                        assertThat(mine).hasSizeLessThanOrEqualTo(entries);
                    }
                    return mine;
                });
            }
            for (Future<List<StreamEntryID>> mine : threads.invokeAll(all)) {
                given.addAll(mine.get());
            }
        } finally {
            threads.shutdownNow();
        }
        assertThat(given).doesNotHaveDuplicates().containsExactlyInAnyOrderElementsOf(added);
        assertThat(progress(redis, "work", "group")).isEqualTo(new Progress(consumers, entries, 0L));
    }

    @Test
    void twoConsumersGetDisjointEntriesWhereReadersWithoutAGroupGetThemAll(RedisClient redis) {
        List<StreamEntryID> added = List.of(add(redis, "work", "1"), add(redis, "work", "2"), add(redis, "work", "3"));
        createGroup(redis, "work", "group");
        assertThat(ids(take(redis, "work", "group", "ann", 2))).isEqualTo(added.subList(0, 2));
        assertThat(ids(take(redis, "work", "group", "bob", 2))).isEqualTo(added.subList(2, 3));
        assertThat(take(redis, "work", "group", "ann", 2)).isEmpty();

        assertThat(ids(readAlone(redis, "work", 10))).isEqualTo(added);
        assertThat(ids(readAlone(redis, "work", 10))).isEqualTo(added);
    }

    @Test
    void anAcknowledgementEndsItAndTheEntryStaysInTheStream(RedisClient redis) {
        add(redis, "work", "1");
        add(redis, "work", "2");
        add(redis, "work", "3");
        createGroup(redis, "work", "group");
        List<StreamEntry> batch = take(redis, "work", "group", "ann", 2);
        assertThat(progress(redis, "work", "group")).isEqualTo(new Progress(1, 2, 1L));
        assertThat(redis.xpending("work", "group").getConsumerMessageCount()).containsEntry("ann", 2L);

        assertThat(done(redis, "work", "group", batch)).isEqualTo(2);
        assertThat(done(redis, "work", "group", batch)).as("a second time").isZero();
        assertThat(progress(redis, "work", "group")).isEqualTo(new Progress(1, 0, 1L));
        assertThat(redis.xpending("work", "group").getTotal()).isZero();
        assertThat(redis.xlen("work")).isEqualTo(3);

        done(redis, "work", "group", take(redis, "work", "group", "ann", 10));
        assertThat(progress(redis, "work", "group")).isEqualTo(new Progress(1, 0, 0L));
    }

    @Test
    void aConsumerThatStartsAnewFindsWhatItHadNotFinishedAndNobodyElsesWork(RedisClient redis) {
        add(redis, "work", "1");
        add(redis, "work", "2");
        add(redis, "work", "3");
        createGroup(redis, "work", "group");
        List<StreamEntry> anns = take(redis, "work", "group", "ann", 2);
        take(redis, "work", "group", "bob", 1);
        done(redis, "work", "group", anns.subList(0, 1));

        assertThat(ids(unfinished(redis, "work", "group", "ann", 10))).isEqualTo(ids(anns.subList(1, 2)));
        assertThat(unfinished(redis, "work", "group", "ann", 10))
                .extracting(StreamEntry::getFields)
                .isEqualTo(List.of(anns.get(1).getFields()));
        assertThat(unfinished(redis, "work", "group", "eve", 10)).isEmpty();
    }

    @Test
    void workThatIsTakenForGrantedIsNotPendingSoNobodyFindsItAgain(RedisClient redis) {
        add(redis, "work", "1");
        createGroup(redis, "work", "group");
        assertThat(takeForGranted(redis, "work", "group", "dies", 1)).hasSize(1);
        assertThat(progress(redis, "work", "group")).isEqualTo(new Progress(1, 0, 0L));
        assertThat(unfinished(redis, "work", "group", "dies", 10)).isEmpty();
        assertThat(take(redis, "work", "group", "eve", 10)).isEmpty();
    }

    @Test
    void aGroupFromTheBeginningGetsWhatWasThereAndOneFromNowOnDoesNot(RedisClient redis) {
        StreamEntryID before = add(redis, "work", "before");
        assertThat(createGroup(redis, "work", "all")).isTrue();
        assertThat(createGroupFromNowOn(redis, "work", "new")).isTrue();
        StreamEntryID after = add(redis, "work", "after");
        assertThat(ids(take(redis, "work", "all", "ann", 10))).containsExactly(before, after);
        assertThat(ids(take(redis, "work", "new", "ann", 10))).containsExactly(after);
    }

    @Test
    void aGroupThatIsThereStaysAsItIs(RedisClient redis) {
        assertThat(createGroup(redis, "work", "group"))
                .as("makes the stream too")
                .isTrue();
        add(redis, "work", "1");
        take(redis, "work", "group", "ann", 1);
        assertThat(createGroup(redis, "work", "group")).isFalse();
        assertThat(progress(redis, "work", "group")).isEqualTo(new Progress(1, 1, 0L));
    }

    @Test
    void whatIsNotThereOrOfAnotherTypeIsRefused(RedisClient redis) {
        add(redis, "work", "1");
        assertThatThrownBy(() -> take(redis, "work", "nobody", "ann", 1))
                .isInstanceOf(JedisDataException.class)
                .hasMessageStartingWith("NOGROUP");
        assertThatThrownBy(() -> progress(redis, "work", "nobody"))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("no group nobody");
        redis.set("text", "value");
        assertThatThrownBy(() -> createGroup(redis, "text", "group")).hasMessageStartingWith("WRONGTYPE");
        assertThatThrownBy(() -> add(redis, "text", "1")).hasMessageStartingWith("WRONGTYPE");
        assertThatThrownBy(() -> add(redis, "work", null)).isInstanceOf(RuntimeException.class);
        createGroup(redis, "work", "group");
        for (int count : new int[] {0, -1}) {
            assertThatThrownBy(() -> take(redis, "work", "group", "ann", count))
                    .isInstanceOf(IllegalArgumentException.class);
            assertThatThrownBy(() -> readAlone(redis, "work", count)).isInstanceOf(IllegalArgumentException.class);
        }
        assertThat(done(redis, "work", "group", List.of())).isZero();
        assertThat(progress(redis, "work", "group")).isEqualTo(new Progress(0, 0, 1L));
    }

    @Test
    void hostileNamesAreOnlyNames(RedisClient redis) {
        String hostile = "> \r\nFLUSHDB\r\n\0 😀";
        StreamEntryID id = add(redis, hostile, hostile);
        createGroup(redis, hostile, hostile);
        List<StreamEntry> batch = take(redis, hostile, hostile, hostile, 1);
        assertThat(ids(batch)).containsExactly(id);
        assertThat(batch.get(0).getFields()).containsEntry("work", hostile);
        assertThat(done(redis, hostile, hostile, batch)).isEqualTo(1);
    }

    private static List<StreamEntryID> ids(List<StreamEntry> entries) {
        return entries.stream().map(StreamEntry::getID).toList();
    }
}
