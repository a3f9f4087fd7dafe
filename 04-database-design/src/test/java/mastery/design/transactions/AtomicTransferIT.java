package mastery.design.transactions;

import static mastery.design.transactions.AtomicTransfer.balance;
import static mastery.design.transactions.AtomicTransfer.transfer;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.sql.Connection;
import java.sql.SQLException;
import java.util.List;
import javax.sql.DataSource;
import mastery.design.transactions.AtomicTransfer.Outcome;
import mastery.design.transactions.AtomicTransfer.Transfer;
import mastery.support.interleave.Blocked;
import mastery.support.interleave.Interleaving;
import mastery.support.interleave.Session;
import mastery.support.junit.OnMySql;
import mastery.support.junit.OnPostgreSql;
import mastery.support.junit.OnSqlServer;
import mastery.support.server.Node;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * Accounts 1 and 2 have 100 each. The steps of a transfer: 1 registers the key, 2 debits, 3 credits, 4 commits; without a key 1
 * debits and 2 credits.
 */
class AtomicTransferIT {

    private static final Transfer RENT = new Transfer("rent", 1, 2, 30);

    @Nested
    @OnPostgreSql(settings = {"fsync=on", "synchronous_commit=on"})
    class PostgreSql extends CrashClaims {
        PostgreSql() {
            super(Rdbms.POSTGRESQL);
        }

        @Override
        void isOverdraft(SQLException e) {
            assertThat(e.getSQLState()).isEqualTo("23514");
        }

        @Test
        void theServerWritesItsLogToTheDiskAtEachCommit(Connection connection) throws SQLException {
            assertThat(Sql.text(connection, "select current_setting('fsync') || current_setting('synchronous_commit')"))
                    .isEqualTo("onon");
        }
    }

    @Nested
    @OnMySql(settings = {"innodb-flush-log-at-trx-commit=1", "sync-binlog=1", "innodb-doublewrite=ON"})
    class MySql extends CrashClaims {
        MySql() {
            super(Rdbms.MYSQL);
        }

        @Override
        void isOverdraft(SQLException e) {
            assertThat(e.getErrorCode()).isEqualTo(3819);
        }

        @Test
        void theServerWritesItsLogsToTheDiskAtEachCommit(Connection connection) throws SQLException {
            assertThat(Sql.text(connection, "select concat(@@innodb_flush_log_at_trx_commit, @@sync_binlog)"))
                    .isEqualTo("11");
        }
    }

    @Nested
    @OnSqlServer
    class SqlServer extends Claims {
        SqlServer() {
            super(Rdbms.SQL_SERVER);
        }

        @Override
        void isOverdraft(SQLException e) {
            assertThat(e.getErrorCode()).isEqualTo(547);
        }
    }

    /** For servers that a proof may kill. */
    abstract static class CrashClaims extends Claims {
        CrashClaims(Rdbms rdbms) {
            super(rdbms);
        }

        @ParameterizedTest
        @ValueSource(strings = {"before 1", "before 2", "before 3", "before 4", "after 4"})
        void theServerIsKilledAtAnyStepAndTheMoneyMovesOnce(String point, DataSource database, Node server)
                throws SQLException {
            DataSource doomed = Steps.watch(database, at -> {
                if (at.equals(point)) {
                    server.kill();
                }
            });

            try {
                requested(doomed, point);
            } finally {
                server.start();
            }
            isWholeAndDoneOnce(database, point);
        }

        @Test
        void stepByStepTheServerIsKilledBetweenDebitAndCreditAndTheMoneyIsGone(DataSource database, Node server)
                throws SQLException {
            try (Connection connection = Steps.watch(database.getConnection(), at -> {
                if (at.equals("before 2")) {
                    server.kill();
                }
            })) {
                assertThatThrownBy(() -> AtomicTransfer.stepByStep(connection, RENT))
                        .isInstanceOf(SQLException.class);
            } finally {
                server.start();
            }

            try (Connection connection = database.getConnection()) {
                assertThat(balances(connection)).containsExactly(70L, 100L);
            }
        }
    }

    abstract static class Claims {

        private final Rdbms rdbms;

        Claims(Rdbms rdbms) {
            this.rdbms = rdbms;
        }

