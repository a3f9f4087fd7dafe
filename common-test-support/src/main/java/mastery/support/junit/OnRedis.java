package mastery.support.junit;

import java.lang.annotation.ElementType;
import java.lang.annotation.Retention;
import java.lang.annotation.RetentionPolicy;
import java.lang.annotation.Target;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.parallel.ResourceLock;

/**
 * The tests of this class run on Redis, each with clean state: a numbered database of its own on the shared server, or a
 * topology without a key.
 *
 * <p>Injected: {@code Node}, and by topology
 *
 * <ul>
 *   <li>{@code SINGLE}: {@code RedisClient}, {@code RedisDatabase}
 *   <li>{@code REPLICATION}: {@code RedisClient} of the primary, {@code RedisReplication}
 *   <li>{@code CLUSTER}: {@code RedisClusterClient}, {@code RedisCluster}
 *   <li>{@code SENTINELS}: {@code RedisSentinelClient}, {@code RedisSentinels}
 * </ul>
 *
 * <p>In a class with several engines the same annotation on a parameter says which one is meant.
 */
@Target({ElementType.TYPE, ElementType.PARAMETER})
@Retention(RetentionPolicy.RUNTIME)
@ExtendWith(ServerExtension.class)
@ResourceLock(providers = TopologyLocks.class)
@UsesFixture(RedisFixture.class)
public @interface OnRedis {

    Topology topology() default Topology.SINGLE;

    /** How many replicas the primary of {@link Topology#REPLICATION} has; without a meaning elsewhere. */
    int replicas() default 1;

    /** Which nodes there are. */
    enum Topology {
        /** One server shared by all classes. */
        SINGLE,
        /** A primary and its replicas. */
        REPLICATION,
        /** Three masters with a replica each. */
        CLUSTER,
        /** A primary with two replicas, watched by three sentinels. */
        SENTINELS
    }
}
