package mastery.support.mongodb;

import static org.assertj.core.api.Assertions.assertThat;

import com.mongodb.client.MongoClient;
import com.mongodb.client.MongoDatabase;
import com.mongodb.client.model.Accumulators;
import com.mongodb.client.model.Aggregates;
import com.mongodb.client.model.Filters;
import java.util.List;
import java.util.stream.IntStream;
import mastery.support.junit.OnMongoDb;
import mastery.support.junit.OnMongoDb.Topology;
import mastery.support.plan.MongoDbPlans;
import mastery.support.plan.Plan;
import mastery.support.plan.PlanNode;
import mastery.support.server.Node;
import org.bson.Document;
import org.junit.jupiter.api.Test;

@OnMongoDb(topology = Topology.SHARDED_CLUSTER)
class MongoDbShardedClusterIT {

    @Test
    void aHashedCollectionLiesOnBothShards(MongoClient client, MongoDatabase database, MongoDbShardedCluster cluster) {
        String name = database.getName() + ".item";
        client.getDatabase("admin")
                .runCommand(new Document("shardCollection", name).append("key", new Document("_id", "hashed")));
        database.getCollection("item")
                .insertMany(IntStream.range(0, 1_000)
                        .mapToObj(i -> new Document("_id", i))
                        .toList());
        List<Long> counts = cluster.shards().stream()
                .map(shard -> countOn(cluster, shard, database.getName()))
                .toList();
        assertThat(counts).hasSize(2).allMatch(count -> count > 200 && count < 800);
        assertThat(counts.get(0) + counts.get(1)).isEqualTo(1_000);

        Plan scan = MongoDbPlans.analyze(database.getCollection("item").find(Filters.gte("_id", 0)));
        assertThat(scan.nodes().filter(node -> node.operation().equals("SHARD")))
                .extracting(node -> node.target().orElseThrow())
                .containsExactlyInAnyOrder("shard-1", "shard-2");
        assertThat(MongoDbPlans.documentsExamined(scan)).isEqualTo(1_000);
        Plan group = MongoDbPlans.analyze(database.getCollection("item")
                .aggregate(List.of(Aggregates.group(null, Accumulators.sum("all", "$_id")))));
        assertThat(MongoDbPlans.documentsExamined(group)).isEqualTo(1_000);
        assertThat(group.root().children()).extracting(PlanNode::operation).containsExactly("SHARD", "SHARD");
    }

    @Test
    void aShardThatWasKilledAndARouterThatWasPausedAnswerAgain(MongoDatabase database, MongoDbShardedCluster cluster) {
        database.getCollection("item").insertOne(new Document("_id", 1));
        for (Node node : cluster.nodes()) {
            node.kill();
            node.start();
        }
        cluster.router().pause();
        cluster.router().resume();
        cluster.awaitHealthy();
        database.getCollection("item").insertOne(new Document("_id", 2));
        assertThat(database.getCollection("item").countDocuments()).isEqualTo(2);
    }

    private static long countOn(MongoDbShardedCluster cluster, Node shard, String database) {
        try (MongoClient client = cluster.newClient(shard)) {
            return client.getDatabase(database).getCollection("item").countDocuments();
        }
    }
}
