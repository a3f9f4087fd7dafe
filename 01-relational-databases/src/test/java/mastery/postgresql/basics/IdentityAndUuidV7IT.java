package mastery.postgresql.basics;

import static mastery.postgresql.basics.IdentityAndUuidV7.WITH_ID;
import static mastery.postgresql.basics.IdentityAndUuidV7.WITH_ID_SERIAL;
import static mastery.postgresql.basics.IdentityAndUuidV7.addCustomer;
import static mastery.postgresql.basics.IdentityAndUuidV7.addCustomerSerial;
import static mastery.postgresql.basics.IdentityAndUuidV7.addCustomerWithId;
import static mastery.postgresql.basics.IdentityAndUuidV7.events;
import static mastery.postgresql.basics.IdentityAndUuidV7.importCustomer;
import static mastery.postgresql.basics.IdentityAndUuidV7.record;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.OffsetDateTime;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.List;
import java.util.UUID;
import javax.sql.DataSource;
import mastery.postgresql.basics.IdentityAndUuidV7.Event;
import mastery.support.interleave.Blocked;
import mastery.support.interleave.Interleaving;
import mastery.support.interleave.LockView;
import mastery.support.interleave.Session;
import mastery.support.junit.OnPostgreSql;
import mastery.support.junit.Prepare;
import mastery.support.postgresql.PostgreSqlDatabase;
import org.junit.jupiter.api.Test;

@OnPostgreSql
class IdentityAndUuidV7IT {

    private static final int MANY = 20_000;

    @Prepare
    static void prepare(Connection connection) throws SQLException {
        IdentityAndUuidV7.createSchema(connection);
    }

    @Test
    void anIdFromOutsideIsRefusedWith428C9(Connection connection) throws SQLException {
        assertFailsWith("428C9", () -> addCustomerWithId(connection, WITH_ID, 1, "Ann"));
        assertThat(addCustomer(connection, "Bob")).isEqualTo(1);
    }

    @Test
    void serialTakesAnIdFromOutsideAndCollidesLater(Connection connection) throws SQLException {
        addCustomerWithId(connection, WITH_ID_SERIAL, 2, "Ann");

        assertThat(addCustomerSerial(connection, "Bob")).isEqualTo(1);
        assertFailsWith("23505", () -> addCustomerSerial(connection, "Cid"));
    }

    @Test
    void anImportMovesTheSequenceForwardAndNeverBack(Connection connection) throws SQLException {
        connection.setAutoCommit(false);
        importCustomer(connection, 1, "Ann");
        assertThat(addCustomer(connection, "Bob")).isEqualTo(2);
        importCustomer(connection, 40, "Cid");
        importCustomer(connection, 30, "Dan");
        assertThat(addCustomer(connection, "Eve")).isEqualTo(41);
    }

    @Test
    void whoInsertsDuringAnImportWaitsAndGetsAnIdBehindIt(DataSource database) throws SQLException {
        try (Interleaving play = Interleaving.on(LockView.postgreSql(database))) {
            Session ann = play.session("Ann", database);
            Session bob = play.session("Bob", database);
            ann.begins();
            ann.does("imports 5", c -> importCustomer(c, 5, "Cid"));

            Blocked<Long> bobs = bob.blocks("adds Dan", c -> addCustomer(c, "Dan"));
            assertThat(bobs.waitsFor()).isSameAs(ann);
            ann.commits();

            assertThat(bobs.returns()).isEqualTo(6);
        }
    }

    @Test
    void whoMayInsertMayUseTheIdentityButNotTheSerial(Connection connection, PostgreSqlDatabase database)
            throws SQLException {
        String role = "clerk_of_" + database.name(); // a role belongs to the whole server
        connection.setAutoCommit(false); // and goes with the rollback
        execute(connection, "create role " + role);
        execute(connection, "grant insert, select on customer, customer_serial to " + role);
        execute(connection, "set local role " + role);

        assertThat(addCustomer(connection, "Ann")).isEqualTo(1);
        assertFailsWith("42501", () -> addCustomerSerial(connection, "Ann"));
        connection.rollback();
    }

    @Test
    void aRollbackLeavesAGap(Connection connection) throws SQLException {
        assertThat(addCustomer(connection, "Ann")).isEqualTo(1);
        connection.setAutoCommit(false);
        assertThat(addCustomer(connection, "Bob")).isEqualTo(2);
        connection.rollback();

        assertThat(addCustomer(connection, "Cid")).isEqualTo(3);
        connection.commit();
        assertThat(values(connection, "select id from customer order by id")).containsExactly("1", "3");
    }

