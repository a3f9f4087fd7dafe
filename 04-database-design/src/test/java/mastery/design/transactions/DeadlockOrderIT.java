package mastery.design.transactions;

import static mastery.design.transactions.DeadlockOrder.balance;
import static mastery.design.transactions.DeadlockOrder.change;
import static mastery.design.transactions.DeadlockOrder.transfer;
import static mastery.design.transactions.DeadlockOrder.transferSorted;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.sql.Connection;
import java.sql.SQLException;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.Future;
import javax.sql.DataSource;
import mastery.support.interleave.Blocked;
import mastery.support.junit.OnMySql;
import mastery.support.junit.OnPostgreSql;
import mastery.support.junit.OnSqlServer;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Test;

/** Ann moves 10 from account 2 to 1 while Bob moves 20 from 1 to 2. Of two that wait for each other, Bob is the one to die. */
class DeadlockOrderIT {

    @Nested
    @OnPostgreSql
    class PostgreSql extends Claims {
        PostgreSql() {
            super(Rdbms.POSTGRESQL);
        }

        @Override
        void bobIsTheOneToDie() {
            // whoever finds the circle dies, and only a session that looks can find it
            ann.does("does not look for deadlocks", c -> Sql.execute(c, "set deadlock_timeout = '10min'"));
            bob.does("looks for deadlocks at once", c -> Sql.execute(c, "set deadlock_timeout = '1ms'"));
        }

        @Override
        void bobDies() {
            bob.failsWith("40P01", "adds to account 2", DeadlockOrderIT::secondHalf);
        }

        @Test
        void theServerCountsOneDeadlockForOppositeOrderAndNoneForSorted(DataSource database) throws SQLException {
            try (Connection observer = database.getConnection()) {
                sorted();
                opposite();
                bob.rollsBack();

                Awaitility.await().atMost(Duration.ofSeconds(30)).until(() -> deadlocks(observer) > 0);
                assertThat(deadlocks(observer)).isEqualTo(1);
            }
        }

        @Test
        void afterADeadlockNothingIsTakenButARollback() {
            opposite();

            bob.failsWith("25P02", "goes on", c -> balance(c, 1));
            bob.rollsBack();
            assertThat(bob.<Integer>returns("goes on", c -> balance(c, 1))).isEqualTo(100);
        }

        @Test
        void afterAWaitThatWasTooLongNeitherAndACommitIsARollback(DataSource database) throws SQLException {
            bobWaitsTooLong();
            bob.failsWith("55P03", "moves 20 from 2 to 1", DeadlockOrderIT::moves20From2To1);

            bob.failsWith("25P02", "goes on", c -> balance(c, 1));
            bob.does("commits, of which the server makes a rollback", Connection::commit);
            ann.rollsBack();
            assertThat(balances(database)).containsExactly(100, 100, 100);
        }

        private long deadlocks(Connection observer) throws SQLException {
            return Sql.number(observer, "select deadlocks from pg_stat_database where datname = current_database()");
        }
    }

    @Nested
    @OnMySql
    class MySql extends Claims {
        MySql() {
            super(Rdbms.MYSQL);
        }

        @Override
        void bobIsTheOneToDie() {
            ann.begins();
            ann.does("writes to account 3, so that her transaction weighs more", c -> change(c, 3, 0));
            ann.does(
                    "and so that it does",
                    c -> Sql.execute(c, "update account set balance = balance + 1 where id = 3"));
        }

        @Override
        void bobDies() {
            bob.failsWith(1213, "adds to account 2", DeadlockOrderIT::secondHalf);
        }

        @Test
        void afterADeadlockACommitFindsNothing(DataSource database) throws SQLException {
            opposite();
            bob.commits();
            ann.rollsBack();

            assertThat(balances(database)).containsExactly(100, 100, 100);
        }

