package mastery.redis.pubsub;

import static mastery.redis.pubsub.AutoClaimRecovery.recover;
import static mastery.redis.pubsub.AutoClaimRecovery.takeNew;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import mastery.redis.pubsub.AutoClaimRecovery.Policy;
import mastery.redis.pubsub.AutoClaimRecovery.Recovered;
import mastery.support.junit.OnRedis;
import mastery.support.junit.Prepare;
import org.junit.jupiter.api.Test;
import redis.clients.jedis.RedisClient;
import redis.clients.jedis.StreamEntryID;
import redis.clients.jedis.exceptions.JedisDataException;
import redis.clients.jedis.params.XClaimParams;
import redis.clients.jedis.params.XPendingParams;
import redis.clients.jedis.resps.StreamEntry;
import redis.clients.jedis.resps.StreamPendingEntry;

/** No test waits: entries are made to look idle by XCLAIM, which counts no delivery when it returns ids only. */
@OnRedis
class AutoClaimRecoveryIT {

    private static final Policy POLICY = new Policy("work", "group", Duration.ofMinutes(10), 2);
    private static final long LONG_AGO = Duration.ofMinutes(11).toMillis();

    @Prepare
    static void group(RedisClient redis) {
        redis.xgroupCreate("work", "group", new StreamEntryID(0, 0), true);
    }

    @Test
    void whatADeadConsumerHadTakenBecomesThatOfTheOneThatRecovers(RedisClient redis) {
        StreamEntryID id = add(redis, "1");
        takeNew(redis, POLICY, "dead");
        becomesIdle(redis);

        assertThat(takeNew(redis, POLICY, "eve")).as("new entries only").isEmpty();

        Recovered recovered = recover(redis, POLICY, "eve");
        assertThat(recovered.work()).extracting(StreamEntry::getID).containsExactly(id);
        assertThat(recovered.work()).extracting(StreamEntry::getFields).containsExactly(Map.of("job", "1"));
        assertThat(recovered.buried()).isEmpty();
        assertThat(pending(redis)).singleElement().satisfies(entry -> {
            assertThat(entry.getConsumerName()).isEqualTo("eve");
            assertThat(entry.getDeliveredTimes()).isEqualTo(2);
        });
    }

    @Test
    void whatIsNotIdleLongEnoughStaysWithItsOwner(RedisClient redis) {
        add(redis, "1");
        takeNew(redis, POLICY, "alive");
        assertThat(recover(redis, POLICY, "eve")).isEqualTo(new Recovered(List.of(), List.of()));
        assertThat(pending(redis)).singleElement().satisfies(entry -> {
            assertThat(entry.getConsumerName()).isEqualTo("alive");
            assertThat(entry.getDeliveredTimes()).isEqualTo(1);
        });
    }

    @Test
    void poisonGoesToTheDeadLettersAtTheThirdDelivery(RedisClient redis) {
        StreamEntryID poison = add(redis, "poison");
        takeNew(redis, POLICY, "first");
        becomesIdle(redis);
        assertThat(recover(redis, POLICY, "second").work()).hasSize(1);
        becomesIdle(redis);

        assertThat(recover(redis, POLICY, "third")).isEqualTo(new Recovered(List.of(), List.of(poison)));
        assertThat(pending(redis)).isEmpty();
        assertThat(redis.xrange(POLICY.deadLetters(), "-", "+"))
                .extracting(StreamEntry::getFields)
                .containsExactly(Map.of("job", "poison", "dead:id", poison.toString(), "dead:deliveries", "3"));
        assertThat(redis.xlen("work")).as("it stays in the stream").isEqualTo(1);
        becomesIdle(redis);
        assertThat(recover(redis, POLICY, "fourth")).isEqualTo(new Recovered(List.of(), List.of()));
    }

    @Test
    void goodWorkBesidePoisonGoesOn(RedisClient redis) {
        StreamEntryID poison = add(redis, "poison");
        takeNew(redis, POLICY, "dead");
        becomesIdle(redis);
        recover(redis, POLICY, "dead");
        StreamEntryID good = add(redis, "good");
        takeNew(redis, POLICY, "dead");
        becomesIdle(redis);

        Recovered recovered = recover(redis, POLICY, "eve");
        assertThat(recovered.work()).extracting(StreamEntry::getID).containsExactly(good);
        assertThat(recovered.buried()).containsExactly(poison);
    }

    @Test
    void moreThanABatchIsRecoveredToTheLast(RedisClient redis) {
        List<StreamEntryID> added = new ArrayList<>();
        for (int i = 0; i < 250; i++) {
            added.add(add(redis, "job " + i));
        }
        for (int i = 0; i < 3; i++) {
            takeNew(redis, POLICY, "dead");
        }
        becomesIdle(redis);
        assertThat(recover(redis, POLICY, "eve").work())
                .extracting(StreamEntry::getID)
                .isEqualTo(added);
    }

