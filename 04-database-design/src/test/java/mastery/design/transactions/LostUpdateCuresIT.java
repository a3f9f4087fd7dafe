package mastery.design.transactions;

import static java.sql.Connection.TRANSACTION_READ_COMMITTED;
import static java.sql.Connection.TRANSACTION_READ_UNCOMMITTED;
import static java.sql.Connection.TRANSACTION_REPEATABLE_READ;
import static java.sql.Connection.TRANSACTION_SERIALIZABLE;
import static mastery.design.transactions.LostUpdateCures.inOneStatement;
import static mastery.design.transactions.LostUpdateCures.read;
import static mastery.design.transactions.LostUpdateCures.retried;
import static mastery.design.transactions.LostUpdateCures.write;
import static mastery.design.transactions.TicketSales.race;
import static org.assertj.core.api.Assertions.assertThat;

import com.microsoft.sqlserver.jdbc.SQLServerConnection;
import java.sql.Connection;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.List;
import javax.sql.DataSource;
import mastery.support.interleave.Blocked;
import mastery.support.interleave.Step;
import mastery.support.junit.OnMySql;
import mastery.support.junit.OnPostgreSql;
import mastery.support.junit.OnSqlServer;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Test;

/** Ann and Bob each sell one ticket of concert 1: both reading before either writes, or one of them waiting for the other. */
class LostUpdateCuresIT {

    private static final List<Integer> LOSE_ON_POSTGRESQL = List.of(TRANSACTION_READ_COMMITTED);
    private static final List<Integer> LOSE_ON_MYSQL =
            List.of(TRANSACTION_READ_UNCOMMITTED, TRANSACTION_READ_COMMITTED, TRANSACTION_REPEATABLE_READ);
    private static final List<Integer> LOSE_ON_SQL_SERVER =
            List.of(TRANSACTION_READ_UNCOMMITTED, TRANSACTION_READ_COMMITTED);

    @Nested
    @OnPostgreSql
    class PostgreSql extends LostUpdateCureClaims {
        PostgreSql() {
            super(Rdbms.POSTGRESQL, LOSE_ON_POSTGRESQL);
        }

        @Override
        void isRefused(String sale, Step<Integer> step) {
            bob.failsWith("23514", sale, step);
        }
    }

    @Nested
    @OnPostgreSql
    class PostgreSqlLevels extends LostUpdateLevelClaims {
        PostgreSqlLevels() {
            super(Rdbms.POSTGRESQL, LOSE_ON_POSTGRESQL);
        }

        @Test
        void repeatableReadRefusesTheSecondWriteWith40001() {
            refusesTheSecondWriteWith40001(TRANSACTION_REPEATABLE_READ);
        }

        @Test
        void serializableRefusesTheSecondWriteWith40001() {
            refusesTheSecondWriteWith40001(TRANSACTION_SERIALIZABLE);
        }

        private void refusesTheSecondWriteWith40001(int level) {
            bothReadZero(level);
            ann.does("writes 1", c -> write(c, 1, 1));
            Blocked<?> second = bob.blocks("writes 1", TicketSales::writesOne);
            ann.commits();
            second.failsWith("40001");
        }

        @Test
        void aReadHoldsNoLockEvenUnderSerializable() {
            ann.begins(TRANSACTION_SERIALIZABLE);
            ann.returns("reads", c -> read(c, 1));

            bob.begins();
            bob.returns("sells one", c -> inOneStatement(c, 1, 1));
        }

        @Test
        void aDeadlockIsRunAgainToo() {
            ann.does("is patient", c -> Sql.execute(c, "set deadlock_timeout = '10min'"));
            bob.does("finds deadlocks at once", c -> Sql.execute(c, "set deadlock_timeout = '1ms'"));
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
                                    waiting.add(ann.blocks("writes to concert 2", TicketSales::writesConcert2));
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

            bob.failsWith("40001", "commits", PostgreSqlLevels::commit);
        }

        @Test
        void andOnlyTheRowThatAnIndexLedTo() {
            strangersWriteWhatTheyRead("set enable_seqscan = off; set enable_bitmapscan = off");

            bob.returns("commits", PostgreSqlLevels::commit);
        }

        /** Ann reads and writes concert 1, Bob concert 2, and Ann has committed. */
        private void strangersWriteWhatTheyRead(String plan) {
            ann.does("looks that way", c -> Sql.execute(c, plan));
            bob.does("looks that way", c -> Sql.execute(c, plan));
            bothBegin(TRANSACTION_SERIALIZABLE);
            ann.returns("reads concert 1", c -> read(c, 1));
            bob.returns("reads concert 2", c -> read(c, 2));
            ann.returns("writes to concert 1", TicketSales::writesOne);
            bob.returns("writes to concert 2", TicketSales::writesConcert2);
            ann.commits();
        }

        private static boolean commit(Connection connection) throws SQLException {
            connection.commit();
            return true;
        }
    }

    @Nested
    @OnMySql
    class MySql extends LostUpdateCureClaims {
        MySql() {
            super(Rdbms.MYSQL, LOSE_ON_MYSQL);
        }

        @Override
        void isRefused(String sale, Step<Integer> step) {
            bob.failsWith(3819, sale, step);
        }
    }

    @Nested
    @OnMySql
    class MySqlLevels extends LostUpdateLevelClaims {
        MySqlLevels() {
            super(Rdbms.MYSQL, LOSE_ON_MYSQL);
        }

        @Test
        void serializableLocksWhatIsReadSoThatTwoWritersDeadlockWith1213() {
            bothReadZero(TRANSACTION_SERIALIZABLE);
            ann.does("writes to concert 2, so that her transaction weighs more", c -> write(c, 2, 1));

            bothWriteAndBobFailsWith(1213);
        }
    }

    @Nested
    @OnSqlServer
    class SqlServer extends LostUpdateCureClaims {
        SqlServer() {
            super(Rdbms.SQL_SERVER, LOSE_ON_SQL_SERVER);
        }

        @Override
        void isRefused(String sale, Step<Integer> step) {
            bob.failsWith(547, sale, step);
        }
    }

    @Nested
    @OnSqlServer
    class SqlServerLevels extends LostUpdateLevelClaims {
        SqlServerLevels() {
            super(Rdbms.SQL_SERVER, LOSE_ON_SQL_SERVER);
        }

        @Test
        void repeatableReadLocksWhatIsReadSoThatTwoWritersDeadlockWith1205() {
            bob.does("is the one to die", c -> Sql.execute(c, "set deadlock_priority low"));
            bothReadZero(TRANSACTION_REPEATABLE_READ);

            bothWriteAndBobFailsWith(1205);
        }

        @Test
        void snapshotRefusesTheSecondWriteWith3960AndRunningAgainKeepsBoth(DataSource database) throws Exception {
            Sql.execute(database, "alter database current set allow_snapshot_isolation on");
            bothReadZero(SQLServerConnection.TRANSACTION_SNAPSHOT);
            ann.does("writes 1", c -> write(c, 1, 1));
            ann.commits();

            bob.failsWith(3960, "writes 1", TicketSales::writesOne);
            bob.rollsBack();

            assertThat(race(
                            database,
                            SQLServerConnection.TRANSACTION_SNAPSHOT,
                            (c, change) -> retried(c, 1, change, 5)))
                    .isEqualTo(3);
        }
    }
}
