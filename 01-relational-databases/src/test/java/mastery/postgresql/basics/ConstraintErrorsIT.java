package mastery.postgresql.basics;

import static mastery.postgresql.basics.ConstraintErrors.book;
import static mastery.postgresql.basics.ConstraintErrors.field;
import static mastery.postgresql.basics.ConstraintErrors.isFree;
import static mastery.postgresql.basics.ConstraintErrors.reasonByMessage;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.LocalDate;
import javax.sql.DataSource;
import mastery.postgresql.basics.ConstraintErrors.Booking;
import mastery.postgresql.basics.ConstraintErrors.BookingRefusedException;
import mastery.postgresql.basics.ConstraintErrors.Reason;
import mastery.support.interleave.Blocked;
import mastery.support.interleave.Interleaving;
import mastery.support.interleave.LockView;
import mastery.support.interleave.Session;
import mastery.support.junit.OnPostgreSql;
import mastery.support.junit.Prepare;
import org.junit.jupiter.api.Test;
import org.postgresql.util.ServerErrorMessage;

@OnPostgreSql
class ConstraintErrorsIT {

    private static final LocalDate MAY_1 = LocalDate.of(2026, 5, 1);
    private static final LocalDate MAY_3 = LocalDate.of(2026, 5, 3);
    private static final LocalDate MAY_5 = LocalDate.of(2026, 5, 5);

    private static final Booking ANNS = new Booking("A1", 1, "Ann", 2, MAY_1, MAY_3);
    /** Shares a night with Ann's. */
    private static final Booking BOBS = new Booking("B1", 1, "Bob", 1, MAY_1.plusDays(1), MAY_5);

    @Prepare
    static void prepare(Connection connection) throws SQLException {
        ConstraintErrors.createSchema(connection);
    }

    @Test
    void eachBrokenRuleHasItsSqlStateAndItsReason(Connection connection) throws Exception {
        book(connection, ANNS);

        assertRefused(connection, new Booking(null, 1, "Ann", 1, MAY_3, MAY_5), "23502", Reason.VALUE_MISSING);
        assertRefused(connection, new Booking("C1", 9, "Ann", 1, MAY_3, MAY_5), "23503", Reason.ROOM_UNKNOWN);
        assertRefused(connection, new Booking("A1", 2, "Ann", 1, MAY_3, MAY_5), "23505", Reason.CODE_TAKEN);
        assertRefused(connection, new Booking("C1", 1, "Ann", 0, MAY_3, MAY_5), "23514", Reason.NO_GUESTS);
        assertRefused(connection, BOBS, "23P01", Reason.ROOM_OCCUPIED);
        assertRefused(
                connection, new Booking("C1", 1, "C".repeat(41), 1, MAY_3, MAY_5), "22001", Reason.VALUE_TOO_LONG);
        assertThat(bookings(connection)).isEqualTo(1);
    }

    @Test
    void theNameOfTheConstraintIsAFieldOfTheError(Connection connection) throws Exception {
        book(connection, ANNS);

        ServerErrorMessage error = field(refused(connection, BOBS)).orElseThrow();
        assertThat(error.getConstraint()).isEqualTo("booking_room_occupied");
        assertThat(error.getTable()).isEqualTo("booking");
    }

    @Test
    void aMissingValueNamesItsColumnAndATooLongOneNamesNothing(Connection connection) {
        Booking nameless = new Booking("C1", 1, null, 1, MAY_1, MAY_3);
        ServerErrorMessage missing = field(refused(connection, nameless)).orElseThrow();
        assertThat(missing.getColumn()).isEqualTo("guest");
        assertThat(missing.getConstraint()).isNull();

        Booking longNamed = new Booking("C1", 1, "C".repeat(41), 1, MAY_1, MAY_3);
        ServerErrorMessage tooLong = field(refused(connection, longNamed)).orElseThrow();
        assertThat(tooLong.getColumn()).isNull();
        assertThat(tooLong.getConstraint()).isNull();
        assertThat(tooLong.getTable()).isNull();
    }

    @Test
    void whatTheUserTypedMisleadsOnlyTheSearchInTheMessage(Connection connection) {
        BookingRefusedException refusal =
                refusal(connection, new Booking("C1", 1, "booking_code_taken", 0, MAY_1, MAY_3));

        assertThat(refusal.reason()).isEqualTo(Reason.NO_GUESTS);
        assertThat(reasonByMessage((SQLException) refusal.getCause())).contains(Reason.CODE_TAKEN);
    }

    @Test
    void theMessageOfTheServerQuotesTheRowAndTheReasonDoesNot(Connection connection) {
        BookingRefusedException refusal = refusal(connection, new Booking("C1", 1, "Secret Guest", 0, MAY_1, MAY_3));

        assertThat(refusal.getCause()).hasMessageContaining("Secret Guest");
        assertThat(refusal).hasMessage("NO_GUESTS");
    }

