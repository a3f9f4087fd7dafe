package mastery.design.transactions;

import static mastery.design.transactions.Outbox.add;
import static mastery.design.transactions.Outbox.consume;
import static mastery.design.transactions.Outbox.parcel;
import static mastery.design.transactions.Outbox.published;
import static mastery.design.transactions.Outbox.relay;
import static mastery.design.transactions.Outbox.relayAnyEvent;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.assertThatIllegalStateException;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.concurrent.TimeUnit;
import javax.sql.DataSource;
import mastery.design.transactions.Outbox.Event;
import mastery.support.interleave.Blocked;
import mastery.support.interleave.Interleaving;
import mastery.support.interleave.LockView;
import mastery.support.interleave.OtherJvm;
import mastery.support.interleave.Session;
import mastery.support.junit.OnPostgreSql;
import mastery.support.junit.OnRedis;
import mastery.support.junit.Prepare;
import mastery.support.postgresql.PostgreSqlDatabase;
import mastery.support.redis.RedisReplication;
import mastery.support.server.Node;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import redis.clients.jedis.CommandArguments;
import redis.clients.jedis.Protocol;
import redis.clients.jedis.RedisClient;
import redis.clients.jedis.exceptions.JedisConnectionException;

/**
 * The steps of a relay: 1 claims an event, then it is published in Redis, 2 marks it, 3 commits. Those of a consumer: 1 registers
 * the event, 2 has the effect, 3 commits, then it is acknowledged in Redis. Ann's basket waits with an apple, then a pear.
 */
@OnPostgreSql(settings = {"fsync=on", "synchronous_commit=on"})
@OnRedis(topology = OnRedis.Topology.REPLICATION, replicas = 0)
class OutboxIT {

    private static final int SHOP_EVENTS = 2;

    private Connection shop;

    @Prepare
    static void prepare(Connection connection) throws SQLException {
        Outbox.createSchema(connection);
    }

    @BeforeEach
    void fill(Connection connection, RedisClient redis) throws SQLException {
        logToDisk(redis, true);
        Outbox.createGroup(redis);
        shop = connection;
        shop.setAutoCommit(false);
        add(shop, "Ann", "apple");
        shop.commit();
        add(shop, "Ann", "pear");
        shop.commit();
    }

    @Test
    void aRollbackPublishesNothingAndTheWrongWayAGhost(Connection relay, RedisClient redis) throws SQLException {
        add(shop, "Ann", "ghost");
        shop.rollback();
        drain(relay, redis);
        assertThat(published(redis)).extracting(Event::item).containsExactly("apple", "pear");

        Outbox.addAndPublish(shop, redis, "Ann", "ghost");
        shop.rollback();
        assertThat(published(redis)).extracting(Event::item).containsExactly("apple", "pear", "ghost");
        assertThat(number("select items from basket")).isEqualTo(2);
    }

    @Test
    void whatIsNotYetCommittedIsNotPublished(Connection relay, RedisClient redis) throws SQLException {
        drain(relay, redis);
        long id = add(shop, "Ann", "plum");
        assertThat(relay(relay, redis, 10)).isEmpty();

        shop.commit();
        assertThat(relay(relay, redis, 10)).containsExactly(new Event(id, "Ann", "plum"));
        assertThat(relay(relay, redis, 10)).isEmpty();
    }

    /** How often the first event is delivered: twice if the relay dies between publishing and commit. */
    @ParameterizedTest
    @CsvSource({"before 1, 1", "after 1, 1", "before 2, 2", "before 3, 2", "after 3, 1"})
    void theRelayIsKilledAtAnyStepAndEachEventHasOneEffect(
            String point,
            int deliveries,
            PostgreSqlDatabase database,
            @OnRedis Node redisServer,
            Connection relay,
            Connection packing,
            RedisClient redis)
            throws Exception {
        try (OtherJvm doomed = RelayProcess.standingAt(point, database, redisServer)) {
            doomed.kill();
        }

        drain(relay, redis);
        isDeliveredAndHasOneEffect(deliveries, packing, redis);
    }

