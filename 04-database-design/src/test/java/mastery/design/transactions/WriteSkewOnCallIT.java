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
import java.util.List;
import javax.sql.DataSource;
import mastery.support.interleave.Blocked;
import mastery.support.interleave.Session;
import mastery.support.junit.OnMySql;
import mastery.support.junit.OnPostgreSql;
import mastery.support.junit.OnSqlServer;
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
            super(Rdbms.POSTGRESQL, List.of(TRANSACTION_READ_COMMITTED, TRANSACTION_REPEATABLE_READ));
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
            bothBegin(TRANSACTION_REPEATABLE_READ);
            bobWaitsInVainAndLeaves(database, WriteSkewOnCallIT::lockThenLeave);
        }

        @Test
        void underRepeatableReadARowThatWasWrittenRefusesTheSecondWith40001(DataSource database) throws SQLException {
            bothBegin(TRANSACTION_REPEATABLE_READ);
            Blocked<Boolean> waits = bobWaits(WriteSkewOnCall::leaveByShift);
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
            super(Rdbms.MYSQL, List.of(TRANSACTION_READ_COMMITTED, TRANSACTION_REPEATABLE_READ));
        }

        @Test
        void serializableLocksWhatIsReadSoThatTheSecondReadWaits(DataSource database) throws SQLException {
            bothBegin(TRANSACTION_SERIALIZABLE);
            bobWaitsAndStays(database, WriteSkewOnCall::leave);
        }

        @Test
        void serializableWhereBothHaveReadEndsInADeadlockWith1213(DataSource database) throws SQLException {
            bothHaveRead(TRANSACTION_SERIALIZABLE);
            ann.does("leaves shift 2, so that her transaction weighs more", c -> goOff(c, 2, "Ann"));
            bobDiesWith(1213, database);
        }

        @Test
        void underRepeatableReadALockTakenFirstIsEnough(DataSource database) throws SQLException {
            bothBegin(TRANSACTION_REPEATABLE_READ);
            bobWaitsAndStays(database, WriteSkewOnCallIT::lockThenLeave);
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
            bothBegin(TRANSACTION_REPEATABLE_READ);
            bob.returns("reads something", c -> onCall(c, 2));
            bobWaitsInVainAndLeaves(database, WriteSkewOnCall::leaveByShift);
        }

        @Test
        void aLockingReadSeesTheNewestStateWhateverWasReadBefore(DataSource database) throws SQLException {
            bothBegin(TRANSACTION_REPEATABLE_READ);
            bob.returns("reads something", c -> onCall(c, 2));
            bobWaitsAndStays(database, WriteSkewOnCall::leaveLocking);
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
        void serializableWhereBothHaveReadEndsInADeadlockWith1205(DataSource database) throws SQLException {
            bob.does("is the one to die", c -> Sql.execute(c, "set deadlock_priority low"));
            bothHaveRead(TRANSACTION_SERIALIZABLE);
            bobDiesWith(1205, database);
        }
    }

    /** One way to leave. */
    @FunctionalInterface
    interface Way {
        boolean leave(Connection connection, int shift, String doctor) throws SQLException;
    }

    abstract static class Claims extends AnnAndBob {
        private final List<Integer> levelsThatSkew;

        Claims(Rdbms rdbms, List<Integer> levelsThatSkew) {
            super(rdbms);
            this.levelsThatSkew = levelsThatSkew;
        }

        @Override
        void createSchema(Connection connection) throws SQLException {
            WriteSkewOnCall.createSchema(connection, "Ann", "Bob");
        }

        boolean leaves(Session session) {
            return leaves(session, WriteSkewOnCall::leave);
        }

        boolean leaves(Session session, Way way) {
            return session.returns("leaves", c -> way.leave(c, 1, session.name()));
        }

        /** Ann leaves, and Bob waits for her to do the same. */
        Blocked<Boolean> bobWaits(Way way) {
            assertThat(leaves(ann, way)).isTrue();
            Blocked<Boolean> waits = bob.blocks("leaves", c -> way.leave(c, 1, "Bob"));
            assertThat(waits.waitsFor()).isSameAs(ann);
            return waits;
        }

        void bobWaitsAndStays(DataSource database, Way way) throws SQLException {
            Blocked<Boolean> waits = bobWaits(way);
            ann.commits();
            assertThat(waits.returns()).isFalse();
            bob.commits();
            assertThat(onCallIn(database)).containsExactly("Bob");
        }

        void bobWaitsInVainAndLeaves(DataSource database, Way way) throws SQLException {
            Blocked<Boolean> waits = bobWaits(way);
            ann.commits();
            assertThat(waits.returns()).isTrue();
            bob.commits();
            assertThat(onCallIn(database)).isEmpty();
        }

        /** Both have seen each other on call before one goes off; Ann waits for Bob, who dies. */
        void bobDiesWith(int deadlock, DataSource database) throws SQLException {
            Blocked<Boolean> waits = ann.blocks("goes off", c -> goesOff(c, "Ann"));
            assertThat(waits.waitsFor()).isSameAs(bob);
            bob.failsWith(deadlock, "goes off", c -> goesOff(c, "Bob"));
            waits.returns();
            ann.commits();
            assertThat(onCallIn(database)).containsExactly("Bob");
        }

        void bothHaveRead(int level) {
            bothBegin(level);
            for (Session session : List.of(ann, bob)) {
                assertThat(session.<List<String>>returns("reads", c -> onCall(c, 1)))
                        .hasSize(2);
            }
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
            bothBegin(TRANSACTION_READ_COMMITTED);
            bobWaitsAndStays(database, WriteSkewOnCall::leaveLocking);
        }

        @Test
        void aRowForTheShiftMakesTheSecondWaitAndStay(DataSource database) throws SQLException {
            bothBegin(TRANSACTION_READ_COMMITTED);
            bobWaitsAndStays(database, WriteSkewOnCall::leaveByShift);
        }

        @Test
        void underReadCommittedALockOnThatRowIsAsGood(DataSource database) throws SQLException {
            bothBegin(TRANSACTION_READ_COMMITTED);
            bobWaitsAndStays(database, WriteSkewOnCallIT::lockThenLeave);
        }

        @Test
        void whoHasNotCommittedYetCanGiveTheLeaveBack(DataSource database) throws SQLException {
            bothBegin(TRANSACTION_READ_COMMITTED);
            Blocked<Boolean> waits = bobWaits(WriteSkewOnCall::leaveByShift);
            ann.rollsBack();

            assertThat(waits.returns()).isTrue();
            bob.commits();
            assertThat(onCallIn(database)).containsExactly("Ann");
        }

        @Test
        void neitherLockReachesTheOtherShift() {
            for (Way way : List.<Way>of(WriteSkewOnCall::leaveLocking, WriteSkewOnCall::leaveByShift)) {
                bothBegin(TRANSACTION_READ_COMMITTED);
                assertThat(leaves(ann, way)).isTrue();
                assertThat(bob.<Boolean>returns("leaves shift 2", c -> way.leave(c, 2, "Bob")))
                        .isTrue();
                ann.rollsBack();
                bob.rollsBack();
            }
        }

        @Test
        void aLockOnTheDoctorsCostsNoRoundTripAndTheRowOfTheShiftOne(DataSource database) throws Exception {
            long blindly = Trips.of(database, c -> leave(c, 1, "Ann"));
            long locking = Trips.of(database, c -> leaveLocking(c, 1, "Ann"));
            long byShift = Trips.of(database, c -> leaveByShift(c, 1, "Ann"));

            assertThat(List.of(blindly, locking, byShift)).containsExactly(2L, 2L, 3L);
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

                Sql.execute(
                        connection, "update doctor set name = 'O''Hara\"; drop table doctor; -- é' where name = 'Ann'");
                assertThat(leaveByShift(connection, 1, HOSTILE)).isTrue();
                assertThat(onCall(connection, 1)).containsExactly("Bob");
                assertThat(onCall(connection, 2)).contains(HOSTILE);
            }
        }
    }

    private static boolean lockThenLeave(Connection connection, int shift, String doctor) throws SQLException {
        lockShift(connection, shift);
        return leave(connection, shift, doctor);
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
        Sql.execute(database, "update doctor set on_call = 1");
    }
}
