package mastery.mongodb.replication;

import static com.mongodb.client.model.Filters.eq;
import static com.mongodb.client.model.Updates.inc;

import com.mongodb.MongoClientSettings;
import com.mongodb.MongoCommandException;
import com.mongodb.MongoException;
import com.mongodb.WriteConcern;
import com.mongodb.client.MongoClient;
import com.mongodb.client.MongoCollection;
import com.mongodb.client.model.UpdateOptions;
import com.mongodb.event.CommandFailedEvent;
import com.mongodb.event.CommandListener;
import com.mongodb.event.CommandStartedEvent;
import com.mongodb.event.CommandSucceededEvent;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import mastery.support.mongodb.MongoDbReplicaSet;
import mastery.support.server.Node;
import mastery.support.trace.Story;
import org.bson.BsonDocument;
import org.bson.Document;

/**
 * With retryWrites the driver sends a write that failed once more under the same number, and the server carries out a number
 * only once; who tries again by hand deposits twice when only the answer was lost.
 *
 * <p><b>Use it</b> always: it is the default of the drivers, and it covers the change of primary that each upgrade brings.
 *
 * <p><b>Not</b> instead of handling errors: the driver tries once more, not for minutes, and not what changes several documents
 * (updateMany, deleteMany).
 *
 * <p><b>It costs</b> a transaction record of the session on the primary for each session that writes.
 *
 * <p><b>It needs</b> a replica set or a sharded cluster, and an acknowledged write. Source: MongoDB manual, "Retryable Writes".
 */
public final class FailoverRetryableWrites {

    private static final int ANSWER_MILLIS = 1_000;

    private FailoverRetryableWrites() {}

    /**
     * An update as it was sent.
     *
     * @param port of the member that it was sent to
     * @param session the session's id; {@code null} where the driver does not try again
     * @param number of the write within the session; {@code null} where the driver does not try again
     * @param outcome {@code ok}, the name of the server's error, or that of the driver's exception
     */
    public record Attempt(int port, String session, Long number, String outcome) {}

    /** The right way, and the default. Majority: what is acknowledged outlives the primary. */
    public static MongoClientSettings retrying(MongoClientSettings server) {
        return MongoClientSettings.builder(server)
                .retryWrites(true)
                .writeConcern(WriteConcern.MAJORITY)
                .build();
    }

    /** The wrong way: the application gets each error of a change of primary. */
    public static MongoClientSettings withoutRetry(MongoClientSettings server) {
        return MongoClientSettings.builder(retrying(server)).retryWrites(false).build();
    }

    /**
     * Adds to an account, which is opened by its first deposit.
     *
     * @param cents more than 0
     * @throws MongoException when the server did not acknowledge it; it may have been carried out all the same
     */
    public static void deposit(MongoCollection<Document> accounts, String account, long cents) {
        Objects.requireNonNull(account, "account");
        if (cents < 1) {
            throw new IllegalArgumentException("a deposit is more than 0 cents, not " + cents);
        }
        accounts.updateOne(eq("_id", account), inc("cents", cents), new UpdateOptions().upsert(true));
    }

    /** The wrong way: for the server this is another deposit, whatever became of the first. */
    public static void depositAndTryAgainByHand(MongoCollection<Document> accounts, String account, long cents) {
        try {
            deposit(accounts, account, cents);
        } catch (MongoException e) {
            deposit(accounts, account, cents);
        }
    }

    /**
     * The primary gives up its part, as at each upgrade, and another member takes over.
     *
     * @param administration a client of the same set
     */
    public static void stepDown(MongoClient administration) {
        administration
                .getDatabase("admin")
                .runCommand(new Document("replSetStepDown", 60).append("secondaryCatchUpPeriodSecs", 30));
    }

    /** The number of the election that made the primary of now. */
    public static long term(MongoClient administration) {
        Document status = administration.getDatabase("admin").runCommand(new Document("replSetGetStatus", 1));
        return status.get("term", Number.class).longValue();
    }

    /** What is in an account; empty when it was never opened. */
    public static Optional<Long> balance(MongoCollection<Document> accounts, String account) {
        return Optional.ofNullable(accounts.find(eq("_id", account)).first())
                .map(found -> found.get("cents", Number.class).longValue());
    }

    /** Settings with a listener, and a limit to the wait for an answer. */
    public static MongoClientSettings watched(MongoClientSettings settings, Attempts attempts, int answerMillis) {
        return MongoClientSettings.builder(settings)
                .addCommandListener(attempts)
                .applyToSocketSettings(socket -> socket.readTimeout(answerMillis, TimeUnit.MILLISECONDS))
                .build();
    }

