package mastery.redis.caching;

import static mastery.redis.caching.WriteBehindCache.GROUP;
import static mastery.redis.caching.WriteBehindCache.REFUSED;
import static mastery.redis.caching.WriteBehindCache.STREAM;
import static mastery.redis.caching.WriteBehindCache.key;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.FutureTask;
import java.util.concurrent.TimeUnit;
import java.util.stream.IntStream;
import javax.sql.DataSource;
import mastery.redis.caching.WriteBehindCache.Carried;
import mastery.redis.caching.WriteBehindCache.Origin;
import mastery.redis.caching.WriteBehindCache.Read;
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
import redis.clients.jedis.Jedis;
import redis.clients.jedis.Protocol.Command;
import redis.clients.jedis.RedisClient;
import redis.clients.jedis.StreamEntryID;
import redis.clients.jedis.exceptions.JedisConnectionException;
import redis.clients.jedis.exceptions.JedisDataException;
import redis.clients.jedis.params.XReadGroupParams;

@OnRedis(topology = Topology.REPLICATION, replicas = 0)
@OnPostgreSql
class WriteBehindCacheIT {

    private static final Duration LIMIT = Duration.ofSeconds(30);
    private static final Duration LIFE = Duration.ofMinutes(10);
    private static final Carried NOTHING = new Carried(0, 0, 0, 0);

    private RedisClient redis;
    private DataSource store;
    private Node server;
    private WriteBehindCache products;

    @Prepare
    static void prepare(Connection connection) throws SQLException {
        WriteBehindCache.createSchema(connection);
    }

    @BeforeEach
    void open(RedisClient client, RedisReplication replication, DataSource database) {
        redis = client;
        server = replication.primary();
        store = database;
        products = cache(client);
        products.createGroup();
    }

    @Test
    void writesReachTheStoreAsOneBatchOfTheLastValuesOfEachKey() throws SQLException {
        for (String name : List.of("a", "b", "c")) {
            products.write("p1", name);
        }
        products.write("p2", "d");
        // What is there already stays.
        products.createGroup();
        assertThat(inStore("p1")).as("not yet").isNull();
        assertThat(products.read("p1")).isEqualTo(new Read("c", Origin.CACHE));

        assertThat(products.carry("w1", 100)).isEqualTo(new Carried(4, 2, 2, 0));
        assertThat(List.of(inStore("p1"), inStore("p2"))).containsExactly("c", "d");
        assertThat(Sql.one(store, "select count(distinct xmin::text) from product"))
                .as("one transaction")
                .isEqualTo("1");
        assertThat(pending()).isZero();
        assertThat(redis.xlen(STREAM)).isZero();
        assertThat(products.carry("w1", 100)).isEqualTo(NOTHING);
    }

    @Test
    void aBatchIsAsLargeAsItMayBeAndTheRestFollowsInOrder() throws SQLException {
        for (int i = 1; i <= 5; i++) {
            products.write("p1", "name " + i);
        }
        assertThat(products.carry("w1", 2)).isEqualTo(new Carried(2, 1, 1, 0));
        assertThat(inStore("p1")).isEqualTo("name 2");
        assertThat(products.carry("w1", 2)).isEqualTo(new Carried(2, 1, 1, 0));
        assertThat(products.carry("w1", 2)).isEqualTo(new Carried(1, 1, 1, 0));
        assertThat(inStore("p1")).isEqualTo("name 5");
    }

    @Test
    void aValueHasNoEndUntilItIsCarriedAndOnlyTheNewestGetsOne() throws SQLException {
        products.write("p1", "old");
        assertThat(redis.pttl(key("p1"))).isEqualTo(-1);
        Runnable writer = () -> products.write("p1", "new");
        try (RedisClient worker = Clients.before(Command.EVAL, writer, server)) {
            cache(worker).carry("w1", 100);
        }
        assertThat(inStore("p1")).isEqualTo("old");
        assertThat(redis.pttl(key("p1"))).as("the new one is not carried").isEqualTo(-1);
        products.carry("w1", 100);
        assertThat(redis.pttl(key("p1"))).isBetween(1L, LIFE.toMillis());
        products.write("p1", "newer");
        assertThat(redis.pttl(key("p1"))).isEqualTo(-1);
    }

