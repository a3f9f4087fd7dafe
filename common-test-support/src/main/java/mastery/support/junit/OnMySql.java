package mastery.support.junit;

import java.lang.annotation.ElementType;
import java.lang.annotation.Retention;
import java.lang.annotation.RetentionPolicy;
import java.lang.annotation.Target;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.parallel.ResourceLock;

/**
 * The tests of this class run on MySQL, each in a clean database of its own.
 *
 * <p>Injected: {@code Connection}, {@code DataSource}, {@code MysqlDataSource}, {@code MySqlDatabase},
 * {@code Node}, and {@code MySqlReplication} where replicas or settings are asked for; a {@code Connection} or
 * {@code DataSource} then leads to the source. In a class with several engines the same annotation on a parameter says
 * which one is meant.
 */
@Target({ElementType.TYPE, ElementType.PARAMETER})
@Retention(RetentionPolicy.RUNTIME)
@ExtendWith(ServerExtension.class)
@ResourceLock(providers = TopologyLocks.class)
@UsesFixture(MySqlFixture.class)
public @interface OnMySql {

    /** How many replicas the source has; 0 for a single server shared by all classes. */
    int replicas() default 0;

    /** Settings of every server, such as {@code sync-binlog=1}; with any the servers are those of the class alone. */
    String[] settings() default {};
}
