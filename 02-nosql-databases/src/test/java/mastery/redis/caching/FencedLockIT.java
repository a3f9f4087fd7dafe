package mastery.redis.caching;

import static mastery.redis.caching.FencedLock.counter;
import static mastery.redis.caching.FencedLock.lock;
import static mastery.redis.caching.FencedLock.write;
import static mastery.redis.caching.FencedLock.writeUnchecked;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CyclicBarrier;
import java.util.concurrent.FutureTask;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import javax.sql.DataSource;
import mastery.redis.caching.FencedLock.Held;
import mastery.support.interleave.OtherJvm;
import mastery.support.junit.OnPostgreSql;
import mastery.support.junit.OnRedis;
import mastery.support.junit.OnRedis.Topology;
import mastery.support.junit.Prepare;
import mastery.support.postgresql.PostgreSqlDatabase;
import mastery.support.redis.RedisEndpoint;
import mastery.support.redis.RedisReplication;
import mastery.support.server.Node;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.DisabledOnOs;
import org.junit.jupiter.api.condition.OS;
import redis.clients.jedis.RedisClient;
import redis.clients.jedis.exceptions.JedisConnectionException;
import redis.clients.jedis.exceptions.JedisDataException;

@OnRedis(topology = Topology.REPLICATION, replicas = 0)
@OnPostgreSql
class FencedLockIT {

    private static final Duration LIMIT = Duration.ofSeconds(30);
    private static final Duration LEASE = Duration.ofMinutes(5);

    private RedisClient redis;
    private DataSource store;
    private Node server;
    private FencedLock locks;

    @Prepare
    static void prepare(Connection connection) throws SQLException {
        FencedLock.createSchema(connection);
        try (Statement insert = connection.createStatement()) {
            insert.execute("insert into document (id, body) values ('d1', 'empty')");
        }
    }

    @BeforeEach
    void open(RedisClient client, RedisReplication replication, DataSource database) {
        redis = client;
        server = replication.primary();
        store = database;
        locks = new FencedLock(client, LEASE);
    }

    @Test
    void ofManyAtOnceOneGetsTheLockAndItHasAnEnd() throws Exception {
        CyclicBarrier barrier = new CyclicBarrier(20);
        List<FutureTask<Optional<Held>>> callers = Stream.generate(() -> new FutureTask<>(() -> {
                    barrier.await();
                    return locks.tryAcquire("d1");
                }))
                .limit(20)
                .toList();
        callers.forEach(caller -> new Thread(caller).start());
        List<Held> owners = new ArrayList<>();
        for (FutureTask<Optional<Held>> caller : callers) {
            caller.get(LIMIT.toSeconds(), TimeUnit.SECONDS).ifPresent(owners::add);
        }
        assertThat(owners).hasSize(1);
        assertThat(owners.get(0).number()).isEqualTo(1);
        assertThat(redis.get(lock("d1"))).isEqualTo(owners.get(0).owner());
        assertThat(redis.pttl(lock("d1"))).isBetween(1L, LEASE.toMillis());
        assertThat(redis.pttl(counter("d1"))).as("the counter has no end").isEqualTo(-1);
    }

    @Test
    void eachOwnerHasAGreaterNumberAndARefusalCostsNone() {
        for (long number = 1; number <= 5; number++) {
            Held held = locks.tryAcquire("d1").orElseThrow();
            assertThat(locks.tryAcquire("d1")).isEmpty();
            assertThat(held.number()).isEqualTo(number);
            assertThat(locks.release(held)).isTrue();
        }
        assertThat(locks.tryAcquire("d2").orElseThrow().number())
                .as("another lock")
                .isEqualTo(1);
    }

    @Test
    void aLockEndsByItselfAndItsOwnerCannotReleaseThatOfTheNext() {
        Held stale =
                new FencedLock(redis, Duration.ofMillis(1)).tryAcquire("d1").orElseThrow();
        Held next = await().atMost(LIMIT)
                .until(() -> locks.tryAcquire("d1"), Optional::isPresent)
                .orElseThrow();
        assertThat(locks.release(stale)).isFalse();
        assertThat(redis.get(lock("d1"))).isEqualTo(next.owner());
        assertThat(locks.release(next)).isTrue();
        assertThat(locks.release(next)).as("only once").isFalse();
    }

