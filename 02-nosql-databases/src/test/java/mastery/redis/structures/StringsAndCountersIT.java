package mastery.redis.structures;

import static java.util.stream.Collectors.toSet;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.time.Duration;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Set;
import java.util.concurrent.Callable;
import java.util.concurrent.CyclicBarrier;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.stream.IntStream;
import mastery.redis.structures.StringsAndCounters.Entry;
import mastery.support.junit.OnRedis;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import redis.clients.jedis.RedisClient;
import redis.clients.jedis.exceptions.JedisDataException;
import redis.clients.jedis.params.SetParams;

@OnRedis
class StringsAndCountersIT {

    private static final int THREADS = 8;
    private static final Duration LIFE = Duration.ofMinutes(5);

    @Test
    void eightThreadsCountExactlyAndNoNumberIsGivenOutTwice(RedisClient redis) throws Exception {
        int each = 250;
        Set<Long> numbers = inParallel(() -> {
                    List<Long> mine = new ArrayList<>();
                    for (int i = 0; i < each; i++) {
                        mine.add(StringsAndCounters.increment(redis, "counter"));
                    }
                    return mine;
                })
                .stream()
                .flatMap(Collection::stream)
                .collect(toSet());
        assertThat(redis.get("counter")).isEqualTo(Integer.toString(THREADS * each));
        assertThat(numbers).hasSize(THREADS * each);
    }

    @Test
    void anIncrementBetweenGetAndSetIsLost(RedisClient redis) {
        StringsAndCounters.readAndWrite(redis, "counter", before -> {
            StringsAndCounters.increment(redis, "counter");
            return before + 1;
        });
        assertThat(redis.get("counter")).as("of two").isEqualTo("1");
    }

    @Test
    void incrementKeepsTheEndOfACounterAndGetWithSetErasesIt(RedisClient redis) {
        redis.set("counter", "7", SetParams.setParams().px(LIFE.toMillis()));
        long end = redis.pexpireTime("counter");
        assertThat(StringsAndCounters.increment(redis, "counter")).isEqualTo(8);
        assertThat(redis.pexpireTime("counter")).isEqualTo(end);
        StringsAndCounters.readAndWrite(redis, "counter", before -> before + 1);
        assertThat(StringsAndCounters.look(redis, "counter")).isEqualTo(new Entry("9", -1));
    }

    @Test
    void ofEightOnlyOneCreates(RedisClient redis) throws Exception {
        List<Boolean> created = inParallel(() -> StringsAndCounters.create(redis, "key", "mine", LIFE));
        assertThat(created).containsOnlyOnce(true).hasSize(THREADS);
        assertThat(redis.pttl("key")).isBetween(1L, LIFE.toMillis());
        assertThat(StringsAndCounters.create(redis, "key", "other", LIFE)).isFalse();
        assertThat(redis.get("key")).isEqualTo("mine");
    }

    @Test
    void plainSetErasesTheEndAndKeepTtlKeepsIt(RedisClient redis) {
        StringsAndCounters.create(redis, "key", "one", LIFE);
        long end = redis.pexpireTime("key");

        assertThat(StringsAndCounters.replace(redis, "key", "two")).isTrue();
        assertThat(redis.get("key")).isEqualTo("two");
        assertThat(redis.pexpireTime("key")).isEqualTo(end);
        StringsAndCounters.swap(redis, "key", "three");
        assertThat(redis.pexpireTime("key")).isEqualTo(end);

        StringsAndCounters.overwrite(redis, "key", "four");
        assertThat(StringsAndCounters.look(redis, "key")).isEqualTo(new Entry("four", -1));
    }

    @Test
    void xxCreatesNothing(RedisClient redis) {
        assertThat(StringsAndCounters.replace(redis, "key", "value")).isFalse();
        assertThat(StringsAndCounters.look(redis, "key")).isEqualTo(new Entry(null, -2));
    }

    @Test
    void ofManyWhoSwapEachValueGoesToExactlyOne(RedisClient redis) throws Exception {
        redis.set("key", "start");
        int each = 50;
        List<String> taken = new ArrayList<>(inParallel(() -> IntStream.range(0, each)
                        .mapToObj(i -> StringsAndCounters.swap(
                                redis, "key", Thread.currentThread().getName() + "-" + i))
                        .toList())
                .stream()
                .flatMap(Collection::stream)
                .toList());
        taken.add(redis.get("key"));
        assertThat(taken).hasSize(THREADS * each + 1).doesNotHaveDuplicates().contains("start");
    }

