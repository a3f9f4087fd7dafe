package mastery.design.transactions;

import static java.sql.Connection.TRANSACTION_READ_COMMITTED;
import static java.sql.Connection.TRANSACTION_REPEATABLE_READ;
import static java.sql.Connection.TRANSACTION_SERIALIZABLE;
import static mastery.design.transactions.BookingPhantom.book;
import static mastery.design.transactions.BookingPhantom.bookLockingBookings;
import static mastery.design.transactions.BookingPhantom.bookLockingRoom;
import static mastery.design.transactions.BookingPhantom.excludeOverlaps;
import static mastery.design.transactions.BookingPhantom.insert;
import static mastery.design.transactions.BookingPhantom.overlaps;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.microsoft.sqlserver.jdbc.SQLServerConnection;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.List;
import javax.sql.DataSource;
import mastery.design.transactions.BookingPhantom.Booking;
import mastery.support.interleave.Blocked;
import mastery.support.interleave.Session;
import mastery.support.interleave.Step;
import mastery.support.junit.OnMySql;
import mastery.support.junit.OnPostgreSql;
import mastery.support.junit.OnSqlServer;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Test;

/** Ann wants room 1 from minute 600 to 660, Bob from 630 to 690. */
class BookingPhantomIT {

    private static final Booking ANN = new Booking(1, 600, 660, "Ann");
    private static final Booking BOB = new Booking(1, 630, 690, "Bob");

    @Nested
    @OnPostgreSql
    class PostgreSql extends Claims {
        PostgreSql() {
            super(Rdbms.POSTGRESQL, List.of(TRANSACTION_READ_COMMITTED, TRANSACTION_REPEATABLE_READ));
        }

        @Test
        void lockingTheBookingsInTheWayLocksNothingAndBothBook(DataSource database) throws SQLException {
            bothBegin(TRANSACTION_READ_COMMITTED);
            assertThat(overlapsIfBothBook(database, BookingPhantom::bookLockingBookings))
                    .isEqualTo(1);
        }

        @Test
        void serializableLetsNobodyWaitAndRefusesTheSecondCommitWith40001(DataSource database) throws SQLException {
            bothBegin(TRANSACTION_SERIALIZABLE);
            assertThat(books(ann, ANN, BookingPhantom::book)).isTrue();
            assertThat(books(bob, BOB, BookingPhantom::book)).isTrue();
            ann.commits();

            bob.failsWith("40001", "commits", c -> {
                c.commit();
                return true;
            });
            assertThat(guests(database)).containsExactly("Ann");
        }

        @Test
        void underRepeatableReadALockOnTheRoomIsWaitedForInVain(DataSource database) throws SQLException {
            bothBegin(TRANSACTION_REPEATABLE_READ);
            assertThat(bobBooksWhenAnnHasCommitted(bobWaits(BookingPhantom::bookLockingRoom)))
                    .isTrue();
            assertThat(overlapsIn(database)).isEqualTo(1);
        }

        @Test
        void anExclusionConstraintMakesTheSecondWaitAndRefusesItWith23P01(DataSource database) throws SQLException {
            excludeOverlapsIn(database);
            for (int level : List.of(TRANSACTION_READ_COMMITTED, TRANSACTION_REPEATABLE_READ)) {
                bothBegin(level);
                Blocked<Boolean> waits = bobWaits(BookingPhantom::book);
                ann.commits();

                waits.failsWith("23P01");
                bob.rollsBack();
                assertThat(guests(database)).containsExactly("Ann");
                Sql.execute(database, "delete from booking");
            }
        }

        @Test
        void theConstraintLetsTheSecondGoOnIfTheFirstRollsBack(DataSource database) throws SQLException {
            excludeOverlapsIn(database);
            bothBegin(TRANSACTION_READ_COMMITTED);
            Blocked<Boolean> waits = bobWaits(BookingPhantom::book);
            ann.rollsBack();

            assertThat(waits.returns()).isTrue();
            bob.commits();
            assertThat(guests(database)).containsExactly("Bob");
        }

        @Test
        void theConstraintHoldsForWhoDoesNotLookAndNobodyElseWaits(DataSource database) throws SQLException {
            excludeOverlapsIn(database);
            ann.begins();
            books(ann, ANN, BookingPhantom::insert);

            bob.returns("books the other room", c -> insert(c, new Booking(2, 600, 660, "Bob")));
            bob.returns("books from the minute Ann leaves", c -> insert(c, new Booking(1, 660, 690, "Bob")));
            ann.commits();
            bob.failsWith("23P01", "books without looking", c -> insert(c, BOB));
        }

