package mastery.sqlserver.tsql;

import static com.microsoft.sqlserver.jdbc.SQLServerConnection.TRANSACTION_SNAPSHOT;
import static mastery.sqlserver.tsql.SnapshotConflict.UPDATE_CONFLICT;
import static mastery.sqlserver.tsql.SnapshotConflict.allowSnapshot;
import static mastery.sqlserver.tsql.SnapshotConflict.balance;
import static mastery.sqlserver.tsql.SnapshotConflict.readCommittedSnapshot;
import static mastery.sqlserver.tsql.SnapshotConflict.setBalance;
import static mastery.sqlserver.tsql.SnapshotConflict.waits;
import static mastery.sqlserver.tsql.SnapshotConflict.withdraw;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.sql.Connection;
import java.sql.SQLException;
import javax.sql.DataSource;
import mastery.sqlserver.tsql.SnapshotConflict.Wait;
import mastery.support.interleave.Blocked;
import mastery.support.interleave.Interleaving;
import mastery.support.interleave.LockView;
import mastery.support.interleave.Session;
import mastery.support.junit.OnSqlServer;
import mastery.support.junit.Prepare;
import org.junit.jupiter.api.Test;

/** Account 1 has 100; Ann and Bob read and write it. The switches of the database are set before their sessions begin. */
@OnSqlServer
class SnapshotConflictIT {

    private static final int READ_COMMITTED = Connection.TRANSACTION_READ_COMMITTED;
    private static final int SNAPSHOT_IS_NOT_ALLOWED = 3952;

    @Prepare
    static void prepare(Connection connection) throws SQLException {
        SnapshotConflict.createSchema(connection);
    }

    @Test
    void aStaleWriteRaises3960AndTheOtherOneStays(Connection observer, DataSource database) throws SQLException {
        allowSnapshot(observer);
        try (Interleaving play = Interleaving.on(LockView.sqlServer(database))) {
            Session ann = play.session("Ann", database);
            Session bob = play.session("Bob", database);
            ann.begins(TRANSACTION_SNAPSHOT);
            assertThat(reads(ann)).isEqualTo(100);
            writes(bob, 70);
            assertThat(reads(ann)).isEqualTo(100);

            ann.failsWith(UPDATE_CONFLICT, "writes 90", c -> write(c, 90));
        }
        assertThat(balance(observer, 1)).isEqualTo(70);
    }

    @Test
    void readCommittedOverRowVersionsOverwritesTheOther(Connection observer, DataSource database) throws SQLException {
        readCommittedSnapshot(observer, true);
        try (Interleaving play = Interleaving.on(LockView.sqlServer(database))) {
            Session ann = play.session("Ann", database);
            Session bob = play.session("Bob", database);
            ann.begins(READ_COMMITTED);
            assertThat(reads(ann)).isEqualTo(100);
            writes(bob, 70);
            assertThat(reads(ann)).isEqualTo(70);

            writes(ann, 90);
            ann.commits();
        }
        assertThat(balance(observer, 1)).isEqualTo(90);
    }

    @Test
    void theSecondWriterWaitsAndFailsWhenTheFirstCommits(Connection observer, DataSource database) throws SQLException {
        allowSnapshot(observer);
        try (Interleaving play = Interleaving.on(LockView.sqlServer(database))) {
            Session ann = play.session("Ann", database);
            Session bob = play.session("Bob", database);
            ann.begins(TRANSACTION_SNAPSHOT);
            reads(ann);
            bob.begins();
            writes(bob, 70);

            Blocked<Integer> write = ann.blocks("writes 90", c -> write(c, 90));
            assertThat(write.waitsFor()).isSameAs(bob);
            bob.commits();
            write.failsWith(UPDATE_CONFLICT);
        }
        assertThat(balance(observer, 1)).isEqualTo(70);
    }

