package mastery.postgresql.basics;

import static mastery.postgresql.basics.UpsertReturning.RECEIVE_ALL_AS_GIVEN;
import static mastery.postgresql.basics.UpsertReturning.addIfNew;
import static mastery.postgresql.basics.UpsertReturning.receive;
import static mastery.postgresql.basics.UpsertReturning.receiveAll;
import static mastery.postgresql.basics.UpsertReturning.receiveInTwoSteps;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import javax.sql.DataSource;
import mastery.postgresql.basics.UpsertReturning.Delivery;
import mastery.postgresql.basics.UpsertReturning.Receipt;
import mastery.support.interleave.Blocked;
import mastery.support.interleave.Interleaving;
import mastery.support.interleave.LockView;
import mastery.support.interleave.Session;
import mastery.support.junit.OnPostgreSql;
import mastery.support.junit.Prepare;
import org.junit.jupiter.api.Test;

@OnPostgreSql
class UpsertReturningIT {

    private static final List<Delivery> MATE_TWICE =
            List.of(new Delivery("tea", 1), new Delivery("mate", 3), new Delivery("mate", 4));
    private static final List<Delivery> TEN_BACKWARDS = Stream.of(
                    "k9", "k8", "k7", "k6", "k5", "k4", "k3", "k2", "k1", "k0")
            .map(sku -> new Delivery(sku, 1))
            .toList();

    @Prepare
    static void prepare(Connection connection) throws SQLException {
        UpsertReturning.createSchema(connection);
    }

    @Test
    void oldIsNullAfterAnInsertAndTheFormerRowAfterAnUpdate(Connection connection) throws SQLException {
        assertThat(receive(connection, new Delivery("tea", 10))).isEqualTo(new Receipt(1, "tea", null, 10, true));
        assertThat(receive(connection, new Delivery("tea", 5))).isEqualTo(new Receipt(1, "tea", 10L, 15, false));
        assertThat(stock(connection)).containsExactly("1 tea 15");
    }

    @Test
    void oneKeyTwiceInAStatementFailsWith21000AndStoresNothing(Connection connection) throws SQLException {
        assertThatThrownBy(() -> receiveAll(connection, RECEIVE_ALL_AS_GIVEN, MATE_TWICE))
                .isInstanceOfSatisfying(
                        SQLException.class, e -> assertThat(e.getSQLState()).isEqualTo("21000"));
        assertThat(stock(connection)).isEmpty();
    }

    @Test
    void addedUpFirstEachKeyComesOnce(Connection connection) throws SQLException {
        receive(connection, new Delivery("tea", 10));

        assertThat(receiveAll(connection, MATE_TWICE))
                .containsExactly(new Receipt(2, "mate", null, 7, true), new Receipt(1, "tea", 10L, 11, false));
        assertThat(receiveAll(connection, List.of())).isEmpty();
    }

    @Test
    void theUpsertWaitsForTheOtherSessionAndAddsToItsRow(DataSource database) throws SQLException {
        try (Interleaving play = Interleaving.on(LockView.postgreSql(database))) {
            Session ann = play.session("Ann", database);
            Session bob = play.session("Bob", database);
            ann.begins();
            ann.returns("receives 10", c -> receive(c, new Delivery("tea", 10)));

            Blocked<Receipt> bobs = bob.blocks("receives 5", c -> receive(c, new Delivery("tea", 5)));
            ann.commits();

            assertThat(bobs.returns()).isEqualTo(new Receipt(1, "tea", 10L, 15, false));
        }
    }

    @Test
    void updateThenInsertLosesTheRaceWith23505(DataSource database, Connection connection) throws SQLException {
        try (Interleaving play = Interleaving.on(LockView.postgreSql(database))) {
            Session ann = play.session("Ann", database);
            Session bob = play.session("Bob", database);
            ann.begins();
            ann.does("receives 10", c -> receiveInTwoSteps(c, new Delivery("tea", 10)));

            Blocked<Void> bobs = bob.blocks("receives 5", c -> {
                receiveInTwoSteps(c, new Delivery("tea", 5));
                return null;
            });
            ann.commits();

            bobs.failsWith("23505");
        }
        assertThat(stock(connection)).containsExactly("1 tea 10");
    }

