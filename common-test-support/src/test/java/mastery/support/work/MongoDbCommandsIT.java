package mastery.support.work;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.mongodb.MongoCommandException;
import com.mongodb.client.MongoClient;
import com.mongodb.client.MongoClients;
import com.mongodb.client.MongoCollection;
import java.util.ArrayList;
import java.util.Map;
import java.util.stream.IntStream;
import mastery.support.junit.OnMongoDb;
import mastery.support.mongodb.MongoDbDatabase;
import org.bson.Document;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

@OnMongoDb
class MongoDbCommandsIT {

    private final MongoDbCommands commands = new MongoDbCommands();
    private MongoClient client;
    private MongoCollection<Document> items;

    @BeforeEach
    void open(MongoDbDatabase database) {
        client = MongoClients.create(
                database.settings().addCommandListener(commands).build());
        items = client.getDatabase(database.name()).getCollection("item");
        items.insertMany(
                IntStream.range(0, 25).mapToObj(i -> new Document("_id", i)).toList());
    }

    @AfterEach
    void close() {
        client.close();
    }

    @Test
    void aCursorAsksAgainForEachOfItsBatches() throws Exception {
        MongoDbWork work = commands.measure(() -> items.find().batchSize(10).into(new ArrayList<>()));
        assertThat(work).isEqualTo(new MongoDbWork(Map.of("find", 1L, "getMore", 2L), 0, 25));
        assertThat(work.calls("find")).isEqualTo(1);
        assertThat(work.total()).isEqualTo(3);
    }

    @Test
    void oneInsertOfManyDocumentsIsOneCommand() throws Exception {
        MongoDbWork work = commands.measure(() -> items.insertMany(
                IntStream.range(100, 300).mapToObj(i -> new Document("_id", i)).toList()));
        assertThat(work.calls()).isEqualTo(Map.of("insert", 1L));
        assertThat(work.calls("find")).isZero();
    }

    @Test
    void whatTheServerRefusesIsCountedAsFailed() throws Exception {
        MongoDbWork work = commands.measure(() -> assertThatThrownBy(
                        () -> items.find(Document.parse("{a: {$nonsense: 1}}")).first())
                .isInstanceOf(MongoCommandException.class));
        assertThat(work).isEqualTo(new MongoDbWork(Map.of("find", 1L), 1, 0));
    }
}
