package mastery.redis.caching;

import static mastery.redis.caching.Clients.unchecked;
import static mastery.redis.caching.StampedeProtection.bestsellers;
import static mastery.redis.caching.StampedeProtection.lock;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.Callable;
import java.util.concurrent.CyclicBarrier;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.FutureTask;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.stream.Stream;
import javax.sql.DataSource;
import mastery.redis.caching.StampedeProtection.LoadPending;
import mastery.redis.caching.StampedeProtection.Loader;
import mastery.redis.caching.StampedeProtection.Origin;
import mastery.redis.caching.StampedeProtection.Policy;
import mastery.redis.caching.StampedeProtection.Read;
import mastery.support.interleave.OtherJvm;
import mastery.support.junit.OnPostgreSql;
import mastery.support.junit.OnRedis;
import mastery.support.junit.OnRedis.Topology;
import mastery.support.junit.Prepare;
import mastery.support.postgresql.PostgreSqlDatabase;
import mastery.support.redis.RedisEndpoint;
import mastery.support.redis.RedisReplication;
import mastery.support.server.Node;
import mastery.support.work.RedisWork;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import redis.clients.jedis.Protocol.Command;
import redis.clients.jedis.RedisClient;
import redis.clients.jedis.exceptions.JedisConnectionException;
import redis.clients.jedis.exceptions.JedisDataException;
import redis.clients.jedis.params.SetParams;

@OnRedis(topology = Topology.REPLICATION, replicas = 0)
@OnPostgreSql
class StampedeProtectionIT {

    private static final int READERS = 20;
    private static final Duration LIMIT = Duration.ofSeconds(30);
    private static final Policy POLICY =
            new Policy(Duration.ofHours(1), Duration.ofHours(2), Duration.ofMinutes(5), Duration.ofSeconds(60));
    private static final String OLD = "Lamp, Chair";
    private static final String NEW = "Desk, Lamp, Chair";

    private RedisClient redis;
    private DataSource store;
    private Node server;
    private StampedeProtection cache;
    private Loader<SQLException> loader;

    @Prepare
    static void prepare(Connection connection) throws SQLException {
        StampedeProtection.createSchema(connection);
        try (Statement insert = connection.createStatement()) {
            insert.execute("insert into sale values ('Chair', 1), ('Lamp', 2), ('Lamp', 1)");
        }
    }

    @BeforeEach
    void open(RedisClient client, RedisReplication replication, DataSource database) {
        redis = client;
        server = replication.primary();
        store = database;
        cache = new StampedeProtection(client, POLICY);
        loader = () -> bestsellers(database);
    }

    @Test
    void withoutProtectionEveryReaderLoads() throws SQLException {
        Readers readers;
        // Nobody's load ends before all have begun theirs: what happens when loading takes longer than a burst of
        // requests.
        try (Connection blocker = Sql.locked(store, "sale")) {
            readers = new Readers(() -> cache.readUnprotected("best", loader));
            await().atMost(LIMIT).until(() -> Sql.waiting(store) == READERS);
            blocker.rollback();
        }
        assertThat(readers.results()).hasSize(READERS).containsOnly(new Read(OLD, Origin.LOADED));
        assertThat(scans()).isEqualTo(READERS);
    }

    @Test
    void oneReaderLoadsAndTheOthersGetTheStaleValueMeanwhile() throws SQLException {
        aStaleValue();
        Readers readers;
        try (Connection blocker = Sql.locked(store, "sale")) {
            readers = new Readers(() -> cache.read("best", loader));
            // All but one are back while the load still runs.
            await().atMost(LIMIT).until(() -> readers.done() == READERS - 1);
            assertThat(Sql.waiting(store)).isEqualTo(1);
            blocker.rollback();
        }
        assertThat(readers.results())
                .containsOnlyOnce(new Read(NEW, Origin.LOADED))
                .filteredOn(new Read(OLD, Origin.STALE)::equals)
                .hasSize(READERS - 1);
        assertThat(cache.read("best", loader)).isEqualTo(new Read(NEW, Origin.FRESH));
        assertThat(scans()).as("one for the old value, one for the new").isEqualTo(2);
    }

