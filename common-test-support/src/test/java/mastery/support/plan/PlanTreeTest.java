package mastery.support.plan;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import org.junit.jupiter.api.Test;

class PlanTreeTest {

    @Test
    void drawsBranchesRowsLoopsAndBlocks() {
        assertThat(PlanTree.render(Recorded.postgreSql("cte"))).isEqualTo("""
                        PostgreSQL plan                                              rows  loops  blocks
                        Nested Loop                                                1 -> 0      1      18
                        ├ Update on orders                                         1 -> 1      1      16
                        │ └ Index Scan on orders using orders_pkey (id = 3)        1 -> 1      1       3
                        ├ CTE Scan on x                                            1 -> 1      1      16
                        └ Index Only Scan on customer using customer_pkey (id = …  1 -> 0      1       2
                        """);
    }

    @Test
    void tellsBelowANodeWhatItDidInVainOrAgain() {
        assertThat(PlanTree.render(Recorded.postgreSql("skip-scan"))).isEqualTo("""
                        PostgreSQL plan                                              rows  loops  blocks
                        Aggregate                                                  1 -> 1      1      27
                        └ Index Only Scan on shipment using shipment_warehouse (…  4 -> 4      1      27
                            Heap Fetches: 8, Index Searches: 9
                        """);
        assertThat(PlanTree.render(Recorded.postgreSql("seq-scan"))).endsWith("\n  Rows Removed by Filter: 19960\n");
    }

    @Test
    void aRemarkMayRunOnBelowTheNumbers() {
        assertThat(PlanTree.render(Recorded.postgreSql("lossy-bitmap"))).isEqualTo("""
                        PostgreSQL plan                                              rows  loops  blocks
                        Aggregate                                                  1 -> 1      1      33
                        └ Bitmap Heap Scan on measurement                    2312 -> 2160      1      33
                          │ Rows Removed by Index Recheck: 1104, Lossy Heap Blocks: 24
                          └ Bitmap Index Scan using m_brin ((taken_at >= '…   3250 -> 240      1       9
                        """);
    }

    @Test
    void drawsNoColumnThatThePlanLacks() {
        assertThat(PlanTree.render(Recorded.mySql("never-executed.tree")))
                .contains("rows  loops\n")
                .doesNotContain("blocks")
                .contains("39.8 -> never");
        assertThat(PlanTree.render(Recorded.postgreSql("explain")))
                .contains("rows\n")
                .doesNotContain("loops");
    }

    @Test
    void nothingIsWiderThanEightyColumns() {
        for (String name : List.of("explain", "join", "seq-scan", "subplan", "cte")) {
            assertThat(PlanTree.render(Recorded.postgreSql(name)).lines()).allMatch(line -> line.length() <= 80);
        }
        for (String name : List.of("join.json", "scan.tree", "hash-join.tree", "subquery.tree", "cte.tree")) {
            assertThat(PlanTree.render(Recorded.mySql(name)).lines()).allMatch(line -> line.length() <= 80);
        }
    }
}