    @ParameterizedTest
    @CsvSource({"before 1, 1", "after 1, 2", "before 2, 2", "before 3, 2", "after 3, 1"})
    void theDatabaseIsKilledAtAnyStepAndEachEventHasOneEffect(
            String point, int deliveries, DataSource database, @OnPostgreSql Node server, RedisClient redis)
            throws SQLException {
        try (Connection doomed = watched(database, point, server::kill)) {
            if (point.equals("after 3")) {
                relay(doomed, redis, 1);
            } else {
                assertThatThrownBy(() -> relay(doomed, redis, 1)).isInstanceOf(SQLException.class);
            }
        } finally {
            server.start();
        }

        try (Connection relay = database.getConnection();
                Connection packing = database.getConnection()) {
            drain(relay, redis);
            isDeliveredAndHasOneEffect(deliveries, packing, redis);
        }
    }

    @ParameterizedTest
    @CsvSource({"before 1, 1", "after 1, 1", "before 2, 1", "before 3, 1", "after 3, 1"})
    void redisIsKilledAtAnyStepAndEachEventHasOneEffect(
            String point, int deliveries, DataSource database, RedisReplication servers, Connection relay)
            throws SQLException {
        Node server = servers.primary();
        try (Connection doomed = watched(database, point, server::kill)) {
            try (RedisClient redis = servers.newClient(server)) {
                if (point.endsWith("1")) {
                    assertThatThrownBy(() -> relay(doomed, redis, 1)).isInstanceOf(JedisConnectionException.class);
                } else {
                    assertThat(relay(doomed, redis, 1)).hasSize(1);
                }
            } finally {
                server.start();
            }

            // the first relay is still connected, and holds nothing back
            try (RedisClient redis = servers.newClient(server);
                    Connection packing = database.getConnection()) {
                drain(relay, redis);
                isDeliveredAndHasOneEffect(deliveries, packing, redis);
            }
        }
    }

    @Test
    void aRedisWithoutItsLogForgetsWhatTheOutboxCountsAsPublished(
            DataSource database, RedisReplication servers, Connection relay) throws SQLException {
        Node server = servers.primary();
        try (Connection doomed = watched(database, "before 2", server::kill);
                RedisClient redis = servers.newClient(server)) {
            logToDisk(redis, false);
            assertThat(relay(doomed, redis, 1)).extracting(Event::item).containsExactly("apple");
        } finally {
            server.start();
        }

        try (RedisClient redis = servers.newClient(server)) {
            drain(relay, redis);
            assertThat(published(redis)).extracting(Event::item).containsExactly("pear");
        }
    }

    @ParameterizedTest
    @CsvSource({"before 1", "before 2", "before 3", "after 3"})
    void theSessionOfTheConsumerEndsAtAnyStepAndEachEventHasOneEffect(
            String point, DataSource database, Connection relay, Connection packing, RedisClient redis)
            throws SQLException {
        drain(relay, redis);
        try (Connection doomed = database.getConnection()) {
            int session = number(doomed, "select pg_backend_pid()");
            Connection watched = Steps.watch(doomed, at -> {
                if (at.equals(point)) {
                    number(relay, "select count(pg_terminate_backend(" + session + ", 30000))");
                }
            });
            assertThatThrownBy(() -> consume(watched, redis, "worker")).isInstanceOf(SQLException.class);
        }

        isDeliveredAndHasOneEffect(1, packing, redis);
    }

