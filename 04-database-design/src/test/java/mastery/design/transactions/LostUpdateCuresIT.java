package mastery.design.transactions;

import static java.sql.Connection.TRANSACTION_READ_COMMITTED;
import static java.sql.Connection.TRANSACTION_READ_UNCOMMITTED;
import static java.sql.Connection.TRANSACTION_REPEATABLE_READ;
import static java.sql.Connection.TRANSACTION_SERIALIZABLE;
import static mastery.design.transactions.LostUpdateCures.blindly;
import static mastery.design.transactions.LostUpdateCures.byVersion;
import static mastery.design.transactions.LostUpdateCures.inOneStatement;
import static mastery.design.transactions.LostUpdateCures.lock;
import static mastery.design.transactions.LostUpdateCures.read;
import static mastery.design.transactions.LostUpdateCures.retried;
import static mastery.design.transactions.LostUpdateCures.underLock;
import static mastery.design.transactions.LostUpdateCures.write;
import static mastery.design.transactions.LostUpdateCures.writeIfUnchanged;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.microsoft.sqlserver.jdbc.SQLServerConnection;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CyclicBarrier;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import javax.sql.DataSource;
import mastery.design.transactions.LostUpdateCures.Change;
import mastery.design.transactions.LostUpdateCures.Concert;
import mastery.design.transactions.LostUpdateCures.Engine;
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

/** Ann and Bob each sell one ticket of concert 1: both reading before either writes, or one of them waiting for the other. */
class LostUpdateCuresIT {

    @Nested
    @OnPostgreSql
    class PostgreSql extends Claims {
        PostgreSql() {
            super("23514", List.of(TRANSACTION_READ_COMMITTED));
        }

        @Override
        LockView locks(DataSource database) {
            return LockView.postgreSql(database);
        }

        @Test
        void repeatableReadRefusesTheSecondWriteWith40001() {
            assertThat(refusedAfterTheOtherHasCommitted(TRANSACTION_REPEATABLE_READ))
                    .isEqualTo("40001");
        }

        @Test
        void serializableRefusesTheSecondWriteWith40001() {
            assertThat(refusedAfterTheOtherHasCommitted(TRANSACTION_SERIALIZABLE))
                    .isEqualTo("40001");
        }

        @Test
        void aReadHoldsNoLockEvenUnderSerializable() {
            ann.begins(TRANSACTION_SERIALIZABLE);
            ann.returns("reads", c -> read(c, 1));

            sellsOne(bob);
        }

        @Test
        void aDeadlockIsRunAgainToo() {
            ann.does("is patient", c -> execute(c, "set deadlock_timeout = '10min'"));
            bob.does("finds deadlocks at once", c -> execute(c, "set deadlock_timeout = '1ms'"));
            ann.begins();
            ann.does("writes to concert 1", c -> write(c, 1, 1));
            bob.begins();
            List<Blocked<Boolean>> waiting = new ArrayList<>();
            Blocked<Integer> sale = bob.blocks(
                    "writes to concert 2, which Ann then waits for, and sells one",
                    c -> retried(
                            c,
                            1,
                            sold -> {
                                if (waiting.isEmpty()) {
                                    write(c, 2, 1);
                                    waiting.add(ann.blocks("writes to concert 2", LostUpdateCuresIT::writesConcert2));
                                }
                                return sold + 1;
                            },
                            5));

            waiting.get(0).returns();
            ann.commits();
            assertThat(sale.returns()).isEqualTo(2);
        }

        @Test
        void serializableWatchesTheWholeTableThatIsScannedAndRefusesAStranger() {
            strangersWriteWhatTheyRead("set enable_indexscan = off; set enable_bitmapscan = off");

            bob.failsWith("40001", "commits", LostUpdateCuresIT::commit);
        }

        @Test
        void andOnlyTheRowThatAnIndexLedTo() {
            strangersWriteWhatTheyRead("set enable_seqscan = off; set enable_bitmapscan = off");

            bob.returns("commits", LostUpdateCuresIT::commit);
        }

