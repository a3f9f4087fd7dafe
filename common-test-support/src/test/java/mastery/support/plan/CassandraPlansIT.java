package mastery.support.plan;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import com.datastax.oss.driver.api.core.CqlSession;
import com.datastax.oss.driver.api.core.cql.SimpleStatement;
import java.time.Duration;
import mastery.support.junit.OnCassandra;
import mastery.support.junit.Prepare;
import org.junit.jupiter.api.Test;

@OnCassandra
class CassandraPlansIT {

    @Prepare
    static void fill(CqlSession session) {
        session.execute("CREATE TABLE items (box int, id int, name text, PRIMARY KEY (box, id))");
        for (int id = 0; id < 5; id++) {
            session.execute("INSERT INTO items (box, id, name) VALUES (1, ?, 'a')", id);
        }
        session.execute("DELETE FROM items WHERE box = 1 AND id = 3");
    }

    @Test
    void aReadOfAPartitionHasItsLiveRowsAndTombstones(CqlSession session) {
        PlanNode read = trace(session, "SELECT * FROM items WHERE box = 1").find("Single-partition query");
        assertThat(read.target()).contains("items");
        assertThat(read.actualRows()).hasValue(4);
        assertThat(read.details()).containsEntry("tombstones", "1");
    }

    @Test
    void aReadOfTheWholeTableIsARangeScan(CqlSession session) {
        Plan plan = trace(session, "SELECT * FROM items");
        assertThat(plan.find("Range scan").actualRows()).hasValue(4);
        assertThat(plan.has("Single-partition query")).isFalse();
    }

    @Test
    void aWriteGoesToTheCommitLogAndTheMemtable(CqlSession session) {
        Plan plan = trace(session, "INSERT INTO items (box, id, name) VALUES (2, 1, 'b')");
        assertThat(plan.has("Commit log append")).isTrue();
        assertThat(plan.find("Memtable write").target()).contains("items");
        assertThat(plan.find("Node").children()).hasSizeGreaterThanOrEqualTo(2);
    }

    @Test
    void anIndexIsNamed(CqlSession session) {
        session.execute("CREATE INDEX items_by_name ON items (name) USING 'sai'");
        await("the index is built").atMost(Duration.ofSeconds(60)).until(() -> isQueryable(session, "items_by_name"));
        PlanNode read = trace(session, "SELECT * FROM items WHERE name = 'a'").find("Index read");
        assertThat(read.index()).contains("items_by_name");
        assertThat(read.actualRows()).hasValue(4);
    }

    @Test
    void theTreeFitsInEightyColumns(CqlSession session) {
        String tree = trace(session, "SELECT * FROM items WHERE box = 1").toString();
        assertThat(tree).contains("Cassandra plan", "Single-partition query on items");
        assertThat(tree.lines()).allMatch(line -> line.length() <= 80);
    }

    private static boolean isQueryable(CqlSession session, String index) {
        return session
                .execute(
                        "SELECT index_name, is_queryable FROM system_views.sai_column_indexes WHERE keyspace_name = ?",
                        session.getKeyspace().orElseThrow().asInternal())
                .all()
                .stream()
                .anyMatch(row -> index.equals(row.getString("index_name")) && row.getBoolean("is_queryable"));
    }

    private static Plan trace(CqlSession session, String cql) {
        return CassandraPlans.trace(session, SimpleStatement.newInstance(cql));
    }
}
