package mastery.support.cassandra;

import com.datastax.oss.driver.api.core.CqlSession;
import com.datastax.oss.driver.api.core.CqlSessionBuilder;
import mastery.support.server.Node;

/** A keyspace of its own for one test or story, dropped when it is closed. */
public final class CassandraKeyspace implements AutoCloseable {

    private final Node node;
    private final String name;
    private final Runnable drop;

    CassandraKeyspace(Node node, String name, Runnable drop) {
        this.node = node;
        this.name = name;
        this.drop = drop;
    }

    /** Letters, digits and underscores. */
    public String name() {
        return name;
    }

    /** The server that holds it, or the first node of the ring that does. */
    public Node node() {
        return node;
    }

    /** A builder of sessions that use this keyspace, to be given more options. */
    public CqlSessionBuilder sessionBuilder() {
        return CassandraSessions.builder(node.address()).withKeyspace(name);
    }

    /** A session that uses this keyspace; the caller closes it before the keyspace. */
    public CqlSession newSession() {
        return sessionBuilder().build();
    }

    /** Drops it with everything in it. */
    @Override
    public void close() {
        drop.run();
    }
}
