package mastery.support.plan;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.NoSuchElementException;
import org.junit.jupiter.api.Test;

class PostgreSqlPlansTest {

    @Test
    void explainHasEstimatesAndNoActualNumbers() {
        Plan plan = Recorded.postgreSql("explain");
        assertThat(plan.analyzed()).isFalse();
        PlanNode bitmap = plan.find("Bitmap Index Scan");
        assertThat(bitmap.index()).contains("orders_customer");
        assertThat(bitmap.estimatedRows()).hasValue(40);
        assertThat(bitmap.details()).containsEntry("Index Cond", "(customer_id = 7)");
        assertThat(plan.root().target()).contains("orders");
        assertThatThrownBy(bitmap::totalRows)
                .isInstanceOf(IllegalStateException.class)
                .hasMessageContaining("not run");
        assertThatThrownBy(plan::blocks)
                .isInstanceOf(IllegalStateException.class)
                .hasMessageContaining("no block numbers");
    }

    @Test
    void rowsAreAMeanPerLoopAndTotalRowsTheSum() {
        PlanNode inner = Recorded.postgreSql("join").find("Bitmap Heap Scan");
        assertThat(inner.actualRows()).hasValue(40);
        assertThat(inner.loops()).hasValue(3);
        assertThat(inner.totalRows()).isEqualTo(120);
    }

    @Test
    void blocksOfANodeIncludeThoseOfItsChildrenAndOwnBlocksDoNot() {
        Plan plan = Recorded.postgreSql("join");
        PlanNode heap = plan.find("Bitmap Heap Scan");
        assertThat(heap.blocksWithChildren()).hasValue(126);
        assertThat(heap.ownBlocks()).isEqualTo(120);
        assertThat(plan.find("Nested Loop").ownBlocks()).isZero();
        assertThat(plan.blocks()).isEqualTo(132);
        assertThat(heap.details()).containsEntry("Shared Hit Blocks", "126").containsEntry("Shared Read Blocks", "0");
    }

    @Test
    void aFilterTellsTheRowsItRemoved() {
        PlanNode scan = Recorded.postgreSql("seq-scan").find("Seq Scan");
        assertThat(scan.totalRows()).isEqualTo(40);
        assertThat(scan.totalRemovedByFilter()).isEqualTo(19_960);
    }

    @Test
    void numbersOfPostgreSqlAloneAreReadByItsOwnNames() {
        PlanNode scan = Recorded.postgreSql("skip-scan").find("Index Only Scan");
        assertThat(scan.number("Index Searches")).hasValue(9);
        assertThat(scan.number("Heap Fetches")).hasValue(8);
        assertThat(scan.number("Subplans Removed")).isEmpty();
        assertThatThrownBy(() -> scan.number("Index Cond"))
                .isInstanceOf(IllegalStateException.class)
                .hasMessageContaining("Index Cond");
    }

    @Test
    void subplansAndCtesAreNodesLikeOthers() {
        Plan subplan = Recorded.postgreSql("subplan");
        assertThat(subplan.find("Index Scan").loops()).hasValue(50);
        assertThat(subplan.has("Index Only Scan")).isTrue();
        assertThat(subplan.has("Index Onl")).isFalse();
        Plan cte = Recorded.postgreSql("cte");
        assertThat(cte.find("CTE Scan").target()).contains("x");
        assertThat(cte.nodes().map(PlanNode::operation))
                .containsExactly("Nested Loop", "ModifyTable", "Index Scan", "CTE Scan", "Index Only Scan");
    }

    @Test
    void findShowsThePlanWhenTheNodeIsNotThere() {
        Plan plan = Recorded.postgreSql("seq-scan");
        assertThatThrownBy(() -> plan.find("Index Scan"))
                .isInstanceOf(NoSuchElementException.class)
                .hasMessageContaining("No \"Index Scan\"")
                .hasMessageContaining("Seq Scan on orders");
    }

    @Test
    void brokenAndUnknownTextsAreRefusedWithTheirPlace() {
        String whole = Recorded.text("postgresql-join.json");
        assertThatThrownBy(() -> PostgreSqlPlans.parse(whole.substring(0, whole.length() / 2)))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("Broken PostgreSQL plan at line ");
        assertThatThrownBy(() -> PostgreSqlPlans.parse("[{\"Plan\": {\"Node Type\": \"Limit\", \"Plans\": [{}]}}]"))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("$[0].Plan.Plans[0]")
                .hasMessageContaining("Node Type");
        assertThatThrownBy(() ->
                        PostgreSqlPlans.parse("[{\"Plan\": {\"Node Type\": \"Limit\", \"Plan Rows\": \"many\"}}]"))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("$[0].Plan.Plan Rows");
        assertThatThrownBy(() -> PostgreSqlPlans.parse("{}")).hasMessageContaining("no object \"Plan\"");
        assertThatThrownBy(() -> PostgreSqlPlans.parse("Seq Scan on orders"))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("line 1");
    }
}
