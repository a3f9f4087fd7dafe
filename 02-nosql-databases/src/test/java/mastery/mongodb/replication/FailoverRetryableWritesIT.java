package mastery.mongodb.replication;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.mongodb.MongoClientSettings;
import com.mongodb.MongoNotPrimaryException;
import com.mongodb.client.MongoClient;
import com.mongodb.client.MongoClients;
import com.mongodb.client.MongoCollection;
import com.mongodb.client.MongoDatabase;
import java.time.Duration;
import java.util.List;
import java.util.function.Consumer;
import mastery.mongodb.replication.FailoverRetryableWrites.Attempt;
import mastery.mongodb.replication.FailoverRetryableWrites.Attempts;
import mastery.support.junit.OnMongoDb;
import mastery.support.junit.OnMongoDb.Topology;
import mastery.support.mongodb.MongoDbReplicaSet;
import mastery.support.server.Node;
import org.bson.Document;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

@OnMongoDb(topology = Topology.REPLICA_SET)
class FailoverRetryableWritesIT {

    private static final int NOT_WRITABLE_PRIMARY = 10107;
    private static final int ANSWER_MILLIS = 1_000;
    private static final int PATIENT_MILLIS = 60_000;
    private static final Runnable NOTHING = () -> {};

    private MongoDbReplicaSet set;
    private MongoClient administration;
    private String database;

    @BeforeEach
    void open(MongoDbReplicaSet replicaSet, MongoClient client, MongoDatabase clean) {
        set = replicaSet;
        administration = client;
        database = clean.getName();
        // An election happens when a test asks for one, and not because members are paused.
        set.electionTimeout(Duration.ofMinutes(5));
    }

    /** A test that failed may have left members paused, and the next waits for them. */
    @AfterEach
    void goOn() {
        set.nodes().forEach(Node::resume);
    }

    @Test
    void aWriteThatMeetsAStepDownIsSentToTheNewPrimaryUnderTheSameNumber() {
        Node old = set.primary();
        long term = FailoverRetryableWrites.term(administration);
        Attempts attempts = new Attempts(() -> FailoverRetryableWrites.stepDown(administration), NOTHING);

        run(FailoverRetryableWrites.retrying(server()), attempts, PATIENT_MILLIS, accounts -> {
            FailoverRetryableWrites.deposit(accounts, "ann", 500);
            FailoverRetryableWrites.deposit(accounts, "ann", 20);
        });

        List<Attempt> all = attempts.all();
        assertThat(all).extracting(Attempt::outcome).containsExactly("NotWritablePrimary", "ok", "ok");
        assertThat(all.get(0).port()).isEqualTo(old.port());
        assertThat(all.get(1).port())
                .isNotEqualTo(old.port())
                .isEqualTo(set.primary().port());
        assertThat(all.get(1).session()).isNotNull().isEqualTo(all.get(0).session());
        assertThat(all.get(1).number()).isNotNull().isEqualTo(all.get(0).number());
        assertThat(all.get(2).number())
                .as("another write")
                .isNotEqualTo(all.get(1).number());
        assertThat(FailoverRetryableWrites.term(administration)).isGreaterThan(term);
        assertThat(balance("ann")).isEqualTo(520);
    }

    @Test
    void withoutRetryTheApplicationGetsTheErrorAndNothingIsWritten() {
        Attempts attempts = new Attempts(() -> FailoverRetryableWrites.stepDown(administration), NOTHING);

        run(
                FailoverRetryableWrites.withoutRetry(server()),
                attempts,
                PATIENT_MILLIS,
                accounts -> assertThatThrownBy(() -> FailoverRetryableWrites.deposit(accounts, "bob", 500))
                        .isInstanceOfSatisfying(
                                MongoNotPrimaryException.class,
                                e -> assertThat(e.getCode()).isEqualTo(NOT_WRITABLE_PRIMARY)));

        assertThat(attempts.all()).hasSize(1).first().satisfies(only -> {
            assertThat(only.outcome()).isEqualTo("NotWritablePrimary");
            assertThat(only.number()).isNull();
        });
        assertThat(FailoverRetryableWrites.balance(accountsOf(administration), "bob"))
                .isEmpty();
    }

    @Test
    void aWriteWhoseAnswerIsLostIsSentTwiceAndDoneOnce() {
        Attempts attempts = attemptsWithALostAnswer();

        run(
                FailoverRetryableWrites.retrying(server()),
                attempts,
                ANSWER_MILLIS,
                accounts -> FailoverRetryableWrites.deposit(accounts, "cid", 500));

        List<Attempt> all = attempts.all();
        assertThat(all).extracting(Attempt::outcome).containsExactly("MongoSocketReadTimeoutException", "ok");
        assertThat(all.get(1).session()).isEqualTo(all.get(0).session());
        assertThat(all.get(1).number()).isNotNull().isEqualTo(all.get(0).number());
        assertThat(balance("cid")).isEqualTo(500);
    }

    @Test
    void triedAgainByHandItIsDoneTwice() {
        Attempts attempts = attemptsWithALostAnswer();

        run(
                FailoverRetryableWrites.withoutRetry(server()),
                attempts,
                ANSWER_MILLIS,
                accounts -> FailoverRetryableWrites.depositAndTryAgainByHand(accounts, "dan", 500));

        assertThat(attempts.all())
                .extracting(Attempt::outcome)
                .containsExactly("MongoSocketReadTimeoutException", "ok");
        assertThat(balance("dan")).isEqualTo(1_000);
    }

    @Test
    void badArgumentsAreRefusedBeforeAnythingIsSent() {
        Attempts attempts = new Attempts(NOTHING, NOTHING);
        run(FailoverRetryableWrites.retrying(server()), attempts, PATIENT_MILLIS, accounts -> {
            assertThatThrownBy(() -> FailoverRetryableWrites.deposit(accounts, null, 1))
                    .isInstanceOf(NullPointerException.class);
            assertThatThrownBy(() -> FailoverRetryableWrites.deposit(accounts, "ann", 0))
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessageContaining("not 0");
            assertThatThrownBy(() -> FailoverRetryableWrites.deposit(accounts, "ann", -5))
                    .isInstanceOf(IllegalArgumentException.class);
        });
        assertThat(attempts.all()).isEmpty();
    }

    /** The primary carries the update out and waits for a majority that does not answer until the client has given up. */
    private Attempts attemptsWithALostAnswer() {
        List<Node> copies = set.secondaries();
        return new Attempts(() -> copies.forEach(Node::pause), () -> copies.forEach(Node::resume));
    }

    private MongoClientSettings server() {
        return set.settings().build();
    }

    private void run(
            MongoClientSettings settings,
            Attempts attempts,
            int answerMillis,
            Consumer<MongoCollection<Document>> action) {
        try (MongoClient client =
                MongoClients.create(FailoverRetryableWrites.watched(settings, attempts, answerMillis))) {
            action.accept(accountsOf(client));
        }
    }

    private MongoCollection<Document> accountsOf(MongoClient client) {
        return client.getDatabase(database).getCollection("accounts");
    }

    private long balance(String account) {
        return FailoverRetryableWrites.balance(accountsOf(administration), account)
                .orElseThrow();
    }
}
