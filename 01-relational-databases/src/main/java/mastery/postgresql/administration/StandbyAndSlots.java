package mastery.postgresql.administration;

import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import mastery.support.postgresql.PostgreSqlReplication;
import mastery.support.trace.Story;
import org.awaitility.Awaitility;

/**
 * A replication slot keeps the log for a consumer that is away, without end: a forgotten one fills the disk, unless
 * max_slot_wal_keep_size gives it up at some size, and then its consumer has to be copied anew.
 *
 * <p><b>Use it</b> for every standby, so that it finds its log after a restart; with a limit, and an eye on wal_status.
 *
 * <p><b>Not</b> without that eye: "reserved" is well, "extended" means that more is kept than the server wants to keep,
 * "unreserved" that the next checkpoint removes it, "lost" that it is gone.
 *
 * <p><b>It costs</b> disk on the primary. A standby takes no writes, and it cancels a query that reads what the primary
 * has removed; hot_standby_feedback prevents that and holds back VACUUM on the primary instead.
 *
 * <p><b>It needs</b> somebody who drops the slot of a consumer that will not return; PostgreSQL 18 can do so by
 * idle_replication_slot_timeout (manual, "Log-Shipping Standby Servers", "Hot Standby" and pg_replication_slots).
 */
public final class StandbyAndSlots {

    private StandbyAndSlots() {}

    /** A slot, the place from which it keeps the log, and how much that is. */
    public record Slot(String name, boolean active, String restartLsn, String walStatus, long keptMegabytes) {}

    /** All slots of the server; one that is lost keeps nothing. */
    public static List<Slot> slots(Connection primary) throws SQLException {
        List<Slot> slots = new ArrayList<>();
        try (Statement statement = primary.createStatement();
                ResultSet row = statement.executeQuery("""
                        select slot_name, active, restart_lsn, wal_status,
                               pg_wal_lsn_diff(pg_current_wal_lsn(), restart_lsn) / 1048576 as kept_megabytes
                          from pg_replication_slots
                         order by slot_name
                        """)) {
            while (row.next()) {
                slots.add(new Slot(
                        row.getString("slot_name"),
                        row.getBoolean("active"),
                        row.getString("restart_lsn"),
                        row.getString("wal_status"),
                        row.getLong("kept_megabytes")));
            }
        }
        return slots;
    }

    /** A slot that keeps the log from now on, whether or not a consumer ever comes. */
    public static void createSlot(Connection primary, String name) throws SQLException {
        call(primary, "select pg_create_physical_replication_slot(?, true)", name);
    }

    /** Gives the log up that it keeps. */
    public static void dropSlot(Connection primary, String name) throws SQLException {
        call(primary, "select pg_drop_replication_slot(?)", name);
    }

    private static void call(Connection primary, String sql, String name) throws SQLException {
        Objects.requireNonNull(name, "name");
        try (PreparedStatement call = primary.prepareStatement(sql)) {
            call.setString(1, name);
            call.execute();
        }
    }

    /** From now on slots keep no more than this; a server without a limit keeps all until its disk is full. */
    public static void limitSlots(Connection primary, int megabytes) throws SQLException {
        if (megabytes < 1) {
            throw new IllegalArgumentException("keep a megabyte at least, not " + megabytes);
        }
        execute(primary, "alter system set max_slot_wal_keep_size = '" + megabytes + "MB'");
        execute(primary, "select pg_reload_conf()");
    }

    /** The place behind the last change of the primary. */
    public static String written(Connection primary) throws SQLException {
        return text(primary, "select pg_current_wal_lsn()");
    }

    /** True when the standby shows everything up to this place. */
    public static boolean hasReplayed(Connection standby, String lsn) throws SQLException {
        try (PreparedStatement select = standby.prepareStatement("select pg_last_wal_replay_lsn() >= ?::pg_lsn")) {
            select.setString(1, lsn);
            try (ResultSet row = select.executeQuery()) {
                row.next();
                return row.getBoolean(1);
            }
        }
    }

    /** Fails with 25006 on a standby. */
    public static void add(Connection connection, int celsius) throws SQLException {
        try (PreparedStatement insert = connection.prepareStatement("insert into reading (celsius) values (?)")) {
            insert.setInt(1, celsius);
            insert.executeUpdate();
        }
    }

    public static List<Integer> readings(Connection connection) throws SQLException {
        List<Integer> readings = new ArrayList<>();
        try (Statement statement = connection.createStatement();
                ResultSet row = statement.executeQuery("select celsius from reading order by id")) {
            while (row.next()) {
                readings.add(row.getInt(1));
            }
        }
        return readings;
    }

    /** Goes to the next file of the log, of 16 MB, as many times; a busy server does it by itself. */
    public static void advanceLog(Connection primary, int files) throws SQLException {
        for (int i = 0; i < files; i++) {
            execute(primary, "select pg_logical_emit_message(false, 'filler', ''), pg_switch_wal()");
        }
    }

    public static void createSchema(Connection primary) throws SQLException {
        execute(primary, "create table reading (id bigint generated always as identity primary key, celsius int)");
    }

    private static String text(Connection connection, String sql) throws SQLException {
        try (Statement statement = connection.createStatement();
                ResultSet row = statement.executeQuery(sql)) {
            row.next();
            return row.getString(1);
        }
    }

    private static void execute(Connection connection, String sql) throws SQLException {
        try (Statement statement = connection.createStatement()) {
            statement.execute(sql);
        }
    }

    public static void main(String[] args) {
        Story.tell(StandbyAndSlots.class, story -> {
            Map<String, String> littleLog = Map.of("max_wal_size", "32MB", "min_wal_size", "32MB");
            PostgreSqlReplication servers = story.postgresqlReplication(1, littleLog);
            try (Connection primary = story.traced("primary", servers.dataSource(servers.primary(), "postgres"))
                            .getConnection();
                    Connection standby = story.traced(
                                    "standby",
                                    servers.dataSource(servers.replicas().get(0), "postgres"))
                            .getConnection()) {
                story.step("What the primary writes, the standby reads; it takes no writes itself");
                createSchema(primary);
                add(primary, 21);
                story.quietly(
                        "until the standby has it",
                        () -> Awaitility.await()
                                .atMost(Duration.ofSeconds(30))
                                .until(() -> hasReplayed(standby, written(primary))));
                story.show("readings on the standby", readings(standby));
                try {
                    add(standby, 22);
                } catch (SQLException refused) {
                    story.note("Refused with " + refused.getSQLState() + ".");
                }

                story.step("A slot whose consumer never comes: the log moves on, the slot keeps it");
                createSlot(primary, "forgotten");
                story.quietly("64 MB of log, then a checkpoint", () -> {
                    advanceLog(primary, 4);
                    execute(primary, "checkpoint");
                });
                story.show("slots", slots(primary));

                story.step("With a limit the server gives the slot up at the next checkpoint");
                limitSlots(primary, 64);
                story.quietly("32 MB of log, then a checkpoint", () -> {
                    advanceLog(primary, 2);
                    execute(primary, "checkpoint");
                });
                story.show("slots", slots(primary));
                dropSlot(primary, "forgotten");

                story.learned("Limit what a slot may keep, watch wal_status, and drop the slots of the dead.");
            }
        });
    }
}
