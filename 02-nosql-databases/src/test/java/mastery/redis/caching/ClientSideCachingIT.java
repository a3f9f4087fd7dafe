package mastery.redis.caching;

import static mastery.redis.caching.ClientSideCaching.connect;
import static mastery.redis.caching.ClientSideCaching.counts;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import java.sql.Connection;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.FutureTask;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.Stream;
import javax.sql.DataSource;
import mastery.redis.caching.ClientSideCaching.Counts;
import mastery.redis.caching.ClientSideCaching.Kept;
import mastery.support.junit.OnPostgreSql;
import mastery.support.junit.OnRedis;
import mastery.support.junit.OnRedis.Topology;
import mastery.support.redis.RedisEndpoint;
import mastery.support.redis.RedisReplication;
import mastery.support.server.Node;
import mastery.support.work.RedisWork;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import redis.clients.jedis.DefaultJedisClientConfig;
import redis.clients.jedis.HostAndPort;
import redis.clients.jedis.Jedis;
import redis.clients.jedis.JedisClientConfig;
import redis.clients.jedis.RedisClient;
import redis.clients.jedis.exceptions.JedisConnectionException;
import redis.clients.jedis.params.ClientKillParams;
import redis.clients.jedis.params.SetParams;

@OnRedis(topology = Topology.REPLICATION, replicas = 0)
@OnPostgreSql
class ClientSideCachingIT {

    private static final Duration LIMIT = Duration.ofSeconds(30);
    private static final Duration CHECK = Duration.ofMillis(100);
    /** So seldom that nothing is checked during a test. */
    private static final Duration NEVER = Duration.ofHours(1);

    private RedisClient redis;
    private Node server;
    private RedisClient reader;

    @BeforeEach
    void open(RedisClient client, RedisReplication replication) {
        redis = client;
        server = replication.primary();
        reader = connect(address(), config(), 100, CHECK);
    }

    @AfterEach
    void close() {
        reader.close();
    }

    @Test
    void theSecondReadDoesNotReachTheServer() throws Exception {
        redis.set("key", "value");
        RedisWork first =
                RedisWork.measure(redis, () -> assertThat(reader.get("key")).isEqualTo("value"));
        assertThat(first.calls("get")).isEqualTo(1);
        RedisWork next = RedisWork.measure(redis, () -> {
            for (int i = 0; i < 10; i++) {
                assertThat(reader.get("key")).isEqualTo("value");
            }
        });
        assertThat(next.total()).isZero();
        assertThat(counts(reader)).isEqualTo(new Counts(10, 1, 0));

        RedisWork without = RedisWork.measure(redis, () -> {
            for (int i = 0; i < 10; i++) {
                redis.get("key");
            }
        });
        assertThat(without.calls("get")).isEqualTo(10);
    }

    @Test
    void aForeignWriteDropsTheCopyAndAMapKeepsIt() {
        redis.set("key", "old");
        Kept map = new Kept(redis);
        assertThat(List.of(reader.get("key"), map.get("key"))).containsOnly("old");
        redis.set("key", "new");
        await().atMost(LIMIT).until(() -> reader.get("key").equals("new"));
        assertThat(counts(reader).invalidations()).isEqualTo(1);
        assertThat(counts(reader).misses()).isEqualTo(2);
        assertThat(map.get("key")).isEqualTo("old");
    }

    @Test
    void onlyTheKeyThatChangedIsDroppedAndAnEndOfLifeIsAChange() {
        redis.mset("a", "1", "b", "1");
        reader.get("a");
        reader.get("b");
        redis.set("a", "2");
        await().atMost(LIMIT).until(() -> reader.get("a").equals("2"));
        long misses = counts(reader).misses();
        assertThat(reader.get("b")).isEqualTo("1");
        assertThat(counts(reader).misses()).isEqualTo(misses);

        redis.set("c", "1", SetParams.setParams().px(600_000));
        reader.get("c");
        redis.pexpire("c", 1);
        await().atMost(LIMIT).until(() -> reader.get("c") == null);
    }

