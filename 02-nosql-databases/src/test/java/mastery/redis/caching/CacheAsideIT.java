package mastery.redis.caching;

import static mastery.redis.caching.CacheAside.key;
import static mastery.redis.caching.CacheAside.leaseOf;
import static mastery.redis.caching.Clients.unchecked;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.FutureTask;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.Stream;
import javax.sql.DataSource;
import mastery.redis.caching.CacheAside.Origin;
import mastery.redis.caching.CacheAside.Read;
import mastery.redis.caching.CacheAside.StoreProtected;
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
import redis.clients.jedis.Protocol.Command;
import redis.clients.jedis.RedisClient;

@OnRedis(topology = Topology.REPLICATION, replicas = 0)
@OnPostgreSql
class CacheAsideIT {

    private static final Duration LIMIT = Duration.ofSeconds(30);
    private static final Duration LIFE = Duration.ofMinutes(10);

    private final AtomicInteger connections = new AtomicInteger();
    private RedisClient redis;
    private DataSource store;
    private Node server;
    private CacheAside products;

    @Prepare
    static void prepare(Connection connection) throws SQLException {
        CacheAside.createSchema(connection);
        try (Statement insert = connection.createStatement()) {
            insert.execute("insert into product (id, name) values ('p1', 'Lamp')");
        }
    }

    @BeforeEach
    void open(RedisClient client, RedisReplication replication, DataSource database) {
        redis = client;
        server = replication.primary();
        store = database;
        products = cache(client);
    }

    @Test
    void tenReadsLoadOnceAndTheValueHasAnEnd() throws SQLException {
        assertThat(products.read("p1")).isEqualTo(new Read("Lamp", Origin.STORE));
        for (int i = 1; i < 10; i++) {
            assertThat(products.read("p1")).isEqualTo(new Read("Lamp", Origin.CACHE));
        }
        assertThat(connections).hasValue(1);
        assertThat(redis.pttl(key("p1"))).isBetween(1L, LIFE.toMillis());
        assertThat(redis.exists(leaseOf(key("p1")))).isFalse();
    }

    @Test
    void aWriteDeletesAndTheNextReadGetsTheNewName() throws SQLException {
        products.read("p1");
        assertThat(products.write("p1", "Desk lamp")).isTrue();
        assertThat(redis.exists(key("p1"))).isFalse();
        assertThat(products.read("p1")).isEqualTo(new Read("Desk lamp", Origin.STORE));
        assertThat(products.read("p1")).isEqualTo(new Read("Desk lamp", Origin.CACHE));
    }

    @Test
    void withoutALeaseASlowReaderFillsInWhatIsNoLongerTrue() throws SQLException {
        Runnable writer = unchecked(() -> products.write("p1", "Desk lamp"));
        try (RedisClient slow = Clients.before(Command.SET, writer, server)) {
            cache(slow).readWithoutLease("p1");
        }
        assertThat(products.read("p1")).isEqualTo(new Read("Lamp", Origin.CACHE));
        assertThat(inStore()).isEqualTo("Desk lamp");
        assertThat(redis.pttl(key("p1"))).as("only its end ends it").isBetween(1L, LIFE.toMillis());
    }

    @Test
    void withALeaseASlowReaderDoesNotFillAfterAWrite() throws SQLException {
        Runnable writer = unchecked(() -> products.write("p1", "Desk lamp"));
        try (RedisClient slow = Clients.before(Command.EVAL, writer, server)) {
            // It began before the write, so the old name is a right answer.
            assertThat(cache(slow).read("p1")).isEqualTo(new Read("Lamp", Origin.STORE));
        }
        assertThat(redis.exists(key("p1"))).isFalse();
        assertThat(products.read("p1")).isEqualTo(new Read("Desk lamp", Origin.STORE));
        assertThat(redis.get(key("p1"))).isEqualTo("Desk lamp");
    }

