package mastery.redis.pubsub;

import static mastery.redis.pubsub.AtMostOncePubSub.append;
import static mastery.redis.pubsub.AtMostOncePubSub.publish;
import static mastery.redis.pubsub.AtMostOncePubSub.readAfter;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import java.time.Duration;
import java.util.List;
import java.util.UUID;
import java.util.stream.Stream;
import mastery.redis.pubsub.AtMostOncePubSub.Kept;
import mastery.redis.pubsub.AtMostOncePubSub.Listener;
import mastery.support.junit.OnRedis;
import mastery.support.redis.RedisDatabase;
import org.junit.jupiter.api.Test;
import redis.clients.jedis.DefaultJedisClientConfig;
import redis.clients.jedis.Jedis;
import redis.clients.jedis.RedisClient;
import redis.clients.jedis.exceptions.JedisConnectionException;
import redis.clients.jedis.exceptions.JedisDataException;
import redis.clients.jedis.params.ClientKillParams;

/** Channels belong to the whole server, so each test listens to one of its own. */
@OnRedis
class AtMostOncePubSubIT {

    private static final Duration LIMIT = Duration.ofSeconds(30);

    private final String channel = "orders " + UUID.randomUUID();
    private final String name = "listener-" + UUID.randomUUID();

    @Test
    void aMessageWithoutListenersGoesToNobodyAndIsKeptNowhere(RedisClient redis) throws Exception {
        assertThat(publish(redis, channel, "order 1")).isZero();

        assertThat(redis.exists(channel)).isFalse();
        try (Listener late = Listener.to(redis, channel, LIMIT)) {
            assertThat(publish(redis, channel, "order 2")).isEqualTo(1);
            assertThat(late.next(LIMIT))
                    .as("what came after it began to listen")
                    .contains("order 2");
            assertThat(late.next(Duration.ZERO)).isEmpty();
        }
    }

    @Test
    void eachListenerGetsEachMessageOnceAndInOrder(RedisClient redis) throws Exception {
        try (Listener first = Listener.to(redis, channel, LIMIT);
                Listener second = Listener.to(redis, channel, LIMIT)) {
            List<String> sent = Stream.iterate(1, i -> i + 1)
                    .limit(1_000)
                    .map(i -> "order " + i)
                    .toList();
            assertThat(sent)
                    .allSatisfy(message ->
                            assertThat(publish(redis, channel, message)).isEqualTo(2));

            for (String message : sent) {
                assertThat(first.next(LIMIT)).contains(message);
                assertThat(second.next(LIMIT)).contains(message);
            }
            assertThat(first.next(Duration.ZERO)).isEmpty();
        }
    }

    @Test
    void aListenerThatIsClosedIsCountedNoMoreAndLeavesNoConnectionBehind(RedisClient redis) throws Exception {
        try (Listener listener = Listener.to(redis, channel, LIMIT)) {
            assertThat(publish(redis, channel, "order 1")).isEqualTo(1);
            assertThat(listener.isSubscribed()).isTrue();
            assertThat(redis.getPool().getNumActive()).isEqualTo(1);
        }
        assertThat(publish(redis, channel, "order 2")).isZero();
        assertThat(redis.getPool().getNumActive()).isZero();
    }

    @Test
    void whatComesWhileTheConnectionIsCutIsLostButTheStreamHasIt(RedisClient redis, RedisDatabase database)
            throws Exception {
        try (RedisClient other = namedClient(database)) {
            Listener cut = Listener.to(other, channel, LIMIT);
            String seen = append(redis, "orders", "order 1", 100);
            publish(redis, channel, "order 1");
            assertThat(cut.next(LIMIT)).contains("order 1");

            killNamedConnections(database);
            append(redis, "orders", "order 2", 100);
            assertThat(publish(redis, channel, "order 2")).as("nobody is there").isZero();

            await().atMost(LIMIT).until(() -> cut.failure().isPresent());
            assertThatThrownBy(() -> cut.next(LIMIT)).isInstanceOf(JedisConnectionException.class);
            cut.close();
            try (Listener again = Listener.to(other, channel, LIMIT)) {
                publish(redis, channel, "order 3");
                append(redis, "orders", "order 3", 100);
                assertThat(again.next(LIMIT))
                        .as("2 is lost, and nothing says so")
                        .contains("order 3");
            }
            assertThat(readAfter(redis, "orders", seen))
                    .extracting(Kept::message)
                    .containsExactly("order 2", "order 3");
        }
    }

