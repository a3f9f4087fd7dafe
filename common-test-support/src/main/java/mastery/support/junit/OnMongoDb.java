package mastery.support.junit;

import java.lang.annotation.ElementType;
import java.lang.annotation.Retention;
import java.lang.annotation.RetentionPolicy;
import java.lang.annotation.Target;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.parallel.ResourceLock;

/**
 * The tests of this class run on MongoDB, each in a clean database of its own.
 *
 * <p>Injected: {@code MongoClient}, {@code MongoDatabase} of that client, {@code MongoDbDatabase}, {@code Node}, and by
 * topology
 *
 * <ul>
 *   <li>{@code SINGLE}: nothing more
 *   <li>{@code REPLICA_SET}: {@code MongoDbReplicaSet}
 *   <li>{@code SHARDED_CLUSTER}: {@code MongoDbShardedCluster}
 * </ul>
 *
 * <p>In a class with several engines the same annotation on a parameter says which one is meant.
 */
@Target({ElementType.TYPE, ElementType.PARAMETER})
@Retention(RetentionPolicy.RUNTIME)
@ExtendWith(ServerExtension.class)
@ResourceLock(providers = TopologyLocks.class)
@UsesFixture(MongoDbFixture.class)
public @interface OnMongoDb {

    Topology topology() default Topology.SINGLE;

    /** Which nodes there are. */
    enum Topology {
        /** One server shared by all classes, a replica set of one. */
        SINGLE,
        /** Three members, each of which may become the primary. */
        REPLICA_SET,
        /** A router, a config server and two shards. */
        SHARDED_CLUSTER
    }
}