    @Test
    void anEventKnowsItsVersionAndItsTime(Connection connection) throws SQLException {
        OffsetDateTime before = now(connection);
        Event event = record(connection, "paid");
        OffsetDateTime after = now(connection);

        assertThat(event.version()).isEqualTo(7);
        assertThat(event.id().version()).isEqualTo(7);
        // the id holds milliseconds
        assertThat(event.createdAt()).isBetween(before.truncatedTo(ChronoUnit.MILLIS), after);
        assertThat(values(connection, "select uuid_extract_timestamp(gen_random_uuid())"))
                .containsOnlyNulls();
    }

    @Test
    void idsOfOneSessionSortInTheOrderOfTheirMaking(Connection connection) throws SQLException {
        List<UUID> made = new ArrayList<>();
        for (int i = 0; i < 100; i++) {
            made.add(record(connection, "event " + i).id());
        }
        assertThat(events(connection)).extracting(Event::id).isEqualTo(made);

        fill(connection, "event");
        assertThat(outOfOrder(connection, "event")).isZero();
    }

    @Test
    void randomIdsDoNot(Connection connection) throws SQLException {
        fill(connection, "event_random");

        // each row has an even chance to lie before its predecessor
        assertThat(outOfOrder(connection, "event_random")).isBetween(MANY / 2 - 1_000, MANY / 2 + 1_000);
    }

    @Test
    void orderedIdsFillTheirIndexAndRandomOnesLeaveItHalfEmpty(Connection connection) throws SQLException {
        fill(connection, "event");
        fill(connection, "event_random");

        int ordered = blocks(connection, "event_pkey");
        int random = blocks(connection, "event_random_pkey");
        assertThat(random).isGreaterThan(ordered * 11 / 10);
    }

    @Test
    void whatCannotBeIsRefusedBeforeAnyStatement(Connection connection) throws SQLException {
        assertThatThrownBy(() -> importCustomer(connection, 5, "Ann"))
                .isInstanceOf(IllegalStateException.class)
                .hasMessageContaining("auto-commit");
        connection.close(); // a statement would fail with an SQLException

        assertThatThrownBy(() -> addCustomer(connection, null)).isInstanceOf(IllegalArgumentException.class);
        assertThatThrownBy(() -> record(connection, " ")).isInstanceOf(IllegalArgumentException.class);
        assertThatThrownBy(() -> importCustomer(connection, 0, "Ann"))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("not 0");
    }

    private static void fill(Connection connection, String table) throws SQLException {
        execute(connection, "insert into " + table + " (what) select n from generate_series(1, " + MANY + ") as n");
    }

    /** Rows whose id sorts before that of the row stored before it. */
    private static int outOfOrder(Connection connection, String table) throws SQLException {
        return Integer.parseInt(values(connection, """
                select count(*)
                  from (select id, lag(id) over (order by ctid) as previous from %s) as stored
                 where id < previous
                """.formatted(table)).get(0));
    }

    private static int blocks(Connection connection, String index) throws SQLException {
        return Integer.parseInt(
                values(connection, "select pg_relation_size('" + index + "') / current_setting('block_size')::int")
                        .get(0));
    }

    private static OffsetDateTime now(Connection connection) throws SQLException {
        try (Statement statement = connection.createStatement();
                ResultSet row = statement.executeQuery("select clock_timestamp()")) {
            row.next();
            return row.getObject(1, OffsetDateTime.class);
        }
    }

    private static List<String> values(Connection connection, String sql) throws SQLException {
        List<String> values = new ArrayList<>();
        try (Statement statement = connection.createStatement();
                ResultSet row = statement.executeQuery(sql)) {
            while (row.next()) {
                values.add(row.getString(1));
            }
        }
        return values;
    }

    private static void execute(Connection connection, String sql) throws SQLException {
        try (Statement statement = connection.createStatement()) {
            statement.execute(sql);
        }
    }

    private interface Action {
        void run() throws SQLException;
    }

    private static void assertFailsWith(String sqlState, Action action) {
        assertThatThrownBy(action::run)
                .isInstanceOfSatisfying(
                        SQLException.class, e -> assertThat(e.getSQLState()).isEqualTo(sqlState));
    }
}