        /** Ann reads and writes concert 1, Bob concert 2, and Ann has committed. */
        private void strangersWriteWhatTheyRead(String plan) {
            ann.does("looks that way", c -> execute(c, plan));
            bob.does("looks that way", c -> execute(c, plan));
            ann.begins(TRANSACTION_SERIALIZABLE);
            bob.begins(TRANSACTION_SERIALIZABLE);
            ann.returns("reads concert 1", c -> read(c, 1));
            bob.returns("reads concert 2", c -> read(c, 2));
            ann.returns("writes to concert 1", LostUpdateCuresIT::writesOne);
            bob.returns("writes to concert 2", LostUpdateCuresIT::writesConcert2);
            ann.commits();
        }

        private String refusedAfterTheOtherHasCommitted(int level) {
            bothReadZero(level);
            ann.does("writes 1", c -> write(c, 1, 1));
            Blocked<?> second = bob.blocks("writes 1", LostUpdateCuresIT::writesOne);
            ann.commits();
            return second.failsWith("40001").getSQLState();
        }
    }

    @Nested
    @OnMySql
    class MySql extends Claims {
        MySql() {
            super(3819, List.of(TRANSACTION_READ_UNCOMMITTED, TRANSACTION_READ_COMMITTED, TRANSACTION_REPEATABLE_READ));
        }

        @Override
        LockView locks(DataSource database) {
            return LockView.mySql(database);
        }

        @Test
        void serializableLocksWhatIsReadSoThatTwoWritersDeadlockWith1213() {
            bothReadZero(TRANSACTION_SERIALIZABLE);
            ann.does("writes to concert 2, so that her transaction weighs more", c -> write(c, 2, 1));

            Blocked<?> first = ann.blocks("writes 1", LostUpdateCuresIT::writesOne);
            assertThat(first.waitsFor()).isSameAs(bob);
            SQLException refused = bob.failsWith(1213, "writes 1", LostUpdateCuresIT::writesOne);

            assertThat(refused.getSQLState()).isEqualTo("40001");
            first.returns();
        }
    }

    @Nested
    @OnSqlServer
    class SqlServer extends Claims {
        SqlServer() {
            super(547, List.of(TRANSACTION_READ_UNCOMMITTED, TRANSACTION_READ_COMMITTED));
        }

        @Override
        LockView locks(DataSource database) {
            return LockView.sqlServer(database);
        }

        @Test
        void repeatableReadLocksWhatIsReadSoThatTwoWritersDeadlockWith1205() {
            bob.does("is the one to die", c -> execute(c, "set deadlock_priority low"));
            bothReadZero(TRANSACTION_REPEATABLE_READ);

            Blocked<?> first = ann.blocks("writes 1", LostUpdateCuresIT::writesOne);
            assertThat(first.waitsFor()).isSameAs(bob);
            SQLException refused = bob.failsWith(1205, "writes 1", LostUpdateCuresIT::writesOne);

            assertThat(refused.getSQLState()).isEqualTo("40001");
            first.returns();
        }

        @Test
        void snapshotRefusesTheSecondWriteWith3960AndRunningAgainKeepsBoth(DataSource database) throws Exception {
            try (Connection connection = database.getConnection()) {
                execute(connection, "alter database current set allow_snapshot_isolation on");
            }
            bothReadZero(SQLServerConnection.TRANSACTION_SNAPSHOT);
            ann.does("writes 1", c -> write(c, 1, 1));
            ann.commits();

            bob.failsWith(3960, "writes 1", LostUpdateCuresIT::writesOne);
            bob.rollsBack();

            assertThat(race(
                            database,
                            SQLServerConnection.TRANSACTION_SNAPSHOT,
                            (c, change) -> retried(c, 1, change, 5)))
                    .isEqualTo(3);
        }
    }

    /** One way to sell a ticket. Returns the attempts it took. */
    @FunctionalInterface
    interface Sale {
        int sell(Connection connection, Change change) throws SQLException;
    }

    abstract static class Claims {
        private final Object refusedByCheck;
        private final List<Integer> levelsThatLose;
        private Interleaving play;
        Session ann;
        Session bob;

        Claims(Object refusedByCheck, List<Integer> levelsThatLose) {
            this.refusedByCheck = refusedByCheck;
            this.levelsThatLose = levelsThatLose;
        }

        abstract LockView locks(DataSource database);

