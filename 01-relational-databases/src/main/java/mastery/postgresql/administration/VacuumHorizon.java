package mastery.postgresql.administration;

import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.List;
import javax.sql.DataSource;
import mastery.support.trace.Story;

/**
 * VACUUM removes only what no open transaction may still want to see: one that was forgotten keeps every row version that
 * died since it began, in all tables of its database.
 *
 * <p><b>Use it</b> when tables grow although autovacuum runs: {@link #holders} names who holds the horizon, oldest first.
 *
 * <p><b>Not</b> VACUUM FULL as a routine: it locks out all readers while it writes the table anew. Space that VACUUM has
 * freed is used again by later rows, so a table of steady size needs no more.
 *
 * <p><b>It costs</b> the long reader nothing and everybody else a growing table. idle_in_transaction_session_timeout, or
 * transaction_timeout since PostgreSQL 17, ends such a transaction. READ COMMITTED does not help while it sits idle: the
 * driver leaves the portal of its last query open, and with it that query's snapshot.
 *
 * <p><b>It needs</b> the extension pgstattuple, here to count dead rows exactly; it reads the whole table (manual,
 * "Routine Vacuuming" and pgstattuple).
 */
public final class VacuumHorizon {

    /** Everybody whose snapshot or own change VACUUM has to spare; a number is an age in transactions. */
    static final String HOLDERS = """
            select 'session ' || pid as holder, state,
                   greatest(age(backend_xmin), age(backend_xid)) as transactions
              from pg_stat_activity
             where (backend_xmin is not null or backend_xid is not null)
               and datname = current_database() and pid <> pg_backend_pid()
            union all
            select 'prepared ' || gid, 'prepared', age(transaction)
              from pg_prepared_xacts
             where database = current_database()
            union all
            select 'slot ' || slot_name, case when active then 'active' else 'inactive' end, age(xmin)
              from pg_replication_slots
             where xmin is not null
             order by transactions desc
            """;

    private VacuumHorizon() {}

    /** Who holds the horizon, for how many transactions now. */
    public record Holder(String name, String state, long transactions) {}

    /** What is in the file of the table. */
    public record Space(long bytes, long liveRows, long deadRows) {}

    /** Who keeps VACUUM from removing rows, the oldest first; empty when nobody does. */
    public static List<Holder> holders(Connection connection) throws SQLException {
        List<Holder> holders = new ArrayList<>();
        try (Statement statement = connection.createStatement();
                ResultSet row = statement.executeQuery(HOLDERS)) {
            while (row.next()) {
                holders.add(new Holder(row.getString("holder"), row.getString("state"), row.getLong("transactions")));
            }
        }
        return holders;
    }

    public static Space space(Connection connection) throws SQLException {
        try (Statement statement = connection.createStatement();
                ResultSet row = statement.executeQuery("""
                        select table_len, tuple_count, dead_tuple_count from pgstattuple('parcel')
                        """)) {
            row.next();
            return new Space(row.getLong(1), row.getLong(2), row.getLong(3));
        }
    }

    /** Frees the space of dead rows for new ones; readers and writers go on. */
    public static void vacuum(Connection connection) throws SQLException {
        execute(connection, "vacuum parcel");
    }

    /** Writes the table anew and gives its space back; nobody reads or writes it meanwhile. */
    public static void vacuumFull(Connection connection) throws SQLException {
        execute(connection, "vacuum full parcel");
    }

    /** Each update leaves the old version of its row behind, dead. */
    public static int updateAll(Connection connection) throws SQLException {
        try (Statement statement = connection.createStatement()) {
            return statement.executeUpdate("update parcel set stops = stops + 1");
        }
    }

    /** Opens a snapshot that stays until the transaction ends, although the query is done at once. */
    public static void openSnapshot(Connection reader) throws SQLException {
        reader.setAutoCommit(false);
        reader.setTransactionIsolation(Connection.TRANSACTION_REPEATABLE_READ);
        execute(reader, "select 1");
    }

    /** The table is left to us: autovacuum would remove dead rows while we look. */
    public static void createSchema(Connection connection, int parcels) throws SQLException {
        execute(connection, "create extension if not exists pgstattuple");
        execute(connection, """
                create table parcel (
                  id    bigint generated always as identity primary key,
                  stops int not null
                ) with (autovacuum_enabled = off)
                """);
        try (PreparedStatement insert =
                connection.prepareStatement("insert into parcel (stops) select 0 from generate_series(1, ?)")) {
            insert.setInt(1, parcels);
            insert.executeUpdate();
        }
    }

    private static void execute(Connection connection, String sql) throws SQLException {
        try (Statement statement = connection.createStatement()) {
            statement.execute(sql);
        }
    }

    public static void main(String[] args) {
        Story.tell(VacuumHorizon.class, story -> {
            DataSource database = story.postgresql();
            try (Connection writer = database.getConnection();
                    Connection reader = database.getConnection()) {
                story.quietly("10,000 parcels", () -> createSchema(writer, 10_000));

                story.step("A reader opens a snapshot and forgets it; it has not even read the table");
                openSnapshot(reader);

                story.step("Every row is updated, and VACUUM cannot remove the old versions");
                updateAll(writer);
                vacuum(writer);
                story.show("in the file", space(writer));

                story.step("Who is to blame?");
                story.show("the horizon is held by", holders(writer));

                story.step("When the reader's transaction ends, VACUUM removes them; the file keeps its size");
                reader.commit();
                vacuum(writer);
                story.show("in the file", space(writer));

                story.step("The next update of all rows fits into the space that is free now");
                updateAll(writer);
                story.show("in the file", space(writer));

                story.step("Only VACUUM FULL makes the file smaller");
                vacuumFull(writer);
                story.show("in the file", space(writer));

                story.learned("Look for the oldest transaction before you look at autovacuum's settings.");
            }
        });
    }
}
