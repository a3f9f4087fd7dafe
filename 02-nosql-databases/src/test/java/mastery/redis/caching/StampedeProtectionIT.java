package mastery.redis.caching;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import java.time.Duration;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.Callable;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.CyclicBarrier;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.FutureTask;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Supplier;
import java.util.stream.Stream;
import mastery.redis.caching.StampedeProtection.LoadPending;
import mastery.redis.caching.StampedeProtection.Origin;
import mastery.redis.caching.StampedeProtection.Policy;
import mastery.redis.caching.StampedeProtection.Read;
import mastery.support.junit.OnRedis;
import mastery.support.redis.RedisDatabase;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import redis.clients.jedis.CommandObject;
import redis.clients.jedis.Protocol;
import redis.clients.jedis.RedisClient;
import redis.clients.jedis.executors.CommandExecutor;
import redis.clients.jedis.executors.DefaultCommandExecutor;
import redis.clients.jedis.params.SetParams;
import redis.clients.jedis.providers.PooledConnectionProvider;

@OnRedis
class StampedeProtectionIT {

    private static final int READERS = 50;
    private static final Duration LIMIT = Duration.ofSeconds(30);
    private static final Policy POLICY =
            new Policy(Duration.ofHours(1), Duration.ofHours(2), Duration.ofMinutes(5), Duration.ofSeconds(60));

    private final AtomicInteger loads = new AtomicInteger();
    private final CountDownLatch gate = new CountDownLatch(1);

    @AfterEach
    void noReaderStaysBehind() {
        gate.countDown();
    }

    @Test
    void withoutProtectionEveryReaderLoads(RedisClient redis) {
        // Nobody's load ends before all have begun theirs: what happens when loading takes longer than a burst of
        // requests.
        Supplier<String> loader = whenOpened(() -> "value " + loads.get());
        Readers readers = new Readers(() -> StampedeProtection.readUnprotected(redis, "key", POLICY, loader));
        await().atMost(LIMIT).until(() -> loads.get() == READERS);
        gate.countDown();
        assertThat(readers.results()).extracting(Read::origin).containsOnly(Origin.LOADED);
    }

    @Test
    void oneReaderLoadsAndTheOthersGetTheStaleValueMeanwhile(RedisClient redis) {
        StampedeProtection.read(redis, "key", POLICY, () -> "old");
        becomesStale(redis);
        Supplier<String> loader = whenOpened(() -> "new");
        Readers readers = new Readers(() -> StampedeProtection.read(redis, "key", POLICY, loader));
        // All but one are back while the load still runs.
        await().atMost(LIMIT).until(() -> readers.done() == READERS - 1);
        gate.countDown();
        assertThat(loads).hasValue(1);
        assertThat(readers.results())
                .containsOnlyOnce(new Read("new", Origin.LOADED))
                .filteredOn(new Read("old", Origin.STALE)::equals)
                .hasSize(READERS - 1);
        assertThat(StampedeProtection.read(redis, "key", POLICY, loader)).isEqualTo(new Read("new", Origin.FRESH));
    }

    @Test
    void oneReaderLoadsAndTheOthersWaitWhenThereIsNoValue(RedisClient redis) {
        Supplier<String> loader = whenOpened(() -> "value");
        Readers readers = new Readers(() -> StampedeProtection.read(redis, "key", POLICY, loader));
        readers.awaitAllWaiting();
        assertThat(redis.exists("key")).isFalse();
        gate.countDown();
        assertThat(readers.results())
                .containsOnlyOnce(new Read("value", Origin.LOADED))
                .filteredOn(new Read("value", Origin.FRESH)::equals)
                .hasSize(READERS - 1);
        assertThat(loads).hasValue(1);
    }