        @Test
        void afterAWaitThatWasTooLongACommitMakesHalfATransfer(DataSource database) throws SQLException {
            bobWaitsTooLong();
            SQLException e = bob.failsWith(1205, "moves 20 from 2 to 1", DeadlockOrderIT::moves20From2To1);
            bob.commits();
            ann.rollsBack();

            assertThat(balances(database)).containsExactly(100, 80, 100);
            assertThat(e.getSQLState()).as("as for a deadlock").isEqualTo("40001");
        }

        @Test
        void andARollbackMakesNone(DataSource database) throws SQLException {
            bobWaitsTooLong();
            bob.failsWith(1205, "moves 20 from 2 to 1", DeadlockOrderIT::moves20From2To1);
            bob.rollsBack();
            ann.rollsBack();

            assertThat(balances(database)).containsExactly(100, 100, 100);
        }
    }

    @Nested
    @OnSqlServer
    class SqlServer extends Claims {
        SqlServer() {
            super(Rdbms.SQL_SERVER);
        }

        @Override
        void bobIsTheOneToDie() {
            bob.does("is the one to die", c -> Sql.execute(c, "set deadlock_priority low"));
        }

        @Override
        void bobDies() {
            SQLException e = bob.failsWith(1205, "adds to account 2", DeadlockOrderIT::secondHalf);
            assertThat(e.getSQLState()).isEqualTo("40001");
        }

        @Test
        void afterADeadlockACommitFindsNothing(DataSource database) throws SQLException {
            opposite();
            bob.commits();
            ann.rollsBack();

            assertThat(balances(database)).containsExactly(100, 100, 100);
        }

        @Test
        void afterAWaitThatWasTooLongACommitMakesHalfATransfer(DataSource database) throws SQLException {
            bobWaitsTooLong();
            bob.failsWith(1222, "moves 20 from 2 to 1", DeadlockOrderIT::moves20From2To1);
            bob.commits();
            ann.rollsBack();

            assertThat(balances(database)).containsExactly(100, 80, 100);
        }
    }

    abstract static class Claims extends AnnAndBob {
        Claims(Rdbms rdbms) {
            super(rdbms);
        }

        abstract void bobIsTheOneToDie();

        abstract void bobDies();

        @Override
        void createSchema(Connection connection) throws SQLException {
            DeadlockOrder.createSchema(connection);
        }

        /** Ann has locked 2 and waits for 1, which Bob has; Bob wants 2 and dies. Ann has not committed. */
        void opposite() {
            bobIsTheOneToDie();
            ann.begins();
            bob.begins();
            bob.does("takes from account 1", c -> change(c, 1, -20));
            Blocked<Boolean> waits = ann.blocks("moves 10 from 2 to 1", c -> {
                transfer(c, 2, 1, 10);
                return true;
            });
            assertThat(waits.waitsFor()).isSameAs(bob);
            bobDies();
            waits.returns();
        }

        /** The same, but Ann asks for 1 first: she has nothing that Bob wants. */
        void sorted() {
            ann.begins();
            bob.begins();
            bob.does("takes from account 1", c -> change(c, 1, -20));
            Blocked<Boolean> waits = ann.blocks("moves 10 from 2 to 1", c -> {
                transferSorted(c, 2, 1, 10);
                return true;
            });
            assertThat(waits.waitsFor()).isSameAs(bob);
            bob.returns("adds to account 2", DeadlockOrderIT::secondHalf);
            bob.commits();
            waits.returns();
            ann.commits();
        }

        /** Ann holds account 1, and Bob does not wait long. */
        void bobWaitsTooLong() {
            ann.begins();
            ann.does("takes from account 1", c -> change(c, 1, -1));
            bob.does("does not wait long", DeadlockOrder::waitBriefly);
            bob.begins();
        }

        @Test
        void oppositeOrderEndsWithOneVictimAndTheOtherGoesOn(DataSource database) throws SQLException {
            opposite();
            ann.commits();
            bob.rollsBack();

            assertThat(balances(database).subList(0, 2)).containsExactly(110, 90);
        }