    @Test
    void twoWhoBothFindTheRoomFreeDoNotBothGetIt(DataSource database) throws SQLException {
        try (Interleaving play = Interleaving.on(LockView.postgreSql(database))) {
            Session ann = play.session("Ann", database);
            Session bob = play.session("Bob", database);
            ann.begins();
            bob.begins();
            assertThat(ann.<Boolean>returns("looks", c -> isFree(c, ANNS))).isTrue();
            assertThat(bob.<Boolean>returns("looks", c -> isFree(c, BOBS))).isTrue();

            ann.does("books", c -> book(c, ANNS));
            Blocked<Reason> booking = bob.blocks("books", c -> reason(c, BOBS));
            ann.commits();

            assertThat(booking.returns()).isEqualTo(Reason.ROOM_OCCUPIED);
        }
    }

    @Test
    void withoutTheConstraintBothGetTheRoom(DataSource database, Connection connection) throws SQLException {
        execute(connection, "alter table booking drop constraint booking_room_occupied");
        try (Interleaving play = Interleaving.on(LockView.postgreSql(database))) {
            Session ann = play.session("Ann", database);
            Session bob = play.session("Bob", database);
            ann.begins();
            bob.begins();
            assertThat(ann.<Boolean>returns("looks", c -> isFree(c, ANNS))).isTrue();
            assertThat(bob.<Boolean>returns("looks", c -> isFree(c, BOBS))).isTrue();
            ann.does("books", c -> book(c, ANNS));
            bob.does("books", c -> book(c, BOBS));
            ann.commits();
            bob.commits();
        }

        assertThat(bookings(connection)).isEqualTo(2);
    }

    @Test
    void anErrorThatIsAboutNoRuleOfOursStaysWhatItWas(Connection connection) throws SQLException {
        execute(connection, "alter table booking add constraint added_later check (guest <> 'Bob')");
        assertThatThrownBy(() -> book(connection, BOBS))
                .isInstanceOfSatisfying(
                        SQLException.class, e -> assertThat(e.getSQLState()).isEqualTo("23514"));

        execute(connection, "drop table booking");
        assertThatThrownBy(() -> book(connection, BOBS))
                .isInstanceOfSatisfying(
                        SQLException.class, e -> assertThat(e.getSQLState()).isEqualTo("42P01"));
    }

    @Test
    void aStayWithoutNightsIsRefusedByTheProgramAndByTheDatabase(Connection connection) throws SQLException {
        assertThatThrownBy(() -> new Booking("C1", 1, "Cid", 1, MAY_1, MAY_1))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("at least one night");
        assertThatThrownBy(() -> new Booking("C1", 1, "Cid", 1, null, MAY_1)).hasMessage("from");
        assertThatThrownBy(() -> new Booking("C1", 1, "Cid", 1, MAY_1, null)).hasMessage("until");

        assertThatThrownBy(() -> execute(connection, """
                        insert into booking (code, room_id, guest, guests, stay) values ('C1', 1, 'Cid', 1, 'empty')
                        """))
                .isInstanceOfSatisfying(
                        SQLException.class,
                        e -> assertThat(field(e).orElseThrow().getConstraint()).isEqualTo("booking_no_nights"));
        assertThat(bookings(connection)).isZero();
    }

    @Test
    void hostileTextIsStoredAsText(Connection connection) throws Exception {
        book(connection, new Booking("'); drop table booking; --", 1, "Robert'); --", 1, MAY_1, MAY_3));

        assertThat(bookings(connection)).isEqualTo(1);
    }

    private static void assertRefused(Connection connection, Booking booking, String sqlState, Reason reason) {
        BookingRefusedException refusal = refusal(connection, booking);
        assertThat(((SQLException) refusal.getCause()).getSQLState()).isEqualTo(sqlState);
        assertThat(refusal.reason()).isEqualTo(reason);
    }

    private static BookingRefusedException refusal(Connection connection, Booking booking) {
        BookingRefusedException refusal =
                catchThrowableOfType(BookingRefusedException.class, () -> book(connection, booking));
        assertThat(refusal).as("refusal of %s", booking).isNotNull();
        return refusal;
    }

    private static SQLException refused(Connection connection, Booking booking) {
        return (SQLException) refusal(connection, booking).getCause();
    }

    /** Why the booking was refused; {@code null} if it was not. */
    private static Reason reason(Connection connection, Booking booking) throws SQLException {
        try {
            book(connection, booking);
            return null;
        } catch (BookingRefusedException e) {
            return e.reason();
        }
    }

    private static long bookings(Connection connection) throws SQLException {
        try (Statement statement = connection.createStatement();
                ResultSet row = statement.executeQuery("select count(*) from booking")) {
            row.next();
            return row.getLong(1);
        }
    }

    private static void execute(Connection connection, String sql) throws SQLException {
        try (Statement statement = connection.createStatement()) {
            statement.execute(sql);
        }
    }
}
