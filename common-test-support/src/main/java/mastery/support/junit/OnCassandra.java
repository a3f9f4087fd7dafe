package mastery.support.junit;

import java.lang.annotation.ElementType;
import java.lang.annotation.Retention;
import java.lang.annotation.RetentionPolicy;
import java.lang.annotation.Target;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.parallel.ResourceLock;

/**
 * The tests of this class run on Cassandra, each with an empty keyspace of its own: on the shared server, or on a ring of
 * three nodes that all hold each row.
 *
 * <p>Injected: {@code CqlSession} in that keyspace, {@code CassandraKeyspace}, {@code Node}, and {@code CassandraRing} with
 * {@code RING}.
 *
 * <p>In a class with several engines the same annotation on a parameter says which one is meant.
 */
@Target({ElementType.TYPE, ElementType.PARAMETER})
@Retention(RetentionPolicy.RUNTIME)
@ExtendWith(ServerExtension.class)
@ResourceLock(providers = TopologyLocks.class)
@UsesFixture(CassandraFixture.class)
public @interface OnCassandra {

    Topology topology() default Topology.SINGLE;

    /** Which nodes there are. */
    enum Topology {
        /** One server shared by all classes. */
        SINGLE,
        /** Three nodes. */
        RING
    }
}