    @Test
    void aSlowReaderDoesNotOverwriteWhatAReaderAfterTheWriteFilledIn() throws SQLException {
        Runnable others = unchecked(() -> {
            products.write("p1", "Desk lamp");
            products.read("p1");
        });
        try (RedisClient slow = Clients.before(Command.EVAL, others, server)) {
            cache(slow).read("p1");
        }
        assertThat(products.read("p1")).isEqualTo(new Read("Desk lamp", Origin.CACHE));
    }

    @Test
    void writersThatSetLeaveTheOlderNameAndWritersThatDeleteLeaveNone() throws SQLException {
        Runnable later = unchecked(() -> products.writeAndSet("p1", "later"));
        try (RedisClient slow = Clients.before(Command.SET, later, server)) {
            cache(slow).writeAndSet("p1", "earlier");
        }
        assertThat(inStore()).isEqualTo("later");
        assertThat(products.read("p1")).isEqualTo(new Read("earlier", Origin.CACHE));

        Runnable latest = unchecked(() -> products.write("p1", "latest"));
        try (RedisClient slow = Clients.before(Command.DEL, latest, server)) {
            cache(slow).write("p1", "before the latest");
        }
        assertThat(products.read("p1")).isEqualTo(new Read("latest", Origin.STORE));
    }

    @Test
    void whoWritesPastTheCacheIsSeenWhenTheValueEnds() throws SQLException {
        products.read("p1");
        Sql.run(store, "update product set name = 'Desk lamp'");
        assertThat(products.read("p1")).isEqualTo(new Read("Lamp", Origin.CACHE));
        redis.pexpire(key("p1"), 1);
        await().atMost(LIMIT).until(() -> !redis.exists(key("p1")));
        assertThat(products.read("p1")).isEqualTo(new Read("Desk lamp", Origin.STORE));
    }

    @Test
    void aFlushInTheMiddleOfALoadCostsOneMoreLoad() throws SQLException {
        try (RedisClient slow = Clients.before(Command.EVAL, redis::flushAll, server)) {
            assertThat(cache(slow).read("p1")).isEqualTo(new Read("Lamp", Origin.STORE));
        }
        assertThat(redis.dbSize()).isZero();
        assertThat(products.read("p1")).isEqualTo(new Read("Lamp", Origin.STORE));
        assertThat(products.read("p1")).isEqualTo(new Read("Lamp", Origin.CACHE));
    }

    @Test
    void withRedisKilledTheStoreAnswersAndTheCacheComesBackEmpty() throws SQLException {
        products.read("p1");
        server.kill();
        try {
            assertThat(products.read("p1")).isEqualTo(new Read("Lamp", Origin.STORE_ALONE));
            assertThat(products.write("p1", "Desk lamp")).isFalse();
            assertThat(products.read("p1")).isEqualTo(new Read("Desk lamp", Origin.STORE_ALONE));
        } finally {
            server.start();
        }
        assertThat(products.read("p1")).isEqualTo(new Read("Desk lamp", Origin.STORE));
        assertThat(products.read("p1")).isEqualTo(new Read("Desk lamp", Origin.CACHE));
    }

    @Test
    void withRedisKilledBetweenLoadAndFillTheReaderStillGetsItsAnswer() throws SQLException {
        try (RedisClient slow = Clients.before(Command.EVAL, server::kill, server)) {
            assertThat(cache(slow).read("p1")).isEqualTo(new Read("Lamp", Origin.STORE_ALONE));
        } finally {
            server.start();
        }
    }

    @Test
    void withRedisPausedTheStoreAnswersAfterTheTimeoutAndADeleteThatWasSentStillHappens() throws SQLException {
        try (RedisClient client = Clients.impatient(server, 300)) {
            CacheAside impatient = cache(client);
            impatient.read("p1");
            server.pause();
            try {
                assertThat(impatient.write("p1", "Desk lamp")).isFalse();
                assertThat(impatient.read("p1")).isEqualTo(new Read("Desk lamp", Origin.STORE_ALONE));
            } finally {
                server.resume();
            }
            await().atMost(LIMIT).until(() -> !redis.exists(key("p1")));
            assertThat(impatient.read("p1")).isEqualTo(new Read("Desk lamp", Origin.STORE));
        }
    }

