package mastery.design.transactions;

import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.List;
import javax.sql.DataSource;
import mastery.support.trace.Story;

/**
 * Look whether a room is free, then book it: two sessions look at once, both find it free, and both book. What the check rests on is a row that is
 * not there, so there is nothing to lock but something that stands for it: the room.
 *
 * <p><b>Use</b> on PostgreSQL an exclusion constraint, see {@link #excludeOverlaps}: it holds for every program and at every level. Elsewhere lock the
 * row of the room before looking, in every program that books.
 *
 * <p><b>Not</b> FOR UPDATE on the bookings in the way, {@link #bookLockingBookings}: there are none. PostgreSQL locks nothing then; MySQL under
 * REPEATABLE READ locks the gap for both, and ends one of them with error 1213 when both insert.
 *
 * <p><b>It costs</b> with the constraint a GiST index, and a wait for whoever books the same time, who may yet roll back; with the lock a round trip,
 * and a wait for whoever books the same room at any time; under SERIALIZABLE a second run of one of the two.
 *
 * <p><b>It needs</b> auto-commit off, and the lock as the transaction's first statement: under REPEATABLE READ a look from before the lock is what the
 * check still sees after it. Under it PostgreSQL looks back even if the lock comes first, so lock at READ COMMITTED. The constraint needs the extension
 * btree_gist to compare the room.
 *
 * <p>Source: PostgreSQL manual, "Constraints", "btree_gist" and "Transaction Isolation"; MySQL Reference Manual, "InnoDB Locking" and "Consistent
 * Nonlocking Reads"; SQL Server documentation, "Table hints (Transact-SQL)" and "Transaction locking and row versioning guide".
 */
public final class BookingPhantom {

    /** How each engine reads rows so that nobody else can change them before the transaction ends. */
    enum Engine {
        POSTGRESQL(
                "select id from room where id = ? for update",
                "select guest from booking where room = ? and begins < ? and ends > ? for update"),
        MYSQL(
                "select id from room where id = ? for update",
                "select guest from booking where room = ? and begins < ? and ends > ? for update"),
        SQL_SERVER(
                "select id from room with (updlock) where id = ?",
                "select guest from booking with (updlock) where room = ? and begins < ? and ends > ?");

        private final String lockRoom;
        private final String lockBookings;

        Engine(String lockRoom, String lockBookings) {
            this.lockRoom = lockRoom;
            this.lockBookings = lockBookings;
        }

        static Engine of(Connection connection) throws SQLException {
            String product = connection.getMetaData().getDatabaseProductName();
            return switch (product) {
                case "PostgreSQL" -> POSTGRESQL;
                case "MySQL" -> MYSQL;
                case "Microsoft SQL Server" -> SQL_SERVER;
                default -> throw new IllegalArgumentException("no SQL for " + product);
            };
        }
    }

    private BookingPhantom() {}

    /** From {@code begins} to before {@code ends}, in minutes of the day: who begins when another ends is in nobody's way. */
    public record Booking(int room, int begins, int ends, String guest) {

        public Booking {
            if (begins >= ends) {
                throw new IllegalArgumentException(
                        "a booking ends after it begins, not from " + begins + " to " + ends);
            }
            if (guest == null || guest.isBlank()) {
                throw new IllegalArgumentException("a booking has a guest");
            }
        }
    }

    /** The wrong way: looks, then books if nothing is in the way. Returns whether it booked; the caller commits. */
    public static boolean book(Connection connection, Booking wanted) throws SQLException {
        return isFree(connection, wanted, """
                select guest
                  from booking
                 where room = ? and begins < ? and ends > ?
                """) && insert(connection, wanted);
    }

    /** As wrong: locks the bookings in the way, of which there are none. */
    public static boolean bookLockingBookings(Connection connection, Booking wanted) throws SQLException {
        inTransaction(connection);
        return isFree(connection, wanted, Engine.of(connection).lockBookings) && insert(connection, wanted);
    }

    /** The right way on every engine: who books a room locks its row first, and looks then. */
    public static boolean bookLockingRoom(Connection connection, Booking wanted) throws SQLException {
        inTransaction(connection);
        try (PreparedStatement lock = connection.prepareStatement(Engine.of(connection).lockRoom)) {
            lock.setInt(1, wanted.room());
            try (ResultSet room = lock.executeQuery()) {
                if (!room.next()) {
                    throw new IllegalArgumentException("there is no room " + wanted.room());
                }
            }
        }
        return book(connection, wanted);
    }

