package mastery.support.mongodb;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.mongodb.client.MongoClient;
import com.mongodb.client.MongoCollection;
import mastery.support.junit.OnMongoDb;
import mastery.support.server.Engine;
import mastery.support.server.Node;
import mastery.support.server.NodeSpec;
import mastery.support.server.SharedServers;
import org.bson.Document;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** The annotation sees to it that MongoDB can be had here; the node is the test's own. */
@OnMongoDb
class MongoDbNodeIT {

    private Node node;

    @BeforeEach
    void start() {
        node = SharedServers.start(Engine.MONGODB, NodeSpec.single());
    }

    @AfterEach
    void dispose() {
        SharedServers.dispose(node);
    }

    @Test
    void aNodeThatWasStoppedKilledOrPausedIsThePrimaryAgainWithItsData() {
        try (MongoClient client = MongoDbEndpoint.connect(node)) {
            MongoCollection<Document> items = client.getDatabase("own").getCollection("item");
            items.insertOne(new Document("_id", 1));

            node.restart();
            items.insertOne(new Document("_id", 2));

            node.kill();
            assertThat(node.isRunning()).isFalse();
            assertThatThrownBy(() -> new MongoDbRecipe().identify(node.address()))
                    .hasMessageContaining("refused");
            node.start();
            items.insertOne(new Document("_id", 3));

            node.pause();
            assertThat(node.isRunning()).isTrue();
            assertThatThrownBy(() -> new MongoDbRecipe().identify(node.address()))
                    .hasMessageContaining("no answer");
            node.resume();
            items.insertOne(new Document("_id", 4));

            assertThat(items.countDocuments()).isEqualTo(4);
        }
        assertThat(node.isDisturbed()).isTrue();
    }

    @Test
    void cleanDatabasesComeFromANodeOfOnesOwnToo() {
        MongoDb server = MongoDb.on(node);
        try (MongoDbDatabase database = server.newDatabase();
                MongoClient client = database.newClient()) {
            client.getDatabase(database.name()).getCollection("item").insertOne(new Document());
            assertThat(client.listDatabaseNames()).contains(database.name());
        }
    }
}
