package mastery.support.work;

import com.datastax.oss.driver.api.core.CqlIdentifier;
import com.datastax.oss.driver.api.core.CqlSession;
import com.datastax.oss.driver.api.core.cql.Row;
import com.datastax.oss.driver.api.core.cql.SimpleStatement;
import com.datastax.oss.driver.api.core.metadata.Node;
import java.util.Collections;
import java.util.Map;
import java.util.TreeMap;

/**
 * How often the replicas read and wrote the tables of a keyspace while an action ran, summed over all nodes that are up.
 * All clients are counted.
 *
 * <p>Source: Cassandra documentation, "Virtual tables": {@code system_views.local_read_latency},
 * {@code local_write_latency}.
 *
 * @param reads local reads by table: one for each replica that is asked, partition by partition or range by range
 * @param writes local writes by table: one for each replica that takes a mutation
 */
public record CassandraWork(Map<String, Long> reads, Map<String, Long> writes) {

    public CassandraWork {
        reads = Collections.unmodifiableMap(new TreeMap<>(reads));
        writes = Collections.unmodifiableMap(new TreeMap<>(writes));
    }

    /** Reads of one table, 0 if there were none. */
    public long reads(String table) {
        return reads.getOrDefault(table, 0L);
    }

    /** Writes of one table, 0 if there were none. */
    public long writes(String table) {
        return writes.getOrDefault(table, 0L);
    }

    /**
     * Runs the action and returns what was read and written in the session's keyspace meanwhile. Replicas for which a
     * request did not wait may be counted later.
     *
     * @throws IllegalArgumentException if the session uses no keyspace
     */
    public static CassandraWork measure(CqlSession session, Action action) throws Exception {
        String keyspace = session.getKeyspace()
                .map(CqlIdentifier::asInternal)
                .orElseThrow(() -> new IllegalArgumentException("The session uses no keyspace"));
        Map<String, Long> reads = counts(session, keyspace, "local_read_latency");
        Map<String, Long> writes = counts(session, keyspace, "local_write_latency");
        action.run();
        return new CassandraWork(
                Counters.less(counts(session, keyspace, "local_read_latency"), reads),
                Counters.less(counts(session, keyspace, "local_write_latency"), writes));
    }

    private static Map<String, Long> counts(CqlSession session, String keyspace, String view) {
        Map<String, Long> counts = new TreeMap<>();
        for (Node node : session.getMetadata().getNodes().values()) {
            if (node.getOpenConnections() == 0) {
                continue;
            }
            // each node tells of itself alone
            SimpleStatement ofNode = SimpleStatement.newInstance(
                            "SELECT keyspace_name, table_name, count FROM system_views." + view)
                    .setNode(node);
            for (Row row : session.execute(ofNode)) {
                if (keyspace.equals(row.getString("keyspace_name"))) {
                    counts.merge(row.getString("table_name"), row.getLong("count"), Long::sum);
                }
            }
        }
        return counts;
    }
}
