package mastery.postgresql.performance;

import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.OffsetDateTime;
import java.util.Objects;
import mastery.support.trace.Story;

/**
 * An update that changes no indexed column and finds room in its page touches no index at all (HOT); an index on the
 * changed column or a full page makes it write to every index of the table.
 *
 * <p><b>Use it</b> for tables whose rows are updated often: keep indexes off the columns that change, and leave room with a
 * fillfactor below 100.
 *
 * <p><b>Not</b> a low fillfactor for tables that are only inserted into: it makes them larger for nothing.
 *
 * <p><b>It costs</b> the room: with fillfactor 70 a table begins almost half as large again. It does not grow, because the
 * next visitor of the page clears HOT versions away, without VACUUM.
 *
 * <p><b>It needs</b> the room before the update: ALTER TABLE SET (fillfactor) changes new pages only, till VACUUM FULL.
 * Indexes that only summarize, BRIN, do not hinder HOT (since PostgreSQL 16), nor does a column that is set to the value it
 * has, as by an ORM that writes all of them; a column in the condition of a partial index does.
 *
 * <p>Source: PostgreSQL manual, "Heap-Only Tuples (HOT)", CREATE TABLE, "The Cumulative Statistics System".
 */
public final class HotUpdates {

    static final String TOUCH = """
            update visitor
               set last_seen = ?
             where id % 4 = 0
            """;

    /** Where a query needs the last visit, it costs every touch an entry in this index and in all others. */
    static final String INDEX_ON_CHANGED_COLUMN = "create index visitor_last_seen on visitor (last_seen)";

    /** Summarizes pages, so it has no entry that could point to a row. */
    static final String BRIN_ON_CHANGED_COLUMN = "create index visitor_last_seen on visitor using brin (last_seen)";

    private HotUpdates() {}

    /**
     * Updates of the table since it was made.
     *
     * @param all rows updated
     * @param hot those that touched no index
     * @param toOtherPage those whose page was full
     */
    public record Updates(long all, long hot, long toOtherPage) {}

    /** Notes the visit of every fourth visitor; returns how many that are. */
    public static int touch(Connection connection, OffsetDateTime seen) throws SQLException {
        try (PreparedStatement update = connection.prepareStatement(TOUCH)) {
            update.setObject(1, Objects.requireNonNull(seen, "seen"));
            return update.executeUpdate();
        }
    }

    /** The server's own count. A session reports its work once a second, or when it is told to, as here. */
    public static Updates updates(Connection connection) throws SQLException {
        try (Statement statement = connection.createStatement()) {
            statement.execute("select pg_stat_force_next_flush()");
            try (ResultSet row = statement.executeQuery("""
                    select n_tup_upd, n_tup_hot_upd, n_tup_newpage_upd
                      from pg_stat_user_tables
                     where relname = 'visitor'
                    """)) {
                row.next();
                return new Updates(row.getLong(1), row.getLong(2), row.getLong(3));
            }
        }
    }

    /** Blocks of the index on the primary key, which no update here changes. */
    public static int primaryKeyBlocks(Connection connection) throws SQLException {
        try (Statement statement = connection.createStatement();
                ResultSet row = statement.executeQuery(
                        "select pg_relation_size('visitor_pkey') / current_setting('block_size')::int")) {
            row.next();
            return row.getInt(1);
        }
    }

    /** @param fillfactor how full an insert may make a page, in percent, from 10 to 100 */
    public static void createSchema(Connection connection, int fillfactor) throws SQLException {
        if (fillfactor < 10 || fillfactor > 100) {
            throw new IllegalArgumentException("a page can be filled from 10 to 100 percent, not " + fillfactor);
        }
        try (Statement statement = connection.createStatement()) {
            statement.execute("""
                    create table visitor (
                      id        int         primary key,
                      name      text        not null,
                      last_seen timestamptz not null
                    )
                      with (fillfactor = %d)
                    """.formatted(fillfactor));
        }
    }

    public static void fill(Connection connection, int visitors) throws SQLException {
        try (PreparedStatement insert = connection.prepareStatement("""
                insert into visitor
                select n, 'visitor ' || n, timestamptz '2026-01-01 00:00Z'
                  from generate_series(1, ?) as n
                """)) {
            insert.setInt(1, visitors);
            insert.executeUpdate();
        }
    }

    public static void main(String[] args) {
        OffsetDateTime seen = OffsetDateTime.parse("2026-01-02T00:00Z");
        Story.tell(HotUpdates.class, story -> {
            try (Connection connection = story.postgresql().getConnection();
                    Statement statement = connection.createStatement()) {
                story.quietly("20,000 visitors in pages filled to 70 percent", () -> {
                    createSchema(connection, 70);
                    fill(connection, 20_000);
                });
                story.show("blocks of the primary key", primaryKeyBlocks(connection));

                story.step("With room, and no index on the column: all updates are HOT, no index grows");
                touch(connection, seen);
                story.show("updates", updates(connection));
                story.show("blocks of the primary key", primaryKeyBlocks(connection));

                story.step("The same with an index on the column: no update is HOT, and the primary key grows too");
                statement.execute(INDEX_ON_CHANGED_COLUMN);
                touch(connection, seen.plusDays(1));
                story.show("updates", updates(connection));
                story.show("blocks of the primary key", primaryKeyBlocks(connection));

                story.step("The same in full pages, without that index: every new version lands in another page");
                statement.execute("drop table visitor");
                story.quietly("20,000 visitors in pages filled to 100 percent", () -> {
                    createSchema(connection, 100);
                    fill(connection, 20_000);
                });
                touch(connection, seen);
                story.show("updates", updates(connection));

                story.learned("Cheap updates need two things: no index on what changes, and room in the page.");
            }
        });
    }
}
