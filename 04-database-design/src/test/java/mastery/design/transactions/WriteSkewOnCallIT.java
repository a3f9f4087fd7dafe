package mastery.design.transactions;

import static java.sql.Connection.TRANSACTION_READ_COMMITTED;
import static java.sql.Connection.TRANSACTION_REPEATABLE_READ;
import static java.sql.Connection.TRANSACTION_SERIALIZABLE;
import static mastery.design.transactions.WriteSkewOnCall.goOff;
import static mastery.design.transactions.WriteSkewOnCall.leave;
import static mastery.design.transactions.WriteSkewOnCall.leaveByShift;
import static mastery.design.transactions.WriteSkewOnCall.leaveLocking;
import static mastery.design.transactions.WriteSkewOnCall.lockShift;
import static mastery.design.transactions.WriteSkewOnCall.onCall;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.microsoft.sqlserver.jdbc.SQLServerConnection;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.List;
import javax.sql.DataSource;
import mastery.support.interleave.Blocked;
import mastery.support.interleave.Interleaving;
import mastery.support.interleave.LockView;
import mastery.support.interleave.Session;
import mastery.support.junit.OnMySql;
import mastery.support.junit.OnPostgreSql;
import mastery.support.junit.OnSqlServer;
import mastery.support.work.RoundTrips;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Test;

/** Ann and Bob are on call in shifts 1 and 2, and both want to leave shift 1. */
class WriteSkewOnCallIT {

    private static final String HOSTILE = "O'Hara\"; drop table doctor; -- é";

    @Nested
    @OnPostgreSql
    class PostgreSql extends Claims {
        PostgreSql() {
            super(List.of(TRANSACTION_READ_COMMITTED, TRANSACTION_REPEATABLE_READ));
        }

        @Override
        LockView locks(DataSource database) {
            return LockView.postgreSql(database);
        }

        @Test
        void serializableLetsNobodyWaitAndRefusesTheSecondCommitWith40001(DataSource database) throws SQLException {
            ann.begins(TRANSACTION_SERIALIZABLE);
            assertThat(leaves(ann)).isTrue();
            bob.begins(TRANSACTION_SERIALIZABLE);
            assertThat(leaves(bob)).isTrue();
            ann.commits();

            bob.failsWith("40001", "commits", WriteSkewOnCallIT::commit);
            bob.rollsBack();
            assertThat(onCallIn(database)).containsExactly("Bob");
            bob.begins(TRANSACTION_SERIALIZABLE);
            assertThat(leaves(bob)).as("run again").isFalse();
        }

        @Test
        void oneTransactionBelowSerializableIsEnoughToLetBothLeave(DataSource database) throws SQLException {
            ann.begins(TRANSACTION_SERIALIZABLE);
            assertThat(leaves(ann)).isTrue();
            bob.begins(TRANSACTION_REPEATABLE_READ);
            assertThat(leaves(bob)).isTrue();
            ann.commits();
            bob.commits();

            assertThat(onCallIn(database)).isEmpty();
        }

        @Test
        void underRepeatableReadALockThatChangesNothingIsWaitedForInVain(DataSource database) throws SQLException {
            ann.begins(TRANSACTION_REPEATABLE_READ);
            ann.does("locks the shift", c -> lockShift(c, 1));
            assertThat(leaves(ann)).isTrue();
            bob.begins(TRANSACTION_REPEATABLE_READ);
            Blocked<Boolean> waits = bob.blocks("locks the shift and leaves", WriteSkewOnCallIT::lockThenLeave);
            ann.commits();

            assertThat(waits.returns()).isTrue();
            bob.commits();
            assertThat(onCallIn(database)).isEmpty();
        }

        @Test
        void underRepeatableReadARowThatWasWrittenRefusesTheSecondWith40001(DataSource database) throws SQLException {
            ann.begins(TRANSACTION_REPEATABLE_READ);
            ann.returns("leaves", c -> leaveByShift(c, 1, "Ann"));
            bob.begins(TRANSACTION_REPEATABLE_READ);
            Blocked<Boolean> waits = bob.blocks("leaves", c -> leaveByShift(c, 1, "Bob"));
            ann.commits();

            waits.failsWith("40001");
            bob.rollsBack();
            assertThat(onCallIn(database)).containsExactly("Bob");
        }
    }

    @Nested
    @OnMySql
    class MySql extends Claims {
        MySql() {
            super(List.of(TRANSACTION_READ_COMMITTED, TRANSACTION_REPEATABLE_READ));
        }

        @Override
        LockView locks(DataSource database) {
            return LockView.mySql(database);
        }

