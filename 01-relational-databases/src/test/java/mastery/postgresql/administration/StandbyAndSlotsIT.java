package mastery.postgresql.administration;

import static mastery.postgresql.administration.StandbyAndSlots.add;
import static mastery.postgresql.administration.StandbyAndSlots.advanceLog;
import static mastery.postgresql.administration.StandbyAndSlots.createSlot;
import static mastery.postgresql.administration.StandbyAndSlots.dropSlot;
import static mastery.postgresql.administration.StandbyAndSlots.hasReplayed;
import static mastery.postgresql.administration.StandbyAndSlots.limitSlots;
import static mastery.postgresql.administration.StandbyAndSlots.readings;
import static mastery.postgresql.administration.StandbyAndSlots.slots;
import static mastery.postgresql.administration.StandbyAndSlots.written;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import mastery.postgresql.administration.StandbyAndSlots.Slot;
import mastery.support.junit.OnPostgreSql;
import mastery.support.postgresql.PostgreSqlDatabase;
import mastery.support.postgresql.PostgreSqlReplication;
import mastery.support.server.Node;
import org.awaitility.Awaitility;
import org.awaitility.core.ConditionFactory;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** The servers keep 32 MB of log by themselves, which is two files. */
@OnPostgreSql(
        replicas = 1,
        settings = {"max_wal_size=32MB", "min_wal_size=32MB"})
class StandbyAndSlotsIT {

    private static final String STANDBYS = "replica_1";
    private static final String FORGOTTEN = "forgotten";

    private PostgreSqlReplication servers;
    private PostgreSqlDatabase database;
    private Connection primary;
    private Node replica;

    @BeforeEach
    void createTable(PostgreSqlReplication servers, PostgreSqlDatabase database, Connection primary)
            throws SQLException {
        this.servers = servers;
        this.database = database;
        this.primary = primary;
        this.replica = servers.replicas().get(0);
        StandbyAndSlots.createSchema(primary);
        add(primary, 21);
    }

    @AfterEach
    void giveUpSlotsAndSettings() throws SQLException {
        for (Slot slot : slots(primary)) {
            if (slot.name().equals(FORGOTTEN)) {
                dropSlot(primary, FORGOTTEN);
            }
        }
        execute(primary, "alter system reset max_slot_wal_keep_size");
        execute(primary, "select pg_reload_conf()");
    }

    @Test
    void theStandbyReadsWhatThePrimaryWroteAndRefusesToWrite() throws SQLException {
        try (Connection standby = connectToStandby()) {
            assertThat(readings(standby)).containsExactly(21);

            assertThat(failure(() -> add(standby, 22))).isEqualTo("25006");
            assertThat(failure(() -> execute(standby, "select * from reading for update")))
                    .isEqualTo("25006");
            assertThat(failure(() -> execute(standby, "create temp table note (id int)")))
                    .isEqualTo("25006");
            assertThat(readings(primary)).containsExactly(21);
        }
    }

    @Test
    void theStandbyIsBehindUntilItHasReplayed() throws SQLException {
        try (Connection standby = connectToStandby()) {
            execute(standby, "select pg_wal_replay_pause()");
            await().until(() -> isPaused(standby));
            add(primary, 22);
            String lsn = written(primary);

            assertThat(hasReplayed(standby, lsn)).isFalse();
            assertThat(readings(standby)).containsExactly(21);

            execute(standby, "select pg_wal_replay_resume()");
            await().until(() -> hasReplayed(standby, lsn));
            assertThat(readings(standby)).containsExactly(21, 22);
        }
    }

    @Test
    void theSlotOfAStoppedStandbyKeepsTheLogUntilItReturns() throws SQLException {
        connectToStandby().close();
        replica.stop();
        await().until(() -> !slot(STANDBYS).active());
        String place = slot(STANDBYS).restartLsn();

        add(primary, 22);
        advanceLog(primary, 4);
        execute(primary, "checkpoint");

        assertThat(slot(STANDBYS).restartLsn()).isEqualTo(place);
        assertThat(slot(STANDBYS).walStatus()).isEqualTo("extended");
        assertThat(slot(STANDBYS).keptMegabytes()).isGreaterThanOrEqualTo(48);

        replica.start();
        try (Connection standby = connectToStandby()) {
            assertThat(readings(standby)).containsExactly(21, 22);
        }
        await().until(() ->
                slot(STANDBYS).active() && !slot(STANDBYS).restartLsn().equals(place));
        await().until(() -> slot(STANDBYS).walStatus().equals("reserved"));
    }

    @Test
    void aForgottenSlotKeepsEveryFileAndDroppingItFreesThem() throws SQLException {
        createSlot(primary, FORGOTTEN);
        String place = slot(FORGOTTEN).restartLsn();
        long before = firstFile();

        advanceTogether(5);
        assertThat(slot(FORGOTTEN).restartLsn()).isEqualTo(place);
        assertThat(slot(FORGOTTEN).walStatus()).isEqualTo("extended");
        assertThat(firstFile()).isEqualTo(before);

        dropSlot(primary, FORGOTTEN);
        advanceTogether(1);
        assertThat(firstFile()).isGreaterThan(before);
    }

