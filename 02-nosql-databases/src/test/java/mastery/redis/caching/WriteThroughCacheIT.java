package mastery.redis.caching;

import static mastery.redis.caching.Clients.unchecked;
import static mastery.redis.caching.WriteThroughCache.key;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import java.sql.Connection;
import java.sql.SQLException;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.FutureTask;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.IntStream;
import javax.sql.DataSource;
import mastery.redis.caching.WriteThroughCache.Origin;
import mastery.redis.caching.WriteThroughCache.Read;
import mastery.redis.caching.WriteThroughCache.Written;
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
class WriteThroughCacheIT {

    private static final Duration LIMIT = Duration.ofSeconds(30);
    private static final Duration LIFE = Duration.ofMinutes(10);

    private final AtomicInteger connections = new AtomicInteger();
    private RedisClient redis;
    private DataSource store;
    private Node server;
    private WriteThroughCache products;

    @Prepare
    static void prepare(Connection connection) throws SQLException {
        WriteThroughCache.createSchema(connection);
    }

    @BeforeEach
    void open(RedisClient client, RedisReplication replication, DataSource database) {
        redis = client;
        server = replication.primary();
        store = database;
        products = cache(client);
    }

    @Test
    void storeAndCacheAreEqualAfterEachWriteAndReadsDoNotReachTheStore() throws SQLException {
        for (int i = 1; i <= 3; i++) {
            assertThat(products.write("p1", "name " + i)).isEqualTo(new Written(i, true));
            assertThat(redis.hgetAll(key("p1"))).isEqualTo(Map.of("name", "name " + i, "version", "" + i));
            assertThat(inStore()).isEqualTo("name " + i);
            assertThat(redis.pttl(key("p1"))).isBetween(1L, LIFE.toMillis());
        }
        int writes = connections.get();
        for (int i = 0; i < 10; i++) {
            assertThat(products.read("p1")).isEqualTo(new Read("name 3", Origin.CACHE));
        }
        assertThat(connections).hasValue(writes);
    }

    @Test
    void aMissLoadsOnceAndFills() throws SQLException {
        products.write("p1", "Lamp");
        redis.flushAll();
        assertThat(products.read("p1")).isEqualTo(new Read("Lamp", Origin.STORE));
        assertThat(products.read("p1")).isEqualTo(new Read("Lamp", Origin.CACHE));
        assertThat(products.read("none")).isEqualTo(new Read(null, Origin.STORE));
        assertThat(redis.keys("*")).containsExactly(key("p1"));
    }

    @Test
    void aStoreThatRefusesLeavesTheCacheAsItWas() throws SQLException {
        products.write("p1", "Lamp");
        assertThatThrownBy(() -> products.write("p1", "")).satisfies(refused("23514"));
        assertThat(products.read("p1")).isEqualTo(new Read("Lamp", Origin.CACHE));
        assertThat(inStore()).isEqualTo("Lamp");

        assertThatThrownBy(() -> products.writeCacheFirst("p1", "")).satisfies(refused("23514"));
        assertThat(redis.get("blind:p1"))
                .as("the wrong way shows what never was")
                .isEmpty();
    }

    @Test
    void aConnectionThatIsTerminatedWhileItSavesLeavesTheCacheAsItWas() throws Exception {
        products.write("p1", "Lamp");
        FutureTask<Written> writer = Sql.terminated(store, "product", () -> products.write("p1", "Desk lamp"));
        assertThatThrownBy(() -> writer.get(LIMIT.toSeconds(), TimeUnit.SECONDS))
                .isInstanceOf(ExecutionException.class)
                .cause()
                .satisfies(refused("57P01"));
        assertThat(products.read("p1")).isEqualTo(new Read("Lamp", Origin.CACHE));
        assertThat(inStore()).isEqualTo("Lamp");
    }