    @Test
    void whoWaitsForALoadThatDoesNotEndGivesUp(RedisClient redis) {
        Policy impatient = new Policy(POLICY.fresh(), POLICY.stale(), POLICY.lease(), Duration.ofMillis(50));
        Supplier<String> loader = whenOpened(() -> "value");
        Readers readers = new Readers(() -> StampedeProtection.read(redis, "key", impatient, loader));
        await().atMost(LIMIT).until(() -> readers.done() == READERS - 1);
        gate.countDown();
        assertThat(readers.failures()).hasSize(READERS - 1).hasOnlyElementsOfType(LoadPending.class);
        assertThat(readers.results()).containsExactly(new Read("value", Origin.LOADED));
        assertThat(loads).hasValue(1);
    }

    @Test
    void whoIsInterruptedWhileWaitingGivesUp(RedisClient redis) {
        redis.set("key:lock", "a slow owner", SetParams.setParams().nx().px(600_000));
        Readers reader = new Readers(1, () -> StampedeProtection.read(redis, "key", POLICY, () -> "never asked"));
        reader.awaitAllWaiting();
        reader.interrupt();
        assertThat(reader.failures()).hasSize(1).hasOnlyElementsOfType(LoadPending.class);
    }

    @Test
    void aLoadThatFailsFailsItsReaderOnlyAndAnotherReaderLoads(RedisClient redis) {
        Supplier<String> loader = whenOpened(() -> {
            if (loads.get() == 1) {
                throw new IllegalStateException("the source is down");
            }
            return "value";
        });
        Readers readers = new Readers(() -> StampedeProtection.read(redis, "key", POLICY, loader));
        readers.awaitAllWaiting();
        gate.countDown();
        assertThat(readers.failures()).hasSize(1).hasOnlyElementsOfType(IllegalStateException.class);
        assertThat(readers.results()).hasSize(READERS - 1).containsOnlyOnce(new Read("value", Origin.LOADED));
        assertThat(loads).hasValue(2);
        assertThat(redis.exists("key:lock")).isFalse();
    }

    @Test
    void theLockEndsByItselfAndTheValueOutlivesItsFreshness(RedisClient redis) {
        StampedeProtection.read(redis, "key", POLICY, () -> {
            assertThat(redis.pttl("key:lock")).isBetween(1L, POLICY.lease().toMillis());
            return "value";
        });
        assertThat(redis.exists("key:lock")).isFalse();
        long life = POLICY.fresh().plus(POLICY.stale()).toMillis();
        assertThat(redis.pttl("key")).isBetween(POLICY.stale().toMillis() + 1, life);
        long deadline = redis.pexpireTime("key");
        StampedeProtection.read(redis, "key", POLICY, () -> "never asked");
        assertThat(redis.pexpireTime("key"))
                .as("a read does not lengthen the life")
                .isEqualTo(deadline);
    }

    @Test
    void aReaderLoadsWhenTheOwnerOfTheLockDied(RedisClient redis) {
        redis.set("key:lock", "the owner that died", SetParams.setParams().nx().px(200));
        Read read = StampedeProtection.read(redis, "key", POLICY, () -> "value");
        assertThat(read).isEqualTo(new Read("value", Origin.LOADED));
    }

    @Test
    void aLoaderThatOversleptItsLeaseNeitherStoresNorReleasesTheLockOfTheNext(RedisClient redis) {
        Read late = StampedeProtection.read(redis, "key", POLICY, () -> {
            // Its lease ends, the next owner loads, stores, and loads once more.
            redis.set("key:lock", "the next owner", SetParams.setParams().px(60_000));
            redis.set("key", "newer");
            return "older";
        });
        assertThat(late).isEqualTo(new Read("older", Origin.LOADED));
        assertThat(redis.get("key")).isEqualTo("newer");
        assertThat(redis.get("key:lock")).isEqualTo("the next owner");
    }

    @Test
    void aValueThatComesBetweenTheLookAndTheLockIsNotLoadedAgain(RedisClient redis, RedisDatabase database) {
        Runnable anotherReader = () -> StampedeProtection.read(redis, "key", POLICY, () -> "theirs");
        try (RedisClient late = beforeItsFirstSet(anotherReader, database)) {
            assertThat(StampedeProtection.read(late, "key", POLICY, () -> "ours"))
                    .isEqualTo(new Read("theirs", Origin.FRESH));
        }
        assertThat(redis.exists("key:lock")).isFalse();
    }