    @Test
    void aConsumerThatCouldNotAcknowledgeGetsTheEventAgainAndKnowsIt(
            DataSource database, RedisReplication servers, Connection relay, Connection packing) throws SQLException {
        Node server = servers.primary();
        try (Connection doomed = watched(database, "after 3", server::kill);
                RedisClient redis = servers.newClient(server)) {
            drain(relay, redis);
            assertThatThrownBy(() -> consume(doomed, redis, "worker")).isInstanceOf(JedisConnectionException.class);
        } finally {
            server.start();
        }

        try (RedisClient redis = servers.newClient(server)) {
            assertThat(redis.xpending(Outbox.STREAM, Outbox.GROUP).getTotal()).isEqualTo(2);
            assertThat(parcel(packing, "Ann")).isEqualTo("apple");
            assertThat(consume(packing, redis, "worker"))
                    .extracting(Event::item)
                    .containsExactly("pear");
            assertThat(parcel(packing, "Ann")).isEqualTo("apple, pear");
            assertThat(redis.xpending(Outbox.STREAM, Outbox.GROUP).getTotal()).isZero();
        }
    }

    @Test
    void anEffectThatFailsTakesTheIdOfItsEventBack(Connection relay, Connection packing, RedisClient redis)
            throws SQLException {
        drain(relay, redis);
        Connection failing = Steps.watch(packing, at -> {
            if (at.equals("before 2")) {
                throw new IllegalStateException("out of boxes");
            }
        });
        assertThatThrownBy(() -> consume(failing, redis, "worker")).hasMessage("out of boxes");

        isDeliveredAndHasOneEffect(1, packing, redis);
    }

    @Test
    void aGroupThatIsMadeLateStartsAtTheFirstEvent(Connection relay, Connection packing, RedisClient redis)
            throws SQLException {
        redis.del(Outbox.STREAM);
        drain(relay, redis);
        Outbox.createGroup(redis);

        isDeliveredAndHasOneEffect(1, packing, redis);
    }

    /** Two relays at the same time: while one holds the apple, the other finds nothing of this basket, and goes on with the next. */
    @Test
    void noRelayOvertakesAnother(DataSource database, Connection otherRelay, RedisClient redis) throws SQLException {
        add(shop, "Bob", "bread");
        shop.commit();
        try (Connection slow = watched(database, "after 1", () -> relay(otherRelay, redis, 1))) {
            relay(slow, redis, 1);
        }
        assertThat(published(redis)).extracting(Event::item).containsExactly("bread", "apple");

        drain(otherRelay, redis);
        assertThat(published(redis)).extracting(Event::item).containsExactly("bread", "apple", "pear");
    }

    @Test
    void aRelayThatTakesAnyEventOvertakesAnother(DataSource database, Connection otherRelay, RedisClient redis)
            throws SQLException {
        try (Connection slow = watched(database, "after 1", () -> relayAnyEvent(otherRelay, redis, 1))) {
            relayAnyEvent(slow, redis, 1);
        }
        assertThat(published(redis)).extracting(Event::item).containsExactly("pear", "apple");
    }

    @Test
    void oneRoundTakesOneEventOfEachBasketInTheirOrder(Connection relay, RedisClient redis) throws SQLException {
        add(shop, "Bob", "bread");
        shop.commit();

        assertThat(relay(relay, redis, 10)).extracting(Event::item).containsExactly("apple", "bread");
        assertThat(relay(relay, redis, 10)).extracting(Event::item).containsExactly("pear");
        assertThat(number("select count(*) from outbox where not published")).isZero();
    }

    /** The basket's row is locked before the id is taken; else a higher id could commit first and be published first. */
    @Test
    void eventsOfOneBasketCommitInTheOrderOfTheirIds(DataSource database) throws SQLException {
        try (Interleaving play = Interleaving.on(LockView.postgreSql(database))) {
            Session ann = play.session("Ann", database);
            Session alsoAnn = play.session("also Ann", database);
            ann.begins();
            alsoAnn.begins();
            long plum = ann.returns("adds a plum", c -> add(c, "Ann", "plum"));
            Blocked<Long> fig = alsoAnn.blocks("adds a fig", c -> add(c, "Ann", "fig"));
            assertThat(fig.waitsFor()).isSameAs(ann);
            assertThat(number("select last_value from outbox_id_seq")).isEqualTo((int) plum);
            ann.commits();
            assertThat(fig.returns()).isGreaterThan(plum);
        }
    }

