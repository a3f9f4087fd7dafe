package mastery.postgresql.basics;

import static mastery.postgresql.basics.NullLogic.LEADS_NOBODY;
import static mastery.postgresql.basics.NullLogic.LEADS_NOBODY_BY_NOT_IN;
import static mastery.postgresql.basics.NullLogic.NOT_UNDER_BY_OPERATOR;
import static mastery.postgresql.basics.NullLogic.addPrice;
import static mastery.postgresql.basics.NullLogic.leadsNobody;
import static mastery.postgresql.basics.NullLogic.notUnder;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.LocalDate;
import mastery.support.junit.OnPostgreSql;
import mastery.support.junit.Prepare;
import mastery.support.plan.Plan;
import mastery.support.plan.PlanNode;
import mastery.support.plan.PostgreSqlPlans;
import org.junit.jupiter.api.Test;

@OnPostgreSql
class NullLogicIT {

    private static final long ADA = 1;

    @Prepare
    static void prepare(Connection connection) throws SQLException {
        NullLogic.createSchema(connection);
    }

    @Test
    void oneNullInItsSetLeavesNotInWithoutARow(Connection connection) throws SQLException {
        assertThat(leadsNobody(connection, LEADS_NOBODY_BY_NOT_IN)).isEmpty();

        execute(connection, "update employee set manager_id = id where manager_id is null");
        assertThat(leadsNobody(connection, LEADS_NOBODY_BY_NOT_IN)).containsExactly("Cid", "Dan", "Eve");
    }

    @Test
    void notExistsDoesNotCareAboutTheNull(Connection connection) throws SQLException {
        assertThat(leadsNobody(connection)).containsExactly("Cid", "Dan", "Eve");
    }

    @Test
    void onlyNotExistsBecomesAJoin(Connection connection) throws SQLException {
        Plan notExists = PostgreSqlPlans.analyze(connection, LEADS_NOBODY);
        Plan notIn = PostgreSqlPlans.analyze(connection, LEADS_NOBODY_BY_NOT_IN);

        assertThat(notExists.nodes().map(NullLogicIT::joinType)).anyMatch(type -> type.endsWith("Anti"));
        assertThat(notIn.nodes().map(NullLogicIT::joinType)).allMatch(String::isEmpty);
        assertThat(notIn.nodes().map(node -> node.details().getOrDefault("Subplan Name", "")))
                .anyMatch(name -> name.startsWith("SubPlan"));
    }

    @Test
    void theInequalityOperatorLosesTheRowWithNull(Connection connection) throws SQLException {
        assertThat(notUnder(connection, NOT_UNDER_BY_OPERATOR, ADA)).containsExactly("Dan", "Eve");
        assertThat(notUnder(connection, NOT_UNDER_BY_OPERATOR, null)).isEmpty();
    }

    @Test
    void isDistinctFromTakesNullForAValue(Connection connection) throws SQLException {
        assertThat(notUnder(connection, ADA)).containsExactly("Ada", "Dan", "Eve");
        assertThat(notUnder(connection, null)).containsExactly("Bob", "Cid", "Dan", "Eve");
    }

    @Test
    void isNotDistinctFromDoesNotUseTheIndex(Connection connection) throws SQLException {
        execute(connection, "set enable_seqscan = off");

        Plan equal = PostgreSqlPlans.explain(connection, "select name from employee where manager_id = 1");
        Plan same = PostgreSqlPlans.explain(
                connection, "select name from employee where manager_id is not distinct from 1");

        assertThat(equal.nodes().flatMap(node -> node.index().stream())).containsExactly("employee_manager");
        assertThat(same.root().operation()).isEqualTo("Seq Scan");
    }

    @Test
    void nullsNotDistinctRefusesTheSecondNull(Connection connection) throws SQLException {
        addPrice(connection, "tea", LocalDate.of(2025, 12, 31), 280);
        addPrice(connection, "tea", null, 300);

        assertThatThrownBy(() -> addPrice(connection, "tea", null, 320))
                .isInstanceOfSatisfying(
                        SQLException.class, e -> assertThat(e.getSQLState()).isEqualTo("23505"));
        addPrice(connection, "coffee", null, 400);
        assertThat(count(connection, "price where valid_until is null")).isEqualTo(2);
    }

    @Test
    void plainUniqueAcceptsNullTwice(Connection connection) throws SQLException {
        execute(connection, "insert into price_unguarded values ('tea', null, 300), ('tea', null, 320)");

        assertThat(count(connection, "price_unguarded where product = 'tea' and valid_until is null"))
                .isEqualTo(2);
        assertFailsWith("23505", connection, """
                insert into price_unguarded values ('tea', '2025-12-31', 300), ('tea', '2025-12-31', 320)
                """);
    }

    @Test
    void aCheckLetsNullPassAndNotNullDoesNot(Connection connection) throws SQLException {
        execute(connection, "insert into price_unguarded values ('tea', null, null)");

        assertThat(count(connection, "price_unguarded where cents is null")).isEqualTo(1);
        assertFailsWith("23514", connection, "insert into price_unguarded values ('coffee', null, 0)");
        assertFailsWith("23502", connection, "insert into price values ('tea', null, null)");
    }

    @Test
    void aPriceThatCannotBeIsRefusedBeforeAnyStatement(Connection connection) throws SQLException {
        connection.close(); // a statement would fail with an SQLException

        assertThatThrownBy(() -> addPrice(connection, null, null, 1)).isInstanceOf(IllegalArgumentException.class);
        assertThatThrownBy(() -> addPrice(connection, " ", null, 1)).isInstanceOf(IllegalArgumentException.class);
        assertThatThrownBy(() -> addPrice(connection, "tea", null, 0))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("tea, 0");
    }

    private static String joinType(PlanNode node) {
        return node.details().getOrDefault("Join Type", "");
    }

    private static long count(Connection connection, String from) throws SQLException {
        try (Statement statement = connection.createStatement();
                ResultSet row = statement.executeQuery("select count(*) from " + from)) {
            row.next();
            return row.getLong(1);
        }
    }

    private static void execute(Connection connection, String sql) throws SQLException {
        try (Statement statement = connection.createStatement()) {
            statement.execute(sql);
        }
    }

    private static void assertFailsWith(String sqlState, Connection connection, String sql) {
        assertThatThrownBy(() -> execute(connection, sql))
                .isInstanceOfSatisfying(
                        SQLException.class, e -> assertThat(e.getSQLState()).isEqualTo(sqlState));
    }
}