    @Test
    void theResourceRejects33After34(Connection connection) throws SQLException {
        redis.set(counter("d1"), "32");
        Held stale = locks.tryAcquire("d1").orElseThrow();
        redis.del(lock("d1"));
        Held next = locks.tryAcquire("d1").orElseThrow();
        assertThat(List.of(stale.number(), next.number())).containsExactly(33L, 34L);

        assertThat(write(connection, stale, "in time")).as("nobody wrote since").isTrue();
        assertThat(write(connection, next, "first")).isTrue();
        assertThat(write(connection, stale, "too late")).isFalse();
        assertThat(write(connection, next, "second"))
                .as("its owner writes as often as it likes")
                .isTrue();
        assertThat(body()).isEqualTo("second");
        assertThat(FencedLock.greatest(connection, "d1")).isEqualTo(34);

        assertThat(writeUnchecked(connection, stale, "too late")).isTrue();
        assertThat(body()).as("without the number it overwrites").isEqualTo("too late");
    }

    @Test
    void theNumberIsCheckedEvenWhileTheOtherOwnersWriteIsNotCommitted(Connection ann, Connection bob) throws Exception {
        Held stale = locks.tryAcquire("d1").orElseThrow();
        redis.del(lock("d1"));
        Held next = locks.tryAcquire("d1").orElseThrow();
        bob.setAutoCommit(false);
        assertThat(write(bob, next, "Bob's")).isTrue();
        FutureTask<Boolean> late = new FutureTask<>(() -> write(ann, stale, "Ann's"));
        new Thread(late).start();
        await().atMost(LIMIT).until(() -> Sql.waiting(store) == 1);
        bob.commit();
        assertThat(late.get(LIMIT.toSeconds(), TimeUnit.SECONDS)).isFalse();
        assertThat(body()).isEqualTo("Bob's");
    }

    @Test
    void aFlushLetsTwoHaveTheLockAndTheResourceStillTakesNoLowerNumber(Connection connection) throws SQLException {
        redis.set(counter("d1"), "33");
        Held before = locks.tryAcquire("d1").orElseThrow();
        write(connection, before, "before");
        redis.flushAll();
        Held after = locks.tryAcquire("d1").orElseThrow();
        assertThat(after.number()).as("counts from the start").isEqualTo(1);
        assertThat(write(connection, after, "after")).as("safe, but stuck").isFalse();
        locks.release(after);

        assertThat(locks.raiseTo("d1", FencedLock.greatest(connection, "d1"))).isTrue();
        assertThat(locks.raiseTo("d1", 5)).as("never down").isFalse();
        Held raised = locks.tryAcquire("d1").orElseThrow();
        assertThat(raised.number()).isEqualTo(35);
        assertThat(write(connection, raised, "raised")).isTrue();
        assertThat(write(connection, before, "before")).isFalse();
    }

    @Test
    void ofTwoOwnersWithOneNumberAfterALossOnlyTheFirstToWriteIsAccepted(Connection connection) throws SQLException {
        redis.set(counter("d1"), "34");
        Held lost = locks.tryAcquire("d1").orElseThrow();
        redis.flushAll();
        locks.raiseTo("d1", 34);
        Held next = locks.tryAcquire("d1").orElseThrow();
        assertThat(next.number()).isEqualTo(lost.number());
        assertThat(write(connection, next, "next")).isTrue();
        assertThat(write(connection, lost, "lost")).isFalse();
        assertThat(write(connection, next, "next again")).isTrue();
    }

    @Test
    void withRedisKilledNobodyGetsTheLockAndTheResourceIsStillGuarded(Connection connection) throws SQLException {
        Held stale = locks.tryAcquire("d1").orElseThrow();
        redis.del(lock("d1"));
        Held next = locks.tryAcquire("d1").orElseThrow();
        server.kill();
        try {
            assertThatThrownBy(() -> locks.tryAcquire("d1")).isInstanceOf(JedisConnectionException.class);
            assertThatThrownBy(() -> locks.release(next)).isInstanceOf(JedisConnectionException.class);
            assertThat(write(connection, next, "next")).isTrue();
            assertThat(write(connection, stale, "stale")).isFalse();
        } finally {
            server.start();
        }
    }