    @Test
    void ofFourThatRecoverAtOnceEachEntryGoesToOne(RedisClient redis) throws Exception {
        for (int i = 0; i < 200; i++) {
            add(redis, "job " + i);
        }
        takeNew(redis, POLICY, "dead");
        takeNew(redis, POLICY, "dead");
        becomesIdle(redis);
        ExecutorService threads = Executors.newFixedThreadPool(4);
        List<StreamEntryID> recovered = new ArrayList<>();
        try {
            List<Callable<Recovered>> all = new ArrayList<>();
            for (int i = 0; i < 4; i++) {
                String consumer = "eve-" + i;
                all.add(() -> recover(redis, POLICY, consumer));
            }
            for (Future<Recovered> one : threads.invokeAll(all)) {
                one.get().work().forEach(entry -> recovered.add(entry.getID()));
            }
        } finally {
            threads.shutdownNow();
        }
        assertThat(recovered).hasSize(200).doesNotHaveDuplicates();
        assertThat(pending(redis))
                .extracting(StreamPendingEntry::getDeliveredTimes)
                .containsOnly(2L);
    }

    @Test
    void whoWasOnlySlowCanStillAcknowledgeSoTheWorkIsDoneTwice(RedisClient redis) {
        StreamEntryID id = add(redis, "1");
        takeNew(redis, POLICY, "slow");
        becomesIdle(redis);
        assertThat(recover(redis, POLICY, "eve").work()).hasSize(1);
        assertThat(redis.xack("work", "group", id)).as("by the slow one").isEqualTo(1);
        assertThat(redis.xack("work", "group", id)).as("by Eve").isZero();
    }

    @Test
    void whatWasDeletedFromTheStreamIsNoLongerPending(RedisClient redis) {
        StreamEntryID deleted = add(redis, "1");
        StreamEntryID kept = add(redis, "2");
        takeNew(redis, POLICY, "dead");
        becomesIdle(redis);
        redis.xdel("work", deleted);
        assertThat(recover(redis, POLICY, "eve").work())
                .extracting(StreamEntry::getID)
                .containsExactly(kept);
        assertThat(pending(redis)).extracting(StreamPendingEntry::getID).containsExactly(kept);
    }

    @Test
    void whenTheDeadLettersCannotBeWrittenThatIsSaid(RedisClient redis) {
        redis.set(POLICY.deadLetters(), "no stream");
        add(redis, "poison");
        takeNew(redis, POLICY, "first");
        becomesIdle(redis);
        recover(redis, POLICY, "second");
        becomesIdle(redis);
        assertThatThrownBy(() -> recover(redis, POLICY, "third"))
                .isInstanceOf(JedisDataException.class)
                .hasMessageStartingWith("WRONGTYPE");
        assertThat(redis.get(POLICY.deadLetters())).isEqualTo("no stream");
    }

    @Test
    void badPoliciesAndMissingGroupsAreRefused(RedisClient redis) {
        assertThatThrownBy(() -> new Policy("work", "group", Duration.ZERO, 1))
                .isInstanceOf(IllegalArgumentException.class);
        assertThatThrownBy(() -> new Policy("work", "group", Duration.ofMinutes(1), 0))
                .isInstanceOf(IllegalArgumentException.class);
        Policy nobody = new Policy("work", "nobody", Duration.ofMinutes(1), 1);
        assertThatThrownBy(() -> recover(redis, nobody, "eve")).hasMessageStartingWith("NOGROUP");
        assertThatThrownBy(() -> takeNew(redis, nobody, "eve")).hasMessageStartingWith("NOGROUP");
    }

    @Test
    void hostileFieldsCannotHideWhereALetterComesFrom(RedisClient redis) {
        StreamEntryID id =
                redis.xadd("work", StreamEntryID.NEW_ENTRY, Map.of("dead:id", "forged", "\r\nFLUSHDB\r\n", "\0 😀"));
        Policy once = new Policy("work", "group", POLICY.idle(), 1);
        takeNew(redis, once, "first");
        becomesIdle(redis);
        assertThat(recover(redis, once, "second").buried()).containsExactly(id);
        assertThat(redis.xrange(once.deadLetters(), "-", "+"))
                .extracting(StreamEntry::getFields)
                .containsExactly(Map.of("dead:id", id.toString(), "dead:deliveries", "2", "\r\nFLUSHDB\r\n", "\0 😀"));
    }

    private static StreamEntryID add(RedisClient redis, String job) {
        return redis.xadd("work", StreamEntryID.NEW_ENTRY, Map.of("job", job));
    }

    private static List<StreamPendingEntry> pending(RedisClient redis) {
        return redis.xpending("work", "group", XPendingParams.xPendingParams("-", "+", 1_000));
    }

    /** Nothing was heard of any pending entry for longer than the policy allows. */
    private static void becomesIdle(RedisClient redis) {
        pending(redis)
                .forEach(entry -> redis.xclaimJustId(
                        "work",
                        "group",
                        entry.getConsumerName(),
                        0,
                        XClaimParams.xClaimParams().idle(LONG_AGO),
                        entry.getID()));
    }
}