        @Test
        void serializableLocksWhatIsReadSoThatTheSecondReadWaits() {
            ann.begins(TRANSACTION_SERIALIZABLE);
            assertThat(leaves(ann)).isTrue();
            bob.begins(TRANSACTION_SERIALIZABLE);
            Blocked<Boolean> waits = bob.blocks("leaves", c -> leave(c, 1, "Bob"));
            assertThat(waits.waitsFor()).isSameAs(ann);
            ann.commits();

            assertThat(waits.returns()).isFalse();
        }

        @Test
        void serializableWhereBothHaveReadEndsInADeadlockWith1213(DataSource database) throws SQLException {
            bothHaveRead(TRANSACTION_SERIALIZABLE);
            ann.does("leaves shift 2, so that her transaction weighs more", c -> goOff(c, 2, "Ann"));
            Blocked<Boolean> waits = ann.blocks("goes off", c -> goesOff(c, "Ann"));
            assertThat(waits.waitsFor()).isSameAs(bob);

            bob.failsWith(1213, "goes off", c -> goesOff(c, "Bob"));
            waits.returns();
            ann.commits();
            assertThat(onCallIn(database)).containsExactly("Bob");
        }

        @Test
        void underRepeatableReadALockTakenFirstIsEnough(DataSource database) throws SQLException {
            ann.begins(TRANSACTION_REPEATABLE_READ);
            ann.does("locks the shift", c -> lockShift(c, 1));
            assertThat(leaves(ann)).isTrue();
            bob.begins(TRANSACTION_REPEATABLE_READ);
            Blocked<Boolean> waits = bob.blocks("locks the shift and leaves", WriteSkewOnCallIT::lockThenLeave);
            ann.commits();

            assertThat(waits.returns()).isFalse();
            bob.commits();
            assertThat(onCallIn(database)).containsExactly("Bob");
        }

        @Test
        void underRepeatableReadWhereScannedRowsStayLockedTheIndexKeepsTheLockToOneShift() {
            ann.begins(TRANSACTION_REPEATABLE_READ);
            ann.returns("leaves shift 1", c -> leaveLocking(c, 1, "Ann"));
            bob.begins(TRANSACTION_REPEATABLE_READ);

            assertThat(bob.<Boolean>returns("leaves shift 2", c -> leaveLocking(c, 2, "Bob")))
                    .isTrue();
        }

        @Test
        void aPictureFromBeforeTheLockMakesTheLockAndTheWriteUseless(DataSource database) throws SQLException {
            ann.begins(TRANSACTION_REPEATABLE_READ);
            bob.begins(TRANSACTION_REPEATABLE_READ);
            bob.returns("reads something", c -> onCall(c, 2));
            assertThat(ann.<Boolean>returns("leaves", c -> leaveByShift(c, 1, "Ann")))
                    .isTrue();
            Blocked<Boolean> waits = bob.blocks("leaves", c -> leaveByShift(c, 1, "Bob"));
            ann.commits();

            assertThat(waits.returns()).isTrue();
            bob.commits();
            assertThat(onCallIn(database)).isEmpty();
        }

        @Test
        void aLockingReadSeesTheNewestStateWhateverWasReadBefore(DataSource database) throws SQLException {
            ann.begins(TRANSACTION_REPEATABLE_READ);
            bob.begins(TRANSACTION_REPEATABLE_READ);
            bob.returns("reads something", c -> onCall(c, 2));
            assertThat(ann.<Boolean>returns("leaves", c -> leaveLocking(c, 1, "Ann")))
                    .isTrue();
            Blocked<Boolean> waits = bob.blocks("leaves", c -> leaveLocking(c, 1, "Bob"));
            ann.commits();

            assertThat(waits.returns()).isFalse();
            bob.commits();
            assertThat(onCallIn(database)).containsExactly("Bob");
        }
    }

    @Nested
    @OnSqlServer
    class SqlServer extends Claims {
        SqlServer() {
            super(List.of(SQLServerConnection.TRANSACTION_SNAPSHOT));
        }

        @Override
        LockView locks(DataSource database) {
            return LockView.sqlServer(database);
        }

        @BeforeEach
        void allowSnapshot(DataSource database) throws SQLException {
            try (Connection connection = database.getConnection()) {
                execute(connection, "alter database current set allow_snapshot_isolation on");
            }
        }

        @Test
        void serializableWhereBothHaveReadEndsInADeadlockWith1205(DataSource database) throws SQLException {
            bob.does("is the one to die", c -> execute(c, "set deadlock_priority low"));
            bothHaveRead(TRANSACTION_SERIALIZABLE);
            Blocked<Boolean> waits = ann.blocks("goes off", c -> goesOff(c, "Ann"));
            assertThat(waits.waitsFor()).isSameAs(bob);

            bob.failsWith(1205, "goes off", c -> goesOff(c, "Bob"));
            waits.returns();
            ann.commits();
            assertThat(onCallIn(database)).containsExactly("Bob");
        }
    }