    @Test
    void whatTheClientWritesItselfIsDroppedToo() {
        reader.set("key", "old");
        assertThat(reader.get("key")).isEqualTo("old");
        reader.set("key", "new");
        await().atMost(LIMIT).until(() -> reader.get("key").equals("new"));
    }

    @Test
    void aFlushDropsEverything() {
        redis.mset("a", "1", "b", "1");
        reader.get("a");
        reader.get("b");
        redis.flushAll();
        await().atMost(LIMIT).until(() -> reader.get("a") == null);
        assertThat(reader.get("b")).isNull();
        assertThat(counts(reader).misses()).isEqualTo(4);
    }

    @Test
    void itKeepsNoMoreThanItMay() {
        try (RedisClient small = connect(address(), config(), 3, CHECK)) {
            for (int i = 0; i < 10; i++) {
                redis.set("key:" + i, "value");
                small.get("key:" + i);
            }
            assertThat(small.getCache().getSize()).isEqualTo(3);
            long misses = counts(small).misses();
            small.get("key:9");
            assertThat(counts(small).misses()).isEqualTo(misses);
            small.get("key:0");
            assertThat(counts(small).misses()).isEqualTo(misses + 1);
        }
    }

    @Test
    void thatAKeyDoesNotExistIsKeptTooUntilItDoes() {
        assertThat(reader.get("none")).isNull();
        assertThat(reader.get("none")).isNull();
        assertThat(counts(reader)).isEqualTo(new Counts(1, 1, 0));
        redis.set("none", "now there");
        await().atMost(LIMIT).until(() -> "now there".equals(reader.get("none")));
    }

    @Test
    void manyThreadsReadOneCopyAndAllSeeTheChange() throws Exception {
        redis.set("key", "old");
        List<FutureTask<Void>> readers = Stream.generate(() -> new FutureTask<Void>(() -> {
                    long end = System.nanoTime() + LIMIT.toNanos();
                    while (!reader.get("key").equals("new")) {
                        assertThat(System.nanoTime()).isLessThan(end);
                        Thread.onSpinWait();
                    }
                    return null;
                }))
                .limit(4)
                .toList();
        readers.forEach(task -> new Thread(task).start());
        await().atMost(LIMIT).until(() -> counts(reader).hits() > 10);
        redis.set("key", "new");
        for (FutureTask<Void> task : readers) {
            task.get(LIMIT.toSeconds(), TimeUnit.SECONDS);
        }
    }

    @Test
    void beforeAStoreAsTheClientOfACacheAsideASecondReadReachesNeitherAndAWriteElsewhereShows(DataSource store)
            throws Exception {
        try (Connection connection = store.getConnection()) {
            CacheAside.createSchema(connection);
        }
        AtomicInteger loads = new AtomicInteger();
        Duration life = Duration.ofMinutes(10);
        CacheAside near = new CacheAside(reader, Clients.counting(store, loads), life, 8);
        CacheAside elsewhere = new CacheAside(redis, store, life, 8);
        elsewhere.write("p1", "Lamp");
        await().atMost(LIMIT).until(() -> near.read("p1").equals(new CacheAside.Read("Lamp", CacheAside.Origin.CACHE)));
        int before = loads.get();
        RedisWork work = RedisWork.measure(redis, () -> {
            for (int i = 0; i < 10; i++) {
                assertThat(near.read("p1").name()).isEqualTo("Lamp");
            }
        });
        assertThat(work.total()).isZero();
        assertThat(loads).hasValue(before);

        elsewhere.write("p1", "Desk lamp");
        await().atMost(LIMIT).until(() -> near.read("p1").name().equals("Desk lamp"));

        server.kill();
        try {
            // The check drops what is kept; then the store answers.
            await().atMost(LIMIT)
                    .until(() ->
                            near.read("p1").equals(new CacheAside.Read("Desk lamp", CacheAside.Origin.STORE_ALONE)));
        } finally {
            server.start();
        }
    }

