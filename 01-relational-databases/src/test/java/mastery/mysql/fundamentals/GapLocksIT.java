package mastery.mysql.fundamentals;

import static mastery.mysql.fundamentals.GapLocks.book;
import static mastery.mysql.fundamentals.GapLocks.lock;
import static mastery.mysql.fundamentals.GapLocks.locks;
import static mastery.mysql.fundamentals.GapLocks.look;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.List;
import javax.sql.DataSource;
import mastery.mysql.fundamentals.GapLocks.Booking;
import mastery.mysql.fundamentals.GapLocks.Lock;
import mastery.support.interleave.Blocked;
import mastery.support.interleave.Interleaving;
import mastery.support.interleave.LockView;
import mastery.support.interleave.Session;
import mastery.support.junit.OnMySql;
import mastery.support.junit.Prepare;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** Bookings lie at 60, 120 and so on; Ann asks for the time between 610 and 650, in the gap between 600 and 660. */
@OnMySql
class GapLocksIT {

    private static final int BOOKINGS = 1_000;
    private static final Lock GAP = new Lock("X,GAP", "GRANTED", "660");

    private Interleaving play;
    private Session ann;
    private Session bob;

    @Prepare
    static void prepare(Connection connection) throws SQLException {
        GapLocks.createSchema(connection);
        GapLocks.fill(connection, BOOKINGS);
    }

    @BeforeEach
    void openSessions(DataSource database) throws SQLException {
        play = Interleaving.on(LockView.mySql(database));
        ann = play.session("Ann", database);
        bob = play.session("Bob", database);
    }

    @AfterEach
    void closeSessions() {
        play.close();
    }

    @Test
    void aLockingReadThatFindsNothingLocksTheGap(Connection observer) throws SQLException {
        ann.begins();
        assertThat(asks(ann, 610, 650)).isEmpty();

        assertThat(locks(observer)).containsExactly(GAP);
    }

    @Test
    void anInsertIntoTheGapWaitsWithAnInsertIntention(Connection observer) throws SQLException {
        ann.begins();
        asks(ann, 610, 650);

        Blocked<?> booking = bob.blocks("books 630", c -> booked(c, 630));

        assertThat(booking.waitsFor()).isSameAs(ann);
        assertThat(locks(observer)).containsExactly(GAP, new Lock("X,GAP,INSERT_INTENTION", "WAITING", "660"));
        assertThat(asks(ann, 610, 650)).isEmpty();
        ann.commits();
        booking.returns();
        assertThat(look(observer, 610, 650)).containsExactly(new Booking(630, "Bob"));
    }

    @Test
    void theLockReachesToTheNextRowAndNoFurther() {
        ann.begins();
        asks(ann, 610, 650);

        bob.does("books 661, behind the gap", c -> book(c, 661, "Bob"));
        bob.does("books 599, before the gap", c -> book(c, 599, "Bob"));
        bob.blocks("books 659, outside of the range but in the gap", c -> booked(c, 659));
    }

    @Test
    void aRowInTheRangeIsLockedWithoutTheGapBeforeIt(Connection observer) throws SQLException {
        ann.begins();
        assertThat(asks(ann, 600, 650)).hasSize(1);

        assertThat(locks(observer)).containsExactly(new Lock("X,REC_NOT_GAP", "GRANTED", "600"), GAP);
    }

    @Test
    void theWaitEndsWith1205AndUndoesTheStatementOnly(Connection observer) throws SQLException {
        ann.begins();
        asks(ann, 610, 650);
        bob.begins();
        bob.does("waits for locks no longer than a second", c -> execute(c, "set innodb_lock_wait_timeout = 1"));
        bob.does("books 1210", c -> book(c, 1210, "Bob"));

        bob.failsWith(1205, "books 630", c -> booked(c, 630));

        bob.commits();
        assertThat(look(observer, 630, 631)).isEmpty();
        assertThat(look(observer, 1210, 1211)).hasSize(1);
    }

    @Test
    void readCommittedLocksNoGapAndLetsThePhantomIn(Connection observer) throws SQLException {
        ann.begins(Connection.TRANSACTION_READ_COMMITTED);
        assertThat(asks(ann, 610, 650)).isEmpty();
        assertThat(locks(observer)).isEmpty();

        bob.does("books 630", c -> book(c, 630, "Bob"));

        assertThat(asks(ann, 610, 650)).containsExactly(new Booking(630, "Bob"));
    }

    @Test
    void aReadWithoutLockingIsOldAsSoonAsItArrives(Connection observer) throws SQLException {
        ann.begins();
        assertThat(looks(ann, 610, 650)).isEmpty();
        assertThat(locks(observer)).isEmpty();

        bob.does("books 630", c -> book(c, 630, "Bob"));

        assertThat(looks(ann, 610, 650)).isEmpty();
        ann.does("books 640", c -> book(c, 640, "Ann"));
        ann.commits();
        assertThat(look(observer, 610, 650)).containsExactly(new Booking(630, "Bob"), new Booking(640, "Ann"));
    }

    @Test
    void twoSessionsCanHoldTheSameGapAndThenOneDiesWith1213() {
        ann.begins();
        ann.does("books 1210, so that her transaction weighs more", c -> book(c, 1210, "Ann"));
        asks(ann, 610, 650);
        bob.begins();
        asks(bob, 610, 650);

        Blocked<?> booking = ann.blocks("books 630", c -> booked(c, 630));
        assertThat(booking.waitsFor()).isSameAs(bob);
        bob.failsWith(1213, "books 640", c -> booked(c, 640));

        booking.returns();
    }

    @Test
    void badInputIsRefusedAndHostileTextIsOnlyText(Connection connection) throws SQLException {
        assertThatThrownBy(() -> lock(connection, 610, 650))
                .isInstanceOf(IllegalStateException.class)
                .hasMessageContaining("auto-commit");
        assertThatThrownBy(() -> look(connection, 650, 610))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("650 to 610");
        assertThatThrownBy(() -> book(connection, 630, " "))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("guest");
        assertThatThrownBy(() -> book(connection, 630, null)).isInstanceOf(IllegalArgumentException.class);
        assertThat(look(connection, 610, 650)).isEmpty();

        String hostile = "'); drop table booking; -- ";
        book(connection, 630, hostile);
        assertThat(look(connection, 0, Integer.MAX_VALUE)).hasSize(BOOKINGS + 1).contains(new Booking(630, hostile));
    }

    private static List<Booking> asks(Session session, int from, int to) {
        return session.returns("locks from " + from + " to " + to, c -> lock(c, from, to));
    }

    private static List<Booking> looks(Session session, int from, int to) {
        return session.returns("looks from " + from + " to " + to, c -> look(c, from, to));
    }

    private static boolean booked(Connection connection, int minute) throws SQLException {
        book(connection, minute, "Bob");
        return true;
    }

    private static void execute(Connection connection, String sql) throws SQLException {
        try (Statement statement = connection.createStatement()) {
            statement.execute(sql);
        }
    }
}
