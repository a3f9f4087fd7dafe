package mastery.postgresql.administration;

import static mastery.postgresql.administration.LogicalReplication.add;
import static mastery.postgresql.administration.LogicalReplication.createReplicator;
import static mastery.postgresql.administration.LogicalReplication.createSchema;
import static mastery.postgresql.administration.LogicalReplication.hasAll;
import static mastery.postgresql.administration.LogicalReplication.orders;
import static mastery.postgresql.administration.LogicalReplication.position;
import static mastery.postgresql.administration.LogicalReplication.publish;
import static mastery.postgresql.administration.LogicalReplication.resume;
import static mastery.postgresql.administration.LogicalReplication.status;
import static mastery.postgresql.administration.LogicalReplication.subscribe;
import static mastery.postgresql.administration.LogicalReplication.unsubscribe;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.UUID;
import mastery.postgresql.administration.LogicalReplication.Order;
import mastery.postgresql.administration.LogicalReplication.Status;
import mastery.support.junit.OnPostgreSql;
import mastery.support.postgresql.PostgreSqlDatabase;
import mastery.support.postgresql.PostgreSqlServers;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

@OnPostgreSql(servers = 2)
class LogicalReplicationIT {

    private static final Duration LIMIT = Duration.ofSeconds(60);

    private Connection publisher;
    private Connection subscriber;
    private PostgreSqlDatabase copy;

    @BeforeEach
    void createBothEnds(PostgreSqlServers servers, PostgreSqlDatabase shop, Connection publisher) throws SQLException {
        this.publisher = publisher;
        copy = servers.server(1).newDatabase();
        subscriber = copy.dataSource().getConnection();
        createSchema(publisher);
        createSchema(subscriber);
        publish(publisher);
        add(publisher, "eu", 1900, "gift");
        add(publisher, "us", 2500, "fragile");
        String password = UUID.randomUUID() + "'\\";
        String role = createReplicator(publisher, password);
        subscribe(
                subscriber,
                "host=%s port=%d dbname=%s user=%s password='%s'"
                        .formatted(
                                shop.node().host(),
                                shop.node().port(),
                                shop.name(),
                                role,
                                password.replace("\\", "\\\\").replace("'", "\\'")));
    }

    @AfterEach
    void dropTheSubscription() throws SQLException {
        unsubscribe(subscriber);
        subscriber.close();
        copy.close();
    }

    @Test
    void theCopyHasTheRowsOfTheFilterAndTheColumnsOfTheList() throws SQLException {
        awaitAll();
        assertThat(orders(subscriber)).containsExactly(new Order(1, "eu", 1900, null));

        add(publisher, "us", 100, null);
        add(publisher, "eu", 700, "late");
        update(publisher, "update customer_order set cents = cents + 1");

        awaitAll();
        assertThat(orders(subscriber)).containsExactly(new Order(1, "eu", 1901, null), new Order(4, "eu", 701, null));
        update(publisher, "delete from customer_order where id <> 4");
        awaitAll();
        assertThat(orders(subscriber)).containsExactly(new Order(4, "eu", 701, null));
    }

    @Test
    void aRowThatLeavesTheFilterIsDeletedFromTheCopyAndOneThatEntersIsInserted() throws SQLException {
        awaitAll();
        update(publisher, "update customer_order set region = case region when 'eu' then 'us' else 'eu' end");

        awaitAll();
        assertThat(orders(subscriber)).containsExactly(new Order(2, "eu", 2500, null));
    }

    @Test
    void withoutAReplicaIdentityThePublishersOwnUpdatesAndDeletesFail() throws SQLException {
        update(publisher, "create table event (id int)");
        update(publisher, "insert into event values (1)");
        assertThat(update(publisher, "update event set id = 2")).isEqualTo(1);

        update(publisher, "alter publication eu_orders add table event");

        assertThat(failure(publisher, "update event set id = 3")).isEqualTo("55000");
        assertThat(failure(publisher, "delete from event")).isEqualTo("55000");
        assertThat(update(publisher, "insert into event values (2)")).isEqualTo(1);
    }

