package mastery.postgresql.basics;

import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.LocalDate;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import mastery.support.trace.Story;
import org.postgresql.util.PSQLException;
import org.postgresql.util.ServerErrorMessage;

/**
 * Constraints refuse what a check beforehand lets through, and the SQLSTATE with the name of the constraint, not the message,
 * says which rule was broken.
 *
 * <p><b>Use it</b> for every rule that must hold whoever writes: two sessions that both look first and then insert are
 * stopped by nothing else.
 *
 * <p><b>Not</b> for advice while somebody types: a constraint answers when the row is written, and names one broken rule.
 *
 * <p><b>It costs</b> an index for each UNIQUE and EXCLUDE, a look-up for each foreign key, and the transaction: after the
 * error it can only roll back.
 *
 * <p><b>It needs</b> a name for each constraint, which is part of the program from then on. The server names the column for
 * 23502, and nothing for 22001.
 *
 * <p>Source: PostgreSQL manual, "Constraints", "PostgreSQL Error Codes", "Error and Notice Message Fields".
 */
public final class ConstraintErrors {

    /** Why a booking is refused, in the words of the business. */
    public enum Reason {
        CODE_TAKEN,
        ROOM_UNKNOWN,
        ROOM_OCCUPIED,
        NO_GUESTS,
        VALUE_MISSING,
        VALUE_TOO_LONG
    }

    private static final Map<String, Reason> BY_CONSTRAINT = Map.of(
            "booking_code_taken", Reason.CODE_TAKEN,
            "booking_room_unknown", Reason.ROOM_UNKNOWN,
            "booking_room_occupied", Reason.ROOM_OCCUPIED,
            "booking_no_guests", Reason.NO_GUESTS);

    private ConstraintErrors() {}

    /** A stay from one day until another, when the room is free again. What is wrong with the rest, the database says. */
    public record Booking(String code, long room, String guest, int guests, LocalDate from, LocalDate until) {
        public Booking {
            // an empty range overlaps nothing, and a range without an end overlaps too much
            if (!Objects.requireNonNull(from, "from").isBefore(Objects.requireNonNull(until, "until"))) {
                throw new IllegalArgumentException("a stay has at least one night: " + from + " until " + until);
            }
        }
    }

    /** A rule of the business that a booking breaks. The server's words stay in the cause: they contain the guest's data. */
    public static final class BookingRefusedException extends Exception {
        private final Reason reason;

        BookingRefusedException(Reason reason, SQLException cause) {
            super(reason.toString(), cause);
            this.reason = reason;
        }

        public Reason reason() {
            return reason;
        }
    }

    /**
     * Books a room.
     *
     * @throws BookingRefusedException if the booking breaks a rule
     * @throws SQLException for everything else
     */
    public static void book(Connection connection, Booking booking) throws SQLException, BookingRefusedException {
        try (PreparedStatement insert = connection.prepareStatement("""
                insert into booking (code, room_id, guest, guests, stay)
                values (?, ?, ?, ?, daterange(?, ?))
                """)) {
            insert.setString(1, booking.code());
            insert.setLong(2, booking.room());
            insert.setString(3, booking.guest());
            insert.setInt(4, booking.guests());
            insert.setObject(5, booking.from());
            insert.setObject(6, booking.until());
            insert.executeUpdate();
        } catch (SQLException e) {
            Reason reason = reason(e).orElseThrow(() -> e);
            throw new BookingRefusedException(reason, e);
        }
    }

    /** The right way: the fields of the error. Empty for an error that is about no rule of ours. */
    static Optional<Reason> reason(SQLException e) {
        return switch (String.valueOf(e.getSQLState())) {
            case "23502" -> Optional.of(Reason.VALUE_MISSING); // not_null_violation
            case "22001" -> Optional.of(Reason.VALUE_TOO_LONG); // string_data_right_truncation
            case "23503", "23505", "23514", "23P01" -> // foreign key, unique, check, exclusion
                field(e).map(ServerErrorMessage::getConstraint).map(BY_CONSTRAINT::get);
            default -> Optional.empty();
        };
    }