    @Test
    void theNewerNameStaysWhenTheOlderWriterArrivesLast() throws SQLException {
        Runnable later = unchecked(() -> products.write("p1", "later"));
        try (RedisClient slow = Clients.before(Command.EVAL, later, server)) {
            assertThat(cache(slow).write("p1", "earlier")).isEqualTo(new Written(1, true));
        }
        assertThat(products.read("p1")).isEqualTo(new Read("later", Origin.CACHE));
        assertThat(inStore()).isEqualTo("later");
    }

    @Test
    void withoutAVersionTheOlderNameStays() throws SQLException {
        Runnable later = unchecked(() -> products.writeWithoutVersion("p1", "later"));
        try (RedisClient slow = Clients.before(Command.SET, later, server)) {
            cache(slow).writeWithoutVersion("p1", "earlier");
        }
        assertThat(redis.get("blind:p1")).isEqualTo("earlier");
        assertThat(inStore()).isEqualTo("later");
    }

    @Test
    void aReaderThatLoadedBeforeAWriteDoesNotOverwriteIt() throws SQLException {
        products.write("p1", "Lamp");
        redis.flushAll();
        Runnable writer = unchecked(() -> products.write("p1", "Desk lamp"));
        try (RedisClient slow = Clients.before(Command.EVAL, writer, server)) {
            assertThat(cache(slow).read("p1")).isEqualTo(new Read("Lamp", Origin.STORE));
        }
        assertThat(products.read("p1")).isEqualTo(new Read("Desk lamp", Origin.CACHE));
    }

    @Test
    void aFlushForgetsTheVersionSoASlowReaderMayFillInTheOlderNameForOneLife() throws SQLException {
        products.write("p1", "Lamp");
        redis.flushAll();
        Runnable writerThenFlush = unchecked(() -> {
            products.write("p1", "Desk lamp");
            redis.flushAll();
        });
        try (RedisClient slow = Clients.before(Command.EVAL, writerThenFlush, server)) {
            cache(slow).read("p1");
        }
        assertThat(products.read("p1")).isEqualTo(new Read("Lamp", Origin.CACHE));
        assertThat(redis.pttl(key("p1"))).isBetween(1L, LIFE.toMillis());
        assertThat(products.write("p1", "Floor lamp").cached()).isTrue();
        assertThat(products.read("p1")).as("the next write heals it").isEqualTo(new Read("Floor lamp", Origin.CACHE));
    }

    @Test
    void writersAtOnceLeaveTheCacheWithWhatTheStoreHas() throws Exception {
        List<FutureTask<Void>> writers = IntStream.range(0, 4)
                .mapToObj(writer -> new FutureTask<Void>(() -> {
                    for (int i = 0; i < 10; i++) {
                        products.write("p1", "name " + writer + "." + i);
                    }
                    return null;
                }))
                .toList();
        writers.forEach(writer -> new Thread(writer).start());
        for (FutureTask<Void> writer : writers) {
            writer.get(LIMIT.toSeconds(), TimeUnit.SECONDS);
        }
        assertThat(redis.hgetAll(key("p1"))).isEqualTo(Map.of("name", inStore(), "version", "40"));
    }

    @Test
    void aWriterThatIsKilledBetweenStoreAndCacheLeavesTheOldNameForTheRestOfItsLife(PostgreSqlDatabase database)
            throws Exception {
        products.write("p1", "Lamp");
        try (OtherJvm other = Peer.start(SlowWriter.class, server, database)) {
            assertThat(other.hear()).isEqualTo("saved");
            other.kill();
        }
        assertThat(inStore()).isEqualTo("Desk lamp");
        assertThat(products.read("p1")).isEqualTo(new Read("Lamp", Origin.CACHE));
        assertThat(redis.pttl(key("p1"))).isBetween(1L, LIFE.toMillis());
        assertThat(products.write("p1", "Floor lamp")).isEqualTo(new Written(3, true));
        assertThat(products.read("p1")).as("the next write heals it").isEqualTo(new Read("Floor lamp", Origin.CACHE));
    }

