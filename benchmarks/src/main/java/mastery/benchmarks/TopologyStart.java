package mastery.benchmarks;

import java.util.ArrayList;
import java.util.List;
import java.util.function.Supplier;
import mastery.support.cassandra.CassandraRing;
import mastery.support.elasticsearch.ElasticsearchCluster;
import mastery.support.mongodb.MongoDbReplicaSet;
import mastery.support.redis.RedisCluster;
import mastery.support.server.Topology;

/**
 * What a topology of several nodes costs: from asking for it until its nodes know each other and answer. The programs are here already;
 * the first start of each is not counted.
 *
 * <p>Argument: how many starts of each.
 */
final class TopologyStart {

    private TopologyStart() {}

    public static void main(String[] arguments) throws Exception {
        int count = Integer.parseInt(arguments[0]);
        measure("Redis cluster of 6", count, RedisCluster::start);
        measure("MongoDB replica set of 3", count, MongoDbReplicaSet::start);
        measure("Elasticsearch cluster of 3", count, () -> ElasticsearchCluster.start(3));
        measure("Cassandra ring of 3", count, CassandraRing::start);
        // Drivers may have left threads behind.
        System.exit(0);
    }

    private static void measure(String name, int count, Supplier<Topology> start) throws Exception {
        List<Double> seconds = new ArrayList<>();
        for (int i = -1; i < count; i++) {
            Topology[] started = new Topology[1];
            double millis = Stopwatch.millis(() -> started[0] = start.get());
            started[0].close();
            if (i >= 0) {
                seconds.add(millis / 1000);
            }
        }
        System.out.println(new Figure(name + ": start", "s", seconds).line());
    }
}
