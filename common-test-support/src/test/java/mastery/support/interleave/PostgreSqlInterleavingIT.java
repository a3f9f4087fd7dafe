package mastery.support.interleave;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.List;
import java.util.concurrent.atomic.AtomicReference;
import javax.sql.DataSource;
import mastery.support.junit.OnPostgreSql;
import mastery.support.junit.Prepare;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.Test;

@OnPostgreSql
class PostgreSqlInterleavingIT {

    @Prepare
    static void prepare(Connection c) throws SQLException {
        try (Statement s = c.createStatement()) {
            s.execute("CREATE TABLE account (id int PRIMARY KEY, balance int NOT NULL)");
            s.execute("INSERT INTO account VALUES (1, 100), (2, 100)");
        }
    }

    static Step<Integer> sql(String sql) {
        return c -> {
            try (Statement s = c.createStatement()) {
                return s.executeUpdate(sql);
            }
        };
    }

    static List<List<Object>> query(DataSource dataSource, String sql) throws SQLException {
        try (Connection c = dataSource.getConnection()) {
            return ViewConnection.rows(c, sql);
        }
    }

    static final Step<Integer> DEBIT = sql("UPDATE account SET balance = balance - 10 WHERE id = 1");

    @Test
    void aWriterWaitsForTheWriterBeforeIt(DataSource dataSource) throws SQLException {
        try (Interleaving play = Interleaving.on(LockView.postgreSql(dataSource))) {
            Session a = play.session("A", dataSource);
            Session b = play.session("B", dataSource);
            Session c = play.session("C", dataSource);
            a.begins();
            a.returns("debits", DEBIT);
            Blocked<Integer> second = b.blocks("debits too", DEBIT);
            assertThat(second.waitsFor()).isSameAs(a);
            c.begins();
            assertThat(c.blocks("locks the table", sql("LOCK TABLE account IN EXCLUSIVE MODE"))
                            .waitsForAll())
                    .containsExactlyInAnyOrder(a, b);
            second.stillBlocks();
            a.commits();
            assertThat(second.returns()).isEqualTo(1);
            assertThat(play.toString())
                    .contains("B: debits too - waits for A", "B: debits too - goes on and returned 1");
        }
        assertThat(query(dataSource, "SELECT balance FROM account WHERE id = 1"))
                .isEqualTo(List.of(List.of(80)));
    }

    @Test
    void aRepeatableReadWriterFailsWith40001WhenTheFirstCommits(DataSource dataSource) throws SQLException {
        try (Interleaving play = Interleaving.on(LockView.postgreSql(dataSource))) {
            Session a = play.session("A", dataSource);
            Session b = play.session("B", dataSource);
            a.begins();
            b.begins(Connection.TRANSACTION_REPEATABLE_READ);
            a.returns("debits", DEBIT);
            Blocked<Integer> second = b.blocks("debits too", DEBIT);
            a.commits();
            assertThat(second.failsWith("40001").getMessage()).contains("could not serialize");
            b.failsWith("25P02", "goes on in the broken transaction", DEBIT);
            b.rollsBack();
        }
    }

    @Test
    void aDeadlockIsScripted(DataSource dataSource) throws SQLException {
        try (Interleaving play = Interleaving.on(LockView.postgreSql(dataSource))) {
            Session a = play.session("A", dataSource);
            Session b = play.session("B", dataSource);
            a.begins();
            b.begins();
            a.returns("locks 1", sql("UPDATE account SET balance = 0 WHERE id = 1"));
            b.returns("locks 2", sql("UPDATE account SET balance = 0 WHERE id = 2"));
            // only B looks for a deadlock within the life of this test, so B is the victim
            a.returns("waits patiently", sql("SET deadlock_timeout = '1h'"));
            b.returns("looks soon", sql("SET deadlock_timeout = '10ms'"));
            Blocked<Integer> first = a.blocks("wants 2", sql("UPDATE account SET balance = 1 WHERE id = 2"));
            b.failsWith("40P01", "wants 1", sql("UPDATE account SET balance = 1 WHERE id = 1"));
            assertThat(first.returns()).isEqualTo(1);
        }
    }

