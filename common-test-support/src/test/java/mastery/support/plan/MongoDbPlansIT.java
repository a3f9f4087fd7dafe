package mastery.support.plan;

import static com.mongodb.client.model.Filters.and;
import static com.mongodb.client.model.Filters.eq;
import static com.mongodb.client.model.Filters.gt;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.mongodb.client.MongoCollection;
import com.mongodb.client.MongoDatabase;
import com.mongodb.client.model.Accumulators;
import com.mongodb.client.model.Aggregates;
import com.mongodb.client.model.Facet;
import com.mongodb.client.model.Indexes;
import com.mongodb.client.model.Projections;
import com.mongodb.client.model.Sorts;
import java.util.List;
import java.util.stream.IntStream;
import mastery.support.junit.OnMongoDb;
import mastery.support.junit.Prepare;
import org.bson.Document;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

@OnMongoDb
class MongoDbPlansIT {

    private MongoDatabase database;
    private MongoCollection<Document> items;

    @Prepare
    static void fill(MongoDatabase database) {
        MongoCollection<Document> items = database.getCollection("item");
        items.insertMany(IntStream.range(0, 1_000)
                .mapToObj(i -> new Document("_id", i)
                        .append("a", i % 10)
                        .append("b", i % 100)
                        .append("c", i))
                .toList());
        items.createIndex(Indexes.ascending("a", "b"));
    }

    @BeforeEach
    void open(MongoDatabase clean) {
        database = clean;
        items = clean.getCollection("item");
    }

    @Test
    void aCollectionScanSaysWhatItReadAndThrewAway() {
        Plan plan = MongoDbPlans.analyze(items.find(eq("c", 5)));
        assertThat(plan.root().operation()).isEqualTo("COLLSCAN");
        assertThat(plan.root().target()).contains("item");
        assertThat(plan.root().totalRows()).isEqualTo(1);
        assertThat(plan.root().totalRemovedByFilter()).isEqualTo(999);
        assertThat(MongoDbPlans.documentsExamined(plan)).isEqualTo(1_000);
        assertThat(MongoDbPlans.keysExamined(plan)).isZero();
    }

    @Test
    void anIndexScanSaysItsIndexKeysAndBounds() {
        Plan plan =
                MongoDbPlans.analyze(items.find(and(eq("a", 3), gt("b", 50))).sort(Sorts.ascending("c")));
        assertThat(plan.find("SORT").details()).containsEntry("sortPattern", "{\"c\": 1}");
        PlanNode fetch = plan.find("FETCH");
        assertThat(fetch.details()).containsEntry(MongoDbPlans.DOCUMENTS, "50");
        PlanNode scan = plan.find("IXSCAN");
        assertThat(scan.index()).contains("a_1_b_1");
        assertThat(scan.details())
                .containsEntry(MongoDbPlans.KEYS, "50")
                .containsEntry("bounds", "a: [3, 3], b: (50, inf]")
                .doesNotContainKeys("works", "needYield");
        assertThat(plan.toString().lines())
                .allMatch(line -> line.length() <= 80)
                .first()
                .asString()
                .matches("MongoDB plan +rows +keys +docs");
    }

    @Test
    void aCoveredQueryReadsNoDocument() {
        Plan plan = MongoDbPlans.analyze(items.find(eq("a", 3))
                .projection(Projections.fields(Projections.include("b"), Projections.excludeId())));
        assertThat(plan.has("PROJECTION_COVERED")).isTrue();
        assertThat(MongoDbPlans.documentsExamined(plan)).isZero();
        assertThat(MongoDbPlans.keysExamined(plan)).isEqualTo(100);
    }

    @Test
    void thePlanOfAPointLookupIsReadToo() {
        PlanNode root = MongoDbPlans.analyze(items.find(eq("_id", 5))).root();
        assertThat(root.operation()).startsWith("EXPRESS");
        assertThat(root.index()).contains("_id_");
        assertThat(root.details()).containsEntry(MongoDbPlans.KEYS, "1").containsEntry(MongoDbPlans.DOCUMENTS, "1");
    }

    @Test
    void theOtherQueryEngineIsReadByThePlanItCarriesOut() {
        Plan plan = MongoDbPlans.analyze(items.aggregate(List.of(
                Aggregates.match(eq("a", 3)),
                Aggregates.group("$b", Accumulators.sum("n", 1)),
                Aggregates.sort(Sorts.descending("n")))));
        assertThat(plan.find("$sort").children()).hasSize(1);
        assertThat(plan.find("GROUP").totalRows()).isEqualTo(10);
        assertThat(plan.find("IXSCAN").details()).containsEntry(MongoDbPlans.KEYS, "100");
        assertThat(plan.find("IXSCAN").totalRows()).isEqualTo(100);
        assertThat(MongoDbPlans.keysExamined(plan)).isEqualTo(100);
        assertThat(MongoDbPlans.documentsExamined(plan)).isZero();
    }

    @Test
    void stagesThatThePipelineDoesItselfStandAboveTheirInput() {
        Plan plan = MongoDbPlans.analyze(items.aggregate(List.of(
                Aggregates.match(eq("a", 3)),
                Aggregates.facet(new Facet("count", Aggregates.count()), new Facet("page", Aggregates.limit(3))))));
        assertThat(plan.root().operation()).isEqualTo("$facet");
        assertThat(plan.root().nodes().map(PlanNode::operation)).contains("IXSCAN");
    }

    @Test
    void everyBranchOfAnOrIsAChild() {
        Plan plan = MongoDbPlans.analyze(
                database, Document.parse("{find: 'item', filter: {$or: [{a: 1, b: 1}, {_id: 7}]}}"));
        assertThat(plan.find("OR").children()).extracting(PlanNode::operation).containsExactly("IXSCAN", "IXSCAN");
        assertThat(plan.find("OR").children())
                .extracting(node -> node.index().orElseThrow())
                .containsExactlyInAnyOrder("a_1_b_1", "_id_");
    }

    @Test
    void aPlanThatWasOnlyExplainedHasNoNumbers() {
        Plan plan = MongoDbPlans.explain(database, Document.parse("{find: 'item', filter: {a: 3}}"));
        assertThat(plan.find("IXSCAN").index()).contains("a_1_b_1");
        assertThat(plan.analyzed()).isFalse();
        assertThatThrownBy(() -> MongoDbPlans.keysExamined(plan))
                .isInstanceOf(IllegalStateException.class)
                .hasMessageContaining("analyze");
        assertThatThrownBy(() -> plan.find("IXSCAN").totalRows()).isInstanceOf(IllegalStateException.class);
    }

    @Test
    void whatIsAnalyzedIsNotWritten() {
        Plan plan = MongoDbPlans.analyze(
                database, Document.parse("{update: 'item', updates: [{q: {a: 3}, u: {$set: {d: 1}}, multi: true}]}"));
        assertThat(plan.find("UPDATE").details()).containsEntry("nWouldModify", "100");
        assertThat(items.countDocuments(eq("d", 1))).isZero();
    }
}
