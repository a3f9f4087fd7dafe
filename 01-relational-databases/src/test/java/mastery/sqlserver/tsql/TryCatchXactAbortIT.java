package mastery.sqlserver.tsql;

import static mastery.sqlserver.tsql.TryCatchXactAbort.book;
import static mastery.sqlserver.tsql.TryCatchXactAbort.entries;
import static mastery.sqlserver.tsql.TryCatchXactAbort.failures;
import static mastery.sqlserver.tsql.TryCatchXactAbort.inCatch;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import java.sql.Connection;
import java.sql.SQLException;
import mastery.sqlserver.tsql.TryCatchXactAbort.Failure;
import mastery.sqlserver.tsql.TryCatchXactAbort.InCatch;
import mastery.support.junit.OnSqlServer;
import mastery.support.junit.Prepare;
import org.junit.jupiter.api.Test;

/** Entry 2 is there already, so that the second of three inserts fails. */
@OnSqlServer
class TryCatchXactAbortIT {

    private static final int DUPLICATE_KEY = 2627;
    private static final int DOOMED = 3930;
    private static final int RAISED = 50000;

    @Prepare
    static void prepare(Connection connection) throws SQLException {
        TryCatchXactAbort.createSchema(connection);
        book(connection, 1, 2, 3);
    }

    @Test
    void withoutXactAbortTheBatchCommitsWhatStandsAroundTheError(Connection connection) throws SQLException {
        assertThat(refusal(connection, TryCatchXactAbort.CARELESS).getErrorCode())
                .isEqualTo(DUPLICATE_KEY);

        assertThat(entries(connection)).containsExactly(1, 2, 3, 4, 5);
    }

    @Test
    void withXactAbortNothingOfTheBatchStays(Connection connection) throws SQLException {
        assertThat(refusal(connection, TryCatchXactAbort.ABORTING).getErrorCode())
                .isEqualTo(DUPLICATE_KEY);

        assertThat(entries(connection)).containsExactly(1, 2, 3);
    }

    @Test
    void catchRollsBackLogsAndThrowKeepsTheNumber(Connection connection) throws SQLException {
        SQLException refusal = refusal(connection, TryCatchXactAbort.ALL_OR_NOTHING);

        assertThat(refusal.getErrorCode()).isEqualTo(DUPLICATE_KEY);
        assertThat(refusal.getMessage()).contains("entry_pk");
        assertThat(entries(connection)).containsExactly(1, 2, 3);
        assertThat(failures(connection))
                .singleElement()
                .satisfies(failure -> assertThat(failure.message()).contains("entry_pk"))
                .extracting(Failure::number)
                .isEqualTo(DUPLICATE_KEY);
    }

    @Test
    void withoutAnErrorAllThreeAreThereAndNothingIsLogged(Connection connection) throws SQLException {
        book(connection, 4, 5, 6);

        assertThat(entries(connection)).containsExactly(1, 2, 3, 4, 5, 6);
        assertThat(failures(connection)).isEmpty();
    }

    @Test
    void onlyXactAbortDoomsTheTransaction(Connection connection) throws SQLException {
        assertThat(inCatch(connection, false, 4, 2, 5)).isEqualTo(new InCatch(1, 1, DUPLICATE_KEY));
        assertThat(inCatch(connection, true, 4, 2, 5)).isEqualTo(new InCatch(1, -1, DUPLICATE_KEY));
    }

    @Test
    void aWriteInADoomedTransactionRaises3930AndLogsNothing(Connection connection) throws SQLException {
        assertThat(refusal(connection, TryCatchXactAbort.LOG_FIRST).getErrorCode())
                .isEqualTo(DOOMED);

        assertThat(entries(connection)).containsExactly(1, 2, 3);
        assertThat(failures(connection)).isEmpty();
    }

    @Test
    void raiserrorKeepsTheMessageAndLosesTheNumber(Connection connection) throws SQLException {
        SQLException refusal = refusal(connection, TryCatchXactAbort.RAISED_ANEW);

        assertThat(refusal.getErrorCode()).isEqualTo(RAISED);
        assertThat(refusal.getMessage()).contains("entry_pk");
        assertThat(entries(connection)).containsExactly(1, 2, 3);
    }

    @Test
    void badInputIsRefusedBeforeAnythingIsWritten(Connection connection) throws SQLException {
        assertThatThrownBy(() -> book(connection, 4, 0, 5))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("not 0");
        assertThatThrownBy(() -> inCatch(connection, true, 4, 5, -1)).isInstanceOf(IllegalArgumentException.class);
        connection.setAutoCommit(false);
        assertThatThrownBy(() -> book(connection, 4, 5, 6))
                .isInstanceOf(IllegalStateException.class)
                .hasMessageContaining("auto-commit");
        connection.setAutoCommit(true);
        assertThat(entries(connection)).containsExactly(1, 2, 3);
    }

    private static SQLException refusal(Connection connection, String batch) {
        return catchThrowableOfType(SQLException.class, () -> book(connection, batch, 4, 2, 5));
    }
}