    /** What the server says beside the message. */
    static Optional<ServerErrorMessage> field(SQLException e) {
        return e instanceof PSQLException server
                ? Optional.ofNullable(server.getServerErrorMessage())
                : Optional.empty();
    }

    /** The wrong way: the message quotes what the user typed, so the user can write any reason into it. */
    static Optional<Reason> reasonByMessage(SQLException e) {
        return BY_CONSTRAINT.keySet().stream()
                .sorted()
                .filter(name -> e.getMessage().contains(name))
                .findFirst()
                .map(BY_CONSTRAINT::get)
                .or(() -> reason(e));
    }

    /** Good for a page that shows free rooms, worthless as a guard: the answer is old when it arrives. */
    static boolean isFree(Connection connection, Booking booking) throws SQLException {
        try (PreparedStatement select = connection.prepareStatement("""
                select not exists (select from booking where room_id = ? and stay && daterange(?, ?))
                """)) {
            select.setLong(1, booking.room());
            select.setObject(2, booking.from());
            select.setObject(3, booking.until());
            try (ResultSet row = select.executeQuery()) {
                return row.next() && row.getBoolean(1);
            }
        }
    }

    /** Two rooms, 1 and 2. An exclusion constraint that compares plain values needs btree_gist, which a database owner may install. */
    public static void createSchema(Connection connection) throws SQLException {
        try (Statement statement = connection.createStatement()) {
            statement.execute("create extension if not exists btree_gist");
            statement.execute("create table room (id bigint primary key)");
            statement.execute("insert into room values (1), (2)");
            statement.execute("""
                    create table booking (
                      id      bigint generated always as identity primary key,
                      code    text not null
                              constraint booking_code_taken unique,
                      room_id bigint not null
                              constraint booking_room_unknown references room,
                      guest   varchar(40) not null,
                      guests  integer not null
                              constraint booking_no_guests check (guests > 0),
                      stay    daterange not null
                              constraint booking_no_nights check (not isempty(stay)),
                      constraint booking_room_occupied exclude using gist (room_id with =, stay with &&)
                    )
                    """);
        }
    }

    public static void main(String[] args) {
        Story.tell(ConstraintErrors.class, story -> {
            try (Connection connection = story.postgresql().getConnection()) {
                story.quietly("two rooms, and a table of bookings with named constraints", () -> {
                    createSchema(connection);
                });
                LocalDate may1 = LocalDate.of(2026, 5, 1);
                LocalDate may3 = LocalDate.of(2026, 5, 3);
                LocalDate may9 = LocalDate.of(2026, 5, 9);

                story.step("Bob looks and finds room 1 free; before he books, Ann does");
                Booking bobs = new Booking("B1", 1, "Bob", 1, may1.plusDays(1), may9);
                story.show("free", isFree(connection, bobs));
                book(connection, new Booking("A1", 1, "Ann", 2, may1, may3));

                story.step("Bob shares a night with her: what his look missed, the exclusion constraint refuses");
                try {
                    book(connection, bobs);
                } catch (BookingRefusedException e) {
                    story.show("reason", e.reason());
                }

                story.step("A booking for nobody, by a guest who calls himself like another constraint");
                try {
                    book(connection, new Booking("C1", 2, "booking_code_taken", 0, may1, may3));
                } catch (BookingRefusedException e) {
                    story.show("by the constraint's name", e.reason());
                    SQLException cause = (SQLException) e.getCause();
                    story.show(
                            "by searching the message", reasonByMessage(cause).orElseThrow());
                }

                story.step("A name too long: the server says 22001 and names neither column nor constraint");
                try {
                    book(connection, new Booking("C1", 2, "C".repeat(41), 1, may3, may9));
                } catch (BookingRefusedException e) {
                    story.show("reason", e.reason());
                }

                story.learned("Let the database refuse, and read its error by SQLSTATE and constraint name.");
            }
        });
    }
}