    @Test
    void withRedisPausedTheCallerGivesUpAndTheLockItMayHaveGotEndsByItself() {
        try (RedisClient client = Clients.impatient(server, 300)) {
            FencedLock impatient = new FencedLock(client, LEASE);
            impatient.release(impatient.tryAcquire("d1").orElseThrow());
            server.pause();
            try {
                assertThatThrownBy(() -> impatient.tryAcquire("d1")).isInstanceOf(JedisConnectionException.class);
            } finally {
                server.resume();
            }
        }
        // The command was sent: it takes the lock for one who has gone.
        await().atMost(LIMIT).until(() -> redis.exists(lock("d1")));
        assertThat(locks.tryAcquire("d1")).isEmpty();
        assertThat(redis.pttl(lock("d1"))).isBetween(1L, LEASE.toMillis());
        redis.pexpire(lock("d1"), 1);
        assertThat(await().atMost(LIMIT)
                        .until(() -> locks.tryAcquire("d1"), Optional::isPresent)
                        .orElseThrow()
                        .number())
                .isEqualTo(3);
    }

    @Test
    void twoProcessesThatCountInOneRowLoseNoCount(PostgreSqlDatabase database) throws Exception {
        int each = 25;
        Sql.run(store, "update document set body = '0'");
        List<OtherJvm> counters = new ArrayList<>();
        try {
            for (int i = 0; i < 2; i++) {
                counters.add(Peer.start(Counting.class, server, database));
                assertThat(counters.get(i).hear()).isEqualTo("ready");
            }
            counters.forEach(counter -> counter.tell(Integer.toString(each)));
            for (OtherJvm counter : counters) {
                assertThat(counter.hear()).as("refused writes").isEqualTo("0");
            }
        } finally {
            counters.forEach(OtherJvm::close);
        }
        assertThat(body()).isEqualTo(Integer.toString(2 * each));
        assertThat(redis.get(counter("d1"))).isEqualTo(Integer.toString(2 * each));
    }

    /** Adds to a number that it reads before, each time under the lock. */
    static final class Counting implements Peer.Part {
        @Override
        public void play(RedisEndpoint endpoint, DataSource store) throws Exception {
            try (RedisClient redis = Clients.of(endpoint);
                    Connection connection = store.getConnection()) {
                redis.ping();
                System.out.println("ready");
                int left = Integer.parseInt(OtherJvm.order());
                int refused = 0;
                FencedLock locks = new FencedLock(redis, LEASE);
                while (left > 0) {
                    Optional<Held> held = locks.tryAcquire("d1");
                    if (held.isPresent()) {
                        int counted = Integer.parseInt(Sql.one(store, "select body from document where id = 'd1'"));
                        refused += write(connection, held.get(), Integer.toString(counted + 1)) ? 0 : 1;
                        locks.release(held.get());
                        left--;
                    }
                }
                System.out.println(refused);
            }
        }
    }

    @Test
    void theLockOfAProcessThatIsKilledEndsByItselfAndTheNextOwnerGoesOn(
            PostgreSqlDatabase database, Connection connection) throws Exception {
        try (OtherJvm ann = Peer.start(Ann.class, server, database)) {
            assertThat(ann.hear()).isEqualTo("has number 1");
            ann.kill();
        }
        assertThat(locks.tryAcquire("d1")).as("nobody gave it back").isEmpty();
        assertThat(redis.pttl(lock("d1"))).isBetween(1L, LEASE.toMillis());
        redis.pexpire(lock("d1"), 1);
        Held bob = await().atMost(LIMIT)
                .until(() -> locks.tryAcquire("d1"), Optional::isPresent)
                .orElseThrow();
        assertThat(bob.number()).isEqualTo(2);
        assertThat(write(connection, bob, "Bob's")).isTrue();
        assertThat(body()).isEqualTo("Bob's");
    }

