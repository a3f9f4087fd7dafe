package mastery.support.interleave;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.List;
import java.util.concurrent.atomic.AtomicReference;
import javax.sql.DataSource;
import mastery.support.junit.OnMySql;
import mastery.support.junit.Prepare;
import org.junit.jupiter.api.Test;

@OnMySql
class MySqlInterleavingIT {

    @Prepare
    static void prepare(Connection c) throws SQLException {
        try (Statement s = c.createStatement()) {
            s.execute("CREATE TABLE account (id int PRIMARY KEY, balance int NOT NULL)");
            s.execute("INSERT INTO account VALUES (10, 100), (20, 100)");
        }
    }

    static Step<Integer> sql(String sql) {
        return c -> {
            try (Statement s = c.createStatement()) {
                return s.execute(sql) ? 0 : s.getUpdateCount();
            }
        };
    }

    static List<List<Object>> query(DataSource dataSource, String sql) throws SQLException {
        try (Connection c = dataSource.getConnection()) {
            return ViewConnection.rows(c, sql);
        }
    }

    static final Step<Integer> DEBIT = sql("UPDATE account SET balance = balance - 10 WHERE id = 10");

    @Test
    void anInsertWaitsForTheGapLock(DataSource dataSource) throws SQLException {
        try (Interleaving play = Interleaving.on(LockView.mySql(dataSource))) {
            Session a = play.session("A", dataSource);
            Session b = play.session("B", dataSource);
            a.begins();
            a.returns("locks the range", sql("SELECT * FROM account WHERE id BETWEEN 12 AND 18 FOR UPDATE"));
            Blocked<Integer> insert = b.blocks("inserts into the gap", sql("INSERT INTO account VALUES (15, 0)"));
            assertThat(insert.waitsFor()).isSameAs(a);
            insert.stillBlocks();
            a.commits();
            assertThat(insert.returns()).isEqualTo(1);
        }
        assertThat(query(dataSource, "SELECT count(*) FROM account")).isEqualTo(List.of(List.of(3L)));
    }

    @Test
    void aRowJustInsertedIsLockedByItsWriterAndNoOneElse(DataSource dataSource) throws SQLException {
        try (Interleaving play = Interleaving.on(LockView.mySql(dataSource))) {
            Session a = play.session("A", dataSource);
            Session b = play.session("B", dataSource);
            Session c = play.session("C", dataSource);
            a.begins();
            a.returns("inserts", sql("INSERT INTO account VALUES (30, 0)"));
            Blocked<Integer> second = b.blocks("inserts the same key", sql("INSERT INTO account VALUES (30, 1)"));
            assertThat(second.waitsFor()).isSameAs(a);
            assertThat(c.blocks("reads it for update", sql("SELECT * FROM account WHERE id = 30 FOR UPDATE"))
                            .waitsForAll())
                    .contains(a);
            a.commits();
            second.failsWith(1062);
        }
    }

    @Test
    void aReaderBehindAWaitingAlterTableWaitsForTheAlterOnly(DataSource dataSource) throws SQLException {
        try (Interleaving play = Interleaving.on(LockView.mySql(dataSource))) {
            Session a = play.session("A", dataSource);
            Session b = play.session("B", dataSource);
            Session c = play.session("C", dataSource);
            a.begins();
            a.returns("reads", sql("SELECT * FROM account"));
            Blocked<Integer> alter =
                    b.blocks("alters the table", sql("ALTER TABLE account ADD COLUMN note varchar(10)"));
            assertThat(alter.waitsFor()).isSameAs(a);
            Blocked<Integer> read = c.blocks("reads", sql("SELECT * FROM account"));
            assertThat(read.waitsFor()).isSameAs(b);
            a.commits();
            alter.returns();
            read.returns();
        }
    }

