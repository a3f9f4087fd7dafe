package mastery.design.transactions;

import static java.sql.Connection.TRANSACTION_SERIALIZABLE;
import static mastery.design.transactions.LostUpdateCures.blindly;
import static mastery.design.transactions.LostUpdateCures.read;
import static mastery.design.transactions.LostUpdateCures.retried;
import static mastery.design.transactions.TicketSales.race;
import static mastery.design.transactions.TicketSales.reset;
import static mastery.design.transactions.TicketSales.sold;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.sql.Connection;
import java.sql.SQLException;
import java.util.List;
import javax.sql.DataSource;
import mastery.support.interleave.Blocked;
import mastery.support.interleave.Session;
import org.junit.jupiter.api.Test;

/** Which levels lose an update, and which refuse to, so that it can be run again. */
abstract class LostUpdateLevelClaims extends AnnAndBob {
    private final List<Integer> levelsThatLose;

    LostUpdateLevelClaims(Rdbms rdbms, List<Integer> levelsThatLose) {
        super(rdbms);
        this.levelsThatLose = levelsThatLose;
    }

    @Override
    void createSchema(Connection connection) throws SQLException {
        LostUpdateCures.createSchema(connection, 2, 100);
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

    void bothReadZero(int level) {
        bothBegin(level);
        for (Session session : List.of(ann, bob)) {
            assertThat(session.returns("reads", c -> read(c, 1)).sold()).isZero();
        }
    }

    /** Both have read, and hold what they read. */
    void bothWriteAndBobFailsWith(int deadlock) {
        Blocked<?> first = ann.blocks("writes 1", TicketSales::writesOne);
        assertThat(first.waitsFor()).isSameAs(bob);
        SQLException refused = bob.failsWith(deadlock, "writes 1", TicketSales::writesOne);

        assertThat(refused.getSQLState()).isEqualTo("40001");
        first.returns();
    }
}