    @Test
    void withoutRedisOnlySoManyReadFromTheStoreAtOnce() throws Exception {
        CacheAside two = new CacheAside(redis, store, LIFE, 2);
        server.kill();
        try (Connection blocker = Sql.locked(store, "product")) {
            List<FutureTask<Read>> readers = Stream.generate(() -> new FutureTask<>(() -> two.read("p1")))
                    .limit(2)
                    .toList();
            readers.forEach(reader -> new Thread(reader).start());
            await().atMost(LIMIT).until(() -> Sql.waiting(store) == 2);
            assertThatThrownBy(() -> two.read("p1")).isInstanceOf(StoreProtected.class);
            blocker.rollback();
            for (FutureTask<Read> reader : readers) {
                assertThat(reader.get(LIMIT.toSeconds(), TimeUnit.SECONDS))
                        .isEqualTo(new Read("Lamp", Origin.STORE_ALONE));
            }
            assertThat(two.read("p1")).as("there is room again").isEqualTo(new Read("Lamp", Origin.STORE_ALONE));
        } finally {
            server.start();
        }
    }

    @Test
    void aReaderInAnotherProcessThatLoadedBeforeAWriteDoesNotFill(PostgreSqlDatabase database) throws Exception {
        try (OtherJvm other = Peer.start(SlowReader.class, server, database)) {
            assertThat(other.hear()).isEqualTo("loaded");
            assertThat(products.write("p1", "Desk lamp")).isTrue();
            other.tell("go on");
            assertThat(other.hear()).isEqualTo(new Read("Lamp", Origin.STORE).toString());
        }
        assertThat(redis.exists(key("p1"))).isFalse();
        assertThat(products.read("p1")).isEqualTo(new Read("Desk lamp", Origin.STORE));
    }

    @Test
    void aReaderThatIsKilledBeforeItFillsHoldsUpNobodyAndItsLeaseHasAnEnd(PostgreSqlDatabase database)
            throws Exception {
        try (OtherJvm other = Peer.start(SlowReader.class, server, database)) {
            assertThat(other.hear()).isEqualTo("loaded");
            other.kill();
        }
        assertThat(redis.pttl(leaseOf(key("p1")))).isPositive();
        assertThat(products.read("p1")).isEqualTo(new Read("Lamp", Origin.STORE));
        assertThat(products.read("p1")).isEqualTo(new Read("Lamp", Origin.CACHE));
    }

    @Test
    void aWriterThatIsKilledBeforeItDeletesLeavesTheOldNameForTheRestOfItsLife(PostgreSqlDatabase database)
            throws Exception {
        products.read("p1");
        try (OtherJvm other = Peer.start(SlowWriter.class, server, database)) {
            assertThat(other.hear()).isEqualTo("saved");
            other.kill();
        }
        assertThat(inStore()).isEqualTo("Desk lamp");
        assertThat(products.read("p1")).isEqualTo(new Read("Lamp", Origin.CACHE));
        assertThat(redis.pttl(key("p1"))).isBetween(1L, LIFE.toMillis());
    }

    /** Stands still between the load and the fill. */
    static final class SlowReader implements Peer.Part {
        @Override
        public void play(RedisEndpoint endpoint, DataSource store) throws Exception {
            try (RedisClient slow = Clients.before(Command.EVAL, Peer.standsAt("loaded"), endpoint)) {
                System.out.println(new CacheAside(slow, store, LIFE, 8).read("p1"));
            }
        }
    }

    /** Stands still between the store and the cache. */
    static final class SlowWriter implements Peer.Part {
        @Override
        public void play(RedisEndpoint endpoint, DataSource store) throws Exception {
            try (RedisClient slow = Clients.before(Command.DEL, Peer.standsAt("saved"), endpoint)) {
                new CacheAside(slow, store, LIFE, 8).write("p1", "Desk lamp");
            }
        }
    }