    @Test
    void whatIsNoIntegerIsRefusedAndStaysAsItWas(RedisClient redis) {
        redis.rpush("list", "1");
        redis.set("text", "ten");
        redis.set("greatest", Long.toString(Long.MAX_VALUE));
        assertRefused(() -> StringsAndCounters.increment(redis, "list"), "WRONGTYPE");
        assertRefused(() -> StringsAndCounters.increment(redis, "text"), "ERR value is not an integer");
        assertRefused(
                () -> StringsAndCounters.increment(redis, "greatest"), "ERR increment or decrement would overflow");
        assertRefused(() -> StringsAndCounters.swap(redis, "list", "x"), "WRONGTYPE");
        assertThat(redis.lrange("list", 0, -1)).containsExactly("1");
        assertThat(redis.get("text")).isEqualTo("ten");
        assertThat(redis.get("greatest")).isEqualTo(Long.toString(Long.MAX_VALUE));
    }

    @Test
    void aPlainSetOverwritesEvenAListOfAnotherType(RedisClient redis) {
        redis.rpush("list", "1");
        StringsAndCounters.overwrite(redis, "list", "text");
        assertThat(redis.type("list")).isEqualTo("string");
    }

    @Test
    void aValueThatWouldBeTooLongIsRefusedAndNothingIsReserved(RedisClient redis) {
        long most = Long.parseLong(redis.configGet("proto-max-bulk-len").get("proto-max-bulk-len"));
        StringsAndCounters.overwrite(redis, "key", "short");
        assertRefused(
                () -> StringsAndCounters.patch(redis, "key", most, "x"), "ERR string exceeds maximum allowed size");
        assertThat(redis.get("key")).isEqualTo("short");
        assertThat(StringsAndCounters.patch(redis, "key", 7, "x")).isEqualTo(8);
        assertThat(redis.get("key")).isEqualTo("short\0\0x");
    }

    @ParameterizedTest
    @ValueSource(strings = {"", " ", "*", "\0", "{", "a\r\nSET victim x\r\n", "größe 😀", "' OR 1=1 --", "long"})
    void aHostileKeyIsAKeyLikeAnyOther(String hostile, RedisClient redis) {
        String key = hostile.equals("long") ? "x".repeat(100_000) : hostile;
        redis.set("victim", "untouched");
        assertThat(StringsAndCounters.create(redis, key, "0", LIFE)).isTrue();
        assertThat(StringsAndCounters.increment(redis, key)).isEqualTo(1);
        assertThat(redis.keys("*")).containsExactlyInAnyOrder("victim", key);
        assertThat(redis.get("victim")).isEqualTo("untouched");
    }

    @Test
    void nullsAndLivesWithoutLengthAreRefused(RedisClient redis) {
        assertThatThrownBy(() -> StringsAndCounters.increment(redis, null)).isInstanceOf(RuntimeException.class);
        assertThatThrownBy(() -> StringsAndCounters.overwrite(redis, "key", null))
                .isInstanceOf(RuntimeException.class);
        assertThatThrownBy(() -> StringsAndCounters.create(redis, "key", "value", Duration.ofNanos(1)))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("at least a millisecond");
        assertThat(redis.keys("*")).isEmpty();
    }

    private static void assertRefused(Runnable command, String beginning) {
        assertThatThrownBy(command::run).isInstanceOf(JedisDataException.class).hasMessageStartingWith(beginning);
    }

    /** What the threads return that begin in the same moment. */
    private static <T> List<T> inParallel(Callable<T> action) throws Exception {
        CyclicBarrier start = new CyclicBarrier(THREADS);
        ExecutorService threads = Executors.newFixedThreadPool(THREADS);
        try {
            Callable<T> together = () -> {
                start.await(30, TimeUnit.SECONDS);
                return action.call();
            };
            List<Future<T>> futures = new ArrayList<>();
            for (int i = 0; i < THREADS; i++) {
                futures.add(threads.submit(together));
            }
            List<T> results = new ArrayList<>();
            for (Future<T> future : futures) {
                results.add(future.get(30, TimeUnit.SECONDS));
            }
            return results;
        } finally {
            threads.shutdownNow();
        }
    }
}
