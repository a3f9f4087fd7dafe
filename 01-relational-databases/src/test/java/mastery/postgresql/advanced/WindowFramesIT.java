package mastery.postgresql.advanced;

import static mastery.postgresql.advanced.WindowFrames.LAST_DAYS;
import static mastery.postgresql.advanced.WindowFrames.MOVING_TOTALS;
import static mastery.postgresql.advanced.WindowFrames.RUNNING_TOTALS;
import static mastery.postgresql.advanced.WindowFrames.lastDays;
import static mastery.postgresql.advanced.WindowFrames.movingTotals;
import static mastery.postgresql.advanced.WindowFrames.runningTotals;
import static mastery.postgresql.advanced.WindowFrames.sell;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.LocalDate;
import mastery.postgresql.advanced.WindowFrames.Last;
import mastery.postgresql.advanced.WindowFrames.Moving;
import mastery.postgresql.advanced.WindowFrames.Running;
import mastery.support.junit.OnPostgreSql;
import mastery.support.junit.Prepare;
import mastery.support.plan.Plan;
import mastery.support.plan.PostgreSqlPlans;
import org.junit.jupiter.api.Test;

/** One sale of 10 on the 1st, two of 20 on the 2nd, two of 40 on the 5th, one of 60 on the 6th. */
@OnPostgreSql
class WindowFramesIT {

    private static final LocalDate FIRST = LocalDate.of(2026, 1, 1);
    private static final LocalDate SECOND = LocalDate.of(2026, 1, 2);
    private static final LocalDate FIFTH = LocalDate.of(2026, 1, 5);
    private static final LocalDate SIXTH = LocalDate.of(2026, 1, 6);

    @Prepare
    static void prepare(Connection connection) throws SQLException {
        WindowFrames.createSchema(connection);
        // stored in no order, so that an order in a result is no accident of the table
        sell(connection, FIFTH, 40, 2);
        sell(connection, SIXTH, 60, 1);
        sell(connection, FIRST, 10, 1);
        sell(connection, SECOND, 20, 2);
    }

    @Test
    void rowsAddSaleBySaleAndTheDefaultFrameTheWholeDayAtOnce(Connection connection) throws SQLException {
        assertThat(runningTotals(connection))
                .containsExactly(
                        new Running(FIRST, 10, 10, 10),
                        new Running(SECOND, 20, 30, 50),
                        new Running(SECOND, 20, 50, 50),
                        new Running(FIFTH, 40, 90, 130),
                        new Running(FIFTH, 40, 130, 130),
                        new Running(SIXTH, 60, 190, 190));
    }

    @Test
    void theSameDistanceIsAnotherNeighbourhoodInRowsRangeAndGroups(Connection connection) throws SQLException {
        assertThat(movingTotals(connection, 1))
                .containsExactly(
                        new Moving(FIRST, 10, 10, 10, 10),
                        new Moving(SECOND, 20, 30, 50, 50),
                        new Moving(SECOND, 20, 40, 50, 50),
                        // one row back, the 4th of January, and the day with sales before it
                        new Moving(FIFTH, 40, 60, 80, 120),
                        new Moving(FIFTH, 40, 80, 80, 120),
                        new Moving(SIXTH, 60, 100, 140, 140));
    }

    @Test
    void aFrameOfNothingBeforeIsTheRowOrItsWholeDay(Connection connection) throws SQLException {
        assertThat(movingTotals(connection, 0))
                .containsExactly(
                        new Moving(FIRST, 10, 10, 10, 10),
                        new Moving(SECOND, 20, 20, 40, 40),
                        new Moving(SECOND, 20, 20, 40, 40),
                        new Moving(FIFTH, 40, 40, 80, 80),
                        new Moving(FIFTH, 40, 40, 80, 80),
                        new Moving(SIXTH, 60, 60, 60, 60));
    }

    @Test
    void lastValueIsTheCurrentDayUnlessItsFrameReachesToTheEnd(Connection connection) throws SQLException {
        assertThat(lastDays(connection))
                .containsExactly(
                        new Last(FIRST, 10, FIRST, SIXTH),
                        new Last(SECOND, 20, SECOND, SIXTH),
                        new Last(SECOND, 20, SECOND, SIXTH),
                        new Last(FIFTH, 40, FIFTH, SIXTH),
                        new Last(FIFTH, 40, FIFTH, SIXTH),
                        new Last(SIXTH, 60, SIXTH, SIXTH));
    }

    @Test
    void allFramesOfAQueryShareOneSort(Connection connection) throws SQLException {
        Plan moving = PostgreSqlPlans.explain(connection, MOVING_TOTALS, 1, 1, 1);

        assertThat(count(moving, "WindowAgg")).isEqualTo(3);
        // the one below the windows; what sorts the result afterwards begins with their order
        assertThat(count(moving, "Sort")).isEqualTo(1);
        for (String sql : new String[] {RUNNING_TOTALS, LAST_DAYS}) {
            Plan plan = PostgreSqlPlans.explain(connection, sql);
            assertThat(count(plan, "WindowAgg")).isEqualTo(2);
            assertThat(count(plan, "Sort")).isEqualTo(1);
        }
    }

    @Test
    void anIndexInTheOrderOfTheWindowSavesTheSort(Connection connection) throws SQLException {
        try (Statement statement = connection.createStatement()) {
            statement.execute(
                    "insert into sale select date '2027-01-01' + n / 2, 1 from generate_series(1, 10000) as n");
            statement.execute("create index sale_in_order on sale (sold_on) include (amount)");
            statement.execute("vacuum analyze sale");
        }

        Plan plan = PostgreSqlPlans.explain(connection, MOVING_TOTALS, 1, 1, 1);

        assertThat(plan.has("Sort")).isFalse();
        assertThat(plan.find("Index Only Scan").index()).hasValue("sale_in_order");
    }

    @Test
    void aFrameThatBeginsAfterTheRowIsRefusedBeforeAnyStatement(Connection connection) throws SQLException {
        connection.close(); // a statement would fail with an SQLException

        assertThatThrownBy(() -> movingTotals(connection, -1))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("-1");
        assertThatThrownBy(() -> sell(connection, null, 1, 1)).hasMessage("day");
    }

    private static long count(Plan plan, String operation) {
        return plan.nodes().filter(node -> node.operation().equals(operation)).count();
    }
}