        abstract void isOverdraft(SQLException e);

        @BeforeEach
        void createSchema(DataSource database) throws SQLException {
            try (Connection connection = database.getConnection()) {
                AtomicTransfer.createSchema(connection);
            }
        }

        @ParameterizedTest
        @ValueSource(strings = {"before 1", "before 2", "before 3", "before 4", "after 4"})
        void theSessionIsEndedAtAnyStepAndTheMoneyMovesOnce(String point, DataSource database, Connection admin)
                throws SQLException {
            requested(rdbms.killedAt(point, database, admin), point);

            isWholeAndDoneOnce(database, point);
        }

        /** Only the last point is behind the commit. Not even there each driver returns: MySQL's fails when it closes the connection. */
        void requested(DataSource doomed, String point) {
            Outcome heard = null;
            try {
                heard = transfer(doomed, RENT);
            } catch (SQLException e) {
                assertThat(e.getSQLState()).as(e.toString()).matches("08.*|57P01");
                if (!point.equals("after 4")) {
                    assertThat(e.getSuppressed()).as("the rollback failed too").isNotEmpty();
                }
            }
            if (!point.equals("after 4")) {
                assertThat(heard).isNull();
            }
        }

        void isWholeAndDoneOnce(DataSource database, String point) throws SQLException {
            boolean done = point.equals("after 4");
            try (Connection connection = database.getConnection()) {
                assertThat(balances(connection)).containsExactly(done ? 70L : 100L, done ? 130L : 100L);
                assertThat(Sql.number(connection, "select count(*) from transfer"))
                        .isEqualTo(done ? 1 : 0);

                assertThat(transfer(database, RENT)).isEqualTo(done ? Outcome.DONE_BEFORE : Outcome.DONE);
                assertThat(transfer(database, RENT)).isEqualTo(Outcome.DONE_BEFORE);

                assertThat(balances(connection)).containsExactly(70L, 130L);
            }
        }

        @Test
        void stepByStepTheSessionIsEndedBetweenDebitAndCreditAndTheMoneyIsGone(DataSource database, Connection admin)
                throws SQLException {
            try (Connection connection = database.getConnection()) {
                Connection doomed = rdbms.killedAt("after 1", connection, admin);

                assertThatThrownBy(() -> AtomicTransfer.stepByStep(doomed, RENT))
                        .isInstanceOf(SQLException.class);
            }

            assertThat(Sql.number(admin, "select sum(cents) from account")).isEqualTo(170);
        }

        @Test
        void anAnswerLostAtTheCommitIsResolvedByAskingAgain(DataSource database, Node server, Connection observer)
                throws Exception {
            int port = server.port();
            try (CutWire wire = new CutWire(server.host(), port)) {
                DataSource doomed = Steps.watch(rdbms.through(wire.port(), database), at -> {
                    if (at.equals("before 4")) {
                        wire.loseNextAnswer();
                    }
                });

                assertThatThrownBy(() -> transfer(doomed, RENT))
                        .isInstanceOfSatisfying(
                                SQLException.class,
                                e -> assertThat(e.getSQLState()).startsWith("08"));
            }

            assertThat(transfer(rdbms.through(port, database), RENT)).isEqualTo(Outcome.DONE_BEFORE);
            assertThat(balances(observer)).containsExactly(70L, 130L);
        }

        @Test
        void withoutAKeyAskingAgainMovesTheMoneyAgain(DataSource database, Node server, Connection observer)
                throws Exception {
            int port = server.port();
            try (CutWire wire = new CutWire(server.host(), port);
                    Connection connection = rdbms.through(wire.port(), database).getConnection()) {
                Connection doomed = Steps.watch(connection, at -> {
                    if (at.equals("before 3")) {
                        wire.loseNextAnswer();
                    }
                });
                assertThatThrownBy(() -> AtomicTransfer.withoutKey(doomed, RENT))
                        .isInstanceOf(SQLException.class);
            }
            try (Connection connection = rdbms.through(port, database).getConnection()) {
                AtomicTransfer.withoutKey(connection, RENT);
            }

            assertThat(balances(observer)).containsExactly(40L, 160L);
        }

