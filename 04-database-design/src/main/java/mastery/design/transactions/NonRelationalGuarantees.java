package mastery.design.transactions;

import com.datastax.oss.driver.api.core.CqlSession;
import com.datastax.oss.driver.api.core.cql.ResultSet;
import com.datastax.oss.driver.api.core.cql.SimpleStatement;
import com.mongodb.MongoException;
import com.mongodb.client.ClientSession;
import com.mongodb.client.MongoClient;
import com.mongodb.client.MongoCollection;
import com.mongodb.client.model.Filters;
import com.mongodb.client.model.Updates;
import java.util.List;
import java.util.Optional;
import mastery.support.trace.Story;
import org.bson.Document;
import redis.clients.jedis.AbstractTransaction;
import redis.clients.jedis.RedisClient;

/**
 * A transaction of MongoDB fails when it meets another, EXEC of Redis does nothing when a watched key was changed, and an IF of Cassandra
 * answers that it was not applied: none of them waits, and each must be asked how it ended.
 *
 * <p><b>When:</b> what is written depends on what was read. The wrong way, {@link #redisAddUnwatched} and {@link #cassandraOverwrite},
 * succeeds in silence over what another client wrote in between.
 *
 * <p><b>Not</b> for what one command does by itself: {@code $inc}, INCR, a counter column. And MULTI of Redis is no
 * transaction that could be rolled back: a command that fails while it runs leaves what the others did ({@link #redisQueue}); only one that
 * cannot even be queued refuses them all.
 *
 * <p><b>It costs</b> MongoDB an attempt that is thrown away, to be run again as a whole ({@link RetryTemplate} with the label
 * TransientTransactionError); Redis a connection of one's own between WATCH and EXEC; Cassandra several rounds between the
 * replicas for each IF, and all writes of such a row must have one: a plain write does not take part in their order.
 *
 * <p><b>It needs</b> a replica set of MongoDB, and of Cassandra a single partition for each IF.
 *
 * <p>Source: MongoDB manual, "Transactions" and "Drivers API" for transactions; Redis manual, "Transactions"; Cassandra documentation,
 * "Lightweight transactions".
 */
public final class NonRelationalGuarantees {

    /** The server's code for a transaction that met another's write. */
    static final int WRITE_CONFLICT = 112;

    private NonRelationalGuarantees() {}

    /** How an attempt ended: the error's code and whether the whole transaction may be run again; code 0 if it committed. */
    public record Attempt(int code, boolean runAgain) {}

    /** MongoDB: moves from one document to another, or does nothing. {@code between} runs after the first read. */
    public static Attempt mongoMove(
            MongoClient client,
            MongoCollection<Document> accounts,
            String from,
            String to,
            int cents,
            Runnable between) {
        try (ClientSession session = client.startSession()) {
            // what is not committed when the session is closed is aborted
            session.startTransaction();
            int has = cents(accounts.find(session, Filters.eq(from)).first(), from);
            between.run();
            accounts.updateOne(session, Filters.eq(to), Updates.inc("cents", cents));
            accounts.updateOne(session, Filters.eq(from), Updates.set("cents", has - cents));
            session.commitTransaction();
            return new Attempt(0, false);
        } catch (MongoException e) {
            return new Attempt(e.getCode(), e.hasErrorLabel(MongoException.TRANSIENT_TRANSACTION_ERROR_LABEL));
        }
    }

    private static int cents(Document account, String name) {
        if (account == null) {
            throw new IllegalArgumentException("there is no account " + name);
        }
        return account.getInteger("cents");
    }

    /** Redis, the wrong way: what another client writes in {@code between} is overwritten. */
    public static void redisAddUnwatched(RedisClient redis, String key, int more, Runnable between) {
        int has = number(redis.get(key));
        between.run();
        redis.set(key, Integer.toString(has + more));
    }