    /** The right way on PostgreSQL: with this, every way above is safe, and {@link #insert} without looking too. */
    public static void excludeOverlaps(Connection connection) throws SQLException {
        try (Statement statement = connection.createStatement()) {
            statement.execute("create extension if not exists btree_gist");
            statement.execute("""
                    alter table booking
                      add constraint booking_overlap
                      exclude using gist (room with =, int4range(begins, ends) with &&)
                    """);
        }
    }

    private static boolean isFree(Connection connection, Booking wanted, String inTheWay) throws SQLException {
        try (PreparedStatement select = connection.prepareStatement(inTheWay)) {
            select.setInt(1, wanted.room());
            select.setInt(2, wanted.ends());
            select.setInt(3, wanted.begins());
            try (ResultSet row = select.executeQuery()) {
                return !row.next();
            }
        }
    }

    /** Books without looking. */
    public static boolean insert(Connection connection, Booking wanted) throws SQLException {
        try (PreparedStatement insert = connection.prepareStatement("""
                insert into booking (room, begins, ends, guest)
                values (?, ?, ?, ?)
                """)) {
            insert.setInt(1, wanted.room());
            insert.setInt(2, wanted.begins());
            insert.setInt(3, wanted.ends());
            insert.setString(4, wanted.guest());
            return insert.executeUpdate() == 1;
        }
    }

    /** Pairs of bookings that overlap; a working rule leaves none. */
    public static int overlaps(Connection connection) throws SQLException {
        try (Statement statement = connection.createStatement();
                ResultSet row = statement.executeQuery("""
                        select count(*)
                          from booking a
                          join booking b on b.room = a.room and b.begins < a.ends and b.ends > a.begins
                         where a.begins < b.begins
                        """)) {
            row.next();
            return row.getInt(1);
        }
    }

    private static void inTransaction(Connection connection) throws SQLException {
        if (connection.getAutoCommit()) {
            throw new IllegalStateException("turn auto-commit off: it would end the lock at once");
        }
    }

    /** Rooms 1 and 2, free all day. */
    public static void createSchema(Connection connection) throws SQLException {
        try (Statement statement = connection.createStatement()) {
            statement.execute("create table room (id int not null primary key)");
            statement.execute("insert into room (id) values (1), (2)");
            statement.execute("""
                    create table booking (
                      room   int          not null references room (id),
                      begins int          not null,
                      ends   int          not null,
                      guest  varchar(100) not null,
                      primary key (room, begins)
                    )
                    """);
        }
    }

    public static void main(String[] args) {
        Story.tell(BookingPhantom.class, story -> {
            Booking ann = new Booking(1, 600, 660, "Ann");
            Booking bob = new Booking(1, 630, 690, "Bob");
            for (DataSource engine : new DataSource[] {story.postgresql(), story.mysql()}) {
                try (Connection anns = engine.getConnection();
                        Connection bobs = engine.getConnection()) {
                    createSchema(anns);
                    for (Connection connection : List.of(anns, bobs)) {
                        connection.setTransactionIsolation(Connection.TRANSACTION_READ_COMMITTED);
                        connection.setAutoCommit(false);
                    }

                    story.step(
                            Engine.of(anns) + ": Ann wants 10:00 to 11:00, Bob 10:30 to 11:30; both look, both book");
                    story.show("Ann books", book(anns, ann));
                    story.show("Bob books", book(bobs, bob));
                    anns.commit();
                    bobs.commit();
                    story.show("bookings that overlap", overlaps(anns));
                    anns.rollback();

                    story.step("Whoever locks room 2 first books it; the other waits, and then sees the booking");
                    story.show("Ann books", bookLockingRoom(anns, new Booking(2, 600, 660, "Ann")));
                    anns.commit();
                    story.show("Bob books", bookLockingRoom(bobs, new Booking(2, 630, 690, "Bob")));
                    bobs.rollback();
                }
            }
            try (Connection connection = story.postgresql().getConnection();
                    Statement statement = connection.createStatement()) {
                story.step("PostgreSQL can have the rule itself, and refuses even who does not look");
                statement.execute("delete from booking");
                excludeOverlaps(connection);
                insert(connection, ann);
                try {
                    insert(connection, bob);
                } catch (SQLException e) {
                    story.show("Bob's booking", "refused with SQLSTATE " + e.getSQLState());
                }
                story.show("Bob, from 11:00 on", insert(connection, new Booking(1, 660, 690, "Bob")));
            }
            story.learned("A row that is not there cannot be locked: lock what it belongs to, or declare the rule.");
        });
    }
}