        @Test
        void theVictimRunAgainSucceeds(DataSource database) throws SQLException {
            opposite();
            ann.commits();
            bob.rollsBack();
            bob.begins();
            bob.does("moves 20 from 1 to 2", c -> transfer(c, 1, 2, 20));
            bob.commits();

            assertThat(balances(database).subList(0, 2)).containsExactly(90, 110);
        }

        @Test
        void sortedTheSecondWaitsWithNothingInItsHandsAndNobodyDies(DataSource database) throws SQLException {
            sorted();

            assertThat(balances(database)).containsExactly(90, 110, 100);
        }

        @Test
        void sortedTheOtherWayRoundToo(DataSource database) throws SQLException {
            ann.begins();
            bob.begins();
            bob.does("takes from account 1", c -> change(c, 1, -20));
            Blocked<Boolean> waits = ann.blocks("moves 10 from 1 to 2", c -> {
                transferSorted(c, 1, 2, 10);
                return true;
            });
            bob.returns("adds to account 2", DeadlockOrderIT::secondHalf);
            bob.commits();
            waits.returns();
            ann.commits();

            assertThat(balances(database)).containsExactly(70, 130, 100);
        }

        @Test
        void hundredsOfSortedTransfersInAllDirectionsMakeNoErrorAndLoseNothing(DataSource database) throws Exception {
            List<Future<Integer>> workers = new AtOnce(4).run(worker -> {
                try (Connection connection = database.getConnection()) {
                    connection.setAutoCommit(false);
                    int done = 0;
                    for (int i = 0; i < 60; i++) {
                        int from = (i + worker) % 3 + 1;
                        int to = (i + worker + 1 + i % 2) % 3 + 1;
                        transferSorted(connection, from, to, 1);
                        connection.commit();
                        done++;
                    }
                    return done;
                }
            });
            for (Future<Integer> worker : workers) {
                assertThat(worker.get()).isEqualTo(60);
            }
            assertThat(balances(database).stream().mapToInt(Integer::intValue).sum())
                    .isEqualTo(300);
        }

        @Test
        void badInputIsRefusedAndMovesNothing(DataSource database) throws SQLException {
            try (Connection connection = database.getConnection()) {
                assertThatThrownBy(() -> transfer(connection, 1, 2, 10)).hasMessageContaining("auto-commit");
                assertThatThrownBy(() -> transferSorted(connection, 1, 2, 10)).hasMessageContaining("auto-commit");
                connection.setAutoCommit(false);
                assertThatThrownBy(() -> transferSorted(connection, 1, 2, 0)).hasMessageContaining("not 0 from 1");
                assertThatThrownBy(() -> transfer(connection, 1, 2, -5)).hasMessageContaining("at least 1");
                assertThatThrownBy(() -> transferSorted(connection, 2, 2, 5)).hasMessageContaining("another account");
                for (int nobody : new int[] {0, -1, 7, Integer.MAX_VALUE, Integer.MIN_VALUE}) {
                    assertThatThrownBy(() -> transferSorted(connection, 1, nobody, 5))
                            .isInstanceOf(IllegalArgumentException.class)
                            .hasMessageContaining("no account " + nobody);
                    connection.rollback();
                }
                // more than the column holds
                assertThatThrownBy(() -> transferSorted(connection, 1, 2, Integer.MAX_VALUE))
                        .isInstanceOf(SQLException.class);
                connection.rollback();
            }
            assertThat(balances(database)).containsExactly(100, 100, 100);
        }
    }

    private static boolean secondHalf(Connection connection) throws SQLException {
        change(connection, 2, 20);
        return true;
    }

    private static boolean moves20From2To1(Connection connection) throws SQLException {
        transfer(connection, 2, 1, 20);
        return true;
    }

    private static List<Integer> balances(DataSource database) throws SQLException {
        try (Connection connection = database.getConnection()) {
            return List.of(balance(connection, 1), balance(connection, 2), balance(connection, 3));
        }
    }
}
