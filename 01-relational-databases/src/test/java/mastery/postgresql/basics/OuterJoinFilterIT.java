package mastery.postgresql.basics;

import static mastery.postgresql.basics.OuterJoinFilter.COUNTS_OF_ROWS;
import static mastery.postgresql.basics.OuterJoinFilter.IN_ON;
import static mastery.postgresql.basics.OuterJoinFilter.IN_WHERE;
import static mastery.postgresql.basics.OuterJoinFilter.IN_WHERE_OR_NULL;
import static mastery.postgresql.basics.OuterJoinFilter.counts;
import static mastery.postgresql.basics.OuterJoinFilter.purchases;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.List;
import java.util.Map;
import mastery.postgresql.basics.OuterJoinFilter.Line;
import mastery.support.junit.OnPostgreSql;
import mastery.support.junit.Prepare;
import mastery.support.plan.Plan;
import mastery.support.plan.PostgreSqlPlans;
import org.junit.jupiter.api.Test;

@OnPostgreSql
class OuterJoinFilterIT {

    @Prepare
    static void prepare(Connection connection) throws SQLException {
        OuterJoinFilter.createSchema(connection);
    }

    @Test
    void inOnTheConditionKeepsEveryCustomer(Connection connection) throws SQLException {
        assertThat(purchases(connection, "paid"))
                .hasSize(10)
                .startsWith(new Line("A", 1L), new Line("B", 2L), new Line("C", 3L), new Line("D", 4L))
                .endsWith(new Line("H", null), new Line("I", null), new Line("J", null));
    }

    @Test
    void inWhereItKeepsOnlyThoseWithAMatch(Connection connection) throws SQLException {
        assertThat(purchases(connection, IN_WHERE, "paid"))
                .containsExactly(new Line("A", 1L), new Line("B", 2L), new Line("C", 3L), new Line("D", 4L));
    }

    @Test
    void thePlannerMakesAnInnerJoinOfIt(Connection connection) throws SQLException {
        // which side is read first is the planner's choice: Right is Left with the sides swapped
        assertThat(joinTypes(PostgreSqlPlans.analyze(connection, IN_ON, "paid")))
                .singleElement()
                .isIn("Left", "Right");
        assertThat(joinTypes(PostgreSqlPlans.analyze(connection, IN_WHERE, "paid")))
                .containsExactly("Inner");
    }

    @Test
    void orIsNullBringsBackOnlyThoseWithoutAnyPurchase(Connection connection) throws SQLException {
        assertThat(purchases(connection, IN_WHERE_OR_NULL, "paid"))
                .extracting(Line::name)
                .containsExactly("A", "B", "C", "D", "H", "I", "J");
    }

    @Test
    void aCustomerWithTwoMatchesHasTwoLines(Connection connection) throws SQLException {
        execute(connection, "insert into purchase values (11, 1, 'paid')");

        assertThat(purchases(connection, "paid")).hasSize(11).startsWith(new Line("A", 1L), new Line("A", 11L));
        assertThat(counts(connection, "paid")).containsEntry("A", 2L);
    }

    @Test
    void aConditionOnTheLeftTableInOnRemovesNobody(Connection connection) throws SQLException {
        String onlyA = IN_ON.replace("p.state = ?", "p.state = ? and c.name = 'A'");

        assertThat(purchases(connection, onlyA, "paid"))
                .hasSize(10)
                .filteredOn(line -> line.purchase() != null)
                .containsExactly(new Line("A", 1L));
    }

    @Test
    void onlyTheCountOfAColumnIsZeroWithoutAMatch(Connection connection) throws SQLException {
        assertThat(counts(connection, "paid"))
                .hasSize(10)
                .containsEntry("A", 1L)
                .containsEntry("J", 0L);
        assertThat(counts(connection, COUNTS_OF_ROWS, "paid"))
                .hasSize(10)
                .containsEntry("A", 1L)
                .containsEntry("J", 1L);
    }

    @Test
    void aStateIsAValueAndNeverSql(Connection connection) throws SQLException {
        assertThat(purchases(connection, "' or ''='")).hasSize(10).allMatch(line -> line.purchase() == null);
        assertThatThrownBy(() -> purchases(connection, null)).isInstanceOf(IllegalArgumentException.class);
        assertThatThrownBy(() -> counts(connection, " ")).isInstanceOf(IllegalArgumentException.class);
    }

    private static List<String> joinTypes(Plan plan) {
        return plan.nodes()
                .flatMap(node -> node.details().entrySet().stream())
                .filter(detail -> detail.getKey().equals("Join Type"))
                .map(Map.Entry::getValue)
                .toList();
    }

    private static void execute(Connection connection, String sql) throws SQLException {
        try (Statement statement = connection.createStatement()) {
            statement.execute(sql);
        }
    }
}
