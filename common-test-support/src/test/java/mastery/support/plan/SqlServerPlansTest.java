package mastery.support.plan;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import org.junit.jupiter.api.Test;

/** The texts are written after the published schema, showplanxml.xsd; no server wrote them. */
class SqlServerPlansTest {

    private final Plan lookup = plan("lookup");
    private final Plan parallel = plan("parallel");
    private final Plan estimated = plan("estimated");

    private static Plan plan(String name) {
        return SqlServerPlans.parse(Recorded.text("sqlserver-" + name + ".xml"));
    }

    @Test
    void operatorsAreNodesInTheOrderOfThePlan() {
        assertThat(lookup.nodes().map(PlanNode::operation)).containsExactly("Nested Loops", "Index Seek", "Key Lookup");
        assertThat(parallel.nodes().map(PlanNode::operation))
                .containsExactly("Sort", "Filter", "Hash Match", "Parallelism", "Clustered Index Scan");
        assertThat(lookup.engine()).isEqualTo("SQL Server");
    }

    @Test
    void tableAndIndexAreNamedWithoutBrackets() {
        assertThat(lookup.find("Index Seek").target()).contains("orders");
        assertThat(lookup.find("Index Seek").index()).contains("orders_customer");
        assertThat(lookup.find("Nested Loops").target()).isEmpty();
        assertThat(parallel.find("Clustered Index Scan").index()).contains("PK]odd");
        assertThat(estimated.find("Table Scan").target()).contains("heap");
        assertThat(estimated.find("Table Scan").index()).isEmpty();
        assertThat(estimated.find("Clustered Index Delete").target()).contains("orders");
    }

    @Test
    void rowsAreAMeanOverTheExecutions() {
        PlanNode key = lookup.find("Key Lookup");
        assertThat(key.loops()).hasValue(3);
        assertThat(key.actualRows()).hasValue(1);
        assertThat(key.totalRows()).isEqualTo(3);
        assertThat(lookup.rowsFromLeaves()).isEqualTo(6);
    }

    @Test
    void threadsOfAParallelNodeAreSummed() {
        PlanNode scan = parallel.find("Clustered Index Scan");
        assertThat(scan.loops()).hasValue(2);
        assertThat(scan.totalRows()).isEqualTo(880);
        assertThat(scan.totalRemovedByFilter()).isEqualTo(120);
        assertThat(scan.ownBlocks()).isEqualTo(24);
    }

    @Test
    void logicalReadsAreBlocksAndCountedUpwards() {
        assertThat(lookup.blocks()).isEqualTo(8);
        assertThat(lookup.find("Index Seek").ownBlocks()).isEqualTo(2);
        assertThat(lookup.find("Nested Loops").ownBlocks()).isZero();
        assertThat(parallel.blocks()).isEqualTo(24);
        assertThatThrownBy(estimated::blocks).isInstanceOf(IllegalStateException.class);
    }

    @Test
    void aFilterRemovesWhatItsInputGaveAndItDidNot() {
        assertThat(parallel.find("Filter").totalRemovedByFilter()).isEqualTo(1);
    }

    @Test
    void conditionsAreReadAndShownWithoutTheNamesOfDatabaseAndTable() {
        assertThat(lookup.find("Index Seek").details())
                .containsEntry("Seek Keys", "customer = [@P0] and created >= [@P1]")
                .containsEntry("condition", "customer = @P0 and created >= @P1")
                .containsEntry("ScanDirection", "BACKWARD");
        assertThat(parallel.find("Clustered Index Scan").details())
                .containsEntry("Predicate", "[shop].[dbo].[orders].[amount]>(10.)")
                .containsEntry("condition", "amount>(10.)");
        assertThat(parallel.find("Sort").details()).containsEntry("Sort Key", "state, Expr1002 DESC");
        assertThat(parallel.find("Sort").details()).doesNotContainKeys("Predicate", "Seek Keys");
    }

