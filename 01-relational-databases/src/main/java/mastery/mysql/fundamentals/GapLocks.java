package mastery.mysql.fundamentals;

import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.List;
import mastery.support.trace.Story;

/**
 * Under REPEATABLE READ a locking read locks the gaps it looked into, not only the rows it found: what was not there
 * cannot appear until the transaction ends.
 *
 * <p><b>Use it</b> to check and then insert ("is the hour free? then book it") when no unique key can express the rule.
 *
 * <p><b>Not</b> where a unique key can: it is cheaper and holds in every isolation level. Nor under READ COMMITTED, which
 * locks no gaps.
 *
 * <p><b>It costs</b> room: the lock reaches to the neighbouring rows, beyond the range that was asked for. And gap locks do
 * not exclude each other: two sessions can both hold one, then neither can insert, and one of them dies with error 1213.
 *
 * <p><b>It needs</b> REPEATABLE READ (the default), a transaction, and an index on the range: without one, every gap of the
 * table is locked. {@link #locks} reads performance_schema.
 */
public final class GapLocks {

    /** The wrong way: a snapshot of the range. It locks nothing, so the answer is old as soon as it arrives. */
    static final String LOOK = """
            select minute, guest
              from booking
             where minute >= ? and minute < ?
            """;

    /** The right way: the newest state of the range, which nobody else can change before this transaction ends. */
    static final String LOCK = LOOK + "   for update";

    private GapLocks() {}

    /** A booking, {@code minute} counted from the opening day. */
    public record Booking(int minute, String guest) {}

    /** A record lock: the record, with GAP the open space before it. */
    public record Lock(String mode, String status, String record) {}

    /** The bookings with {@code from <= minute < to}. */
    public static List<Booking> look(Connection connection, int from, int to) throws SQLException {
        return bookings(connection, LOOK, from, to);
    }

    /** The same, and they stay the same until this transaction ends. */
    public static List<Booking> lock(Connection connection, int from, int to) throws SQLException {
        if (connection.getAutoCommit()) {
            throw new IllegalStateException("turn auto-commit off: it would end the lock at once");
        }
        return bookings(connection, LOCK, from, to);
    }

    private static List<Booking> bookings(Connection connection, String sql, int from, int to) throws SQLException {
        if (from >= to) {
            throw new IllegalArgumentException("the range from " + from + " to " + to + " is empty");
        }
        List<Booking> bookings = new ArrayList<>();
        try (PreparedStatement select = connection.prepareStatement(sql)) {
            select.setInt(1, from);
            select.setInt(2, to);
            try (ResultSet row = select.executeQuery()) {
                while (row.next()) {
                    bookings.add(new Booking(row.getInt("minute"), row.getString("guest")));
                }
            }
        }
        return bookings;
    }

    public static void book(Connection connection, int minute, String guest) throws SQLException {
        if (guest == null || guest.isBlank()) {
            throw new IllegalArgumentException("a booking needs a guest");
        }
        try (PreparedStatement insert =
                connection.prepareStatement("insert into booking (minute, guest) values (?, ?)")) {
            insert.setInt(1, minute);
            insert.setString(2, guest);
            insert.executeUpdate();
        }
    }

    /** All record locks on bookings, those of waiting sessions too. */
    public static List<Lock> locks(Connection connection) throws SQLException {
        List<Lock> locks = new ArrayList<>();
        try (Statement statement = connection.createStatement();
                ResultSet row = statement.executeQuery("""
                        select lock_mode, lock_status, lock_data
                          from performance_schema.data_locks
                         where object_schema = database() and object_name = 'booking' and lock_type = 'RECORD'
                         order by lock_status, cast(lock_data as unsigned), lock_mode
                        """)) {
            while (row.next()) {
                locks.add(new Lock(row.getString(1), row.getString(2), row.getString(3)));
            }
        }
        return locks;
    }

    public static void createSchema(Connection connection) throws SQLException {
        try (Statement statement = connection.createStatement()) {
            statement.execute("""
                    create table booking (
                      minute int         not null primary key,
                      guest  varchar(40) not null
                    )
                    """);
        }
    }

    /** Bookings at the full hours: minute 60, 120, 180 and so on. */
    public static void fill(Connection connection, int bookings) throws SQLException {
        try (PreparedStatement insert = connection.prepareStatement("""
                insert /*+ set_var(cte_max_recursion_depth = 1000000) */ into booking (minute, guest)
                with recursive hour (n) as (
                  select 1 union all select n + 1 from hour where n < ?
                )
                select n * 60, concat('Guest ', n) from hour
                """)) {
            insert.setInt(1, bookings);
            insert.executeUpdate();
        }
    }

    public static void main(String[] args) {
        Story.tell(GapLocks.class, story -> {
            try (Connection ann = story.mysql().getConnection();
                    Connection bob = story.mysql().getConnection()) {
                createSchema(ann);
                fill(ann, 20);
                ann.setAutoCommit(false);

                story.step(
                        "Ann asks for the time between 610 and 650 and finds it free: the lock is the gap before 660");
                story.show("found", lock(ann, 610, 650));
                story.show("locks", locks(ann));

                story.step("Bob books 655, outside of Ann's range but inside of the gap: he waits in vain");
                try (Statement set = bob.createStatement()) {
                    set.execute("set innodb_lock_wait_timeout = 1");
                }
                try {
                    book(bob, 655, "Bob");
                } catch (SQLException e) {
                    story.show("Bob's insert", "error " + e.getErrorCode() + ": " + e.getMessage());
                }
                ann.rollback();

                story.step(
                        "The same under READ COMMITTED: no gap is locked, and Bob books the time that Ann found free");
                ann.setTransactionIsolation(Connection.TRANSACTION_READ_COMMITTED);
                lock(ann, 610, 650);
                story.show("locks", locks(ann));
                book(bob, 630, "Bob");
                story.show("Ann finds now", lock(ann, 610, 650));
                ann.rollback();

                story.learned("REPEATABLE READ locks the gap up to the next row; READ COMMITTED lets the phantom in.");
            }
        });
    }
}