    /** Writes down each update that a client sends, and does something of its own at the first, to make a failure. */
    public static final class Attempts implements CommandListener {

        private final Runnable beforeFirst;
        private final Runnable afterFirstFailure;
        private final List<Attempt> all = new ArrayList<>();
        private BsonDocument sent;

        /**
         * @param beforeFirst runs when the member is chosen and the first update is about to be sent
         * @param afterFirstFailure runs when the first update has failed, before the driver goes on
         */
        public Attempts(Runnable beforeFirst, Runnable afterFirstFailure) {
            this.beforeFirst = beforeFirst;
            this.afterFirstFailure = afterFirstFailure;
        }

        /** In the order in which they were sent. */
        public List<Attempt> all() {
            return List.copyOf(all);
        }

        @Override
        public void commandStarted(CommandStartedEvent event) {
            if (event.getCommandName().equals("update")) {
                sent = event.getCommand().toBsonDocument().clone();
                if (all.isEmpty()) {
                    beforeFirst.run();
                }
            }
        }

        @Override
        public void commandSucceeded(CommandSucceededEvent event) {
            if (event.getCommandName().equals("update")) {
                add(event.getConnectionDescription().getServerAddress().getPort(), "ok");
            }
        }

        @Override
        public void commandFailed(CommandFailedEvent event) {
            if (event.getCommandName().equals("update")) {
                add(event.getConnectionDescription().getServerAddress().getPort(), name(event.getThrowable()));
                if (all.size() == 1) {
                    afterFirstFailure.run();
                }
            }
        }

        private void add(int port, String outcome) {
            boolean numbered = sent.containsKey("txnNumber");
            all.add(new Attempt(
                    port,
                    numbered ? sent.getDocument("lsid").getBinary("id").asUuid().toString() : null,
                    numbered ? sent.getInt64("txnNumber").getValue() : null,
                    outcome));
        }

        private static String name(Throwable failure) {
            return failure instanceof MongoCommandException refused
                    ? refused.getErrorCodeName()
                    : failure.getClass().getSimpleName();
        }
    }

    public static void main(String[] args) {
        Story.tell(FailoverRetryableWrites.class, story -> {
            MongoDbReplicaSet set = story.mongodbReplicaSet();
            MongoClientSettings server = set.settings().build();
            // Otherwise the pause below might end in an election.
            set.electionTimeout(Duration.ofSeconds(30));
            try (MongoClient administration = set.newClient()) {
                Runnable stepDown = () -> stepDown(administration);
                Runnable nothing = () -> {};

                story.step("The primary steps down when the deposit is on its way: the driver sends it again");
                Attempts moved = new Attempts(stepDown, nothing);
                MongoClient client = story.traced(watched(retrying(server), moved, ANSWER_MILLIS));
                deposit(accounts(client), "ann", 500);
                story.show("the deposit as it was sent", moved.all());
                story.show("cents of ann", balance(accounts(client), "ann"));

                story.step("Without retryWrites the application gets the error");
                Attempts refused = new Attempts(stepDown, nothing);
                client = story.traced(watched(withoutRetry(server), refused, ANSWER_MILLIS));
                try {
                    deposit(accounts(client), "bob", 500);
                } catch (MongoException e) {
                    story.show("the application", e.getClass().getSimpleName() + " " + e.getCode());
                }

                story.step("Only the answer is lost: the deposit is done, and waits for members that stand still");
                List<Node> copies = set.secondaries();
                Runnable stop = () -> copies.forEach(Node::pause);
                Runnable goOn = () -> copies.forEach(Node::resume);
                Attempts lost = new Attempts(stop, goOn);
                client = story.traced(watched(retrying(server), lost, ANSWER_MILLIS));
                deposit(accounts(client), "cid", 500);
                story.show("the deposit as it was sent", lost.all());
                story.show("cents of cid", balance(accounts(client), "cid"));

                story.step("Tried again by hand, it is another deposit");
                Attempts byHand = new Attempts(stop, goOn);
                client = story.traced(watched(withoutRetry(server), byHand, ANSWER_MILLIS));
                depositAndTryAgainByHand(accounts(client), "dan", 500);
                story.show("the deposit as it was sent", byHand.all());
                story.show("cents of dan", balance(accounts(client), "dan"));

                story.learned(
                        "Leave the second try to the driver: only the server knows whether the first one was done.");
            }
        });
    }

    private static MongoCollection<Document> accounts(MongoClient client) {
        return client.getDatabase("bank").getCollection("accounts");
    }
}
