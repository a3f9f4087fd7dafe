package mastery.postgresql.performance;

import static mastery.postgresql.performance.ExtendedStatistics.BOTH;
import static mastery.postgresql.performance.ExtendedStatistics.BY_MODEL;
import static mastery.postgresql.performance.ExtendedStatistics.CARS;
import static mastery.postgresql.performance.ExtendedStatistics.FAILED_INSPECTIONS;
import static mastery.postgresql.performance.ExtendedStatistics.FOR_FEW_PAIRS;
import static mastery.postgresql.performance.ExtendedStatistics.FOR_MANY_PAIRS;
import static mastery.postgresql.performance.ExtendedStatistics.createStatistics;
import static mastery.postgresql.performance.ExtendedStatistics.failedInspections;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;
import mastery.support.junit.OnPostgreSql;
import mastery.support.junit.Prepare;
import mastery.support.plan.Plan;
import mastery.support.plan.PlanNode;
import mastery.support.plan.PostgreSqlPlans;
import org.junit.jupiter.api.Test;

/** ANALYZE looks at 30,000 rows, which are all cars, so the estimates are exact and the same every time. */
@OnPostgreSql
class ExtendedStatisticsIT {

    private static final int CARS_IN_ALL = 20_000;
    private static final int MAKES = 16;
    private static final int MODELS = 80;
    private static final int OF_EACH_MODEL = CARS_IN_ALL / MODELS;
    private static final String MAKE = "make 6";
    private static final String MODEL = "model 34";
    private static final String OTHER_MAKE = "make 7";

    @Prepare
    static void prepare(Connection connection) throws SQLException {
        ExtendedStatistics.createSchema(connection);
        // the only ANALYZE is that of the test
        execute(connection, "alter table car set (autovacuum_enabled = off)");
        ExtendedStatistics.fill(connection, CARS_IN_ALL);
    }

    @Test
    void withoutThemTheChancesAreMultipliedAndTheEstimateIsTenfoldTooLow(Connection connection) throws SQLException {
        PlanNode scan = PostgreSqlPlans.analyze(connection, CARS, MAKE, MODEL).find("Seq Scan");

        assertThat(scan.totalRows()).isEqualTo(OF_EACH_MODEL);
        assertThat(scan.estimatedRows()).hasValue(Math.rint((double) CARS_IN_ALL / MODELS / MAKES));
        assertThat(scan.estimatedRows().orElseThrow()).isLessThan(OF_EACH_MODEL / 10.0);
    }

    @Test
    void withThemTheEstimateIsRight(Connection connection) throws SQLException {
        createStatistics(connection);

        assertThat(estimate(connection, MAKE)).isEqualTo(OF_EACH_MODEL);
    }

    @Test
    void theyAreEmptyUntilAnalyze(Connection connection) throws SQLException {
        double before = estimate(connection, MAKE);
        execute(connection, FOR_FEW_PAIRS);
        assertThat(estimate(connection, MAKE)).isEqualTo(before);

        execute(connection, "analyze car");
        assertThat(estimate(connection, MAKE)).isEqualTo(OF_EACH_MODEL);
    }

    @Test
    void theEstimateDecidesHowTablesAreJoinedAndHowManyBlocksThatReads(Connection connection) throws SQLException {
        Plan before = PostgreSqlPlans.analyze(connection, FAILED_INSPECTIONS, MAKE, MODEL);
        assertThat(before.find("Nested Loop").children().get(1).loops()).hasValue(OF_EACH_MODEL);

        createStatistics(connection);

        Plan after = PostgreSqlPlans.analyze(connection, FAILED_INSPECTIONS, MAKE, MODEL);
        assertThat(after.has("Nested Loop")).isFalse();
        assertThat(after.find("Hash Join").totalRows())
                .isEqualTo(before.find("Nested Loop").totalRows());
        assertThat(after.blocks()).isLessThan(before.blocks() / 2);
    }

    @Test
    void dependenciesBelieveThatTheModelIsOfTheMakeAndTheListOfPairsKnows(Connection connection) throws SQLException {
        execute(connection, FOR_MANY_PAIRS);
        execute(connection, "analyze car");
        assertThat(estimate(connection, MAKE)).isEqualTo(OF_EACH_MODEL);
        assertThat(estimate(connection, OTHER_MAKE)).isEqualTo(OF_EACH_MODEL);

        execute(connection, "drop statistics car_make_model");
        createStatistics(connection);

        assertThat(estimate(connection, OTHER_MAKE)).isEqualTo(1);
        assertThat(PostgreSqlPlans.analyze(connection, CARS, OTHER_MAKE, MODEL)
                        .root()
                        .totalRows())
                .isZero();
    }

    @Test
    void aListThatLacksThePairHelpsLessThanDependenciesAndSilencesThem(Connection connection) throws SQLException {
        double without = estimate(connection, MAKE);

        assertThat(estimateWith(connection, FOR_MANY_PAIRS)).isEqualTo(OF_EACH_MODEL);
        assertThat(estimateWith(connection, FOR_FEW_PAIRS)).isEqualTo(without);
        assertThat(estimateWith(connection, BOTH)).isEqualTo(without);
    }

    @Test
    void theNumberOfGroupsIsKnownWithNdistinctAndAProductWithout(Connection connection) throws SQLException {
        assertThat(groups(connection)).isEqualTo(MAKES * MODELS);

        createStatistics(connection);

        assertThat(groups(connection)).isEqualTo(MODELS);
    }

    @Test
    void theAnswerIsTheSameAndHostileTextIsOnlyText(Connection connection) throws SQLException {
        long before = failedInspections(connection, MAKE, MODEL);
        createStatistics(connection);

        assertThat(failedInspections(connection, MAKE, MODEL)).isEqualTo(before).isPositive();
        assertThat(failedInspections(connection, "' or '1' = '1", MODEL)).isZero();
        assertThatThrownBy(() -> failedInspections(connection, null, MODEL))
                .isInstanceOf(NullPointerException.class)
                .hasMessage("make");
        assertThatThrownBy(() -> failedInspections(connection, MAKE, null)).hasMessage("model");
    }

    private static double estimate(Connection connection, String make) throws SQLException {
        return PostgreSqlPlans.explain(connection, CARS, make, MODEL)
                .root()
                .estimatedRows()
                .orElseThrow();
    }

    /** The estimate with statistics whose list holds 10 of the 80 pairs, and not the one that is asked for. */
    private static double estimateWith(Connection connection, String createStatistics) throws SQLException {
        execute(connection, "drop statistics if exists car_make_model");
        execute(connection, createStatistics);
        execute(connection, "alter statistics car_make_model set statistics 10");
        execute(connection, "analyze car");
        return estimate(connection, MAKE);
    }

    private static double groups(Connection connection) throws SQLException {
        return PostgreSqlPlans.explain(connection, BY_MODEL)
                .find("Aggregate")
                .estimatedRows()
                .orElseThrow();
    }

    private static void execute(Connection connection, String sql) throws SQLException {
        try (Statement statement = connection.createStatement()) {
            statement.execute(sql);
        }
    }
}
