package mastery.redis.caching;

import static mastery.redis.caching.Clients.unchecked;
import static mastery.redis.caching.NegativeCaching.MISSING;
import static mastery.redis.caching.NegativeCaching.key;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import java.sql.Connection;
import java.sql.SQLException;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.FutureTask;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import javax.sql.DataSource;
import mastery.redis.caching.NegativeCaching.Origin;
import mastery.redis.caching.NegativeCaching.Read;
import mastery.support.junit.OnPostgreSql;
import mastery.support.junit.OnRedis;
import mastery.support.junit.OnRedis.Topology;
import mastery.support.junit.Prepare;
import mastery.support.redis.RedisEndpoint;
import mastery.support.redis.RedisReplication;
import mastery.support.server.Node;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import redis.clients.jedis.Protocol.Command;
import redis.clients.jedis.RedisClient;

@OnRedis(topology = Topology.REPLICATION, replicas = 0)
@OnPostgreSql
class NegativeCachingIT {

    private static final Duration LIMIT = Duration.ofSeconds(30);
    private static final Duration LIFE = Duration.ofHours(1);
    private static final Duration MISSING_LIFE = Duration.ofMinutes(1);

    private final AtomicInteger connections = new AtomicInteger();
    private RedisClient redis;
    private DataSource store;
    private Node server;
    private NegativeCaching accounts;

    @Prepare
    static void prepare(Connection connection) throws SQLException {
        NegativeCaching.createSchema(connection);
    }

    @BeforeEach
    void open(RedisClient client, RedisReplication replication, DataSource database) {
        redis = client;
        server = replication.primary();
        store = database;
        accounts = cache(client);
    }

    @Test
    void aHundredQuestionsForWhatIsMissingReachTheStoreOnce() throws SQLException {
        assertThat(accounts.find("ann")).isEqualTo(new Read(null, Origin.STORE));
        for (int i = 1; i < 100; i++) {
            assertThat(accounts.find("ann")).isEqualTo(new Read(null, Origin.CACHE));
        }
        assertThat(connections).hasValue(1);

        for (int i = 0; i < 10; i++) {
            assertThat(accounts.findCachingFoundOnly("bob")).isEqualTo(new Read(null, Origin.STORE));
        }
        assertThat(connections).as("without the note each one does").hasValue(11);
    }

    @Test
    void theNoteLivesShorterThanAValue() throws SQLException {
        accounts.create("ann", "Ann Lee");
        accounts.find("ann");
        accounts.find("bob");
        assertThat(redis.pttl(key("bob"))).isBetween(1L, MISSING_LIFE.toMillis());
        assertThat(redis.pttl(key("ann"))).isBetween(MISSING_LIFE.toMillis() + 1, LIFE.toMillis());
    }

    @Test
    void creationDeletesTheNote() throws SQLException {
        accounts.find("ann");
        assertThat(redis.get(key("ann"))).isEqualTo(MISSING);
        assertThat(accounts.create("ann", "Ann Lee")).isTrue();
        assertThat(redis.exists(key("ann"))).isFalse();
        assertThat(accounts.find("ann")).isEqualTo(new Read("Ann Lee", Origin.STORE));
        assertThat(accounts.find("ann")).isEqualTo(new Read("Ann Lee", Origin.CACHE));
    }

    @Test
    void aSlowReaderMayHideWhatWasCreatedButOnlyForTheLifeOfTheNote() throws SQLException {
        Runnable creation = unchecked(() -> accounts.create("ann", "Ann Lee"));
        try (RedisClient slow = Clients.before(Command.SET, creation, server)) {
            assertThat(cache(slow).find("ann")).isEqualTo(new Read(null, Origin.STORE));
        }
        assertThat(accounts.find("ann")).as("hidden").isEqualTo(new Read(null, Origin.CACHE));
        assertThat(redis.pttl(key("ann"))).isBetween(1L, MISSING_LIFE.toMillis());
        redis.pexpire(key("ann"), 1);
        await().atMost(LIMIT).until(() -> !redis.exists(key("ann")));
        assertThat(accounts.find("ann")).isEqualTo(new Read("Ann Lee", Origin.STORE));
    }

    @Test
    void aSlowReaderDoesNotHideWhatWasCreatedAndReadMeanwhile() throws SQLException {
        Runnable others = unchecked(() -> {
            accounts.create("ann", "Ann Lee");
            accounts.find("ann");
        });
        try (RedisClient slow = Clients.before(Command.SET, others, server)) {
            assertThat(cache(slow).find("ann")).isEqualTo(new Read(null, Origin.STORE));
        }
        assertThat(accounts.find("ann")).isEqualTo(new Read("Ann Lee", Origin.CACHE));
    }

    @Test
    void aQuestionThatTheStoreCouldNotAnswerIsNotNotedAsMissing() throws Exception {
        accounts.create("ann", "Ann Lee");
        FutureTask<Read> reader = Sql.terminated(store, "account", () -> accounts.find("ann"));
        assertThatThrownBy(() -> reader.get(LIMIT.toSeconds(), TimeUnit.SECONDS))
                .isInstanceOf(ExecutionException.class)
                .cause()
                .isInstanceOfSatisfying(
                        SQLException.class, e -> assertThat(e.getSQLState()).isEqualTo("57P01"));
        assertThat(redis.exists(key("ann"))).isFalse();
        assertThat(accounts.find("ann")).isEqualTo(new Read("Ann Lee", Origin.STORE));
    }