    /** Stands still between the store and the cache. */
    static final class SlowWriter implements Peer.Part {
        @Override
        public void play(RedisEndpoint endpoint, DataSource store) throws Exception {
            try (RedisClient slow = Clients.before(Command.EVAL, Peer.standsAt("saved"), endpoint)) {
                new WriteThroughCache(slow, store, LIFE).write("p1", "Desk lamp");
            }
        }
    }

    @Test
    void withRedisKilledWritesReachTheStoreAndSaySo() throws SQLException {
        products.write("p1", "Lamp");
        server.kill();
        try {
            assertThat(products.write("p1", "Desk lamp")).isEqualTo(new Written(2, false));
            assertThat(products.read("p1")).isEqualTo(new Read("Desk lamp", Origin.STORE_ALONE));
        } finally {
            server.start();
        }
        assertThat(products.read("p1")).isEqualTo(new Read("Desk lamp", Origin.STORE));
    }

    @Test
    void withRedisKilledBetweenLoadAndFillTheReaderStillGetsItsAnswer() throws SQLException {
        products.write("p1", "Lamp");
        redis.flushAll();
        try (RedisClient slow = Clients.before(Command.EVAL, server::kill, server)) {
            assertThat(cache(slow).read("p1")).isEqualTo(new Read("Lamp", Origin.STORE_ALONE));
        } finally {
            server.start();
        }
    }

    @Test
    void withRedisPausedAWriteEndsWithTheTimeoutAndIsInTheCacheWhenRedisGoesOn() throws SQLException {
        try (RedisClient client = Clients.impatient(server, 300)) {
            WriteThroughCache impatient = cache(client);
            impatient.write("p1", "Lamp");
            server.pause();
            try {
                assertThat(impatient.write("p1", "Desk lamp")).isEqualTo(new Written(2, false));
                assertThat(impatient.read("p1")).isEqualTo(new Read("Desk lamp", Origin.STORE_ALONE));
            } finally {
                server.resume();
            }
            // It was sent before anybody gave up.
            await().atMost(LIMIT).until(() -> "2".equals(redis.hget(key("p1"), "version")));
            assertThat(impatient.read("p1")).isEqualTo(new Read("Desk lamp", Origin.CACHE));
        }
    }

    @Test
    void whatIsInTheWayOrCannotBeMeantIsSaid() throws SQLException {
        String hostile = "'); drop table product; --\r\nFLUSHALL";
        products.write(hostile, hostile);
        assertThat(products.read(hostile)).isEqualTo(new Read(hostile, Origin.CACHE));

        redis.set(key("p1"), "not a hash");
        assertThat(products.write("p1", "Lamp")).isEqualTo(new Written(1, false));
        assertThat(products.read("p1")).isEqualTo(new Read("Lamp", Origin.STORE_ALONE));

        int before = connections.get();
        assertThatThrownBy(() -> products.write(null, "x")).isInstanceOf(NullPointerException.class);
        assertThatThrownBy(() -> products.read(null)).isInstanceOf(NullPointerException.class);
        assertThatThrownBy(() -> new WriteThroughCache(redis, store, Duration.ZERO))
                .isInstanceOf(IllegalArgumentException.class);
        assertThat(connections).hasValue(before);
        assertThatThrownBy(() -> products.write("p2", null)).satisfies(refused("23502"));
    }

    private static java.util.function.Consumer<Throwable> refused(String sqlState) {
        return error -> assertThat(error)
                .isInstanceOfSatisfying(
                        SQLException.class, e -> assertThat(e.getSQLState()).isEqualTo(sqlState));
    }

    private WriteThroughCache cache(RedisClient client) {
        return new WriteThroughCache(client, Clients.counting(store, connections), LIFE);
    }

    private String inStore() throws SQLException {
        return Sql.one(store, "select name from product where id = 'p1'");
    }
}