    @Test
    void whatTheServerWarnsOfAndMissesIsKept() {
        assertThat(lookup.root().details().get("Warnings")).contains("PlanAffectingConvert", "CONVERT_IMPLICIT");
        assertThat(lookup.root().details())
                .containsEntry("Missing Indexes", "orders (equality customer; include id, note)");
        assertThat(parallel.find("Hash Match").details().get("Warnings")).contains("SpillToTempDb");
        assertThat(estimated.root().details()).containsEntry("Unmatched Indexes", "orders_open");
    }

    @Test
    void anEstimatedPlanOfTheFirstStatementThatHasOneWasNotRun() {
        assertThat(estimated.analyzed()).isFalse();
        assertThat(estimated.root().estimatedRows()).hasValue(1.5);
        assertThatThrownBy(() -> estimated.root().totalRows()).isInstanceOf(IllegalStateException.class);
    }

    @Test
    void aNodeThatNeverRanHasNoRows() {
        Plan never = SqlServerPlans.parse(Recorded.text("sqlserver-lookup.xml")
                .replace(
                        "ActualRows=\"3\" ActualRowsRead=\"3\" ActualEndOfScans=\"0\" ActualExecutions=\"3\"",
                        "ActualRows=\"0\" ActualEndOfScans=\"0\" ActualExecutions=\"0\""));
        assertThat(never.find("Key Lookup").neverExecuted()).isTrue();
        assertThat(never.find("Key Lookup").totalRows()).isZero();
    }

    @Test
    void theTreeFitsTheTerminal() {
        assertThat(lookup.toString()).isEqualTo("""
                SQL Server plan                                              rows  loops  blocks
                Nested Loops                                               4 -> 3      1       8
                ├ Index Seek on orders using orders_customer: customer =…  4 -> 3      1       2
                └ Key Lookup on orders using orders_pk: id = o.id          1 -> 1      3       6
                """);
    }

    @Test
    void aTextThatIsNoPlanIsRefusedWithThePlace() {
        assertRefused("<ShowPlanXML", "Broken SQL Server plan at line 1");
        assertRefused("", "Broken SQL Server plan");
        assertRefused("<plan/>", "the root is plan");
        assertRefused("<ShowPlanXML xmlns='http://schemas.microsoft.com/sqlserver/2004/07/showplan'/>", "no QueryPlan");
        assertRefused(inPlan("<RelOp NodeId='5' EstimateRows='1'/>"), "NodeId 5: RelOp has no PhysicalOp");
        assertRefused(inPlan("<RelOp NodeId='5' PhysicalOp='Top'/>"), "NodeId 5: EstimateRows is ''");
        assertRefused(
                inPlan("<RelOp NodeId='5' PhysicalOp='Top' EstimateRows='1'><RunTimeInformation>"
                        + "<RunTimeCountersPerThread ActualRows='many'/></RunTimeInformation></RelOp>"),
                "ActualRows is 'many'");
    }

    @Test
    void aDocumentTypeIsRefusedSoThatNoFileIsRead() {
        assertRefused(
                "<!DOCTYPE x [<!ENTITY f SYSTEM 'file:///etc/hostname'>]><ShowPlanXML>&f;</ShowPlanXML>", "DOCTYPE");
    }

    @Test
    void aBrokenTextPrintsNothing() {
        PrintStream before = System.err;
        ByteArrayOutputStream printed = new ByteArrayOutputStream();
        System.setErr(new PrintStream(printed, true, StandardCharsets.UTF_8));
        try {
            assertRefused("<ShowPlanXML>", "line 1");
        } finally {
            System.setErr(before);
        }
        assertThat(printed.toString(StandardCharsets.UTF_8)).doesNotContain("Fatal Error");
    }

    private static String inPlan(String relOp) {
        return "<ShowPlanXML xmlns='http://schemas.microsoft.com/sqlserver/2004/07/showplan'><QueryPlan>" + relOp
                + "</QueryPlan></ShowPlanXML>";
    }

    private static void assertRefused(String xml, String message) {
        assertThatThrownBy(() -> SqlServerPlans.parse(xml))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining(message);
    }
}