    @Test
    void aNamedLockIsSeenToo(DataSource dataSource) throws SQLException {
        String name = "lock of " + System.identityHashCode(this);
        try (Interleaving play = Interleaving.on(LockView.mySql(dataSource))) {
            Session a = play.session("A", dataSource);
            Session b = play.session("B", dataSource);
            a.returns("takes the lock", sql("SELECT GET_LOCK('" + name + "', 60)"));
            Blocked<Integer> second = b.blocks("wants the lock", sql("SELECT GET_LOCK('" + name + "', 60)"));
            assertThat(second.waitsFor()).isSameAs(a);
            a.returns("gives it back", sql("SELECT RELEASE_LOCK('" + name + "')"));
            second.returns();
        }
    }

    @Test
    void aDeadlockAndALockTimeoutAreTold(DataSource dataSource) throws SQLException {
        try (Interleaving play = Interleaving.on(LockView.mySql(dataSource))) {
            Session a = play.session("A", dataSource);
            Session b = play.session("B", dataSource);
            a.begins();
            b.begins();
            a.returns("debits 10", DEBIT);
            // more rows changed: InnoDB picks the smaller transaction as the victim
            a.returns("inserts", sql("INSERT INTO account VALUES (1, 0), (2, 0), (3, 0)"));
            b.returns("debits 20", sql("UPDATE account SET balance = 90 WHERE id = 20"));
            Blocked<Integer> first = a.blocks("wants 20", sql("UPDATE account SET balance = 80 WHERE id = 20"));
            b.failsWith(1213, "wants 10", DEBIT);
            first.returns();
            b.returns("has little patience", sql("SET SESSION innodb_lock_wait_timeout = 1"));
            assertThat(b.failsWith(1205, "wants 10 again", DEBIT).getMessage()).contains("Lock wait timeout");
        }
    }

    @Test
    void aStepThatDoesNotBlockFailsTheScriptWithItsSteps(DataSource dataSource) throws SQLException {
        try (Interleaving play = Interleaving.on(LockView.mySql(dataSource))) {
            Session a = play.session("A", dataSource);
            Session b = play.session("B", dataSource);
            a.returns("debits and does not hold the lock", DEBIT);
            assertThatThrownBy(() -> b.blocks("debits too", DEBIT))
                    .isInstanceOf(AssertionError.class)
                    .hasMessageContaining("B: \"debits too\" should wait and returned 1")
                    .hasMessageContaining(" 1  A: debits and does not hold the lock - returned 1");
            assertThatThrownBy(() -> b.blocks("inserts twice", sql("INSERT INTO account VALUES (10, 0)")))
                    .hasMessageContaining("should wait and failed with SQLSTATE 23000, vendor code 1062");
            assertThatThrownBy(() -> b.failsWith(1205, "inserts twice", sql("INSERT INTO account VALUES (10, 0)")))
                    .hasMessageContaining("should fail with vendor code 1205 and failed with SQLSTATE 23000");
        }
    }

    @Test
    void closeCancelsABlockedStepRollsBackAndLeavesNoTransaction(DataSource dataSource) throws SQLException {
        long a;
        long b;
        AtomicReference<SQLException> end = new AtomicReference<>();
        try (Interleaving play = Interleaving.on(LockView.mySql(dataSource))) {
            // the one that waits is ended first, while the other still holds the lock
            Session second = play.session("B", dataSource);
            Session first = play.session("A", dataSource);
            a = first.id();
            b = second.id();
            first.begins();
            second.begins();
            second.returns("locks 20", sql("UPDATE account SET balance = 0 WHERE id = 20"));
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
        assertThat(end.get().getErrorCode())
                .as("canceled, ER_QUERY_INTERRUPTED")
                .isEqualTo(1317);
        assertThat(query(dataSource, "SELECT balance FROM account ORDER BY id"))
                .isEqualTo(List.of(List.of(100), List.of(100)));
        assertThat(query(
                        dataSource,
                        "SELECT 1 FROM performance_schema.data_locks l JOIN performance_schema.threads t USING (THREAD_ID)"
                                + " WHERE t.PROCESSLIST_ID IN (" + a + ", " + b + ")"))
                .isEmpty();
    }
}