        @BeforeEach
        void open(DataSource database) throws SQLException {
            try (Connection connection = database.getConnection()) {
                LostUpdateCures.createSchema(connection, 2, 100);
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
        void whoeverWritesWhatWasComputedFromAnOldReadUndoesTheOther(DataSource database) throws Exception {
            for (int level : levelsThatLose) {
                reset(database);
                assertThat(race(database, level, (c, change) -> blindly(c, 1, change)))
                        .isEqualTo(2);
                assertThat(sold(database)).as("sold of 2, level " + level).isEqualTo(1);
            }
        }

        @Test
        void runningAgainCuresNothingAtThoseLevels(DataSource database) throws Exception {
            for (int level : levelsThatLose) {
                reset(database);
                assertThat(race(database, level, (c, change) -> retried(c, 1, change, 5)))
                        .isEqualTo(2);
                assertThat(sold(database)).as("sold of 2, level " + level).isEqualTo(1);
            }
        }

        @Test
        void serializableRunAgainKeepsBothForOneAttemptMore(DataSource database) throws Exception {
            assertThat(race(database, TRANSACTION_SERIALIZABLE, (c, change) -> retried(c, 1, change, 5)))
                    .isEqualTo(3);
            assertThat(sold(database)).isEqualTo(2);
        }

        @Test
        void withOneAttemptOnlyTheRefusalComesThroughAndNothingIsLost(DataSource database) throws Exception {
            assertThatThrownBy(() -> race(database, TRANSACTION_SERIALIZABLE, (c, change) -> retried(c, 1, change, 1)))
                    .rootCause()
                    .isInstanceOfSatisfying(
                            SQLException.class, e -> assertThat(e.getSQLState()).isEqualTo("40001"));
            assertThat(sold(database)).isEqualTo(1);
        }

        @Test
        void aVersionKeepsBothForOneAttemptMore(DataSource database) throws Exception {
            for (int level : levelsThatLose) {
                reset(database);
                assertThat(race(database, level, (c, change) -> byVersion(c, 1, change, 5)))
                        .isEqualTo(3);
                assertThat(concert(database)).isEqualTo(new Concert(2, 2));
            }
        }

        @Test
        void theWriteOfAnOldVersionHitsNoRow() {
            ann.begins(TRANSACTION_READ_COMMITTED);
            Concert old = ann.returns("reads", c -> read(c, 1));
            bob.begins();
            assertThat(bob.<Integer>returns("sells one", c -> byVersion(c, 1, sold -> sold + 1, 1)))
                    .isEqualTo(1);

            assertThat(ann.<Integer>returns(
                            "writes 1 to version 0", c -> writeIfUnchanged(c, 1, old.sold() + 1, old.version())))
                    .isZero();
            Concert newest = ann.returns("reads again", c -> read(c, 1));
            assertThat(newest).isEqualTo(new Concert(1, 1));
        }

        @Test
        void aVersionGivesUpWhenOthersAreFasterEachTime(DataSource database) throws SQLException {
            try (Connection slow = database.getConnection();
                    Connection fast = database.getConnection()) {
                execute(slow, Engine.of(slow).briefly);
                slow.setTransactionIsolation(TRANSACTION_READ_COMMITTED);
                slow.setAutoCommit(false);
                fast.setAutoCommit(false);
                Change overtaken = sold -> {
                    byVersion(fast, 1, s -> s + 1, 1);
                    return sold + 1;
                };

                assertThatThrownBy(() -> byVersion(slow, 1, overtaken, 3))
                        .isInstanceOf(IllegalStateException.class)
                        .hasMessageContaining("each of 3 attempts");
            }
            assertThat(concert(database)).isEqualTo(new Concert(3, 3));
        }

        @Test
        void aLockMakesTheSecondWaitToReadAndKeepsBoth(DataSource database) throws SQLException {
            ann.begins(TRANSACTION_READ_COMMITTED);
            Concert read = ann.returns("reads and locks", c -> lock(c, 1));
            bob.begins(TRANSACTION_READ_COMMITTED);
            List<Integer> seen = new ArrayList<>();
            Blocked<Integer> second = bob.blocks(
                    "sells one",
                    c -> underLock(c, 1, sold -> {
                        seen.add(sold);
                        return sold + 1;
                    }));

            assertThat(second.waitsFor()).isSameAs(ann);
            assertThat(seen).as("Bob has not read").isEmpty();
            ann.does("writes 1", c -> write(c, 1, read.sold() + 1));
            ann.commits();
            assertThat(second.returns()).isEqualTo(1);
            assertThat(seen).containsExactly(1);
            assertThat(sold(database)).isEqualTo(2);
        }

        @Test
        void aLockOfOneRowLeavesOthersAlone() {
            ann.begins(TRANSACTION_READ_COMMITTED);
            ann.returns("reads and locks concert 1", c -> lock(c, 1));
            bob.begins(TRANSACTION_READ_COMMITTED);

            assertThat(bob.<Integer>returns("sells one of concert 2", c -> underLock(c, 2, sold -> sold + 1)))
                    .isEqualTo(1);
        }

        @Test
        void oneStatementWaitsForTheWriterOnlyAndAddsToWhatItLeft(DataSource database) throws SQLException {
            ann.begins(TRANSACTION_READ_COMMITTED);
            ann.returns("reads", c -> read(c, 1));
            sellsOne(bob);
            ann.does("writes 5", c -> write(c, 1, 5));
            bob.begins(TRANSACTION_READ_COMMITTED);

            Blocked<Integer> second = bob.blocks("sells one", c -> inOneStatement(c, 1, 1));
            assertThat(second.waitsFor()).isSameAs(ann);
            ann.commits();
            assertThat(second.returns()).isEqualTo(1);
            assertThat(sold(database)).isEqualTo(6);
        }

        @Test
        void aCheckSeesTooMuchInOneStatementButNotInALostUpdate(DataSource database) throws Exception {
            try (Connection connection = database.getConnection()) {
                connection.setAutoCommit(false);
                inOneStatement(connection, 1, 99);
            }
            // both sell the last seat
            assertThat(race(database, TRANSACTION_READ_COMMITTED, (c, change) -> blindly(c, 1, change)))
                    .isEqualTo(2);
            assertThat(sold(database)).isEqualTo(100);

            bob.begins();
            if (refusedByCheck instanceof String state) {
                bob.failsWith(state, "sells one more", c -> inOneStatement(c, 1, 1));
            } else {
                bob.failsWith((int) refusedByCheck, "sells one more", c -> inOneStatement(c, 1, 1));
            }
            bob.rollsBack();
            assertThat(sold(database)).isEqualTo(100);
        }

        @Test
        void oneStatementIsFewestRoundTripsAndEachConflictCostsAsManyAgain(DataSource database) throws Exception {
            long one = trips(database, c -> inOneStatement(c, 1, 1));
            long blind = trips(database, c -> blindly(c, 1, sold -> sold + 1));
            long locked = trips(database, c -> underLock(c, 1, sold -> sold + 1));
            long versioned = trips(database, c -> byVersion(c, 1, sold -> sold + 1, 1));
            long twice;
            try (Connection other = database.getConnection()) {
                other.setAutoCommit(false);
                Change overtakenOnce = sold -> {
                    if (read(other, 1).version() == 1) {
                        byVersion(other, 1, s -> s + 1, 1);
                    }
                    other.rollback();
                    return sold + 1;
                };
                twice = trips(
                        database,
                        c -> assertThat(byVersion(c, 1, overtakenOnce, 5)).isEqualTo(2));
            }

            assertThat(List.of(one, blind, locked, versioned, twice)).containsExactly(2L, 3L, 3L, 3L, 6L);
        }

        @Test
        void badInputIsRefusedAndChangesNothing(DataSource database) throws SQLException {
            try (Connection connection = database.getConnection()) {
                assertThatThrownBy(() -> lock(connection, 1)).hasMessageContaining("auto-commit");
                connection.setAutoCommit(false);
                for (Sale sale : List.<Sale>of(
                        (c, change) -> blindly(c, 7, change),
                        (c, change) -> inOneStatement(c, 7, 1),
                        (c, change) -> underLock(c, 7, change),
                        (c, change) -> byVersion(c, 7, change, 5),
                        (c, change) -> retried(c, 7, change, 5))) {
                    assertThatThrownBy(() -> sale.sell(connection, sold -> sold + 1))
                            .isInstanceOf(IllegalArgumentException.class)
                            .hasMessageContaining("no concert 7");
                    connection.rollback();
                }
                assertThatThrownBy(() -> byVersion(connection, 1, sold -> sold + 1, 0))
                        .isInstanceOf(IllegalArgumentException.class)
                        .hasMessageContaining("at least 1");
                assertThatThrownBy(() -> retried(connection, 1, sold -> sold + 1, -1))
                        .isInstanceOf(IllegalArgumentException.class)
                        .hasMessageContaining("not -1");
                // no conflict, so it is not run again
                List<Integer> runs = new ArrayList<>();
                assertThatThrownBy(() -> retried(
                                connection,
                                1,
                                sold -> {
                                    runs.add(sold);
                                    return 101;
                                },
                                5))
                        .isInstanceOf(SQLException.class);
                assertThat(runs).hasSize(1);
                connection.rollback();
            }
            assertThat(concert(database)).isEqualTo(new Concert(0, 0));
        }

        void bothReadZero(int level) {
            for (Session session : List.of(ann, bob)) {
                session.begins(level);
                assertThat(session.returns("reads", c -> read(c, 1)).sold()).isZero();
            }
        }
    }

    private static boolean writesOne(Connection connection) throws SQLException {
        write(connection, 1, 1);
        return true;
    }

    private static boolean commit(Connection connection) throws SQLException {
        connection.commit();
        return true;
    }

    private static boolean writesConcert2(Connection connection) throws SQLException {
        write(connection, 2, 2);
        return true;
    }

    private static void sellsOne(Session session) {
        session.begins();
        session.returns("sells one", c -> inOneStatement(c, 1, 1));
    }

    /** Two sessions sell one ticket each, and both have read before either writes. Returns the attempts of both together. */
    private static int race(DataSource database, int level, Sale sale) throws Exception {
        CyclicBarrier bothHaveRead = new CyclicBarrier(2);
        ExecutorService threads = Executors.newFixedThreadPool(2);
        try {
            List<Future<Integer>> sales = new ArrayList<>();
            for (int i = 0; i < 2; i++) {
                sales.add(threads.submit(() -> {
                    try (Connection connection = database.getConnection()) {
                        connection.setTransactionIsolation(level);
                        connection.setAutoCommit(false);
                        boolean[] first = {true};
                        return sale.sell(connection, sold -> {
                            if (first[0]) {
                                first[0] = false;
                                meet(bothHaveRead);
                            }
                            return sold + 1;
                        });
                    }
                }));
            }
            int attempts = 0;
            Exception failure = null;
            for (Future<Integer> done : sales) {
                try {
                    attempts += done.get(60, TimeUnit.SECONDS);
                } catch (Exception e) {
                    failure = e;
                }
            }
            if (failure != null) {
                throw failure;
            }
            return attempts;
        } finally {
            threads.shutdownNow();
        }
    }

    private static void meet(CyclicBarrier barrier) {
        try {
            barrier.await(30, TimeUnit.SECONDS);
        } catch (Exception e) {
            throw new IllegalStateException("the other session did not come to read", e);
        }
    }

    private interface Work {
        void run(Connection connection) throws Exception;
    }

    private static long trips(DataSource database, Work work) throws Exception {
        RoundTrips counter = RoundTrips.create();
        try (Connection connection = counter.counted(database).getConnection()) {
            execute(connection, Engine.of(connection).briefly);
            connection.setTransactionIsolation(TRANSACTION_READ_COMMITTED);
            connection.setAutoCommit(false);
            long before = counter.count();
            work.run(connection);
            return counter.count() - before;
        }
    }

    private static int sold(DataSource database) throws SQLException {
        return concert(database).sold();
    }

    private static Concert concert(DataSource database) throws SQLException {
        try (Connection connection = database.getConnection()) {
            return read(connection, 1);
        }
    }

    private static void reset(DataSource database) throws SQLException {
        try (Connection connection = database.getConnection()) {
            execute(connection, "update concert set sold = 0, version = 0");
        }
    }

    private static void execute(Connection connection, String sql) throws SQLException {
        try (Statement statement = connection.createStatement()) {
            statement.execute(sql);
        }
    }
}
