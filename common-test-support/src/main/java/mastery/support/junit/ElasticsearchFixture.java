package mastery.support.junit;

import co.elastic.clients.elasticsearch.ElasticsearchClient;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.annotation.Annotation;
import java.util.HashMap;
import java.util.Map;
import java.util.Set;
import mastery.support.elasticsearch.Elasticsearch;
import mastery.support.elasticsearch.ElasticsearchCluster;
import mastery.support.elasticsearch.ElasticsearchIndices;
import mastery.support.server.Engine;
import mastery.support.server.Node;

/** Elasticsearch for a test class: names of its own for each test, on the shared server or on a cluster. */
final class ElasticsearchFixture implements Fixture {

    private static final Set<Class<?>> TYPES =
            Set.of(ElasticsearchClient.class, ElasticsearchIndices.class, Node.class);

    private ElasticsearchCluster cluster;

    @Override
    public Engine engine() {
        return Engine.ELASTICSEARCH;
    }

    @Override
    public void open(Annotation requirement) {
        int nodes = ((OnElasticsearch) requirement).nodes();
        if (nodes > 1) {
            cluster = SharedTopologies.take(requirement, () -> ElasticsearchCluster.start(nodes));
        } else {
            Elasticsearch.shared();
        }
    }

    @Override
    public Node node() {
        return cluster == null ? Elasticsearch.shared().node() : cluster.nodes().get(0);
    }

    @Override
    public boolean provides(Class<?> type) {
        return TYPES.contains(type) || (cluster != null && type == ElasticsearchCluster.class);
    }

    @Override
    public Scope newScope(Filling filling) {
        ElasticsearchIndices indices = cluster == null ? Elasticsearch.shared().newIndices() : cluster.newIndices();
        Map<Class<?>, Object> objects = new HashMap<>(Map.of(
                ElasticsearchIndices.class,
                indices,
                ElasticsearchClient.class,
                indices.newClient(),
                Node.class,
                node()));
        objects.put(ElasticsearchCluster.class, cluster);
        Scope scope = new ElasticsearchScope(objects);
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
        if (cluster != null) {
            SharedTopologies.giveBack(cluster);
        }
    }

    /** The objects of one test. */
    private record ElasticsearchScope(Map<Class<?>, Object> objects) implements Scope {

        @Override
        public Object get(Class<?> type) {
            return objects.get(type);
        }

        @Override
        public void close() {
            try {
                ((ElasticsearchClient) objects.get(ElasticsearchClient.class)).close();
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            } finally {
                ((ElasticsearchIndices) objects.get(ElasticsearchIndices.class)).close();
            }
        }
    }
}
