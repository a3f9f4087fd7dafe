package mastery.redis.structures;

import static mastery.redis.structures.WatchMultiExec.change;
import static mastery.redis.structures.WatchMultiExec.changeUnwatched;
import static mastery.redis.structures.WatchMultiExec.order;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicInteger;
import mastery.redis.structures.WatchMultiExec.Answers;
import mastery.redis.structures.WatchMultiExec.Changed;
import mastery.support.junit.OnRedis;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import redis.clients.jedis.AbstractTransaction;
import redis.clients.jedis.BuilderFactory;
import redis.clients.jedis.CommandArguments;
import redis.clients.jedis.CommandObject;
import redis.clients.jedis.Protocol.Command;
import redis.clients.jedis.RedisClient;
import redis.clients.jedis.exceptions.JedisDataException;
import redis.clients.jedis.params.SetParams;

@OnRedis
@Timeout(30) // a connection that is not given back lets the next one wait for ever
class WatchMultiExecIT {

    @Test
    void aTouchedKeyMakesExecDoNothingAndTheNextAttemptReadsAnew(RedisClient redis) {
        redis.set("stock", "10");
        List<Long> read = new ArrayList<>();
        Changed changed = change(
                redis,
                "stock",
                stock -> {
                    read.add(stock);
                    if (read.size() == 1) {
                        redis.decrBy("stock", 5);
                    }
                    return stock - 1;
                },
                3);
        assertThat(changed).isEqualTo(new Changed(4, 2));
        assertThat(read).containsExactly(10L, 5L);
        assertThat(redis.get("stock")).isEqualTo("4");
    }

    @Test
    void withoutWatchTheChangeOfTheOtherIsOverwritten(RedisClient redis) {
        redis.set("stock", "10");
        changeUnwatched(redis, "stock", stock -> {
            redis.decrBy("stock", 5);
            return stock - 1;
        });
        assertThat(redis.get("stock")).as("6 were bought").isEqualTo("9");
    }

    @Test
    void anUntouchedKeyIsChangedAtOnce(RedisClient redis) {
        assertThat(change(redis, "stock", stock -> stock + 3, 1)).isEqualTo(new Changed(3, 1));
        redis.set("another", "x");
        assertThat(change(
                        redis,
                        "stock",
                        stock -> {
                            redis.set("another", "y");
                            return stock + 1;
                        },
                        1))
                .as("only the watched key counts")
                .isEqualTo(new Changed(4, 1));
    }

    @Test
    void writingTheSameValueDeletingAndExpiringAreTouchingToo(RedisClient redis) {
        List<Runnable> touches = List.of(
                () -> redis.set("stock", "10"), () -> redis.del("stock"), () -> redis.pexpire("stock", 60_000), () -> {
                    redis.pexpire("stock", 1);
                    await().atMost(Duration.ofSeconds(30)).until(() -> !redis.exists("stock"));
                });
        for (Runnable touch : touches) {
            redis.set("stock", "10");
            AtomicInteger attempts = new AtomicInteger();
            Changed changed = change(
                    redis,
                    "stock",
                    stock -> {
                        if (attempts.incrementAndGet() == 1) {
                            touch.run();
                        }
                        return stock;
                    },
                    2);
            assertThat(changed.attempts()).isEqualTo(2);
        }
    }

    @Test
    void whoIsAlwaysBeatenGivesUpAndLeavesNothing(RedisClient redis) {
        AtomicInteger attempts = new AtomicInteger();
        assertThatThrownBy(() -> change(
                        redis,
                        "stock",
                        stock -> {
                            attempts.incrementAndGet();
                            return redis.incr("stock") + 1_000;
                        },
                        5))
                .isInstanceOf(IllegalStateException.class)
                .hasMessageContaining("5 times");
        assertThat(attempts).hasValue(5);
        assertThat(redis.get("stock")).isEqualTo("5");
    }