    @Test
    void oneReaderLoadsAndTheOthersWaitWhenThereIsNoValue() throws SQLException {
        Readers readers;
        try (Connection blocker = Sql.locked(store, "sale")) {
            readers = new Readers(() -> cache.read("best", loader));
            readers.awaitAllButOnePausing();
            await().atMost(LIMIT).until(() -> Sql.waiting(store) == 1);
            assertThat(redis.exists("best")).isFalse();
            blocker.rollback();
        }
        assertThat(readers.results())
                .containsOnlyOnce(new Read(OLD, Origin.LOADED))
                .filteredOn(new Read(OLD, Origin.FRESH)::equals)
                .hasSize(READERS - 1);
        assertThat(scans()).isEqualTo(1);
    }

    @Test
    void whoWaitsForALoadThatDoesNotEndGivesUp() throws SQLException {
        Policy impatient = new Policy(POLICY.fresh(), POLICY.stale(), POLICY.lease(), Duration.ofMillis(50));
        Readers readers;
        try (Connection blocker = Sql.locked(store, "sale")) {
            readers = new Readers(() -> new StampedeProtection(redis, impatient).read("best", loader));
            await().atMost(LIMIT).until(() -> readers.done() == READERS - 1);
            blocker.rollback();
        }
        assertThat(readers.failures()).hasSize(READERS - 1).hasOnlyElementsOfType(LoadPending.class);
        assertThat(readers.results()).containsExactly(new Read(OLD, Origin.LOADED));
        assertThat(scans()).isEqualTo(1);
    }

    @Test
    void whoIsInterruptedWhileWaitingGivesUp() throws SQLException {
        redis.set(lock("best"), "a slow owner", SetParams.setParams().nx().px(600_000));
        Readers reader = new Readers(1, () -> cache.read("best", loader));
        reader.awaitPausing(1);
        reader.interrupt();
        assertThat(reader.failures()).hasSize(1).hasOnlyElementsOfType(LoadPending.class);
        assertThat(scans()).isZero();
    }

    @Test
    void aLoadWhoseConnectionIsTerminatedFailsItsReaderOnlyAndAnotherReaderLoads() throws SQLException {
        Readers readers;
        try (Connection blocker = Sql.locked(store, "sale")) {
            readers = new Readers(() -> cache.read("best", loader));
            readers.awaitAllButOnePausing();
            await().atMost(LIMIT).until(() -> Sql.waiting(store) == 1);
            Sql.terminateWaiting(store);
            await().atMost(LIMIT).until(() -> readers.done() == 1 && Sql.waiting(store) == 1);
            blocker.rollback();
        }
        assertThat(readers.failures()).singleElement().satisfies(state("57P01"));
        assertThat(readers.results()).hasSize(READERS - 1).containsOnlyOnce(new Read(OLD, Origin.LOADED));
        assertThat(scans()).isEqualTo(1);
        assertThat(redis.exists(lock("best"))).isFalse();
    }

    @Test
    void aStoreThatRefusesTheQuestionLeavesTheStaleValueAndNoLock() throws SQLException {
        aStaleValue();
        Sql.run(store, "alter table sale rename to sale_elsewhere");
        assertThatThrownBy(() -> cache.read("best", loader)).satisfies(state("42P01"));
        assertThat(redis.get("best")).isEqualTo(OLD);
        assertThat(redis.exists(lock("best"))).isFalse();
        Sql.run(store, "alter table sale_elsewhere rename to sale");
        assertThat(cache.read("best", loader)).isEqualTo(new Read(NEW, Origin.LOADED));
    }

    @Test
    void theLockEndsByItselfAndTheValueOutlivesItsFreshness() throws SQLException {
        cache.read("best", () -> {
            assertThat(redis.pttl(lock("best"))).isBetween(1L, POLICY.lease().toMillis());
            return loader.load();
        });
        assertThat(redis.exists(lock("best"))).isFalse();
        long life = POLICY.fresh().plus(POLICY.stale()).toMillis();
        assertThat(redis.pttl("best")).isBetween(POLICY.stale().toMillis() + 1, life);
        long deadline = redis.pexpireTime("best");
        cache.read("best", loader);
        assertThat(redis.pexpireTime("best"))
                .as("a read does not lengthen the life")
                .isEqualTo(deadline);
    }