        /** A transfer waits for the one with the same key that is under way, and is no second one. */
        @Test
        void twoRequestsAtOnceAreOneTransfer(DataSource database) throws SQLException {
            try (Interleaving play = Interleaving.on(rdbms.locks(database))) {
                Session first = play.session("first", database);
                Session again = play.session("again", database);
                Blocked<?>[] waits = new Blocked<?>[1];
                DataSource watched = Steps.watch(Steps.staying(first.returns("connects", c -> c)), at -> {
                    if (at.equals("after 1")) {
                        waits[0] = again.blocks("asks too", c -> transfer(Steps.staying(c), RENT));
                        assertThat(waits[0].waitsFor()).isSameAs(first);
                    }
                });

                assertThat(transfer(watched, RENT)).isEqualTo(Outcome.DONE);
                assertThat(waits[0].returns()).isEqualTo(Outcome.DONE_BEFORE);
            }
            try (Connection connection = database.getConnection()) {
                assertThat(balances(connection)).containsExactly(70L, 130L);
            }
        }

        /** As a pool would keep it. */
        @Test
        void aConnectionThatStaysOpenKeepsNothingOfAFailedTransfer(Connection connection, Connection observer)
                throws SQLException {
            assertThatIllegalArgumentException()
                    .isThrownBy(() -> transfer(Steps.staying(connection), new Transfer("x", 1, 3, 30)));
            connection.commit();

            assertThat(balance(observer, 1)).isEqualTo(100);
            assertThat(Sql.number(observer, "select count(*) from transfer")).isZero();
        }

        @Test
        void anOverdraftIsRefusedAndLeavesNoTrace(DataSource database, Connection observer) throws SQLException {
            Transfer tooMuch = new Transfer("car", 1, 2, 101);
            assertThatThrownBy(() -> transfer(database, tooMuch))
                    .isInstanceOfSatisfying(SQLException.class, this::isOverdraft);
            assertThat(Sql.number(observer, "select count(*) from transfer")).isZero();
            assertThat(balance(observer, 1)).isEqualTo(100);

            transfer(database, new Transfer("loan", 2, 1, 1));
            assertThat(transfer(database, tooMuch)).isEqualTo(Outcome.DONE);
            assertThat(balance(observer, 1)).isZero();
            assertThat(balance(observer, 2)).isEqualTo(200);
        }

        @Test
        void badRequestsAreRefusedAsAWholeAndHostileTextIsOnlyText(DataSource database, Connection observer)
                throws SQLException {
            assertThatIllegalArgumentException()
                    .isThrownBy(() -> new Transfer(" ", 1, 2, 30))
                    .withMessageContaining("id");
            assertThatIllegalArgumentException().isThrownBy(() -> new Transfer(null, 1, 2, 30));
            assertThatIllegalArgumentException()
                    .isThrownBy(() -> new Transfer("x", 1, 2, -30))
                    .withMessageContaining("-30");
            assertThatIllegalArgumentException()
                    .isThrownBy(() -> new Transfer("x", 1, 1, 30))
                    .withMessageContaining("twice");
            assertThatIllegalArgumentException()
                    .isThrownBy(() -> transfer(database, new Transfer("x", 1, 3, 30)))
                    .withMessage("there is no account 3");
            assertThat(Sql.number(observer, "select sum(cents) from account")).isEqualTo(200);

            String hostile = "'); drop table account; -- ";
            assertThat(transfer(database, new Transfer(hostile, 1, 2, 30))).isEqualTo(Outcome.DONE);
            assertThatIllegalArgumentException()
                    .isThrownBy(() -> transfer(database, new Transfer(hostile, 1, 2, 31)))
                    .withMessageContaining("belongs to another transfer");
            assertThat(balance(observer, 1)).isEqualTo(70);
            assertThatThrownBy(() -> transfer(database, new Transfer("y", 2, 1, Long.MAX_VALUE)))
                    .isInstanceOf(SQLException.class);
            assertThat(Sql.number(observer, "select sum(cents) from account")).isEqualTo(200);
        }
    }

    private static List<Long> balances(Connection connection) throws SQLException {
        return List.of(balance(connection, 1), balance(connection, 2));
    }
}