        @Test
        void theConstraintIsNotAddedWhereBookingsOverlapAlready(DataSource database) throws SQLException {
            try (Connection connection = database.getConnection()) {
                insert(connection, ANN);
                insert(connection, BOB);

                assertThatThrownBy(() -> excludeOverlaps(connection))
                        .isInstanceOfSatisfying(
                                SQLException.class,
                                e -> assertThat(e.getSQLState()).isEqualTo("23P01"));
            }
        }

        private void excludeOverlapsIn(DataSource database) throws SQLException {
            try (Connection connection = database.getConnection()) {
                excludeOverlaps(connection);
            }
        }
    }

    @Nested
    @OnMySql
    class MySql extends Claims {
        MySql() {
            super(Rdbms.MYSQL, List.of(TRANSACTION_READ_COMMITTED, TRANSACTION_REPEATABLE_READ));
        }

        @Test
        void lockingTheBookingsInTheWayLocksTheGapForBothAndEndsInADeadlockWith1213(DataSource database)
                throws SQLException {
            fence(database);
            // the only row that both would lock
            Sql.execute(database, "delete from booking where room = 1 and begins = 0");
            bothLook(TRANSACTION_REPEATABLE_READ, BookingPhantomIT::locksBookings);
            annsTransactionWeighsMore();
            bobDiesWith(1213);
            assertThat(guests(database)).containsExactly("Ann", "Ann", "Eve", "Eve");
        }

        @Test
        void underReadCommittedItLocksNothingAndBothBook(DataSource database) throws SQLException {
            ann.begins(TRANSACTION_READ_COMMITTED);
            assertThat(books(ann, new Booking(2, 600, 660, "Ann"), BookingPhantom::bookLockingBookings))
                    .isTrue();
            ann.rollsBack();
            bothLook(TRANSACTION_READ_COMMITTED, BookingPhantomIT::locksBookings);
            ann.returns("books", c -> insert(c, ANN));
            bob.returns("books", c -> insert(c, BOB));
            ann.commits();
            bob.commits();

            assertThat(overlapsIn(database)).isEqualTo(1);
        }

        @Test
        void serializableLocksTheGapThatIsReadToo(DataSource database) throws SQLException {
            fence(database);
            bothLook(TRANSACTION_SERIALIZABLE, BookingPhantomIT::looks);
            annsTransactionWeighsMore();
            bobDiesWith(1213);
            assertThat(guests(database)).containsExactly("Ann", "Ann", "Eve", "Eve", "Eve");
        }

        @Test
        void underRepeatableReadALockOnTheRoomTakenFirstIsEnough(DataSource database) throws SQLException {
            bothBegin(TRANSACTION_REPEATABLE_READ);
            assertThat(bobBooksWhenAnnHasCommitted(bobWaits(BookingPhantom::bookLockingRoom)))
                    .isFalse();
            assertThat(guests(database)).containsExactly("Ann");
        }

        private void annsTransactionWeighsMore() {
            ann.returns("books room 2", c -> insert(c, new Booking(2, 600, 660, "Ann")));
        }
    }

    @Nested
    @OnSqlServer
    class SqlServer extends Claims {
        SqlServer() {
            super(Rdbms.SQL_SERVER, List.of(SQLServerConnection.TRANSACTION_SNAPSHOT));
        }

        @BeforeEach
        void allowSnapshot(DataSource database) throws SQLException {
            Sql.execute(database, "alter database current set allow_snapshot_isolation on");
        }

        @Test
        void serializableLocksTheRangeThatIsReadAndEndsInADeadlockWith1205(DataSource database) throws SQLException {
            fence(database);
            bob.does("is the one to die", c -> Sql.execute(c, "set deadlock_priority low"));
            bothLook(TRANSACTION_SERIALIZABLE, BookingPhantomIT::looks);
            bobDiesWith(1205);
            assertThat(overlapsIn(database)).isZero();
        }
    }

    /** One way to book. */
    @FunctionalInterface
    interface Way {
        boolean book(Connection connection, Booking wanted) throws SQLException;
    }

    abstract static class Claims extends AnnAndBob {
        private final List<Integer> levelsThatLetPhantomsIn;

        Claims(Rdbms rdbms, List<Integer> levelsThatLetPhantomsIn) {
            super(rdbms);
            this.levelsThatLetPhantomsIn = levelsThatLetPhantomsIn;
        }

        @Override
        void createSchema(Connection connection) throws SQLException {
            BookingPhantom.createSchema(connection);
        }

        boolean books(Session session, Booking wanted, Way way) {
            return session.returns("books", c -> way.book(c, wanted));
        }