    @Test
    void aStoreThatRefusesAWriteLeavesTheCacheAsItWas() throws SQLException {
        products.read("p1");
        assertThatThrownBy(() -> products.write("p1", ""))
                .isInstanceOfSatisfying(
                        SQLException.class, e -> assertThat(e.getSQLState()).isEqualTo("23514"));
        assertThat(products.read("p1")).isEqualTo(new Read("Lamp", Origin.CACHE));
        assertThat(inStore()).isEqualTo("Lamp");
    }

    @Test
    void aConnectionThatIsTerminatedWhileItLoadsFailsItsReaderAndCachesNothing() throws Exception {
        FutureTask<Read> reader = Sql.terminated(store, "product", () -> products.read("p1"));
        assertThatThrownBy(() -> reader.get(LIMIT.toSeconds(), TimeUnit.SECONDS))
                .isInstanceOf(ExecutionException.class)
                .cause()
                .isInstanceOfSatisfying(
                        SQLException.class, e -> assertThat(e.getSQLState()).isEqualTo("57P01"));
        assertThat(redis.exists(key("p1"))).isFalse();
        assertThat(products.read("p1")).isEqualTo(new Read("Lamp", Origin.STORE));
    }

    @Test
    void namesFromOutsideAreValuesAndNothingElse() throws SQLException {
        for (String id :
                List.of("", "p1'; drop table product; --", "a b\r\nDEL x", "{p1}", "{", "\u00fc\u4e16\ud83d\ude00")) {
            products.write(id, "name of " + id);
            assertThat(products.read(id)).isEqualTo(new Read("name of " + id, Origin.STORE));
            assertThat(products.read(id)).isEqualTo(new Read("name of " + id, Origin.CACHE));
        }
        String big = "x".repeat(5_000_000);
        products.write("big", big);
        products.read("big");
        assertThat(products.read("big")).isEqualTo(new Read(big, Origin.CACHE));
    }

    @Test
    void aValueThatIsLargerThanRedisTakesIsAnsweredByTheStore() throws SQLException {
        String large = "x".repeat(1_048_577);
        redis.configSet("proto-max-bulk-len", "1048576");
        // Redis ends the connection of one who sends it too much.
        try (RedisClient client = Clients.of(RedisEndpoint.of(server))) {
            products.write("p1", large);
            assertThat(cache(client).read("p1")).isEqualTo(new Read(large, Origin.STORE_ALONE));
        } finally {
            redis.configSet("proto-max-bulk-len", "536870912");
        }
        assertThat(redis.exists(key("p1"))).isFalse();
    }

    @Test
    void aKeyOfAnotherTypeIsAsNoCacheAndAProductThatIsNotThereIsNotCached() throws SQLException {
        redis.lpush(key("p1"), "not a string");
        assertThat(products.read("p1")).isEqualTo(new Read("Lamp", Origin.STORE_ALONE));
        assertThat(products.read("none")).isEqualTo(new Read(null, Origin.STORE));
        assertThat(redis.exists(key("none"))).isFalse();
    }

    @Test
    void whatCannotBeMeantIsRefused() {
        assertThatThrownBy(() -> products.read(null)).isInstanceOf(NullPointerException.class);
        assertThatThrownBy(() -> products.write(null, "x")).isInstanceOf(NullPointerException.class);
        assertThatThrownBy(() -> new CacheAside(redis, store, Duration.ZERO, 1))
                .isInstanceOf(IllegalArgumentException.class);
        assertThatThrownBy(() -> new CacheAside(redis, store, LIFE, 0)).isInstanceOf(IllegalArgumentException.class);
        assertThat(connections).hasValue(0);
    }

    private CacheAside cache(RedisClient client) {
        return new CacheAside(client, Clients.counting(store, connections), LIFE, 8);
    }

    private String inStore() throws SQLException {
        return Sql.one(store, "select name from product where id = 'p1'");
    }
}