    @Test
    void aDeliveryLocksItsRowsInTheOrderOfTheirKeys(DataSource database, Connection connection) throws SQLException {
        receiveAll(connection, TEN_BACKWARDS);
        try (Interleaving play = Interleaving.on(LockView.postgreSql(database))) {
            Session ann = play.session("Ann", database);
            Session bob = play.session("Bob", database);
            // else the server might sort by itself, to group
            bob.does("groups by hashing", c -> execute(c, "set enable_sort = off"));
            ann.begins();
            ann.returns("receives k5", c -> receive(c, new Delivery("k5", 1)));

            Blocked<List<Receipt>> bobs = bob.blocks("receives k9 to k0", c -> receiveAll(c, TEN_BACKWARDS));
            for (String later : List.of("k6", "k7", "k8", "k9")) {
                ann.returns("receives " + later, c -> receive(c, new Delivery(later, 1)));
            }
            ann.commits();

            assertThat(bobs.returns())
                    .extracting(Receipt::after)
                    .containsExactly(2L, 2L, 2L, 2L, 2L, 3L, 3L, 3L, 3L, 3L);
        }
    }

    @Test
    void inTheOrderOfTheListTwoDeliveriesDeadlock(DataSource database, Connection connection) throws SQLException {
        receiveAll(connection, TEN_BACKWARDS);
        try (Interleaving play = Interleaving.on(LockView.postgreSql(database))) {
            Session ann = play.session("Ann", database);
            Session bob = play.session("Bob", database);
            // who looks for a deadlock is the one to fail: Ann at once, Bob never
            ann.does("is impatient", c -> execute(c, "set deadlock_timeout = '10ms'"));
            bob.does("is patient", c -> execute(c, "set deadlock_timeout = '10min'"));
            ann.begins();
            ann.returns("receives k5", c -> receive(c, new Delivery("k5", 1)));
            bob.blocks("receives k9 to k0", c -> receiveAll(c, RECEIVE_ALL_AS_GIVEN, TEN_BACKWARDS));

            ann.failsWith("40P01", "receives k6", c -> receive(c, new Delivery("k6", 1)));
            ann.rollsBack();
        }
    }

    @Test
    void doNothingReturnsNoRowForAKeyThatIsThereAndTakesASequenceValue(Connection connection) throws SQLException {
        assertThat(addIfNew(connection, "tea")).hasValue(1);
        assertThat(addIfNew(connection, "tea")).isEmpty();
        assertThat(addIfNew(connection, "tea")).isEmpty();
        assertThat(addIfNew(connection, "mate")).hasValue(4);
        assertThat(stock(connection)).containsExactly("1 tea 0", "4 mate 0");
    }

    @Test
    void aDoUpdateThatChangesNothingTakesASequenceValueTooAndWritesTheRowAnew(Connection connection)
            throws SQLException {
        receive(connection, new Delivery("tea", 1));
        String version = place(connection);
        execute(connection, """
                insert into stock (sku, quantity) values ('tea', 0)
                on conflict (sku) do update set quantity = stock.quantity
                """);

        assertThat(place(connection)).isNotEqualTo(version);
        assertThat(receive(connection, new Delivery("mate", 1)).id()).isEqualTo(3);

        version = place(connection);
        addIfNew(connection, "tea");
        assertThat(place(connection)).isEqualTo(version);
    }

    @Test
    void aDeliveryThatCannotBeIsRefused(Connection connection) throws SQLException {
        connection.close(); // a statement would fail with an SQLException

        assertThatThrownBy(() -> new Delivery(null, 1)).isInstanceOf(IllegalArgumentException.class);
        assertThatThrownBy(() -> new Delivery(" ", 1)).isInstanceOf(IllegalArgumentException.class);
        assertThatThrownBy(() -> new Delivery("tea", 0))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("tea, 0");
        assertThatThrownBy(() -> addIfNew(connection, "")).isInstanceOf(IllegalArgumentException.class);
    }

    @Test
    void aStockTooLargeFailsAndStaysWhatItWas(Connection connection) throws SQLException {
        receive(connection, new Delivery("tea", Long.MAX_VALUE));

        assertThatThrownBy(() -> receive(connection, new Delivery("tea", 1)))
                .isInstanceOfSatisfying(
                        SQLException.class, e -> assertThat(e.getSQLState()).isEqualTo("22003"));
        assertThat(stock(connection)).containsExactly("1 tea " + Long.MAX_VALUE);
    }

    /** Where the current version of the row for tea lies. */
    private static String place(Connection connection) throws SQLException {
        return rows(connection, "select ctid from stock where sku = 'tea'").get(0);
    }

    private static List<String> stock(Connection connection) throws SQLException {
        return rows(connection, "select concat_ws(' ', id, sku, quantity) from stock order by id");
    }

    private static List<String> rows(Connection connection, String sql) throws SQLException {
        List<String> rows = new ArrayList<>();
        try (Statement statement = connection.createStatement();
                ResultSet row = statement.executeQuery(sql)) {
            while (row.next()) {
                rows.add(row.getString(1));
            }
        }
        return rows;
    }

    private static void execute(Connection connection, String sql) throws SQLException {
        try (Statement statement = connection.createStatement()) {
            statement.execute(sql);
        }
    }
}
