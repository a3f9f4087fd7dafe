package mastery.design.transactions;

import static java.sql.Connection.TRANSACTION_READ_COMMITTED;
import static mastery.design.transactions.LostUpdateCures.blindly;
import static mastery.design.transactions.LostUpdateCures.byVersion;
import static mastery.design.transactions.LostUpdateCures.inOneStatement;
import static mastery.design.transactions.LostUpdateCures.lock;
import static mastery.design.transactions.LostUpdateCures.read;
import static mastery.design.transactions.LostUpdateCures.retried;
import static mastery.design.transactions.LostUpdateCures.underLock;
import static mastery.design.transactions.LostUpdateCures.write;
import static mastery.design.transactions.LostUpdateCures.writeIfUnchanged;
import static mastery.design.transactions.TicketSales.concert;
import static mastery.design.transactions.TicketSales.race;
import static mastery.design.transactions.TicketSales.reset;
import static mastery.design.transactions.TicketSales.sold;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.sql.Connection;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.List;
import javax.sql.DataSource;
import mastery.design.transactions.LostUpdateCures.Change;
import mastery.design.transactions.LostUpdateCures.Concert;
import mastery.design.transactions.LostUpdateCures.Engine;
import mastery.design.transactions.TicketSales.Sale;
import mastery.support.interleave.Blocked;
import mastery.support.interleave.Step;
import org.junit.jupiter.api.Test;

/** What a version, a lock, one statement and a check do where both sell at once, and what each costs. */
abstract class LostUpdateCureClaims extends AnnAndBob {
    private final List<Integer> levelsThatLose;

    LostUpdateCureClaims(Rdbms rdbms, List<Integer> levelsThatLose) {
        super(rdbms);
        this.levelsThatLose = levelsThatLose;
    }

    /** Bob is refused by the check on the seats. */
    abstract void isRefused(String sale, Step<Integer> step);

    @Override
    void createSchema(Connection connection) throws SQLException {
        LostUpdateCures.createSchema(connection, 2, 100);
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
            Sql.execute(slow, Engine.of(slow).briefly);
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
        bob.begins();
        bob.returns("sells one", c -> inOneStatement(c, 1, 1));
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
        isRefused("sells one more", c -> inOneStatement(c, 1, 1));
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
                    database, c -> assertThat(byVersion(c, 1, overtakenOnce, 5)).isEqualTo(2));
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

    private static long trips(DataSource database, Trips.Work work) throws Exception {
        return Trips.of(database, c -> Sql.execute(c, Engine.of(c).briefly), work);
    }
}