    @Test
    void theSecondWriterGoesOnWhenTheFirstRollsBack(Connection observer, DataSource database) throws SQLException {
        allowSnapshot(observer);
        try (Interleaving play = Interleaving.on(LockView.sqlServer(database))) {
            Session ann = play.session("Ann", database);
            Session bob = play.session("Bob", database);
            ann.begins(TRANSACTION_SNAPSHOT);
            reads(ann);
            bob.begins();
            writes(bob, 70);

            Blocked<Integer> write = ann.blocks("writes 90", c -> write(c, 90));
            bob.rollsBack();
            write.returns();
            ann.commits();
        }
        assertThat(balance(observer, 1)).isEqualTo(90);
    }

    @Test
    void withdrawRunsAgainAfterAConflictAndNothingIsLost(Connection observer, DataSource database) throws SQLException {
        allowSnapshot(observer);
        try (Interleaving play = Interleaving.on(LockView.sqlServer(database))) {
            Session ann = play.session("Ann", database);
            Session bob = play.session("Bob", database);
            bob.begins();
            writes(bob, 70);

            Blocked<Integer> attempts = ann.blocks("withdraws 10", c -> withdraw(c, 1, 10));
            bob.commits();
            assertThat(attempts.returns()).isEqualTo(2);
        }
        assertThat(balance(observer, 1)).isEqualTo(60);
    }

    @Test
    void withoutItsSwitchSnapshotRaises3952(Connection observer, DataSource database) throws SQLException {
        readCommittedSnapshot(observer, true);
        try (Interleaving play = Interleaving.on(LockView.sqlServer(database))) {
            Session ann = play.session("Ann", database);
            ann.begins(TRANSACTION_SNAPSHOT);

            ann.failsWith(SNAPSHOT_IS_NOT_ALLOWED, "reads", c -> balance(c, 1));
        }
    }

    @Test
    void aReadOverRowVersionsDoesNotWaitForAWriter(Connection observer, DataSource database) throws SQLException {
        readCommittedSnapshot(observer, true);
        try (Interleaving play = Interleaving.on(LockView.sqlServer(database))) {
            Session ann = play.session("Ann", database);
            Session bob = play.session("Bob", database);
            bob.begins();
            writes(bob, 70);

            assertThat(reads(ann)).isEqualTo(100);
            assertThat(waits(observer)).isEmpty();
        }
    }

    @Test
    void withoutRowVersionsTheSameReadWaitsForASharedLock(Connection observer, DataSource database)
            throws SQLException {
        readCommittedSnapshot(observer, false);
        try (Interleaving play = Interleaving.on(LockView.sqlServer(database))) {
            Session ann = play.session("Ann", database);
            Session bob = play.session("Bob", database);
            bob.begins();
            writes(bob, 70);

            Blocked<Integer> read = ann.blocks("reads", c -> balance(c, 1));
            assertThat(read.waitsFor()).isSameAs(bob);
            assertThat(waits(observer)).containsExactly(new Wait("LCK_M_S"));
            bob.commits();
            assertThat(read.returns()).isEqualTo(70);
        }
    }

    @Test
    void badInputIsRefusedAndTheConnectionIsAsItWas(Connection connection) throws SQLException {
        allowSnapshot(connection);
        int isolation = connection.getTransactionIsolation();

        assertThatThrownBy(() -> withdraw(connection, 1, 0)).hasMessageContaining("at least 1");
        assertThatThrownBy(() -> withdraw(connection, 1, 101))
                .isInstanceOf(IllegalStateException.class)
                .hasMessageContaining("only 100");
        assertThatThrownBy(() -> withdraw(connection, 7, 1))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("no account 7");
        assertThatThrownBy(() -> setBalance(connection, 1, -1)).hasMessageContaining("not negative");
        assertThat(connection.getAutoCommit()).isTrue();
        assertThat(connection.getTransactionIsolation()).isEqualTo(isolation);
        assertThat(balance(connection, 1)).isEqualTo(100);

        connection.setAutoCommit(false);
        assertThatThrownBy(() -> withdraw(connection, 1, 1)).hasMessageContaining("auto-commit");
        connection.setAutoCommit(true);
    }

    private static int reads(Session session) {
        return session.returns("reads", c -> balance(c, 1));
    }

    private static void writes(Session session, int balance) {
        session.returns("writes " + balance, c -> write(c, balance));
    }

    private static int write(Connection connection, int balance) throws SQLException {
        setBalance(connection, 1, balance);
        return balance;
    }
}