    @Test
    void manyAtOnceLoseNothing(RedisClient redis) throws Exception {
        int changes = 200;
        ExecutorService threads = Executors.newFixedThreadPool(4);
        int attempts = 0;
        try {
            List<Callable<Changed>> all = new ArrayList<>();
            for (int i = 0; i < changes; i++) {
                all.add(() -> change(redis, "stock", stock -> stock + 1, 10_000));
            }
            for (Future<Changed> changed : threads.invokeAll(all)) {
                attempts += changed.get().attempts();
            }
        } finally {
            threads.shutdownNow();
        }
        assertThat(redis.get("stock")).isEqualTo(Integer.toString(changes));
        assertThat(attempts).isGreaterThanOrEqualTo(changes);
    }

    @Test
    void aCommandThatFailsInsideLeavesTheOthersDone(RedisClient redis) {
        redis.rpush("counter", "not a number");
        Answers answers = order(redis, "orders", "counter", "order 1");
        assertThat(answers.failed()).isTrue();
        assertThat(answers.answers().get(0)).isEqualTo(1L);
        assertThat((Throwable) answers.answers().get(1))
                .isInstanceOf(JedisDataException.class)
                .hasMessageStartingWith("WRONGTYPE");
        assertThat(redis.lrange("orders", 0, -1)).containsExactly("order 1");

        redis.set("text", "value");
        assertThat(order(redis, "text", "count", "order 2").failed()).isTrue();
        assertThat(redis.get("count"))
                .as("what stands behind the failure is done too")
                .isEqualTo("1");
    }

    @Test
    void whenAllIsWellAllIsDone(RedisClient redis) {
        Answers answers = order(redis, "orders", "counter", "order 1");
        assertThat(answers).isEqualTo(new Answers(List.of(1L, 1L)));
        assertThat(answers.failed()).isFalse();
        assertThat(redis.get("counter")).isEqualTo("1");
    }

    @Test
    void aCommandThatIsRefusedWhileItIsQueuedAbortsAll(RedisClient redis) {
        try (AbstractTransaction transaction = redis.multi()) {
            transaction.set("key", "value");
            // SET without a value
            transaction.executeCommand(
                    new CommandObject<>(new CommandArguments(Command.SET).key("key"), BuilderFactory.STRING));
            assertThatThrownBy(transaction::exec)
                    .isInstanceOf(JedisDataException.class)
                    .hasMessageStartingWith("EXECABORT");
        }
        assertThat(redis.exists("key")).isFalse();
    }

    @Test
    void aChangeThatThrowsLeavesTheConnectionUnwatched(RedisClient redis) {
        redis.set("stock", "10");
        assertThatThrownBy(() -> change(
                        redis,
                        "stock",
                        stock -> {
                            throw new IllegalStateException("sold out");
                        },
                        3))
                .hasMessage("sold out");
        redis.set("stock", "11");
        assertThat(redis.getPool().getNumActive()).isZero();
        assertThat(change(redis, "stock", stock -> stock, 1))
                .as("the same connection, in a new transaction")
                .isEqualTo(new Changed(11, 1));
    }

    @Test
    void badInputIsRefusedAndHostileTextIsOnlyText(RedisClient redis) {
        redis.rpush("list", "x");
        assertThatThrownBy(() -> change(redis, "list", value -> value, 1)).hasMessageStartingWith("WRONGTYPE");
        redis.set("text", "many", SetParams.setParams());
        assertThatThrownBy(() -> change(redis, "text", value -> value, 1)).isInstanceOf(NumberFormatException.class);
        assertThatThrownBy(() -> order(redis, "orders", "counter", null)).isInstanceOf(NullPointerException.class);
        assertThatThrownBy(() -> change(redis, "stock", value -> value, 0))
                .isInstanceOf(IllegalArgumentException.class);
        assertThat(redis.exists("orders", "counter", "stock")).isZero();

        String hostile = "x\r\nDISCARD\r\nFLUSHDB\r\n";
        assertThat(order(redis, hostile, "counter", hostile).failed()).isFalse();
        assertThat(redis.lrange(hostile, 0, -1)).containsExactly(hostile);
    }
}
