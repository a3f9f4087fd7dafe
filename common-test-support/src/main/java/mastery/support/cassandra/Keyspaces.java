package mastery.support.cassandra;

import com.datastax.oss.driver.api.core.CqlSession;
import com.datastax.oss.driver.api.core.DriverException;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import mastery.support.server.Node;
import mastery.support.server.Residue;
import mastery.support.server.ServerException;
import mastery.support.server.SourceKind;

/** Creates and drops keyspaces, over one session of its own. */
final class Keyspaces implements AutoCloseable {

    private static final AtomicInteger NEXT = new AtomicInteger();

    private final Node node;
    private final int replicas;
    private final CqlSession session;

    /**
     * @param replicas how many nodes hold each row
     * @param session is closed with this
     */
    Keyspaces(Node node, int replicas, CqlSession session) {
        this.node = node;
        this.replicas = replicas;
        this.session = session;
    }

    CassandraKeyspace create() {
        String name = Residue.newName(NEXT.incrementAndGet());
        // a name cannot be bound; this one is made of letters and digits
        execute("CREATE KEYSPACE " + name
                + " WITH replication = {'class': 'NetworkTopologyStrategy', 'replication_factor': " + replicas + "}");
        return new CassandraKeyspace(node, name, () -> drop(name));
    }

    /**
     * Drops the keyspaces of JVMs that were killed. On the user's own server none is looked for: other machines may use
     * it, and their processes are not seen here.
     */
    void dropResidue() {
        if (node.source() == SourceKind.EXTERNAL) {
            return;
        }
        List<String> names = session.execute("SELECT keyspace_name FROM system_schema.keyspaces")
                .map(row -> row.getString("keyspace_name"))
                .all();
        names.stream().filter(Residue::isAbandoned).forEach(this::drop);
    }

    private void drop(String name) {
        if (node.isRunning()) {
            execute("DROP KEYSPACE IF EXISTS " + name);
        }
    }

    private void execute(String cql) {
        try {
            session.execute(cql);
        } catch (DriverException e) {
            throw new ServerException(
                    "Cassandra node '" + node.name() + "' on " + node.address() + " refused '" + cql + "': "
                            + e.getMessage(),
                    e);
        }
    }

    @Override
    public void close() {
        session.close();
    }
}