    @Test
    void aCrashBeforeTheAcknowledgementReplaysWithoutChangingAnything() throws SQLException {
        products.write("p1", "a");
        products.write("p1", "b");
        crashBeforeAck();
        assertThat(pending()).isEqualTo(2);
        assertThat(inStore("p1")).isEqualTo("b");
        String row = Sql.one(store, "select xmin from product");

        assertThat(products.carry("w2", 100)).as("they are the other's").isEqualTo(NOTHING);
        assertThat(products.carry("w1", 100)).isEqualTo(new Carried(2, 1, 0, 0));
        assertThat(Sql.one(store, "select xmin from product"))
                .as("the same row version")
                .isEqualTo(row);
        assertThat(pending()).isZero();
    }

    @Test
    void aReplayDoesNotBringBackAnOlderValueThanAnotherWorkerCarried() throws SQLException {
        products.write("p1", "old");
        crashBeforeAck();
        products.write("p1", "new");
        assertThat(products.carry("w2", 100)).isEqualTo(new Carried(1, 1, 1, 0));
        assertThat(products.carry("w1", 100)).isEqualTo(new Carried(1, 1, 0, 0));
        assertThat(inStore("p1")).isEqualTo("new");
    }

    @Test
    void whatADeadWorkerTookIsCarriedByAnother() throws SQLException {
        products.write("p1", "a");
        redis.xreadGroup(
                GROUP,
                "dead",
                XReadGroupParams.xReadGroupParams(),
                Map.of(STREAM, StreamEntryID.XREADGROUP_UNDELIVERED_ENTRY));
        assertThat(products.carryForTheDead("w1", 100, Duration.ofHours(1)))
                .as("not dead for long enough")
                .isEqualTo(NOTHING);
        assertThat(products.carryForTheDead("w1", 100, Duration.ZERO)).isEqualTo(new Carried(1, 1, 1, 0));
        assertThat(inStore("p1")).isEqualTo("a");
        assertThat(pending()).isZero();
    }

    @Test
    void whatAKilledProcessSavedAndDidNotAcknowledgeIsCarriedAgainAndChangesNothing(PostgreSqlDatabase database)
            throws Exception {
        products.write("p1", "a");
        products.write("p2", "b");
        try (OtherJvm worker = Peer.start(SlowWorker.class, server, database)) {
            assertThat(worker.hear()).isEqualTo("saved");
            products.write("p1", "newer");
            assertThat(products.carry("w2", 100)).isEqualTo(new Carried(1, 1, 1, 0));
            worker.kill();
        }
        assertThat(pending()).isEqualTo(2);
        assertThat(products.carryForTheDead("w2", 100, Duration.ZERO)).isEqualTo(new Carried(2, 2, 0, 0));
        assertThat(List.of(inStore("p1"), inStore("p2"))).containsExactly("newer", "b");
        assertThat(pending()).isZero();
    }

    /** Stands still between the store and the acknowledgement. */
    static final class SlowWorker implements Peer.Part {
        @Override
        public void play(RedisEndpoint endpoint, DataSource store) throws Exception {
            try (RedisClient slow = Clients.before(Command.XACK, Peer.standsAt("saved"), endpoint)) {
                new WriteBehindCache(slow, store, LIFE).carry("w1", 100);
            }
        }
    }

    @Test
    void whatWasWrittenBeforeThereWasAGroupIsCarriedToo() throws SQLException {
        redis.flushAll();
        products.write("p1", "a");
        products.createGroup();
        assertThat(products.carry("w1", 100)).isEqualTo(new Carried(1, 1, 1, 0));
    }

    @Test
    void aBatchLocksItsRowsInTheOrderOfTheirIds() throws Exception {
        Sql.run(store, "insert into product values ('p1', 'old', 0, 0), ('p2', 'old', 0, 0)");
        products.write("p2", "new");
        products.write("p1", "new");
        FutureTask<Carried> worker = new FutureTask<>(() -> products.carry("w1", 100));
        try (Connection blocker = store.getConnection();
                Statement lock = blocker.createStatement()) {
            blocker.setAutoCommit(false);
            lock.execute("select from product where id = 'p1' for update");
            new Thread(worker).start();
            await().atMost(LIMIT).until(() -> Sql.waiting(store) == 1);
            assertThat(Sql.one(store, "select id from product for update skip locked"))
                    .as("not locked yet")
                    .isEqualTo("p2");
            blocker.rollback();
        }
        assertThat(worker.get(LIMIT.toSeconds(), TimeUnit.SECONDS)).isEqualTo(new Carried(2, 2, 2, 0));
    }

