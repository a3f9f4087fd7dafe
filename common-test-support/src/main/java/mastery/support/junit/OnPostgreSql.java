package mastery.support.junit;

import java.lang.annotation.ElementType;
import java.lang.annotation.Retention;
import java.lang.annotation.RetentionPolicy;
import java.lang.annotation.Target;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.parallel.ResourceLock;

/**
 * The tests of this class run on PostgreSQL, each in a clean database of its own.
 *
 * <p>Injected: {@code Connection}, {@code DataSource}, {@code PGSimpleDataSource}, {@code PostgreSqlDatabase},
 * {@code Node}; {@code PostgreSqlReplication} where replicas or settings are asked for, {@code PostgreSqlServers} where
 * several servers are; a {@code Connection} or {@code DataSource} then leads to the primary, or to the first server. In a class with several engines the same annotation on a parameter says
 * which one is meant.
 */
@Target({ElementType.TYPE, ElementType.PARAMETER})
@Retention(RetentionPolicy.RUNTIME)
@ExtendWith(ServerExtension.class)
@ResourceLock(providers = TopologyLocks.class)
@UsesFixture(PostgreSqlFixture.class)
public @interface OnPostgreSql {

    /** How many streaming replicas the primary has; 0 for a single server shared by all classes. */
    int replicas() default 0;

    /** How many servers that know nothing of each other; not together with replicas. */
    int servers() default 1;

    /** Settings of every server, such as {@code max_wal_size=32MB}; with any the servers are those of the class alone. */
    String[] settings() default {};
}
