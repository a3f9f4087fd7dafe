package mastery.postgresql.administration;

import static mastery.postgresql.administration.ListenNotify.hear;
import static mastery.postgresql.administration.ListenNotify.listen;
import static mastery.postgresql.administration.ListenNotify.order;
import static mastery.postgresql.administration.ListenNotify.orderByPayload;
import static mastery.postgresql.administration.ListenNotify.shipWaiting;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import mastery.support.junit.OnPostgreSql;
import mastery.support.junit.Prepare;
import org.junit.jupiter.api.Test;
import org.postgresql.PGConnection;
import org.postgresql.PGNotification;

@OnPostgreSql
class ListenNotifyIT {

    private static final Duration LIMIT = Duration.ofSeconds(30);
    private static final String LAST = "the last one";

    @Prepare
    static void prepare(Connection connection) throws SQLException {
        ListenNotify.createSchema(connection);
    }

    @Test
    void theWakeUpComesWithTheCommitAndNotBefore(Connection shop, Connection worker) throws SQLException {
        listen(worker);
        shop.setAutoCommit(false);
        long id = order(shop, "Elm Street 1");
        orderByPayload(worker, LAST);
        // commits arrive in their order: what had been sent before would be heard before
        assertThat(heardUntilTheLast(worker)).isEmpty();
        assertThat(shipWaiting(worker)).isEmpty();

        shop.commit();

        assertThat(hear(worker, LIMIT)).containsExactly("");
        assertThat(shipWaiting(worker)).containsExactly(id);
    }

    @Test
    void nothingIsHeardOfWhatWasRolledBack(Connection shop, Connection worker) throws SQLException {
        listen(worker);
        shop.setAutoCommit(false);
        order(shop, "Elm Street 1");
        shop.rollback();
        orderByPayload(shop, LAST);
        shop.commit();

        assertThat(heardUntilTheLast(worker)).isEmpty();
        assertThat(shipWaiting(worker)).isEmpty();
    }

    @Test
    void equalPayloadsOfOneTransactionArriveOnceAndTheRowsAllOfThem(Connection shop, Connection worker)
            throws SQLException {
        listen(worker);
        shop.setAutoCommit(false);
        List<Long> ids = List.of(order(shop, "Elm Street 1"), order(shop, "Elm Street 1"), order(shop, "Oak Street 2"));
        orderByPayload(shop, "Elm Street 1");
        orderByPayload(shop, "Elm Street 1");
        orderByPayload(shop, "Oak Street 2");
        orderByPayload(shop, LAST);
        shop.commit();

        assertThat(heardUntilTheLast(worker)).containsExactly("", "Elm Street 1", "Oak Street 2");
        assertThat(shipWaiting(worker)).containsExactlyElementsOf(ids);
    }

    @Test
    void equalPayloadsOfTwoTransactionsArriveTwice(Connection shop, Connection worker) throws SQLException {
        listen(worker);
        orderByPayload(shop, "Elm Street 1");
        orderByPayload(shop, "Elm Street 1");
        orderByPayload(shop, LAST);

        assertThat(heardUntilTheLast(worker)).containsExactly("Elm Street 1", "Elm Street 1");
    }

    @Test
    void whatWasCommittedBeforeListenIsNeverHeardAndIsFoundInTheTable(Connection shop, Connection worker)
            throws SQLException {
        long id = order(shop, "Elm Street 1");
        orderByPayload(shop, "Oak Street 2");
        listen(worker);
        orderByPayload(shop, LAST);

        assertThat(heardUntilTheLast(worker)).isEmpty();
        assertThat(shipWaiting(worker)).containsExactly(id);
    }

    @Test
    void aListenerInATransactionHearsNothingUntilItEnds(Connection shop, Connection worker) throws SQLException {
        listen(worker);
        worker.setAutoCommit(false);
        execute(worker, "select 1");
        orderByPayload(shop, "Elm Street 1");
        execute(worker, "select 1"); // an answer of the server, which would bring what it has to tell
        assertThat(pending(worker)).isEmpty();

        worker.commit();

        assertThat(hear(worker, LIMIT)).containsExactly("Elm Street 1");
        assertThatThrownBy(() -> listen(worker))
                .isInstanceOf(IllegalStateException.class)
                .hasMessageContaining("auto-commit");
    }

    @Test
    void aPayloadOf8000BytesIsRefusedAndOneOf7999IsHeard(Connection shop, Connection worker) throws SQLException {
        listen(worker);
        assertThatThrownBy(() -> orderByPayload(shop, "x".repeat(8_000)))
                .isInstanceOfSatisfying(
                        SQLException.class, e -> assertThat(e.getSQLState()).isEqualTo("22023"));
        assertThatThrownBy(() -> orderByPayload(shop, "ü".repeat(4_000)))
                .as("bytes count, not characters")
                .isInstanceOfSatisfying(
                        SQLException.class, e -> assertThat(e.getSQLState()).isEqualTo("22023"));

        orderByPayload(shop, "x".repeat(7_999));
        assertThat(hear(worker, LIMIT)).containsExactly("x".repeat(7_999));

        String address = "x".repeat(100_000);
        order(shop, address);
        assertThat(hear(worker, LIMIT)).containsExactly("");
        assertThat(addressWaiting(worker)).isEqualTo(address);
    }

    @Test
    void twoWorkersHearTheSameWakeUpAndShareTheRows(Connection shop, Connection ann, Connection bob)
            throws SQLException {
        listen(ann);
        listen(bob);
        long id = order(shop, "Elm Street 1");
        assertThat(hear(ann, LIMIT)).containsExactly("");
        assertThat(hear(bob, LIMIT)).containsExactly("");

        assertThat(shipWaiting(ann)).containsExactly(id);
        assertThat(shipWaiting(bob)).isEmpty();
    }

    @Test
    void whatCannotBeIsRefusedBeforeAnyStatement(Connection connection) throws SQLException {
        connection.close(); // a statement would fail with an SQLException

        assertThatThrownBy(() -> order(connection, null)).hasMessage("address");
        assertThatThrownBy(() -> hear(connection, Duration.ZERO))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("PT0S");
        assertThatThrownBy(() -> hear(connection, Duration.ofDays(100))).isInstanceOf(ArithmeticException.class);
    }

    /** What the session hears before {@link #LAST}, which proves that more was not sent. */
    private static List<String> heardUntilTheLast(Connection listener) throws SQLException {
        List<String> all = new ArrayList<>();
        while (!all.contains(LAST)) {
            List<String> heard = hear(listener, LIMIT);
            assertThat(heard).as("heard so far: %s", all).isNotEmpty();
            all.addAll(heard);
        }
        assertThat(all).endsWith(LAST);
        return all.subList(0, all.size() - 1);
    }

    /** What has arrived, without waiting. */
    private static PGNotification[] pending(Connection listener) throws SQLException {
        return listener.unwrap(PGConnection.class).getNotifications();
    }

    private static String addressWaiting(Connection connection) throws SQLException {
        try (Statement statement = connection.createStatement();
                ResultSet row = statement.executeQuery("select address from shipment where not shipped")) {
            row.next();
            return row.getString(1);
        }
    }

    private static void execute(Connection connection, String sql) throws SQLException {
        try (Statement statement = connection.createStatement()) {
            statement.execute(sql);
        }
    }
}