    @Test
    void withRedisKilledBetweenLoadAndFillTheReaderStillGetsItsAnswer() throws SQLException {
        Sql.run(store, "insert into product values ('p1', 'old', 0, 0)");
        try (RedisClient slow = Clients.before(Command.EVAL, server::kill, server)) {
            assertThat(cache(slow).read("p1")).isEqualTo(new Read("old", Origin.STORE_ALONE));
        } finally {
            server.start();
        }
    }

    @Test
    void aFlushWhileABatchIsCarriedLosesNothingOfTheBatch() throws SQLException {
        products.write("p1", "a");
        try (RedisClient worker = Clients.before(Command.XACK, redis::flushAll, server)) {
            assertThat(cache(worker).carry("w1", 100)).isEqualTo(new Carried(1, 1, 1, 0));
        }
        assertThat(products.read("p1")).isEqualTo(new Read("a", Origin.STORE));
    }

    @Test
    void withRedisPausedAWorkerGivesUpAndGetsWhatItTookWhenItAsksAgain() throws SQLException {
        products.write("p1", "a");
        try (RedisClient client = Clients.impatient(server, 300)) {
            WriteBehindCache impatient = cache(client);
            client.ping();
            server.pause();
            try {
                assertThatThrownBy(() -> impatient.carry("w1", 100)).isInstanceOf(JedisConnectionException.class);
            } finally {
                server.resume();
            }
            assertThat(inStore("p1")).isNull();
            assertThat(impatient.carry("w1", 100)).isEqualTo(new Carried(1, 1, 1, 0));
        }
    }

    @Test
    void whatTheStoreRefusesIsPutAsideAndHoldsUpNothing() throws SQLException {
        products.write("p1", "good");
        products.write("p2", "");
        products.write("p3", "good");
        assertThat(products.carry("w1", 100)).isEqualTo(new Carried(3, 3, 2, 1));
        assertThat(List.of(inStore("p1"), inStore("p3"))).containsOnly("good");
        assertThat(inStore("p2")).isNull();
        assertThat(pending()).isZero();
        assertThat(redis.xrange(REFUSED, "-", "+"))
                .singleElement()
                .satisfies(entry -> assertThat(entry.getFields())
                        .containsEntry("id", "p2")
                        .containsEntry("name", "")
                        .containsEntry("reason", "23514")
                        .containsKey("entry"));
        assertThat(products.read("p2")).as("no longer cached either").isEqualTo(new Read(null, Origin.STORE));
    }

    @Test
    void theValueBeforeARefusedOneCounts() throws SQLException {
        products.write("p1", "good");
        products.write("p1", "");
        assertThat(products.carry("w1", 100)).isEqualTo(new Carried(2, 1, 1, 1));
        assertThat(inStore("p1")).isEqualTo("good");
        assertThat(products.read("p1")).isEqualTo(new Read("good", Origin.STORE));
    }

    @Test
    void aTextThatTheStoreCannotHoldIsRefusedWithADataException() throws SQLException {
        products.write("p1", "nul \0 in it");
        assertThat(products.carry("w1", 100)).isEqualTo(new Carried(1, 1, 0, 1));
        assertThat(redis.xrange(REFUSED, "-", "+").get(0).getFields()).containsEntry("reason", "22021");
    }

    @Test
    void aConnectionThatIsTerminatedLeavesTheEntriesForTheNextCall() throws Exception {
        products.write("p1", "a");
        FutureTask<Carried> worker = Sql.terminated(store, "product", () -> products.carry("w1", 100));
        assertThatThrownBy(() -> worker.get(LIMIT.toSeconds(), TimeUnit.SECONDS))
                .isInstanceOf(ExecutionException.class)
                .cause()
                .isInstanceOfSatisfying(
                        SQLException.class, e -> assertThat(e.getSQLState()).isEqualTo("57P01"));
        assertThat(pending()).isEqualTo(1);
        assertThat(redis.exists(REFUSED)).isFalse();
        assertThat(redis.pttl(key("p1"))).isEqualTo(-1);
        assertThat(products.carry("w1", 100)).isEqualTo(new Carried(1, 1, 1, 0));
        assertThat(inStore("p1")).isEqualTo("a");
    }

