package mastery.support.junit;

import com.datastax.oss.driver.api.core.CqlSession;
import java.lang.annotation.Annotation;
import java.util.Map;
import java.util.Set;
import mastery.support.cassandra.Cassandra;
import mastery.support.cassandra.CassandraKeyspace;
import mastery.support.cassandra.CassandraRing;
import mastery.support.server.Engine;
import mastery.support.server.Node;

/** Cassandra for a test class: a keyspace for each test, on the shared server or on a ring. */
final class CassandraFixture implements Fixture {

    private OnCassandra requirement;
    private CassandraRing ring;

    @Override
    public Engine engine() {
        return Engine.CASSANDRA;
    }

    @Override
    public void open(Annotation annotation) {
        requirement = (OnCassandra) annotation;
        switch (requirement.topology()) {
            case SINGLE -> Cassandra.shared();
            case RING -> ring = SharedTopologies.take(requirement, CassandraRing::start);
        }
    }

    @Override
    public Node node() {
        return ring == null ? Cassandra.shared().node() : ring.nodes().get(0);
    }

    @Override
    public boolean provides(Class<?> type) {
        return Set.of(CqlSession.class, CassandraKeyspace.class, Node.class).contains(type)
                || type == CassandraRing.class && requirement.topology() == OnCassandra.Topology.RING;
    }

    @Override
    public Scope newScope(Filling filling) {
        CassandraKeyspace keyspace = ring == null ? Cassandra.shared().newKeyspace() : ring.newKeyspace();
        KeyspaceScope scope = new KeyspaceScope(keyspace, keyspace.newSession(), node(), ring);
        try {
            filling.fill(scope);
            return scope;
        } catch (RuntimeException e) {
            scope.close();
            throw e;
        }
    }

    @Override
    public void close() {
        if (ring != null) {
            SharedTopologies.giveBack(ring);
        }
    }

    /** The objects of one test. */
    private static final class KeyspaceScope implements Scope {

        private final CassandraKeyspace keyspace;
        private final CqlSession session;
        private final CassandraRing ring;
        private final Map<Class<?>, Object> objects;

        KeyspaceScope(CassandraKeyspace keyspace, CqlSession session, Node node, CassandraRing ring) {
            this.keyspace = keyspace;
            this.session = session;
            this.ring = ring;
            this.objects = Map.of(CassandraKeyspace.class, keyspace, CqlSession.class, session, Node.class, node);
        }

        @Override
        public Object get(Class<?> type) {
            return type == CassandraRing.class ? ring : objects.get(type);
        }

        /** A ring that a test disturbed is thrown away as a whole: nothing is dropped on it. */
        @Override
        public void close() {
            session.close();
            if (ring == null || !ring.isDisturbed()) {
                keyspace.close();
            }
        }
    }
}
