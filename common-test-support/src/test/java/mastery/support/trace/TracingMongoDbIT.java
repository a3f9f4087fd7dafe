package mastery.support.trace;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.mongodb.MongoCommandException;
import com.mongodb.MongoWriteException;
import com.mongodb.client.MongoClient;
import com.mongodb.client.MongoCollection;
import com.mongodb.client.model.Filters;
import com.mongodb.client.model.Updates;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.IntStream;
import mastery.support.junit.OnMongoDb;
import mastery.support.mongodb.MongoDbDatabase;
import org.bson.Document;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

@OnMongoDb
class TracingMongoDbIT {

    private final List<TraceEvent> events = new ArrayList<>();
    private final Trace trace = new Trace(events::add);
    private MongoClient client;
    private MongoCollection<Document> items;

    @BeforeEach
    void open(MongoDbDatabase database) {
        client = TracedMongoDb.of(database.settings(), false, trace);
        items = client.getDatabase(database.name()).getCollection("item");
    }

    @AfterEach
    void close() {
        client.close();
    }

    @Test
    void aCommandIsShownWithItsValuesItsResultAndOneRoundTrip() {
        items.insertMany(
                IntStream.range(0, 5).mapToObj(i -> new Document("_id", i)).toList());
        items.find(Filters.gt("_id", 2)).into(new ArrayList<>());

        TraceEvent.Statement insert = statement(0);
        assertThat(insert.language()).isEqualTo("mongodb");
        assertThat(insert.text()).isEqualTo("""
                        insert item
                          documents: [{ _id: 0 }, { _id: 1 }, { _id: 2 }, … 2 more]""");
        assertThat(insert.rowsAffected()).isEqualTo(5);
        TraceEvent.Statement find = statement(1);
        assertThat(find.text()).isEqualTo("find item\n  filter: { _id: { $gt: 2 } }");
        assertThat(find.rowsReturned()).isEqualTo(2);
        assertThat(find.roundTrips()).isEqualTo(1);
        assertThat(find.nanos()).isPositive();
        assertThat(find.session()).isNull();
        assertThat(events).as("nothing of the driver's own").hasSize(2);
    }

    @Test
    void changedDocumentsAreCountedAndAReplyIsShown() {
        items.insertOne(new Document("_id", 1).append("n", 1));
        items.updateOne(Filters.eq("_id", 1), Updates.inc("n", 1));
        items.findOneAndUpdate(Filters.eq("_id", 1), Updates.inc("n", 1));
        assertThat(statement(1).rowsAffected()).isEqualTo(1);
        assertThat(statement(2).reply()).isEqualTo("{ _id: 1, n: 2 }");
    }

    @Test
    void aRefusalIsShownWithTheServersCode() {
        items.insertOne(new Document("_id", 1));
        assertThatThrownBy(() -> items.insertOne(new Document("_id", 1))).isInstanceOf(MongoWriteException.class);
        assertThat(statement(1).error().vendorCode()).isEqualTo(11_000);
        assertThatThrownBy(
                        () -> items.find(Document.parse("{a: {$nonsense: 1}}")).first())
                .isInstanceOf(MongoCommandException.class);
        assertThat(statement(2).error()).satisfies(error -> {
            assertThat(error.vendorCode()).isEqualTo(2);
            assertThat(error.sqlState()).isEqualTo("BadValue");
            assertThat(error.message()).contains("$nonsense");
        });
    }

    @Test
    void aSecretIsMaskedAndAnExplainIsNotAStatement() {
        trace.hide("s3cret");
        items.insertOne(new Document("_id", 1).append("password", "s3cret"));
        items.find().explain();
        assertThat(events).hasSize(1);
        assertThat(statement(0).text()).contains("********").doesNotContain("s3cret");
    }

    private TraceEvent.Statement statement(int index) {
        return (TraceEvent.Statement) events.get(index);
    }
}