    @Test
    void aLoaderThatReturnsNullLeavesNoLock(RedisClient redis) {
        assertThatThrownBy(() -> StampedeProtection.read(redis, "key", POLICY, () -> null))
                .isInstanceOf(NullPointerException.class);
        assertThat(redis.keys("*")).isEmpty();
    }

    /** Leaves it exactly the time that it lives past its freshness. */
    private static void becomesStale(RedisClient redis) {
        redis.pexpire("key", POLICY.stale().toMillis());
    }

    /** A client that lets something happen before the first SET it sends. */
    private static RedisClient beforeItsFirstSet(Runnable action, RedisDatabase database) {
        AtomicBoolean happened = new AtomicBoolean();
        PooledConnectionProvider connections =
                new PooledConnectionProvider(database.hostAndPort(), database.clientConfig());
        CommandExecutor executor = new DefaultCommandExecutor(connections);
        return RedisClient.builder()
                .hostAndPort(database.hostAndPort())
                .clientConfig(database.clientConfig())
                .connectionProvider(connections)
                .commandExecutor(new CommandExecutor() {
                    @Override
                    public <T> T executeCommand(CommandObject<T> command) {
                        boolean isSet = command.getArguments().getCommand() == Protocol.Command.SET;
                        if (isSet && happened.compareAndSet(false, true)) {
                            action.run();
                        }
                        return executor.executeCommand(command);
                    }

                    @Override
                    public void close() {
                        connections.close();
                    }
                })
                .build();
    }

    /** Counts the load and lets it go on when the gate opens. */
    private Supplier<String> whenOpened(Supplier<String> source) {
        return () -> {
            loads.incrementAndGet();
            try {
                assertThat(gate.await(LIMIT.toSeconds(), TimeUnit.SECONDS))
                        .as("the gate opened")
                        .isTrue();
            } catch (InterruptedException e) {
                throw new IllegalStateException(e);
            }
            return source.get();
        };
    }

    /** Threads that begin to read in the same moment. */
    private static final class Readers {

        private final List<FutureTask<Read>> tasks;
        private final List<Thread> threads;

        Readers(Callable<Read> reading) {
            this(READERS, reading);
        }

        Readers(int count, Callable<Read> reading) {
            CyclicBarrier barrier = new CyclicBarrier(count);
            tasks = Stream.generate(() -> new FutureTask<>(() -> {
                        barrier.await();
                        return reading.call();
                    }))
                    .limit(count)
                    .toList();
            threads = tasks.stream().map(Thread::new).toList();
            threads.forEach(Thread::start);
        }

        void interrupt() {
            threads.forEach(Thread::interrupt);
        }

        long done() {
            return tasks.stream().filter(FutureTask::isDone).count();
        }

        /** Returns when each was seen in a timed wait: one in the load, or in a pause after it was refused the lock. */
        void awaitAllWaiting() {
            Set<Thread> waited = new HashSet<>();
            await().atMost(LIMIT).pollInterval(Duration.ofMillis(1)).until(() -> {
                threads.stream()
                        .filter(thread -> thread.getState() == Thread.State.TIMED_WAITING)
                        .forEach(waited::add);
                return waited.size() == threads.size();
            });
        }

        List<Read> results() {
            return outcomes()
                    .filter(Read.class::isInstance)
                    .map(Read.class::cast)
                    .toList();
        }

        List<Throwable> failures() {
            return outcomes()
                    .filter(Throwable.class::isInstance)
                    .map(Throwable.class::cast)
                    .toList();
        }

        private Stream<Object> outcomes() {
            return tasks.stream().map(task -> {
                try {
                    return task.get(LIMIT.toSeconds(), TimeUnit.SECONDS);
                } catch (ExecutionException e) {
                    return e.getCause();
                } catch (InterruptedException | TimeoutException e) {
                    throw new AssertionError("a reader does not come back", e);
                }
            });
        }
    }
}