    @Test
    void aCreationThatTheStoreRefusesLeavesTheCacheAsItWas() throws SQLException {
        accounts.create("ann", "Ann Lee");
        accounts.find("ann");
        accounts.find("bob");
        assertThatThrownBy(() -> accounts.create("ann", "another"))
                .isInstanceOfSatisfying(
                        SQLException.class, e -> assertThat(e.getSQLState()).isEqualTo("23505"));
        assertThatThrownBy(() -> accounts.create("bob", null))
                .isInstanceOfSatisfying(
                        SQLException.class, e -> assertThat(e.getSQLState()).isEqualTo("23502"));
        assertThat(accounts.find("ann")).isEqualTo(new Read("Ann Lee", Origin.CACHE));
        assertThat(accounts.find("bob")).isEqualTo(new Read(null, Origin.CACHE));
    }

    @Test
    void noValueIsMistakenForTheNote() throws SQLException {
        List<String> values = List.of(MISSING, "", "+", "+-", "\r\n", "\u00fc\u4e16\ud83d\ude00");
        for (String value : values) {
            accounts.create("of " + value, value);
            assertThat(accounts.find("of " + value)).isEqualTo(new Read(value, Origin.STORE));
            assertThat(accounts.find("of " + value)).isEqualTo(new Read(value, Origin.CACHE));
        }
        String hostile = "x'; delete from account; --\r\nFLUSHALL\r\n";
        assertThat(accounts.find(hostile)).isEqualTo(new Read(null, Origin.STORE));
        assertThat(accounts.find(hostile)).isEqualTo(new Read(null, Origin.CACHE));
        assertThat(Sql.one(store, "select count(*) from account")).isEqualTo(Integer.toString(values.size()));
    }

    @Test
    void withRedisKilledTheStoreAnswersAndAnAccountIsCreated() throws SQLException {
        accounts.find("ann");
        server.kill();
        try {
            assertThat(accounts.find("ann")).isEqualTo(new Read(null, Origin.STORE_ALONE));
            assertThat(accounts.create("ann", "Ann Lee")).isFalse();
            assertThat(accounts.find("ann")).isEqualTo(new Read("Ann Lee", Origin.STORE_ALONE));
        } finally {
            server.start();
        }
        assertThat(accounts.find("ann")).as("the note is gone too").isEqualTo(new Read("Ann Lee", Origin.STORE));
    }

    @Test
    void withRedisKilledBetweenLoadAndNoteTheReaderStillGetsItsAnswer() throws SQLException {
        try (RedisClient slow = Clients.before(Command.SET, server::kill, server)) {
            assertThat(cache(slow).find("ann")).isEqualTo(new Read(null, Origin.STORE_ALONE));
        } finally {
            server.start();
        }
    }

    @Test
    void withRedisPausedTheStoreAnswersAfterTheTimeout() throws SQLException {
        accounts.create("ann", "Ann Lee");
        try (RedisClient client = Clients.impatient(server, 300)) {
            NegativeCaching impatient = cache(client);
            server.pause();
            try {
                assertThat(impatient.find("ann")).isEqualTo(new Read("Ann Lee", Origin.STORE_ALONE));
                assertThat(impatient.find("bob")).isEqualTo(new Read(null, Origin.STORE_ALONE));
            } finally {
                server.resume();
            }
        }
    }

    @Test
    void aFlushBetweenLoadAndNoteLeavesTheNoteWithItsShortLife() throws SQLException {
        try (RedisClient slow = Clients.before(Command.SET, redis::flushAll, server)) {
            assertThat(cache(slow).find("ann")).isEqualTo(new Read(null, Origin.STORE));
        }
        assertThat(redis.pttl(key("ann"))).isBetween(1L, MISSING_LIFE.toMillis());
    }

    @Test
    void aKeyOfAnotherTypeOrAValueThatIsTooLargeIsAsNoCache() throws SQLException {
        redis.lpush(key("ann"), "x");
        assertThat(accounts.find("ann")).isEqualTo(new Read(null, Origin.STORE_ALONE));
        String large = "x".repeat(1_048_577);
        accounts.create("bob", large);
        redis.configSet("proto-max-bulk-len", "1048576");
        // Redis ends the connection of one who sends it too much.
        try (RedisClient client = Clients.of(RedisEndpoint.of(server))) {
            assertThat(cache(client).find("bob")).isEqualTo(new Read(large, Origin.STORE_ALONE));
        } finally {
            redis.configSet("proto-max-bulk-len", "536870912");
        }
        assertThat(redis.exists(key("bob"))).isFalse();
    }

    @Test
    void aFlushCostsOneMoreQuestion() throws SQLException {
        accounts.find("ann");
        redis.flushAll();
        assertThat(accounts.find("ann")).isEqualTo(new Read(null, Origin.STORE));
        assertThat(accounts.find("ann")).isEqualTo(new Read(null, Origin.CACHE));
    }

    @Test
    void whatCannotBeMeantIsRefused() {
        assertThatThrownBy(() -> accounts.find(null)).isInstanceOf(NullPointerException.class);
        assertThatThrownBy(() -> accounts.create(null, "x")).isInstanceOf(NullPointerException.class);
        assertThatThrownBy(() -> new NegativeCaching(redis, store, LIFE, Duration.ZERO))
                .isInstanceOf(IllegalArgumentException.class);
        assertThatThrownBy(() -> new NegativeCaching(redis, store, LIFE, LIFE.plusMillis(1)))
                .isInstanceOf(IllegalArgumentException.class);
        assertThat(connections).hasValue(0);
    }

    private NegativeCaching cache(RedisClient client) {
        return new NegativeCaching(client, Clients.counting(store, connections), LIFE, MISSING_LIFE);
    }
}