    @Test
    @DisabledOnOs(OS.WINDOWS)
    void theWriteOfAProcessThatWasPausedForLongerThanItsLeaseIsRefused(
            PostgreSqlDatabase database, Connection connection) throws Exception {
        try (OtherJvm ann = Peer.start(Ann.class, server, database)) {
            assertThat(ann.hear()).isEqualTo("has number 1");
            ann.pause();
            ann.tell("write");
            redis.pexpire(lock("d1"), 1);
            Held bob = await().atMost(LIMIT)
                    .until(() -> locks.tryAcquire("d1"), Optional::isPresent)
                    .orElseThrow();
            assertThat(write(connection, bob, "Bob's")).isTrue();
            ann.resume();
            assertThat(ann.hear()).isEqualTo("wrote false");
            assertThat(ann.hear()).isEqualTo("released false");
            assertThat(redis.get(lock("d1"))).isEqualTo(bob.owner());
        }
        assertThat(body()).isEqualTo("Bob's");
    }

    /** Takes the lock, and writes and releases when she is told. */
    static final class Ann implements Peer.Part {
        @Override
        public void play(RedisEndpoint endpoint, DataSource store) throws Exception {
            try (RedisClient redis = Clients.of(endpoint);
                    Connection connection = store.getConnection()) {
                FencedLock locks = new FencedLock(redis, LEASE);
                Held held = locks.tryAcquire("d1").orElseThrow();
                System.out.println("has number " + held.number());
                OtherJvm.order();
                System.out.println("wrote " + write(connection, held, "Ann's"));
                System.out.println("released " + locks.release(held));
            }
        }
    }

    @Test
    void aStoreThatFailsLeavesNumberAndLockAsTheyWereAndTheOwnerMayRepeat(Connection connection) throws Exception {
        Held held = locks.tryAcquire("d1").orElseThrow();
        FutureTask<Boolean> writer = Sql.terminated(store, "document", () -> {
            try (Connection doomed = store.getConnection()) {
                return write(doomed, held, "first");
            }
        });
        assertThatThrownBy(() -> writer.get(LIMIT.toSeconds(), TimeUnit.SECONDS))
                .cause()
                .isInstanceOfSatisfying(
                        SQLException.class, e -> assertThat(e.getSQLState()).isEqualTo("57P01"));
        assertThatThrownBy(() -> write(connection, held, null))
                .isInstanceOfSatisfying(
                        SQLException.class, e -> assertThat(e.getSQLState()).isEqualTo("23502"));
        assertThat(FencedLock.greatest(connection, "d1")).isZero();
        assertThat(redis.get(lock("d1"))).isEqualTo(held.owner());
        assertThat(write(connection, held, "second")).isTrue();
        assertThat(locks.release(held)).isTrue();
    }

    @Test
    void aKeyOfAnotherTypeIsAnErrorAndNobodyGetsTheLock() {
        redis.lpush(lock("d1"), "x");
        assertThat(locks.tryAcquire("d1")).as("it is there, whatever it is").isEmpty();
        redis.lpush(counter("d2"), "x");
        assertThatThrownBy(() -> locks.tryAcquire("d2"))
                .isInstanceOf(JedisDataException.class)
                .hasMessageContaining("WRONGTYPE");
        assertThat(redis.pttl(lock("d2"))).as("ends by itself").isPositive();
    }

    @Test
    void namesFromOutsideAreNamesAndWhatCannotBeMeantIsRefused(Connection connection) throws SQLException {
        for (String name : List.of("", "d1'; drop table document; --", "a\r\nFLUSHALL", "{x}", "d1}:counter")) {
            Held held = locks.tryAcquire(name).orElseThrow();
            assertThat(write(connection, held, "x"))
                    .as("there is no such document")
                    .isFalse();
            assertThat(locks.release(held)).isTrue();
        }
        assertThat(body()).isEqualTo("empty");
        assertThat(FencedLock.greatest(connection, "none")).isZero();
        assertThatThrownBy(() -> locks.tryAcquire(null)).isInstanceOf(NullPointerException.class);
        assertThatThrownBy(() -> locks.release(null)).isInstanceOf(NullPointerException.class);
        assertThatThrownBy(() -> new FencedLock(redis, Duration.ZERO)).isInstanceOf(IllegalArgumentException.class);
        assertThatThrownBy(() -> new FencedLock(redis, Duration.ofMillis(-1)))
                .isInstanceOf(IllegalArgumentException.class);
    }

    private String body() throws SQLException {
        return Sql.one(store, "select body from document where id = 'd1'");
    }
}
