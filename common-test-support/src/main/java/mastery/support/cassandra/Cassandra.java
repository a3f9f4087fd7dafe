package mastery.support.cassandra;

import mastery.support.server.Engine;
import mastery.support.server.Node;
import mastery.support.server.ServerException;
import mastery.support.server.SharedServers;

/** The Cassandra server of this JVM, and clean keyspaces on it. */
public final class Cassandra {

    private static Cassandra shared;

    private final Node node;
    private final Keyspaces keyspaces;

    private Cassandra(Node node) {
        this.node = node;
        this.keyspaces = new Keyspaces(node, 1, CassandraSessions.plain(node.address(), node.user(), node.password()));
    }

    /**
     * The shared server, started at its first use.
     *
     * @throws ServerException if Cassandra cannot be had here
     */
    public static Cassandra shared() {
        Node node = SharedServers.single(Engine.CASSANDRA);
        synchronized (Cassandra.class) {
            if (shared == null) {
                shared = new Cassandra(node);
                shared.keyspaces.dropResidue();
            }
            return shared;
        }
    }

    public Node node() {
        return node;
    }

    /** An empty keyspace that nobody else uses. */
    public CassandraKeyspace newKeyspace() {
        return keyspaces.create();
    }
}