    @Test
    void workersAtOnceCarryEachEntryOnceAndTheLastValueWins() throws Exception {
        for (int i = 0; i < 200; i++) {
            products.write("p" + i % 7, "name " + i);
        }
        List<FutureTask<Integer>> workers = IntStream.range(0, 3)
                .mapToObj(i -> new FutureTask<>(() -> {
                    int entries = 0;
                    Carried carried;
                    do {
                        carried = products.carry("w" + i, 20);
                        entries += carried.entries();
                    } while (carried.entries() > 0);
                    return entries;
                }))
                .toList();
        workers.forEach(worker -> new Thread(worker).start());
        int entries = 0;
        for (FutureTask<Integer> worker : workers) {
            entries += worker.get(LIMIT.toSeconds(), TimeUnit.SECONDS);
        }
        assertThat(entries).isEqualTo(200);
        List<String> expected = new ArrayList<>();
        List<String> actual = new ArrayList<>();
        for (int i = 193; i < 200; i++) {
            expected.add("name " + i);
            actual.add(inStore("p" + i % 7));
        }
        assertThat(actual).isEqualTo(expected);
        assertThat(pending()).isZero();
    }

    @Test
    void aReaderThatLoadedBeforeAWriteDoesNotOverwriteIt() throws SQLException {
        Sql.run(store, "insert into product values ('p1', 'old', 0, 0)");
        Runnable writer = () -> products.write("p1", "new");
        try (RedisClient slow = Clients.before(Command.EVAL, writer, server)) {
            assertThat(cache(slow).read("p1")).isEqualTo(new Read("old", Origin.STORE));
        }
        assertThat(products.read("p1")).isEqualTo(new Read("new", Origin.CACHE));
        assertThat(redis.pttl(key("p1"))).isEqualTo(-1);
    }

    @Test
    void aMissIsFilledFromTheStoreWithAnEnd() throws SQLException {
        Sql.run(store, "insert into product values ('p1', 'old', 0, 0)");
        assertThat(products.read("p1")).isEqualTo(new Read("old", Origin.STORE));
        assertThat(products.read("p1")).isEqualTo(new Read("old", Origin.CACHE));
        assertThat(redis.pttl(key("p1"))).isBetween(1L, LIFE.toMillis());
    }

    @Test
    void whenRedisIsKilledWhatWasNotCarriedIsLostAlthoughItWasAcknowledged() throws SQLException {
        products.write("p1", "carried");
        products.carry("w1", 100);
        products.write("p1", "lost");
        products.write("p2", "lost");
        server.kill();
        try {
            assertThatThrownBy(() -> products.write("p1", "x")).isInstanceOf(JedisConnectionException.class);
            assertThat(products.read("p1")).isEqualTo(new Read("carried", Origin.STORE_ALONE));
            assertThatThrownBy(() -> products.carry("w1", 100)).isInstanceOf(JedisConnectionException.class);
        } finally {
            server.start();
        }
        assertThatThrownBy(() -> products.carry("w1", 100))
                .isInstanceOf(JedisDataException.class)
                .hasMessageStartingWith("NOGROUP");
        products.createGroup();
        assertThat(products.carry("w1", 100)).isEqualTo(NOTHING);
        assertThat(products.read("p1")).isEqualTo(new Read("carried", Origin.STORE));
        assertThat(products.read("p2")).isEqualTo(new Read(null, Origin.STORE));
        products.write("p1", "goes on");
        assertThat(products.carry("w1", 100)).isEqualTo(new Carried(1, 1, 1, 0));
        assertThat(inStore("p1")).isEqualTo("goes on");
    }

