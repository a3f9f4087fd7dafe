package mastery.postgresql.administration;

import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import javax.sql.DataSource;
import mastery.support.trace.Story;

/**
 * A migration waits for its lock only a moment, because behind a waiting migration everybody waits; and it does its long
 * work, checking rows and building indexes, without a lock that others notice.
 *
 * <p><b>Use it</b> for every change of a table that is in use.
 *
 * <p><b>Not</b> ADD COLUMN with a default that differs by row, or most changes of a type: they write the table anew under
 * the strongest lock. A constant default writes nothing.
 *
 * <p><b>It costs</b> a second step: VALIDATE after NOT VALID, a look at the index after CONCURRENTLY, another try after
 * 55P03.
 *
 * <p><b>It needs</b> a transaction of its own for each step, and none for CONCURRENTLY; PostgreSQL 18 for NOT NULL that is
 * NOT VALID (manual, ALTER TABLE, Notes, and CREATE INDEX, "Building Indexes Concurrently").
 */
public final class SafeMigration {

    private static final String LOCK_NOT_AVAILABLE = "55P03";

    private SafeMigration() {}

    /** Adds the column without writing a row, and gives up with 55P03 when others hold the table for too long. */
    public static void addColumn(Connection connection, Duration patience) throws SQLException {
        change(connection, patience, "alter table parcel add column weight int default 1");
    }

    /** The wrong way: it waits for as long as it takes, and so does everybody who comes after it. */
    public static void addColumnHoweverLongItTakes(Connection connection) throws SQLException {
        execute(connection, "alter table parcel add column weight int default 1");
    }

    /** First step: new rows are checked from now on, old ones are not. */
    public static void requireCity(Connection connection, Duration patience) throws SQLException {
        change(connection, patience, "alter table parcel add constraint parcel_city not null city not valid");
    }

    /** Second step: reads all rows, while others read and write. 23502 if there is a row without a city. */
    public static void validateCity(Connection connection) throws SQLException {
        execute(connection, "alter table parcel validate constraint parcel_city");
    }

    /** The wrong way: reads all rows under a lock that keeps out even readers. */
    public static void requireCityAtOnce(Connection connection) throws SQLException {
        execute(connection, "alter table parcel alter column city set not null");
    }

    /** Builds the index while others write. What a failed attempt has left is dropped first. */
    public static void indexLabel(Connection connection) throws SQLException {
        if (!connection.getAutoCommit()) {
            throw new IllegalStateException("turn auto-commit on: CONCURRENTLY has several transactions of its own");
        }
        for (String invalid : invalidIndexes(connection)) {
            execute(connection, "drop index concurrently " + invalid);
        }
        execute(connection, "create unique index concurrently parcel_label on parcel (label)");
    }

    /** Indexes that a failed CONCURRENTLY left behind: every write maintains them, no query uses them. */
    public static List<String> invalidIndexes(Connection connection) throws SQLException {
        List<String> names = new ArrayList<>();
        try (Statement statement = connection.createStatement();
                ResultSet row = statement.executeQuery("""
                        select indexrelid::regclass::text
                          from pg_index
                         where indrelid = 'parcel'::regclass and not indisvalid
                        """)) {
            while (row.next()) {
                names.add(row.getString(1));
            }
        }
        return names;
    }

    /** Runs a change again and again until it got its lock within the time; between two tries the queue behind it goes on. */
    public static void retry(DataSource database, int tries, Change change) throws SQLException {
        Objects.requireNonNull(change, "change");
        if (tries < 1) {
            throw new IllegalArgumentException("try once at least, not " + tries + " times");
        }
        for (int attempt = 1; ; attempt++) {
            try (Connection connection = database.getConnection()) {
                change.run(connection);
                return;
            } catch (SQLException e) {
                if (!LOCK_NOT_AVAILABLE.equals(e.getSQLState()) || attempt == tries) {
                    throw e;
                }
            }
        }
    }

    /** One step of a migration. */
    @FunctionalInterface
    public interface Change {
        void run(Connection connection) throws SQLException;
    }

    /** One change in a transaction of its own, whose locks have to come within the time. */
    private static void change(Connection connection, Duration patience, String sql) throws SQLException {
        if (patience.isNegative() || patience.toMillis() == 0) {
            throw new IllegalArgumentException("be patient for a millisecond at least, not " + patience);
        }
        connection.setAutoCommit(false);
        try (PreparedStatement limit = connection.prepareStatement("select set_config('lock_timeout', ?, true)")) {
            limit.setString(1, patience.toMillis() + "ms");
            limit.execute();
            execute(connection, sql);
            connection.commit();
        } catch (SQLException e) {
            connection.rollback();
            throw e;
        } finally {
            connection.setAutoCommit(true);
        }
    }

    public static void createSchema(Connection connection) throws SQLException {
        execute(connection, """
                create table parcel (
                  id    bigint generated always as identity primary key,
                  label text not null,
                  city  text
                )
                """);
    }

    public static void add(Connection connection, String label, String city) throws SQLException {
        try (PreparedStatement insert = connection.prepareStatement("insert into parcel (label, city) values (?, ?)")) {
            insert.setString(1, label);
            insert.setString(2, city);
            insert.executeUpdate();
        }
    }

    private static void execute(Connection connection, String sql) throws SQLException {
        try (Statement statement = connection.createStatement()) {
            statement.execute(sql);
        }
    }

    public static void main(String[] args) {
        Story.tell(SafeMigration.class, story -> {
            DataSource database = story.postgresql();
            Duration patience = Duration.ofMillis(200);
            try (Connection migration = database.getConnection();
                    Connection reader = database.getConnection()) {
                story.quietly("three parcels: two labels are the same, one city is missing", () -> {
                    createSchema(migration);
                    add(migration, "P-1", "Bonn");
                    add(migration, "P-2", "Graz");
                    add(migration, "P-2", null);
                });

                story.step("A reader's transaction is open: the migration gives up and holds up nobody");
                reader.setAutoCommit(false);
                execute(reader, "select count(*) from parcel");
                try {
                    addColumn(migration, patience);
                } catch (SQLException locked) {
                    story.note("Not now (" + locked.getSQLState() + "); try again in a while.");
                }
                reader.commit();
                addColumn(migration, patience);

                story.step("A city becomes mandatory in two steps: the second reads all rows, and locks out nobody");
                requireCity(migration, patience);
                execute(migration, "update parcel set city = 'unknown' where city is null");
                validateCity(migration);

                story.step("An index that could not be built stays, invalid; the next try drops it first");
                try {
                    indexLabel(migration);
                } catch (SQLException twin) {
                    story.show("invalid indexes", invalidIndexes(migration));
                }
                execute(migration, "update parcel set label = 'P-3' where id = 3");
                indexLabel(migration);
                story.show("invalid indexes", invalidIndexes(migration));

                story.learned("Ask for the lock briefly, hold it briefly, and do the work without it.");
            }
        });
    }
}