    @Test
    void aFreshValueCostsOneRoundTripAStaleOneTwoAndALoadFour() throws Exception {
        RedisWork load = RedisWork.measure(redis, () -> cache.read("best", loader));
        assertThat(List.of(load.calls("eval"), load.calls("set")))
                .as("look, lock, look, and the end, whose script sets the value too")
                .containsExactly(3L, 2L);
        RedisWork fresh = RedisWork.measure(redis, () -> cache.read("best", loader));
        assertThat(List.of(fresh.calls("eval"), fresh.calls("set"))).containsExactly(1L, 0L);
        becomesStale();
        redis.set(lock("best"), "another");
        RedisWork stale = RedisWork.measure(redis, () -> cache.read("best", loader));
        assertThat(List.of(stale.calls("eval"), stale.calls("set"))).containsExactly(1L, 1L);
    }

    @Test
    void aLoaderThatOversleptItsLeaseNeitherStoresNorReleasesTheLockOfTheNext() throws SQLException {
        Read late = cache.read("best", () -> {
            String loaded = loader.load();
            // Its lease ends, the next owner loads, stores, and loads once more.
            redis.set(lock("best"), "the next owner", SetParams.setParams().px(60_000));
            redis.set("best", NEW);
            return loaded;
        });
        assertThat(late).isEqualTo(new Read(OLD, Origin.LOADED));
        assertThat(redis.get("best")).isEqualTo(NEW);
        assertThatThrownBy(() -> cache.read("another", () -> {
                    redis.set(
                            lock("another"),
                            "the next owner",
                            SetParams.setParams().px(60_000));
                    throw new SQLException("the store is down");
                }))
                .hasMessage("the store is down");
        assertThat(redis.mget(lock("best"), lock("another"))).containsOnly("the next owner");
    }

    @Test
    void aValueThatComesBetweenTheLookAndTheLockIsNotLoadedAgain() throws SQLException {
        Runnable anotherReader = unchecked(() -> cache.read("best", loader));
        try (RedisClient late = Clients.before(Command.SET, anotherReader, server)) {
            assertThat(new StampedeProtection(late, POLICY).read("best", loader))
                    .isEqualTo(new Read(OLD, Origin.FRESH));
        }
        assertThat(scans()).isEqualTo(1);
        assertThat(redis.exists(lock("best"))).isFalse();
    }

    @Test
    void ofTheReadersOfTwoProcessesOneLoads(PostgreSqlDatabase database) throws Exception {
        aStaleValue();
        List<String> got = new ArrayList<>();
        try (OtherJvm other = Peer.start(ReadersElsewhere.class, server, database)) {
            other.tell("3");
            assertThat(other.hear()).isEqualTo("ready");
            Readers here;
            try (Connection blocker = Sql.locked(store, "sale")) {
                other.tell("go");
                here = new Readers(3, () -> cache.read("best", loader));
                // All but one are back, and one more may still be on its way.
                got.add(other.hear());
                got.add(other.hear());
                await().atMost(LIMIT).until(() -> here.done() >= 2 && Sql.waiting(store) == 1);
                blocker.rollback();
            }
            here.results().forEach(read -> got.add(read.toString()));
            got.add(other.hear());
        }
        assertThat(got).hasSize(6).containsOnlyOnce(new Read(NEW, Origin.LOADED).toString());
        assertThat(scans()).as("one for the old value, one for the new").isEqualTo(2);
    }

    @Test
    void aProcessThatIsKilledWhileItLoadsHoldsUpTheOthersForTheRestOfItsLease(PostgreSqlDatabase database)
            throws Exception {
        Readers here;
        try (OtherJvm other = Peer.start(ReadersElsewhere.class, server, database);
                Connection blocker = Sql.locked(store, "sale")) {
            other.tell("1", "go");
            await().atMost(LIMIT).until(() -> Sql.waiting(store) == 1);
            here = new Readers(1, () -> cache.read("best", loader));
            here.awaitPausing(1);
            other.kill();
            assertThat(redis.pttl(lock("best"))).as("of a dead owner").isPositive();
            assertThat(here.done()).isZero();
            redis.pexpire(lock("best"), 1);
            // The dead one's statement, of which the server knows nothing else, and ours.
            await().atMost(LIMIT).until(() -> Sql.waiting(store) == 2);
            blocker.rollback();
        }
        assertThat(here.results()).containsExactly(new Read(OLD, Origin.LOADED));
        assertThat(redis.get("best")).isEqualTo(OLD);
        assertThat(redis.exists(lock("best"))).isFalse();
    }