    @Test
    void badInputIsRefusedAndHostileTextIsOnlyText(Connection relay, Connection packing, RedisClient redis)
            throws SQLException {
        assertThatIllegalArgumentException()
                .isThrownBy(() -> add(shop, "Ann", " "))
                .withMessageContaining("item");
        assertThatIllegalArgumentException().isThrownBy(() -> add(shop, null, "fig"));
        assertThatIllegalArgumentException()
                .isThrownBy(() -> relay(relay, redis, 0))
                .withMessageContaining("0 events");
        assertThatIllegalStateException()
                .isThrownBy(() -> add(packing, "Ann", "fig"))
                .withMessageContaining("auto-commit");
        Outbox.createGroup(redis);

        String hostile = "'); drop table outbox; -- \n\u0001 \uD83D\uDCE6";
        String big = "x".repeat(1_000_000);
        add(shop, hostile, big);
        shop.commit();
        drain(relay, redis);
        assertThat(consume(packing, redis, "worker")).hasSize(SHOP_EVENTS + 1);
        assertThat(parcel(packing, hostile)).isEqualTo(big);
        assertThat(parcel(packing, "nobody")).isEmpty();
    }

    /** Nothing is lost, nothing is done twice, and the apple comes before the pear. */
    private void isDeliveredAndHasOneEffect(int deliveries, Connection packing, RedisClient redis) throws SQLException {
        List<String> expected = new ArrayList<>(Collections.nCopies(deliveries, "apple"));
        expected.add("pear");
        assertThat(published(redis)).extracting(Event::item).containsExactlyElementsOf(expected);

        consume(packing, redis, "worker");
        consume(packing, redis, "worker");
        assertThat(parcel(packing, "Ann")).isEqualTo("apple, pear");
        assertThat(number(packing, "select count(*) from inbox")).isEqualTo(SHOP_EVENTS);
        assertThat(redis.xpending(Outbox.STREAM, Outbox.GROUP).getTotal()).isZero();
    }

    /** A relay works until nothing waits. What a dead relay had locked is free when the server has noticed its death. */
    private static void drain(Connection relay, RedisClient redis) {
        Awaitility.await()
                .pollDelay(Duration.ZERO)
                .pollInterval(Duration.ofMillis(10))
                .atMost(30, TimeUnit.SECONDS)
                .until(() -> {
                    relay(relay, redis, 1);
                    return number(relay, "select count(*) from outbox where not published") == 0;
                });
    }

    @FunctionalInterface
    private interface Misfortune {
        void strikes() throws Exception;
    }

    private static Connection watched(DataSource database, String point, Misfortune misfortune) throws SQLException {
        return Steps.watch(database.getConnection(), at -> {
            if (at.equals(point)) {
                misfortune.strikes();
            }
        });
    }

    /** In the server's configuration file too, as it shall hold after a restart. */
    private static void logToDisk(RedisClient redis, boolean on) {
        String wanted = on ? "yes" : "no";
        if (!wanted.equals(redis.configGet("appendonly").get("appendonly"))) {
            redis.configSet("appendfsync", "always");
            redis.configSet("appendonly", wanted);
            redis.executeCommand(new CommandArguments(Protocol.Command.CONFIG).add("REWRITE"));
            Awaitility.await()
                    .atMost(30, TimeUnit.SECONDS)
                    .until(() -> redis.info("persistence").contains("aof_rewrite_in_progress:0")
                            && redis.info("persistence").contains("aof_rewrite_scheduled:0"));
        }
    }

    private int number(String sql) throws SQLException {
        return number(shop, sql);
    }

    private static int number(Connection connection, String sql) throws SQLException {
        try (Statement statement = connection.createStatement();
                ResultSet row = statement.executeQuery(sql)) {
            row.next();
            return row.getInt(1);
        }
    }
}