        /** Nobody waits. Returns how many bookings overlap then. */
        int overlapsIfBothBook(DataSource database, Way way) throws SQLException {
            assertThat(books(ann, ANN, way)).isTrue();
            assertThat(books(bob, BOB, way)).isTrue();
            ann.commits();
            bob.commits();
            return overlapsIn(database);
        }

        /** Ann books, and Bob, who wants to, waits for her. */
        Blocked<Boolean> bobWaits(Way way) {
            assertThat(books(ann, ANN, way)).isTrue();
            Blocked<Boolean> waits = bob.blocks("books", c -> way.book(c, BOB));
            assertThat(waits.waitsFor()).isSameAs(ann);
            return waits;
        }

        /** Returns whether Bob booked too. */
        boolean bobBooksWhenAnnHasCommitted(Blocked<Boolean> waits) {
            ann.commits();
            boolean booked = waits.returns();
            bob.commits();
            return booked;
        }

        void bothLook(int level, Step<Boolean> look) {
            bothBegin(level);
            for (Session session : List.of(ann, bob)) {
                assertThat(session.returns("looks", look)).isTrue();
            }
        }

        /** Both have looked, and each insert waits for the other's lock. */
        void bobDiesWith(int deadlock) {
            Blocked<Boolean> waits = ann.blocks("books", c -> insert(c, ANN));
            assertThat(waits.waitsFor()).isSameAs(bob);
            bob.failsWith(deadlock, "books", c -> insert(c, BOB));
            waits.returns();
            ann.commits();
        }

        @Test
        void bothFindTheRoomFreeAndBothBook(DataSource database) throws SQLException {
            for (int level : levelsThatLetPhantomsIn) {
                Sql.execute(database, "delete from booking");
                bothBegin(level);
                assertThat(overlapsIfBothBook(database, BookingPhantom::book))
                        .as("level " + level)
                        .isEqualTo(1);
            }
        }

        @Test
        void aLockOnTheRoomMakesTheSecondWaitAndFindItTaken(DataSource database) throws SQLException {
            bothBegin(TRANSACTION_READ_COMMITTED);
            assertThat(bobBooksWhenAnnHasCommitted(bobWaits(BookingPhantom::bookLockingRoom)))
                    .isFalse();
            assertThat(guests(database)).containsExactly("Ann");
        }

        @Test
        void lockingTheBookingsInTheWayWaitsOnlyForWhoChangesOne(DataSource database) throws SQLException {
            Sql.execute(database, "insert into booking (room, begins, ends, guest) values (1, 600, 660, 'Eve')");
            ann.begins(TRANSACTION_READ_COMMITTED);
            ann.returns("calls Eve's booking off", BookingPhantomIT::callsOff);
            bob.begins(TRANSACTION_READ_COMMITTED);
            Blocked<Boolean> waits = bob.blocks("books", c -> bookLockingBookings(c, BOB));
            assertThat(waits.waitsFor()).isSameAs(ann);
            ann.commits();

            assertThat(waits.returns()).isTrue();
            bob.commits();
            assertThat(guests(database)).containsExactly("Bob");
        }

        @Test
        void aLookFromBeforeTheLockIsWhatTheCheckStillSees(DataSource database) throws SQLException {
            int snapshot = levelsThatLetPhantomsIn.get(levelsThatLetPhantomsIn.size() - 1);
            ann.begins(TRANSACTION_READ_COMMITTED);
            bob.begins(snapshot);
            bob.returns("looks at something", c -> overlaps(c));

            assertThat(bobBooksWhenAnnHasCommitted(bobWaits(BookingPhantom::bookLockingRoom)))
                    .isTrue();
            assertThat(overlapsIn(database)).isEqualTo(1);
        }

        @Test
        void theLockIsOnOneRoomAndAllOfItsDay(DataSource database) throws SQLException {
            ann.begins(TRANSACTION_READ_COMMITTED);
            books(ann, ANN, BookingPhantom::bookLockingRoom);
            bob.begins(TRANSACTION_READ_COMMITTED);
            assertThat(books(bob, new Booking(2, 630, 690, "Bob"), BookingPhantom::bookLockingRoom))
                    .isTrue();

            Blocked<Boolean> waits =
                    bob.blocks("books an hour that is free", c -> bookLockingRoom(c, new Booking(1, 900, 960, "Bob")));
            ann.commits();
            assertThat(waits.returns()).isTrue();
            bob.commits();
            assertThat(guests(database)).containsExactly("Ann", "Bob", "Bob");
        }