    /** Redis: false, and nothing is written, if another client changed the key after WATCH. */
    public static boolean redisAdd(RedisClient redis, String key, int more, Runnable between) {
        try (AbstractTransaction transaction = redis.transaction(false)) {
            transaction.watch(key);
            // by another connection: what was read there is not older than WATCH
            int has = number(redis.get(key));
            between.run();
            transaction.multi();
            transaction.set(key, Integer.toString(has + more));
            return transaction.exec() != null;
        }
    }

    private static int number(String text) {
        return text == null ? 0 : Integer.parseInt(text);
    }

    /** Redis: writes two keys with an INCR of {@code middle} between them. Returns the three replies, an error being one of them. */
    public static List<Object> redisQueue(RedisClient redis, String first, String middle, String last) {
        try (AbstractTransaction transaction = redis.multi()) {
            transaction.set(first, "written");
            transaction.incr(middle);
            transaction.set(last, "written");
            return transaction.exec();
        }
    }

    /** Cassandra, the wrong way: INSERT overwrites the row that is there. */
    public static void cassandraOverwrite(CqlSession session, String seat, String guest) {
        session.execute(SimpleStatement.newInstance("insert into booking (seat, guest) values (?, ?)", seat, guest));
    }

    /** Cassandra: empty if the guest got the seat, else who has it. */
    public static Optional<String> cassandraBook(CqlSession session, String seat, String guest) {
        ResultSet answer = session.execute(SimpleStatement.newInstance(
                "insert into booking (seat, guest) values (?, ?) if not exists", seat, guest));
        return answer.wasApplied()
                ? Optional.empty()
                : Optional.ofNullable(answer.one().getString("guest"));
    }

    /** Cassandra: false, and nothing is written, if the seat is no longer that of {@code from}. */
    public static boolean cassandraHandOver(CqlSession session, String seat, String from, String to) {
        return session.execute(SimpleStatement.newInstance(
                        "update booking set guest = ? where seat = ? if guest = ?", to, seat, from))
                .wasApplied();
    }

    public static void createTable(CqlSession session) {
        session.execute("create table booking (seat text primary key, guest text)");
    }

    public static void main(String[] args) {
        Story.tell(NonRelationalGuarantees.class, story -> {
            MongoCollection<Document> accounts = story.mongodb().getCollection("account");
            accounts.insertMany(List.of(
                    new Document("_id", "Ann").append("cents", 100), new Document("_id", "Bob").append("cents", 0)));
            story.step("MongoDB: another client writes what the transaction has read; it fails and may be run again");
            story.show(
                    "first attempt",
                    mongoMove(
                            story.mongodbClient(),
                            accounts,
                            "Ann",
                            "Bob",
                            30,
                            () -> accounts.updateOne(Filters.eq("Ann"), Updates.inc("cents", 1))));
            story.show("second attempt", mongoMove(story.mongodbClient(), accounts, "Ann", "Bob", 30, () -> {}));

            RedisClient redis = story.redis();
            story.step("Redis: the watched key was changed in between, so EXEC does nothing");
            redis.set("stock", "10");
            story.show("first attempt", redisAdd(redis, "stock", 5, () -> redis.incr("stock")));
            story.show("second attempt", redisAdd(redis, "stock", 5, () -> {}));
            story.step("A command that fails inside of MULTI undoes nothing");
            redis.set("name", "Ann");
            redisQueue(redis, "a", "name", "b")
                    .forEach(reply -> story.show(
                            "reply", reply instanceof Exception error ? error.getMessage() : String.valueOf(reply)));
            story.show("a and b", redis.mget("a", "b"));

            CqlSession cassandra = story.cassandra();
            createTable(cassandra);
            story.step("Cassandra: the second IF NOT EXISTS is not applied and says who was first; INSERT overwrites");
            story.show("in Ann's way", cassandraBook(cassandra, "1A", "Ann").orElse("nobody"));
            story.show("in Bob's way", cassandraBook(cassandra, "1A", "Bob").orElse("nobody"));
            cassandraOverwrite(cassandra, "1A", "Bob");
            story.show("in Eve's way", cassandraBook(cassandra, "1A", "Eve").orElse("nobody"));

            story.learned("Ask how it ended: error 112, a nil from EXEC, [applied] false. Then read again.");
        });
    }
}
