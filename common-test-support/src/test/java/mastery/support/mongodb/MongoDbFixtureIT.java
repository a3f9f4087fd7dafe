package mastery.support.mongodb;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.mongodb.MongoException;
import com.mongodb.client.ClientSession;
import com.mongodb.client.MongoChangeStreamCursor;
import com.mongodb.client.MongoClient;
import com.mongodb.client.MongoCollection;
import com.mongodb.client.MongoDatabase;
import com.mongodb.client.model.changestream.ChangeStreamDocument;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.IntStream;
import mastery.support.junit.OnMongoDb;
import mastery.support.junit.Prepare;
import mastery.support.server.Address;
import mastery.support.server.Node;
import mastery.support.server.SourceKind;
import org.bson.Document;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.Test;

@OnMongoDb
class MongoDbFixtureIT {

    @Prepare
    static void fill(MongoDatabase database) {
        database.getCollection("item")
                .insertMany(IntStream.range(0, 10)
                        .mapToObj(i -> new Document("_id", i))
                        .toList());
    }

    @Test
    void everyTestStartsFromThePreparedContent(MongoDatabase database) {
        deleteEverythingFrom(database);
    }

    @Test
    void whatOneTestDeletesAnotherStillFinds(MongoDatabase database) {
        deleteEverythingFrom(database);
    }

    private static void deleteEverythingFrom(MongoDatabase database) {
        assertThat(database.getCollection("item").deleteMany(new Document()).getDeletedCount())
                .isEqualTo(10);
    }

    @Test
    void theDatabaseOfATestIsGoneAfterwards(MongoClient client) {
        String name;
        try (MongoDbDatabase database = MongoDb.shared().newDatabase()) {
            name = database.name();
            client.getDatabase(name).createCollection("something");
            assertThat(client.listDatabaseNames()).contains(name);
        }
        assertThat(client.listDatabaseNames()).doesNotContain(name);
    }

    @Test
    void theSingleServerHasTransactions(MongoClient client, MongoDatabase database) {
        MongoCollection<Document> items = database.getCollection("item");
        try (ClientSession session = client.startSession()) {
            session.startTransaction();
            items.deleteMany(session, new Document());
            assertThat(items.countDocuments(session)).isZero();
            assertThat(items.countDocuments()).isEqualTo(10);
            session.abortTransaction();
        }
        assertThat(items.countDocuments()).isEqualTo(10);
    }

    @Test
    void theSingleServerHasChangeStreams(MongoDatabase database) {
        try (MongoChangeStreamCursor<ChangeStreamDocument<Document>> changes =
                database.watch().cursor()) {
            database.getCollection("item").insertOne(new Document("_id", 10));
            assertThat(changes.next().getFullDocument()).isEqualTo(new Document("_id", 10));
        }
    }

    @Test
    void nobodyEntersWithoutThePassword(Node node) {
        Assumptions.assumeTrue(node.source() == SourceKind.NATIVE, "the user's own server may be open");
        Address wrong = Address.loopback(node.port(), node.user(), "wrong");
        assertThatThrownBy(() -> new MongoDbRecipe().identify(wrong))
                .isInstanceOf(MongoException.class)
                .hasMessageContaining("user and password are refused")
                .hasMessageContaining("Authentication failed")
                .hasMessageNotContaining("wrong");
        assertThatThrownBy(() -> new MongoDbRecipe().identify(Address.loopback(node.port(), "nobody", "x")))
                .hasMessageContaining("refused");
    }

    @Test
    void theServerSaysWhatItIs(Node node) {
        assertThat(node.identity().build()).startsWith("MongoDB " + node.version());
        assertThat(node.version()).matches("\\d+\\.\\d+\\.\\d+.*");
    }

    @Test
    void everyTestHasAClientOfItsOwnWhichSeesItsDatabase(
            MongoClient client, MongoDatabase database, MongoDbDatabase clean) {
        List<String> names =
                client.getDatabase(clean.name()).listCollectionNames().into(new ArrayList<>());
        assertThat(names).containsExactly("item");
        assertThat(database.getName()).isEqualTo(clean.name());
    }
}