        @Test
        void whoBeginsWhenTheOtherEndsOrTakesAnotherRoomIsInNobodysWay(DataSource database) throws SQLException {
            try (Connection connection = database.getConnection()) {
                assertThat(book(connection, ANN)).isTrue();
                assertThat(book(connection, new Booking(1, 660, 700, "Bob"))).isTrue();
                assertThat(book(connection, new Booking(1, 500, 600, "Bob"))).isTrue();
                assertThat(book(connection, new Booking(2, 600, 660, "Bob"))).isTrue();
                for (Booking inTheWay : List.of(
                        new Booking(1, 599, 601, "Eve"),
                        new Booking(1, 659, 661, "Eve"),
                        new Booking(1, 610, 620, "Eve"),
                        new Booking(1, 0, 1_440, "Eve"))) {
                    assertThat(book(connection, inTheWay))
                            .as(inTheWay.toString())
                            .isFalse();
                }
                assertThat(overlaps(connection)).isZero();
            }
        }

        @Test
        void theLockCostsOneRoundTripMore(DataSource database) throws Exception {
            long blindly = Trips.of(database, c -> book(c, ANN));
            long locking = Trips.of(database, c -> bookLockingRoom(c, ANN));

            assertThat(List.of(blindly, locking)).containsExactly(2L, 3L);
        }

        @Test
        void badInputIsRefusedAndHostileTextIsOnlyText(DataSource database) throws SQLException {
            assertThatThrownBy(() -> new Booking(1, 660, 660, "Ann")).hasMessageContaining("660 to 660");
            assertThatThrownBy(() -> new Booking(1, 660, 600, "Ann")).hasMessageContaining("ends after");
            for (String nobody : new String[] {null, "", " "}) {
                assertThatThrownBy(() -> new Booking(1, 600, 660, nobody)).hasMessageContaining("has a guest");
            }
            try (Connection connection = database.getConnection()) {
                assertThatThrownBy(() -> bookLockingRoom(connection, ANN)).hasMessageContaining("auto-commit");
                assertThatThrownBy(() -> bookLockingBookings(connection, ANN)).hasMessageContaining("auto-commit");
                connection.setAutoCommit(false);
                assertThatThrownBy(() -> bookLockingRoom(connection, new Booking(7, 600, 660, "Ann")))
                        .isInstanceOf(IllegalArgumentException.class)
                        .hasMessageContaining("no room 7");
                connection.rollback();
                // the foreign key
                assertThatThrownBy(() -> book(connection, new Booking(7, 600, 660, "Ann")))
                        .isInstanceOf(SQLException.class);
                connection.rollback();
                assertThatThrownBy(() -> book(connection, new Booking(1, 600, 660, "x".repeat(101))))
                        .isInstanceOf(SQLException.class);
                connection.rollback();
                String hostile = "'); drop table booking; -- é";
                assertThat(bookLockingRoom(connection, new Booking(1, 600, 660, hostile)))
                        .isTrue();
                connection.commit();
                assertThat(guests(database)).containsExactly(hostile);
            }
        }
    }

    /** The first half of {@link BookingPhantom#book}. */
    private static boolean looks(Connection connection) throws SQLException {
        return isFree(connection, "select guest from booking where room = 1 and begins < 690 and ends > 600");
    }

    /** The first half of {@link BookingPhantom#bookLockingBookings}. */
    private static boolean locksBookings(Connection connection) throws SQLException {
        return isFree(
                connection, "select guest from booking where room = 1 and begins < 690 and ends > 600 for update");
    }

    private static boolean isFree(Connection connection, String sql) throws SQLException {
        try (Statement statement = connection.createStatement();
                ResultSet row = statement.executeQuery(sql)) {
            return !row.next();
        }
    }

    private static int callsOff(Connection connection) throws SQLException {
        try (Statement statement = connection.createStatement()) {
            return statement.executeUpdate("delete from booking where guest = 'Eve'");
        }
    }

    /** Bookings on both sides, so that a lock on the gap between them ends there. */
    private static void fence(DataSource database) throws SQLException {
        try (Connection connection = database.getConnection()) {
            insert(connection, new Booking(1, 0, 10, "Eve"));
            insert(connection, new Booking(1, 1_000, 1_010, "Eve"));
            insert(connection, new Booking(2, 0, 10, "Eve"));
        }
    }

    private static int overlapsIn(DataSource database) throws SQLException {
        try (Connection connection = database.getConnection()) {
            return overlaps(connection);
        }
    }

    private static List<String> guests(DataSource database) throws SQLException {
        List<String> guests = new ArrayList<>();
        try (Connection connection = database.getConnection();
                Statement statement = connection.createStatement();
                ResultSet row = statement.executeQuery("select guest from booking order by guest")) {
            while (row.next()) {
                guests.add(row.getString(1));
            }
        }
        return guests;
    }
}