    abstract static class Claims {
        private final List<Integer> levelsThatSkew;
        private Interleaving play;
        Session ann;
        Session bob;

        Claims(List<Integer> levelsThatSkew) {
            this.levelsThatSkew = levelsThatSkew;
        }

        abstract LockView locks(DataSource database);

        @BeforeEach
        void open(DataSource database) throws SQLException {
            try (Connection connection = database.getConnection()) {
                WriteSkewOnCall.createSchema(connection, "Ann", "Bob");
            }
            play = Interleaving.on(locks(database));
            ann = play.session("Ann", database);
            bob = play.session("Bob", database);
        }

        @AfterEach
        void close() {
            play.close();
        }

        @Test
        void eachSeesTheOtherStayAndBothLeave(DataSource database) throws SQLException {
            for (int level : levelsThatSkew) {
                reset(database);
                ann.begins(level);
                assertThat(leaves(ann)).isTrue();
                bob.begins(level);
                assertThat(leaves(bob)).isTrue();
                ann.commits();
                bob.commits();

                assertThat(onCallIn(database)).as("level " + level).isEmpty();
            }
        }

        @Test
        void whoDecidesAfterTheOtherHasCommittedStays(DataSource database) throws SQLException {
            ann.begins();
            assertThat(leaves(ann)).isTrue();
            ann.commits();
            bob.begins();
            assertThat(leaves(bob)).isFalse();
            bob.commits();

            assertThat(onCallIn(database)).containsExactly("Bob");
        }

        @Test
        void aLockOnTheDoctorsMakesTheSecondWaitAndStay(DataSource database) throws SQLException {
            ann.begins(TRANSACTION_READ_COMMITTED);
            assertThat(ann.<Boolean>returns("leaves", c -> leaveLocking(c, 1, "Ann")))
                    .isTrue();
            bob.begins(TRANSACTION_READ_COMMITTED);
            Blocked<Boolean> waits = bob.blocks("leaves", c -> leaveLocking(c, 1, "Bob"));
            assertThat(waits.waitsFor()).isSameAs(ann);
            ann.commits();

            assertThat(waits.returns()).isFalse();
            bob.commits();
            assertThat(onCallIn(database)).containsExactly("Bob");
        }

        @Test
        void aRowForTheShiftMakesTheSecondWaitAndStay(DataSource database) throws SQLException {
            ann.begins(TRANSACTION_READ_COMMITTED);
            assertThat(ann.<Boolean>returns("leaves", c -> leaveByShift(c, 1, "Ann")))
                    .isTrue();
            bob.begins(TRANSACTION_READ_COMMITTED);
            Blocked<Boolean> waits = bob.blocks("leaves", c -> leaveByShift(c, 1, "Bob"));
            assertThat(waits.waitsFor()).isSameAs(ann);
            ann.commits();

            assertThat(waits.returns()).isFalse();
            bob.commits();
            assertThat(onCallIn(database)).containsExactly("Bob");
        }

        @Test
        void underReadCommittedALockOnThatRowIsAsGood(DataSource database) throws SQLException {
            ann.begins(TRANSACTION_READ_COMMITTED);
            ann.does("locks the shift", c -> lockShift(c, 1));
            assertThat(leaves(ann)).isTrue();
            bob.begins(TRANSACTION_READ_COMMITTED);
            Blocked<Boolean> waits = bob.blocks("locks the shift and leaves", WriteSkewOnCallIT::lockThenLeave);
            assertThat(waits.waitsFor()).isSameAs(ann);
            ann.commits();

            assertThat(waits.returns()).isFalse();
            bob.commits();
            assertThat(onCallIn(database)).containsExactly("Bob");
        }

        @Test
        void whoHasNotCommittedYetCanGiveTheLeaveBack(DataSource database) throws SQLException {
            ann.begins(TRANSACTION_READ_COMMITTED);
            ann.returns("leaves", c -> leaveByShift(c, 1, "Ann"));
            bob.begins(TRANSACTION_READ_COMMITTED);
            Blocked<Boolean> waits = bob.blocks("leaves", c -> leaveByShift(c, 1, "Bob"));
            ann.rollsBack();

            assertThat(waits.returns()).isTrue();
            bob.commits();
            assertThat(onCallIn(database)).containsExactly("Ann");
        }