    @Test
    void anIdentityWithoutTheColumnOfTheFilterFailsUpdatesAndDeletesToo() throws SQLException {
        update(publisher, "alter table customer_order replica identity default"); // the primary key

        assertThat(failure(publisher, "update customer_order set cents = 1")).isEqualTo("42P10");
        assertThat(failure(publisher, "delete from customer_order")).isEqualTo("42P10");
    }

    @Test
    void sequencesAreNotCopiedSoTheFirstOwnRowOfTheCopyCollides() throws SQLException {
        awaitAll();

        assertThatThrownBy(() -> add(subscriber, "eu", 100, null))
                .isInstanceOfSatisfying(
                        SQLException.class, e -> assertThat(e.getSQLState()).isEqualTo("23505"));

        update(subscriber, "alter table customer_order alter id restart with 1000");
        assertThat(add(subscriber, "eu", 100, null)).isEqualTo(1000);
    }

    @Test
    void changesOfTheSchemaAreNotCopied() throws SQLException {
        update(publisher, "alter table customer_order add column paid boolean not null default false");
        add(publisher, "eu", 100, null);

        awaitAll();
        assertThat(orders(subscriber)).extracting(Order::id).containsExactly(1L, 3L);
        assertThat(failure(subscriber, "select paid from customer_order")).isEqualTo("42703");
    }

    @Test
    void aRowThatIsThereAlreadyStopsTheSubscriptionUntilItIsClearedAway() throws SQLException {
        awaitAll();
        update(subscriber, "insert into customer_order (id, region, cents) values (3, 'us', 1)");

        add(publisher, "eu", 300, null);
        add(publisher, "eu", 400, null);

        Awaitility.await()
                .atMost(LIMIT)
                .untilAsserted(() -> assertThat(status(subscriber)).isEqualTo(new Status(false, 1, 0)));
        assertThat(hasAll(publisher, subscriber, position(publisher))).isFalse();
        assertThat(orders(subscriber)).containsExactly(new Order(1, "eu", 1900, null), new Order(3, "us", 1, null));

        update(subscriber, "delete from customer_order where id = 3");
        resume(subscriber);
        awaitAll();
        assertThat(orders(subscriber))
                .containsExactly(
                        new Order(1, "eu", 1900, null), new Order(3, "eu", 300, null), new Order(4, "eu", 400, null));
        assertThat(status(subscriber)).isEqualTo(new Status(true, 1, 0));
    }

    @Test
    void aRowThatIsThereByTwoUniqueKeysIsAnotherKindOfConflict() throws SQLException {
        awaitAll();
        update(subscriber, "insert into customer_order (id, region, cents) values (3, 'eu', 1)");

        add(publisher, "eu", 300, null);

        Awaitility.await()
                .atMost(LIMIT)
                .untilAsserted(() -> assertThat(status(subscriber)).isEqualTo(new Status(false, 0, 1)));
    }

    @Test
    void theSlotOnThePublisherGoesWithTheSubscription() throws SQLException {
        assertThat(slots()).isEqualTo(1);

        unsubscribe(subscriber);

        assertThat(slots()).isZero();
    }

    @Test
    void anOrderWithoutARegionIsRefusedBeforeAnyStatement() throws SQLException {
        publisher.close(); // a statement would fail with an SQLException

        assertThatThrownBy(() -> add(publisher, null, 1, null)).hasMessage("region");
    }

    private void awaitAll() throws SQLException {
        String lsn = position(publisher);
        Awaitility.await()
                .pollInterval(Duration.ofMillis(50))
                .atMost(LIMIT)
                .until(() -> hasAll(publisher, subscriber, lsn));
    }

    private int slots() throws SQLException {
        try (Statement statement = publisher.createStatement();
                ResultSet row = statement.executeQuery(
                        "select count(*) from pg_replication_slots where slot_name = '" + copy.name() + "'")) {
            row.next();
            return row.getInt(1);
        }
    }

    /** The SQLSTATE with which it fails. */
    private static String failure(Connection connection, String sql) {
        try (Statement statement = connection.createStatement()) {
            statement.execute(sql);
            throw new AssertionError("should fail: " + sql);
        } catch (SQLException e) {
            return e.getSQLState();
        }
    }

    private static int update(Connection connection, String sql) throws SQLException {
        try (Statement statement = connection.createStatement()) {
            return statement.executeUpdate(sql);
        }
    }
}