    @Test
    void withRedisPausedWhatIsKeptIsServedAndTheRestFailsAfterTheTimeout() {
        redis.mset("kept", "value", "other", "value");
        try (RedisClient client = connect(address(), impatient(), 100, NEVER)) {
            client.get("kept");
            server.pause();
            try {
                for (int i = 0; i < 5; i++) {
                    assertThat(client.get("kept")).isEqualTo("value");
                }
                assertThatThrownBy(() -> client.get("other")).isInstanceOf(JedisConnectionException.class);
                assertThat(client.getCache().getSize()).as("a connection broke").isZero();
                assertThatThrownBy(() -> client.get("kept")).isInstanceOf(JedisConnectionException.class);
            } finally {
                server.resume();
            }
            await().atMost(LIMIT)
                    .ignoreExceptions()
                    .until(() -> client.get("kept").equals("value"));
        }
    }

    @Test
    void withRedisPausedTheCheckDropsWhatIsKept() {
        redis.set("kept", "value");
        try (RedisClient client = connect(address(), impatient(), 100, CHECK)) {
            client.get("kept");
            server.pause();
            try {
                await().atMost(LIMIT).until(() -> client.getCache().getSize() == 0);
                assertThatThrownBy(() -> client.get("kept")).isInstanceOf(JedisConnectionException.class);
            } finally {
                server.resume();
            }
        }
    }

    @Test
    void withRedisKilledTheCheckDropsWhatIsKeptAndAfterwardsReadsGoOn() {
        redis.set("key", "old");
        reader.get("key");
        server.kill();
        try {
            await().atMost(LIMIT).until(() -> reader.getCache().getSize() == 0);
            assertThatThrownBy(() -> reader.get("key")).isInstanceOf(JedisConnectionException.class);
        } finally {
            server.start();
        }
        // The pool of each client finds out by its first use that its connections are gone.
        await().atMost(LIMIT).ignoreExceptions().until(() -> "OK".equals(redis.set("key", "new")));
        await().atMost(LIMIT).ignoreExceptions().until(() -> "new".equals(reader.get("key")));
        redis.set("key", "newer");
        await().atMost(LIMIT).until(() -> "newer".equals(reader.get("key")));
    }

    @Test
    void withoutTheCheckCopiesOutliveTheConnectionThatWouldTellOfChanges() {
        try (RedisClient unchecked = connect(address(), config(), 100, NEVER)) {
            redis.set("key", "old");
            unchecked.get("key");
            reader.get("key");
            terminateReaders();
            redis.set("key", "new");
            await().atMost(LIMIT)
                    .ignoreExceptions()
                    .until(() -> reader.get("key").equals("new"));
            assertThat(unchecked.get("key")).isEqualTo("old");
            assertThat(counts(unchecked)).isEqualTo(new Counts(1, 1, 0));
        }
    }

    private void terminateReaders() {
        try (Jedis jedis = RedisEndpoint.of(server).connect()) {
            List<String> tracked = jedis.clientList()
                    .lines()
                    .filter(line -> line.contains(" flags=t "))
                    .map(line -> line.substring("id=".length(), line.indexOf(' ')))
                    .toList();
            assertThat(tracked).hasSizeGreaterThanOrEqualTo(2);
            tracked.forEach(id -> jedis.clientKill(new ClientKillParams().id(id)));
        }
    }

    private JedisClientConfig impatient() {
        return DefaultJedisClientConfig.builder()
                .from(config())
                .timeoutMillis(300)
                .build();
    }

    @Test
    void whatCannotBeMeantIsRefused() {
        assertThatThrownBy(() -> connect(address(), config(), 0, CHECK)).isInstanceOf(IllegalArgumentException.class);
        assertThatThrownBy(() -> connect(address(), config(), 1, Duration.ZERO))
                .isInstanceOf(IllegalArgumentException.class);
        assertThatThrownBy(() -> connect(null, config(), 1, CHECK)).isInstanceOf(NullPointerException.class);
    }

    private HostAndPort address() {
        return RedisEndpoint.of(server).hostAndPort();
    }

    private JedisClientConfig config() {
        return RedisEndpoint.of(server).clientConfig();
    }
}