        @Test
        void neitherLockReachesTheOtherShift() {
            ann.begins(TRANSACTION_READ_COMMITTED);
            bob.begins(TRANSACTION_READ_COMMITTED);
            ann.returns("leaves shift 1", c -> leaveLocking(c, 1, "Ann"));
            assertThat(bob.<Boolean>returns("leaves shift 2", c -> leaveLocking(c, 2, "Bob")))
                    .isTrue();
            ann.rollsBack();
            bob.rollsBack();

            ann.begins(TRANSACTION_READ_COMMITTED);
            bob.begins(TRANSACTION_READ_COMMITTED);
            ann.returns("leaves shift 1", c -> leaveByShift(c, 1, "Ann"));
            assertThat(bob.<Boolean>returns("leaves shift 2", c -> leaveByShift(c, 2, "Bob")))
                    .isTrue();
        }

        @Test
        void aLockOnTheDoctorsCostsNoRoundTripAndTheRowOfTheShiftOne(DataSource database) throws SQLException {
            RoundTrips counter = RoundTrips.create();
            try (Connection connection = counter.counted(database).getConnection()) {
                connection.setAutoCommit(false);
                long start = counter.count();
                leave(connection, 1, "Ann");
                long blindly = counter.count() - start;
                connection.rollback();
                start = counter.count();
                leaveLocking(connection, 1, "Ann");
                long locking = counter.count() - start;
                connection.rollback();
                start = counter.count();
                leaveByShift(connection, 1, "Ann");
                long byShift = counter.count() - start;
                connection.rollback();

                assertThat(List.of(blindly, locking, byShift)).containsExactly(2L, 2L, 3L);
            }
        }

        @Test
        void badInputIsRefusedAndHostileTextIsOnlyText(DataSource database) throws SQLException {
            try (Connection connection = database.getConnection()) {
                assertThatThrownBy(() -> leaveLocking(connection, 1, "Ann")).hasMessageContaining("auto-commit");
                assertThatThrownBy(() -> leaveByShift(connection, 1, "Ann")).hasMessageContaining("auto-commit");
                assertThatThrownBy(() -> lockShift(connection, 1)).hasMessageContaining("auto-commit");
                connection.setAutoCommit(false);
                for (String nobody : List.of("Eve", HOSTILE, "", " ", "x".repeat(100_000))) {
                    assertThatThrownBy(() -> leave(connection, 1, nobody))
                            .isInstanceOf(IllegalArgumentException.class)
                            .hasMessageContaining("is not on call in shift 1");
                    assertThatThrownBy(() -> leaveLocking(connection, 1, nobody))
                            .isInstanceOf(IllegalArgumentException.class);
                    assertThatThrownBy(() -> leaveByShift(connection, 1, nobody))
                            .isInstanceOf(IllegalArgumentException.class);
                }
                assertThatThrownBy(() -> leave(connection, 1, null)).hasMessageContaining("has a name");
                assertThatThrownBy(() -> leaveByShift(connection, 7, "Ann")).hasMessageContaining("no shift 7");
                assertThatThrownBy(() -> lockShift(connection, 7)).hasMessageContaining("no shift 7");
                connection.rollback();
                assertThat(onCall(connection, 1)).containsExactlyInAnyOrder("Ann", "Bob");

                execute(connection, "update doctor set name = 'O''Hara\"; drop table doctor; -- é' where name = 'Ann'");
                assertThat(leaveByShift(connection, 1, HOSTILE)).isTrue();
                assertThat(onCall(connection, 1)).containsExactly("Bob");
                assertThat(onCall(connection, 2)).contains(HOSTILE);
            }
        }

        boolean leaves(Session session) {
            return session.returns("leaves", c -> leave(c, 1, session.name()));
        }

        void bothHaveRead(int level) {
            for (Session session : List.of(ann, bob)) {
                session.begins(level);
                assertThat(session.<List<String>>returns("reads", c -> onCall(c, 1)))
                        .hasSize(2);
            }
        }
    }

    private static boolean lockThenLeave(Connection connection) throws SQLException {
        lockShift(connection, 1);
        return leave(connection, 1, "Bob");
    }

    private static boolean goesOff(Connection connection, String doctor) throws SQLException {
        goOff(connection, 1, doctor);
        return true;
    }

    private static boolean commit(Connection connection) throws SQLException {
        connection.commit();
        return true;
    }

    private static List<String> onCallIn(DataSource database) throws SQLException {
        try (Connection connection = database.getConnection()) {
            return onCall(connection, 1);
        }
    }

    private static void reset(DataSource database) throws SQLException {
        try (Connection connection = database.getConnection()) {
            execute(connection, "update doctor set on_call = 1");
        }
    }

    private static void execute(Connection connection, String sql) throws SQLException {
        try (Statement statement = connection.createStatement()) {
            statement.execute(sql);
        }
    }
}