    @Test
    void withAnAppendOnlyFileThatIsSyncedAlwaysAKillLosesNothing() throws SQLException {
        try (Jedis jedis = RedisEndpoint.of(server).connect()) {
            jedis.configSet("appendfsync", "always");
            jedis.configSet("appendonly", "yes");
            // The restart reads the file, so it has to know.
            jedis.configRewrite();
            await().atMost(LIMIT).until(() -> jedis.info("persistence").contains("aof_rewrite_in_progress:0"));
        }
        try {
            products.write("p1", "kept");
            server.kill();
            server.start();
            try (RedisClient after = Clients.impatient(server, 8_000)) {
                assertThat(cache(after).carry("w1", 100)).isEqualTo(new Carried(1, 1, 1, 0));
            }
            assertThat(inStore("p1")).isEqualTo("kept");
        } finally {
            try (Jedis jedis = RedisEndpoint.of(server).connect()) {
                jedis.configSet("appendonly", "no");
                jedis.configRewrite();
            }
        }
    }

    @Test
    void aFlushLosesWhatWasNotCarried() throws SQLException {
        products.write("p1", "carried");
        products.carry("w1", 100);
        products.write("p1", "lost");
        redis.flushAll();
        products.createGroup();
        assertThat(products.carry("w1", 100)).isEqualTo(NOTHING);
        assertThat(products.read("p1")).isEqualTo(new Read("carried", Origin.STORE));
    }

    @Test
    void aClockThatWentBackAcrossALossMakesNewValuesLookOld() throws SQLException {
        Sql.run(store, "insert into product values ('p1', 'of the old clock', 9000000000000, 0)");
        products.write("p1", "of the new clock");
        assertThat(products.carry("w1", 100)).as("said by rows").isEqualTo(new Carried(1, 1, 0, 0));
        assertThat(inStore("p1")).isEqualTo("of the old clock");
    }

    @Test
    void withRedisPausedAWriteEndsWithTheTimeoutAndStillHappensWhenRedisGoesOn() throws SQLException {
        try (RedisClient client = Clients.impatient(server, 300)) {
            WriteBehindCache impatient = cache(client);
            impatient.write("p1", "before");
            server.pause();
            try {
                assertThatThrownBy(() -> impatient.write("p1", "sent")).isInstanceOf(JedisConnectionException.class);
                assertThat(impatient.read("p1")).isEqualTo(new Read(null, Origin.STORE_ALONE));
            } finally {
                server.resume();
            }
            await().atMost(LIMIT).until(() -> redis.xlen(STREAM) == 2);
            products.carry("w1", 100);
            assertThat(inStore("p1")).isEqualTo("sent");
        }
    }

    @Test
    void namesFromOutsideAreValuesAndWhatCannotBeMeantIsRefused() throws SQLException {
        List<String> hostile = List.of(
                "", "writes", "refused", "x'; drop table product; --", "a\r\nFLUSHALL", "{x}", "\u4e16\ud83d\ude00");
        for (String id : hostile) {
            products.write(id, "name of " + id);
        }
        String big = "x".repeat(5_000_000);
        products.write("big", big);
        assertThat(products.carry("w1", 100)).isEqualTo(new Carried(8, 8, 8, 0));
        for (String id : hostile) {
            redis.del(key(id));
            assertThat(products.read(id)).isEqualTo(new Read("name of " + id, Origin.STORE));
        }
        assertThat(inStore("big")).isEqualTo(big);
        assertThatThrownBy(() -> products.write(null, "x")).isInstanceOf(NullPointerException.class);
        assertThatThrownBy(() -> products.write("x", null)).isInstanceOf(NullPointerException.class);
        assertThatThrownBy(() -> new WriteBehindCache(redis, store, Duration.ZERO))
                .isInstanceOf(IllegalArgumentException.class);
        redis.set(key("p1"), "not a hash");
        assertThatThrownBy(() -> products.write("p1", "x"))
                .isInstanceOf(JedisDataException.class)
                .hasMessageContaining("WRONGTYPE");
    }

    /** Takes what there is and saves it under the name w1, and ends before it acknowledges. */
    private void crashBeforeAck() {
        Runnable crash = () -> {
            throw new IllegalStateException("crash");
        };
        try (RedisClient worker = Clients.before(Command.XACK, crash, server)) {
            assertThatThrownBy(() -> cache(worker).carry("w1", 100)).hasMessage("crash");
        }
    }

    private WriteBehindCache cache(RedisClient client) {
        return new WriteBehindCache(client, store, LIFE);
    }

    private long pending() {
        return redis.xpending(STREAM, GROUP).getTotal();
    }

    private String inStore(String id) throws SQLException {
        return Sql.one(store, "select name from product where id = '" + id + "'");
    }
}
