package mastery.support.junit;

import java.lang.annotation.ElementType;
import java.lang.annotation.Retention;
import java.lang.annotation.RetentionPolicy;
import java.lang.annotation.Target;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.parallel.ResourceLock;

/**
 * The tests of this class run on Elasticsearch, each with names of its own for indices, aliases, templates and pipelines,
 * which are removed after it.
 *
 * <p>Injected: {@code ElasticsearchClient}, {@code ElasticsearchIndices}, {@code Node}, and {@code ElasticsearchCluster}
 * where several nodes are asked for; the client then knows all of them. In a class with several engines the same
 * annotation on a parameter says which one is meant.
 */
@Target({ElementType.TYPE, ElementType.PARAMETER})
@Retention(RetentionPolicy.RUNTIME)
@ExtendWith(ServerExtension.class)
@ResourceLock(providers = TopologyLocks.class)
@UsesFixture(ElasticsearchFixture.class)
public @interface OnElasticsearch {

    /** How many nodes the cluster has; 1 for a single server shared by all classes. */
    int nodes() default 1;
}