    /** Reads in as many threads at once as it is told. */
    static final class ReadersElsewhere implements Peer.Part {
        @Override
        public void play(RedisEndpoint endpoint, DataSource store) {
            int count = Integer.parseInt(OtherJvm.order());
            try (RedisClient redis = Clients.of(endpoint)) {
                redis.ping();
                System.out.println("ready");
                OtherJvm.order();
                StampedeProtection cache = new StampedeProtection(redis, POLICY);
                new Readers(count, () -> {
                    Read read = cache.read("best", () -> bestsellers(store));
                    System.out.println(read);
                    return read;
                });
                // They are told nothing more.
                OtherJvm.order();
            }
        }
    }

    @Test
    void withRedisKilledReadsFailAndTheStoreIsNotAsked() throws SQLException {
        cache.read("best", loader);
        server.kill();
        try {
            assertThatThrownBy(() -> cache.read("best", loader)).isInstanceOf(JedisConnectionException.class);
        } finally {
            server.start();
        }
        assertThat(scans()).isEqualTo(1);
        assertThat(cache.read("best", loader)).as("the cache is empty").isEqualTo(new Read(OLD, Origin.LOADED));
    }

    @Test
    void withRedisKilledWhileItLoadsTheReaderGetsWhatItLoadedOrTheErrorOfTheStore() throws SQLException {
        try {
            assertThat(cache.read("best", () -> {
                        String loaded = loader.load();
                        server.kill();
                        return loaded;
                    }))
                    .isEqualTo(new Read(OLD, Origin.LOADED));
        } finally {
            server.start();
        }
        try {
            Sql.run(store, "drop table sale");
            assertThatThrownBy(() -> cache.read("best", () -> {
                        server.kill();
                        return loader.load();
                    }))
                    .satisfies(state("42P01"));
        } finally {
            server.start();
        }
    }

    @Test
    void withRedisPausedReadsFailAfterTheTimeoutAndALoadedValueIsCachedWhenRedisGoesOn() throws SQLException {
        try (RedisClient client = Clients.impatient(server, 300)) {
            StampedeProtection impatient = new StampedeProtection(client, POLICY);
            client.ping();
            server.pause();
            try {
                assertThatThrownBy(() -> impatient.read("best", loader)).isInstanceOf(JedisConnectionException.class);
                assertThat(scans()).isZero();
            } finally {
                server.resume();
            }
            try {
                assertThat(impatient.read("best", () -> {
                            server.pause();
                            return loader.load();
                        }))
                        .isEqualTo(new Read(OLD, Origin.LOADED));
            } finally {
                server.resume();
            }
            // It was sent before the reader gave up.
            await().atMost(LIMIT).until(() -> OLD.equals(redis.get("best")));
            assertThat(redis.exists(lock("best"))).isFalse();
        }
    }

    @Test
    void aFlushWhileOneLoadsLetsAnotherLoadAndTheFirstDoesNotStore() throws SQLException {
        Read first = cache.read("best", () -> {
            String loaded = loader.load();
            redis.flushAll();
            Sql.run(store, "insert into sale values ('Desk', 9)");
            assertThat(cache.read("best", loader)).isEqualTo(new Read(NEW, Origin.LOADED));
            return loaded;
        });
        assertThat(first).isEqualTo(new Read(OLD, Origin.LOADED));
        assertThat(cache.read("best", loader)).isEqualTo(new Read(NEW, Origin.FRESH));

        cache.read("another", () -> {
            redis.flushAll();
            return "value";
        });
        assertThat(redis.keys("*")).as("its lock was gone").isEmpty();
    }