    @Test
    void aStepThatDoesNotBlockFailsTheScriptWithItsSteps(DataSource dataSource) throws SQLException {
        try (Interleaving play = Interleaving.on(LockView.postgreSql(dataSource))) {
            Session a = play.session("A", dataSource);
            Session b = play.session("B", dataSource);
            a.returns("debits and does not hold the lock", DEBIT);
            assertThatThrownBy(() -> b.blocks("debits too", DEBIT))
                    .isInstanceOf(AssertionError.class)
                    .hasMessageContaining("B: \"debits too\" should wait and returned 1")
                    .hasMessageContaining(" 1  A: debits and does not hold the lock - returned 1");
        }
    }

    @Test
    void aStepThatBlocksWhereItShouldReturnCannotPassByItself(DataSource dataSource) throws SQLException {
        try (Interleaving play = Interleaving.on(LockView.postgreSql(dataSource))) {
            Session a = play.session("A", dataSource);
            Session b = play.session("B", dataSource);
            a.begins();
            a.returns("debits", DEBIT);
            b.returns("has little patience", sql("SET lock_timeout = '1ms'"));
            assertThatThrownBy(() -> b.returns("debits too", DEBIT))
                    .isInstanceOf(AssertionError.class)
                    .hasMessageContaining("should return and failed with SQLSTATE 55P03");
        }
    }

    @Test
    void theWrongFailureFailsTheScript(DataSource dataSource) throws SQLException {
        try (Interleaving play = Interleaving.on(LockView.postgreSql(dataSource))) {
            Session a = play.session("A", dataSource);
            assertThatThrownBy(() -> a.failsWith("40001", "inserts twice", sql("INSERT INTO account VALUES (1, 0)")))
                    .isInstanceOf(AssertionError.class)
                    .hasMessageContaining("should fail with SQLSTATE 40001 and failed with SQLSTATE 23505")
                    .hasCauseInstanceOf(SQLException.class);
            assertThatThrownBy(() -> a.failsWith("40001", "debits", DEBIT))
                    .hasMessageContaining("should fail with SQLSTATE 40001 and returned 1");
        }
    }

    @Test
    void aSessionTakesOneStepAtATime(DataSource dataSource) throws SQLException {
        try (Interleaving play = Interleaving.on(LockView.postgreSql(dataSource))) {
            Session a = play.session("A", dataSource);
            Session b = play.session("B", dataSource);
            a.begins();
            a.returns("debits", DEBIT);
            b.blocks("debits too", DEBIT);
            assertThatThrownBy(b::commits)
                    .isInstanceOf(IllegalStateException.class)
                    .hasMessageContaining("\"debits too\" still runs");
        }
    }

    @Test
    void closeCancelsABlockedStepRollsBackAndLeavesNoSession(DataSource dataSource) throws SQLException {
        long a;
        long b;
        AtomicReference<SQLException> end = new AtomicReference<>();
        try (Interleaving play = Interleaving.on(LockView.postgreSql(dataSource))) {
            // the one that waits is ended first, while the other still holds the lock
            Session second = play.session("B", dataSource);
            Session first = play.session("A", dataSource);
            a = first.id();
            b = second.id();
            first.begins();
            second.begins();
            second.returns("locks 2", sql("UPDATE account SET balance = 0 WHERE id = 2"));
            first.returns("debits", DEBIT);
            second.blocks("debits too", c -> {
                try {
                    return DEBIT.run(c);
                } catch (SQLException e) {
                    end.set(e);
                    throw e;
                }
            });
        }
        assertThat(end.get().getSQLState()).as("canceled, query_canceled").isEqualTo("57014");
        assertThat(query(dataSource, "SELECT balance FROM account ORDER BY id"))
                .isEqualTo(List.of(List.of(100), List.of(100)));
        Awaitility.await()
                .until(() -> query(
                                dataSource,
                                "SELECT 1 FROM pg_stat_activity WHERE pid IN (" + a + ", " + b
                                        + ") AND (state <> 'idle')" + " AND pid <> pg_backend_pid()")
                        .isEmpty());
    }
}