    @Test
    void aLimitGivesTheSlotUpAndItsConsumerCannotGoOn() throws SQLException {
        createSlot(primary, FORGOTTEN);
        String place = slot(FORGOTTEN).restartLsn();
        long before = firstFile();
        limitSlots(primary, 80);
        await().until(() -> text("show max_slot_wal_keep_size").equals("80MB"));

        advanceTogether(4);
        assertThat(slot(FORGOTTEN).walStatus()).isEqualTo("extended");
        assertThat(slot(FORGOTTEN).restartLsn()).isEqualTo(place);
        assertThat(firstFile()).isEqualTo(before);

        advanceTogether(4);
        assertThat(slot(FORGOTTEN).walStatus()).isEqualTo("lost");
        assertThat(text("select invalidation_reason from pg_replication_slots where slot_name = 'forgotten'"))
                .isEqualTo("wal_removed");
        assertThat(firstFile()).isGreaterThan(before);
        assertThat(failure(() ->
                        execute(primary, "select pg_replication_slot_advance('forgotten', pg_current_wal_lsn())")))
                .isEqualTo("55000");
    }

    @Test
    void aSlotOfAConsumerThatIsThereStaysReserved() throws SQLException {
        limitSlots(primary, 80);
        advanceTogether(8);

        assertThat(slot(STANDBYS)).extracting(Slot::active, Slot::walStatus).containsExactly(true, "reserved");
        connectToStandby().close();
    }

    @Test
    void theStandbyCancelsAQueryThatReadsWhatVacuumRemovedUnlessItGivesFeedback() throws SQLException {
        assertThat(readAfterVacuum(false)).isEqualTo("40001");
        assertThat(readAfterVacuum(true)).isEqualTo("[30, 40]");
    }

    /** What a snapshot of the standby sees when its row was deleted and vacuumed away on the primary. */
    private String readAfterVacuum(boolean feedback) throws SQLException {
        execute(primary, "truncate reading");
        add(primary, 30);
        add(primary, 40);
        try (Connection standby = connectToStandby();
                Connection reader = connectToStandby()) {
            execute(standby, "alter system set max_standby_streaming_delay = 0");
            execute(standby, "alter system set hot_standby_feedback = " + feedback);
            execute(standby, "select pg_reload_conf()");
            reader.setAutoCommit(false);
            reader.setTransactionIsolation(Connection.TRANSACTION_REPEATABLE_READ);
            assertThat(readings(reader)).containsExactly(30, 40);
            await().until(() -> feedback
                    == VacuumHorizon.holders(primary).stream()
                            .anyMatch(holder -> holder.name().equals("slot " + STANDBYS)));
            execute(primary, "delete from reading where celsius = 30");
            execute(primary, "vacuum reading");
            add(primary, 50); // its commit sends the log of VACUUM too
            awaitReplay(standby);
            try {
                return readings(reader).toString();
            } catch (SQLException e) {
                return e.getSQLState();
            } finally {
                execute(standby, "alter system reset max_standby_streaming_delay");
                execute(standby, "alter system reset hot_standby_feedback");
                execute(standby, "select pg_reload_conf()");
            }
        }
    }

    @Test
    void whatCannotBeIsRefusedBeforeAnyStatement() throws SQLException {
        assertThat(failure(() -> createSlot(primary, "not a name!"))).isEqualTo("42602");
        assertThatThrownBy(() -> createSlot(primary, null)).hasMessage("name");
        assertThatThrownBy(() -> limitSlots(primary, 0))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("0");
    }

    private static ConditionFactory await() {
        return Awaitility.await().pollInterval(Duration.ofMillis(50)).atMost(Duration.ofSeconds(60));
    }

    private static boolean isPaused(Connection standby) throws SQLException {
        try (Statement statement = standby.createStatement();
                ResultSet row = statement.executeQuery("select pg_get_wal_replay_pause_state() = 'paused'")) {
            row.next();
            return row.getBoolean(1);
        }
    }

    /** A session on the standby that sees all the primary has committed. */
    private Connection connectToStandby() throws SQLException {
        try (Connection session = servers.dataSource(replica, "postgres").getConnection()) {
            awaitReplay(session);
        }
        return servers.dataSource(replica, database.name()).getConnection();
    }

    private void awaitReplay(Connection standby) throws SQLException {
        String lsn = written(primary);
        await().until(() -> hasReplayed(standby, lsn));
    }

    /** Goes on file by file, the standby with the primary, so that a limit never meets the standby's own slot. */
    private void advanceTogether(int files) throws SQLException {
        for (int i = 0; i < files; i++) {
            advanceLog(primary, 1);
            String lsn = written(primary);
            await().until(() -> text("select restart_lsn >= '" + lsn + "' from pg_replication_slots where slot_name = '"
                            + STANDBYS + "'")
                    .equals("t"));
        }
        execute(primary, "checkpoint");
    }

    private Slot slot(String name) throws SQLException {
        return slots(primary).stream()
                .filter(slot -> slot.name().equals(name))
                .findFirst()
                .orElseThrow();
    }

    /** The number of the oldest file of the log that is still there. */
    private long firstFile() throws SQLException {
        return Long.parseLong(text("select min(name) from pg_ls_waldir()").substring(8), 16);
    }

    private String text(String sql) throws SQLException {
        try (Statement statement = primary.createStatement();
                ResultSet row = statement.executeQuery(sql)) {
            row.next();
            return row.getString(1);
        }
    }

    private interface Attempt {
        void run() throws SQLException;
    }

    /** The SQLSTATE with which it fails. */
    private static String failure(Attempt attempt) {
        try {
            attempt.run();
            throw new AssertionError("should fail");
        } catch (SQLException e) {
            return e.getSQLState();
        }
    }

    private static void execute(Connection connection, String sql) throws SQLException {
        try (Statement statement = connection.createStatement()) {
            statement.execute(sql);
        }
    }
}