    @Test
    void whatRedisRefusesToKeepItsReaderGetsAllTheSameAndTheLockEndsByItself() throws SQLException {
        redis.configSet("proto-max-bulk-len", "1048576");
        try {
            String large = "x".repeat(1_048_577);
            // Redis ends the connection of one who sends it too much.
            try (RedisClient client = Clients.of(RedisEndpoint.of(server))) {
                assertThat(new StampedeProtection(client, POLICY).read("large", () -> large))
                        .isEqualTo(new Read(large, Origin.LOADED));
            }
            assertThat(cache.read("best", () -> {
                        redis.configSet("maxmemory", "1");
                        return loader.load();
                    }))
                    .isEqualTo(new Read(OLD, Origin.LOADED));
            // The lock is refused too.
            assertThatThrownBy(() -> cache.read("another", loader)).hasMessageStartingWith("OOM");
        } finally {
            redis.configSet("proto-max-bulk-len", "536870912");
            redis.configSet("maxmemory", "0");
        }
        assertThat(redis.exists("large", "best", "another")).isZero();
        assertThat(List.of(redis.pttl(lock("large")), redis.pttl(lock("best"))))
                .allSatisfy(life -> assertThat(life).isPositive());
    }

    @Test
    void whatIsInTheWayOrCannotBeMeantIsRefused() throws SQLException {
        redis.lpush("list", "x");
        assertThatThrownBy(() -> cache.read("list", loader))
                .isInstanceOf(JedisDataException.class)
                .hasMessageContaining("WRONGTYPE");
        assertThat(scans()).isZero();
        for (String key : List.of("", "a b\r\nFLUSHALL", "{", "best:lock:lock", "\u00fc\u4e16\ud83d\ude00")) {
            assertThat(cache.read(key, () -> "of " + key)).isEqualTo(new Read("of " + key, Origin.LOADED));
            assertThat(cache.read(key, loader)).isEqualTo(new Read("of " + key, Origin.FRESH));
        }
        assertThatThrownBy(() -> cache.read("none", () -> null)).isInstanceOf(NullPointerException.class);
        assertThat(redis.exists("none", lock("none"))).isZero();
        assertThatThrownBy(() -> cache.read(null, loader)).isInstanceOf(NullPointerException.class);
        assertThatThrownBy(() -> new StampedeProtection(redis, null)).isInstanceOf(NullPointerException.class);
        assertThatThrownBy(() -> new StampedeProtection(null, POLICY)).isInstanceOf(NullPointerException.class);
        Duration some = Duration.ofSeconds(1);
        for (List<Duration> bad : List.of(
                List.of(Duration.ZERO, some, some, some),
                List.of(some, some.negated(), some, some),
                List.of(some, some, Duration.ZERO, some),
                List.of(some, some, some, some.negated()))) {
            assertThatThrownBy(() -> new Policy(bad.get(0), bad.get(1), bad.get(2), bad.get(3)))
                    .isInstanceOf(IllegalArgumentException.class);
        }
    }

    /** Caches what the store has, adds to the store, and leaves the value exactly the time that it lives past its freshness. */
    private void aStaleValue() throws SQLException {
        assertThat(cache.read("best", loader)).isEqualTo(new Read(OLD, Origin.LOADED));
        Sql.run(store, "insert into sale values ('Desk', 9)");
        becomesStale();
    }

    private void becomesStale() {
        redis.pexpire("best", POLICY.stale().toMillis());
    }

    /** How often the store read the sales, by its own statistics: each session reports when it ends. */
    private int scans() throws SQLException {
        await().atMost(LIMIT)
                .until(() -> Sql.one(
                                store,
                                "select count(*) from pg_stat_activity where datname = current_database() and"
                                        + " backend_type = 'client backend' and pid <> pg_backend_pid()")
                        .equals("0"));
        return Integer.parseInt(Sql.one(store, "select seq_scan from pg_stat_user_tables where relname = 'sale'"));
    }

    private static java.util.function.Consumer<Throwable> state(String sqlState) {
        return error -> assertThat(error)
                .isInstanceOfSatisfying(
                        SQLException.class, e -> assertThat(e.getSQLState()).isEqualTo(sqlState));
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

        /** Returns when one loads, and each of the others was seen in the pause of those who were refused the lock. */
        void awaitAllButOnePausing() {
            awaitPausing(threads.size() - 1);
        }

        void awaitPausing(int count) {
            Set<Thread> paused = new HashSet<>();
            await().atMost(LIMIT).pollInterval(Duration.ofMillis(1)).until(() -> {
                threads.stream()
                        .filter(thread -> thread.getState() == Thread.State.TIMED_WAITING)
                        .forEach(paused::add);
                return paused.size() >= count;
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
