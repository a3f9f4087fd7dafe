package mastery.support.mongodb;

import static org.assertj.core.api.Assertions.assertThat;

import com.mongodb.ReadPreference;
import com.mongodb.client.MongoClient;
import com.mongodb.client.MongoDatabase;
import java.time.Duration;
import java.util.List;
import java.util.stream.IntStream;
import mastery.support.junit.OnMongoDb;
import mastery.support.junit.OnMongoDb.Topology;
import mastery.support.server.Node;
import org.bson.Document;
import org.junit.jupiter.api.Test;

@OnMongoDb(topology = Topology.REPLICA_SET)
class MongoDbReplicaSetIT {

    private static final int MANY = 2_000;

    @Test
    void threeMembersHaveOnePrimary(MongoDbReplicaSet set) {
        assertThat(set.nodes()).hasSize(3);
        assertThat(set.secondaries()).hasSize(2).doesNotContain(set.primary());
    }

    @Test
    void afterThePrimaryIsKilledAnotherTakesWritesAndTheOldOneCopiesThem(
            MongoDatabase database, MongoDbReplicaSet set) {
        Node old = set.primary();
        database.getCollection("item").insertOne(new Document("_id", -1));
        old.kill();
        // The driver tries a write once more, on the new primary.
        database.getCollection("item").insertMany(numbers());
        assertThat(set.primary()).isNotEqualTo(old);

        old.start();
        set.awaitHealthy();
        assertThat(countOn(set, old, database.getName())).isEqualTo(MANY + 1);
    }

    @Test
    void awaitingHealthWaitsForTheDataAndNotOnlyForTheMember(MongoDatabase database, MongoDbReplicaSet set) {
        Node slow = set.secondaries().get(0);
        slow.pause();
        database.getCollection("item").insertMany(numbers());
        slow.resume();
        set.awaitHealthy();
        assertThat(countOn(set, slow, database.getName())).isEqualTo(MANY);
        slow.restart();
        set.awaitHealthy();
        assertThat(countOn(set, slow, database.getName())).isEqualTo(MANY);
    }

    @Test
    void aSetThatWasConfiguredOtherwiseIsNotHandedToAnotherTest() {
        try (MongoDbReplicaSet own = MongoDbReplicaSet.start()) {
            assertThat(own.isDisturbed()).isFalse();
            own.electionTimeout(Duration.ofSeconds(20));
            assertThat(own.isDisturbed()).isTrue();
            own.awaitHealthy();
        }
    }

    private static List<Document> numbers() {
        return IntStream.range(0, MANY)
                .mapToObj(i -> new Document("_id", i).append("text", "x".repeat(500)))
                .toList();
    }

    private static long countOn(MongoDbReplicaSet set, Node node, String database) {
        try (MongoClient client = set.newClient(node)) {
            return client.getDatabase(database)
                    .withReadPreference(ReadPreference.secondaryPreferred())
                    .getCollection("item")
                    .countDocuments();
        }
    }
}