    @Test
    void aMessageBeforeTheListenersConnectionBrokeIsStillRead(RedisClient redis, RedisDatabase database)
            throws Exception {
        try (RedisClient other = namedClient(database)) {
            Listener cut = Listener.to(other, channel, LIMIT);
            publish(redis, channel, "order 1");
            killNamedConnections(database);
            await().atMost(LIMIT).until(() -> cut.failure().isPresent());

            assertThat(cut.next(LIMIT)).contains("order 1");
            assertThatThrownBy(() -> cut.next(LIMIT)).isInstanceOf(JedisConnectionException.class);
            cut.close();
        }
    }

    @Test
    void theStreamIsReadFromWhereTheReaderLeft(RedisClient redis) {
        assertThat(readAfter(redis, "orders", "0-0")).isEmpty();
        String first = append(redis, "orders", "order 1", 100);
        append(redis, "orders", "order 2", 100);

        assertThat(readAfter(redis, "orders", "0-0")).extracting(Kept::message).containsExactly("order 1", "order 2");
        List<Kept> rest = readAfter(redis, "orders", first);
        assertThat(rest).extracting(Kept::message).containsExactly("order 2");
        assertThat(readAfter(redis, "orders", rest.get(0).id())).isEmpty();
    }

    @Test
    void theStreamForgetsWhatIsBeyondItsCapacity(RedisClient redis) {
        for (int i = 1; i <= 1_000; i++) {
            append(redis, "orders", "order " + i, 100);
        }
        // Trimming is approximate: Redis removes whole nodes of its tree, which hold 100 entries by default.
        assertThat(redis.xlen("orders")).isBetween(100L, 200L);
        assertThat(readAfter(redis, "orders", "0-0")).extracting(Kept::message).doesNotContain("order 1");
    }

    @Test
    void aListenerThatMayNotSubscribeIsToldSo(RedisDatabase database) {
        String user = "deaf-" + UUID.randomUUID();
        try (Jedis administrator = administrator(database);
                RedisClient other = clientOf(user, database)) {
            administrator.aclSetUser(user, "on", ">" + user, "+@all", "~*", "resetchannels");
            assertThatThrownBy(() -> Listener.to(other, channel, LIMIT))
                    .isInstanceOf(IllegalStateException.class)
                    .hasMessageContaining("not confirmed")
                    .rootCause()
                    .isInstanceOf(JedisDataException.class)
                    .hasMessageContaining("NOPERM");
        } finally {
            try (Jedis administrator = administrator(database)) {
                administrator.aclDelUser(user);
            }
        }
    }

    @Test
    void hostileChannelsAndMessagesAreOnlyBytes(RedisClient redis) throws Exception {
        String hostile = channel + " *?[a]\r\nFLUSHALL\r\n\0 größe 🚀";
        redis.set("guard", "here");
        try (Listener listener = Listener.to(redis, hostile, LIMIT)) {
            assertThat(publish(redis, hostile, hostile)).isEqualTo(1);
            assertThat(listener.next(LIMIT)).contains(hostile);
            assertThat(publish(redis, hostile, "")).isEqualTo(1);
            assertThat(listener.next(LIMIT)).contains("");
        }
        assertThat(redis.get("guard")).isEqualTo("here");
        assertThatThrownBy(() -> publish(redis, channel, null))
                .isInstanceOf(NullPointerException.class)
                .hasMessage("message");
    }

    private static RedisClient clientOf(String user, RedisDatabase database) {
        return client(database, DefaultJedisClientConfig.builder().user(user).password(user));
    }

    private RedisClient namedClient(RedisDatabase database) {
        return client(
                database,
                DefaultJedisClientConfig.builder().from(database.clientConfig()).clientName(name));
    }

    private static RedisClient client(RedisDatabase database, DefaultJedisClientConfig.Builder config) {
        return RedisClient.builder()
                .hostAndPort(database.hostAndPort())
                .clientConfig(config.database(database.number()).build())
                .build();
    }

    private void killNamedConnections(RedisDatabase database) {
        try (Jedis administrator = administrator(database)) {
            List<String> ids = administrator
                    .clientList()
                    .lines()
                    .filter(line -> line.contains(" name=" + name + " "))
                    .map(line -> line.replaceFirst("^id=(\\d+) .*", "$1"))
                    .toList();
            assertThat(ids).as("connections of the listener").isNotEmpty();
            ids.forEach(id -> administrator.clientKill(new ClientKillParams().id(id)));
        }
    }

    private static Jedis administrator(RedisDatabase database) {
        return new Jedis(database.hostAndPort(), database.clientConfig());
    }
}
