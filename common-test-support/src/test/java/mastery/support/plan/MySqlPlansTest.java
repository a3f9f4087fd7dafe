package mastery.support.plan;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class MySqlPlansTest {

    @ParameterizedTest
    @ValueSource(strings = {"join", "never-executed", "subquery", "scan", "cte"})
    void jsonAndTreeGiveTheSameNodes(String name) {
        Plan json = Recorded.mySql(name + ".json");
        Plan tree = Recorded.mySql(name + ".tree");
        assertThat(tree.nodes().map(MySqlPlansTest::shape))
                .containsExactlyElementsOf(
                        json.nodes().map(MySqlPlansTest::shape).toList());
    }

    private static String shape(PlanNode node) {
        return node.operation() + " " + node.index().orElse("-") + " " + node.actualRows() + " " + node.loops() + " "
                + node.children().size() + " " + node.details().getOrDefault("heading", "");
    }

    @Test
    void jsonNamesTheTableAndTheTreeItsAlias() {
        PlanNode json = Recorded.mySql("join.json").find("Index lookup");
        assertThat(json.target()).contains("orders");
        assertThat(json.details()).containsEntry("alias", "o");
        PlanNode tree = Recorded.mySql("join.tree").find("Index lookup");
        assertThat(tree.target()).contains("o");
        assertThat(tree.index()).contains("orders_customer");
        assertThat(tree.totalRows()).isEqualTo(120);
    }

    @Test
    void aFilterRemovesWhatItsInputGaveAndItDidNot() {
        PlanNode filter = Recorded.mySql("scan.tree").find("Filter");
        assertThat(filter.totalRows()).isZero();
        assertThat(filter.totalRemovedByFilter()).isEqualTo(20_000);
        assertThat(Recorded.mySql("join.tree").first("Filter").orElseThrow().totalRemovedByFilter())
                .isZero();
    }

    @ParameterizedTest
    @ValueSource(strings = {"never-executed.json", "never-executed.tree"})
    void aNodeThatNeverRanHasNoLoopsAndNoRows(String name) {
        PlanNode never = Recorded.mySql(name).find("Covering index lookup");
        assertThat(never.neverExecuted()).isTrue();
        assertThat(never.loops()).hasValue(0);
        assertThat(never.totalRows()).isZero();
    }

    @Test
    void explainHasEstimatesOnly() {
        Plan plan = Recorded.mySql("explain.json");
        assertThat(plan.analyzed()).isFalse();
        assertThat(plan.root().estimatedRows()).hasValue(40);
        assertThat(plan.root().details()).containsEntry("condition", "(customer_id = 7)");
        assertThat(plan.root().neverExecuted()).isFalse();
    }

    @Test
    void wordsThatLookLikeNumbersOfThePlanStayInTheCondition() {
        PlanNode node = MySqlPlans.parse(
                        "-> Filter: (t.a = '(cost=1 rows=2)')  (cost=1.36 rows=0.3)\n    -> Table scan on `my table`  (cost=1e-6 rows=3)\n")
                .root();
        assertThat(node.details()).containsEntry("condition", "(t.a = '(cost=1 rows=2)')");
        assertThat(node.estimatedRows()).hasValue(0.3);
        assertThat(node.children().get(0).target()).contains("my table");
    }

    @Test
    void statementsWithoutIteratorsAndInsertsAreNodesToo() {
        assertThat(Recorded.mySql("update.json").has("<not executable by iterator executor>"))
                .isTrue();
        assertThat(Recorded.mySql("insert.tree").find("Insert").target()).contains("customer");
        assertThat(Recorded.mySql("hash-join.tree").find("Inner hash join").children())
                .hasSize(2);
    }

    @Test
    void brokenAndUnknownTextsAreRefusedWithTheirPlace() {
        assertThatThrownBy(() -> Recorded.mySql("version-1.json"))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("$.query_block")
                .hasMessageContaining("explain_json_format_version = 2");
        refused("| id | select_type |", "line 1");
        refused("", "line 1");
        refused("-> Limit: 5 row(s)\n        -> Table scan on t\n", "line 2: indented deeper");
        refused("-> Limit: 5 row(s)\n   -> Table scan on t\n", "line 2: a level is four blanks");
        refused("-> Limit: 5 row(s)\n    Table scan on t\n", "line 2: a node starts with");
        refused(
                "-> Table scan on t  (cost=1 rows=2) (actual time=0.1..0.2 rows=",
                "line 1: the costs or the actual numbers");
        refused(
                "{\"query_plan\": {\"operation\": \"Limit\", \"inputs\": [{\"access_type\": \"table\"}]}}",
                "$.query_plan.inputs[0]");
        refused("{\"query_plan\": {", "Broken MySQL plan at line 1");
    }

    private static void refused(String text, String place) {
        assertThatThrownBy(() -> MySqlPlans.parse(text))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining(place);
    }
}
