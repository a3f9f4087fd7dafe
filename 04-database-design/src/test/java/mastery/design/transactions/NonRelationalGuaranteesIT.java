package mastery.design.transactions;

import static mastery.design.transactions.NonRelationalGuarantees.WRITE_CONFLICT;
import static mastery.design.transactions.NonRelationalGuarantees.cassandraBook;
import static mastery.design.transactions.NonRelationalGuarantees.cassandraHandOver;
import static mastery.design.transactions.NonRelationalGuarantees.cassandraOverwrite;
import static mastery.design.transactions.NonRelationalGuarantees.mongoMove;
import static mastery.design.transactions.NonRelationalGuarantees.redisAdd;
import static mastery.design.transactions.NonRelationalGuarantees.redisAddUnwatched;
import static mastery.design.transactions.NonRelationalGuarantees.redisQueue;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.datastax.oss.driver.api.core.CqlSession;
import com.datastax.oss.driver.api.core.cql.SimpleStatement;
import com.datastax.oss.driver.api.core.servererrors.InvalidQueryException;
import com.mongodb.client.MongoClient;
import com.mongodb.client.MongoCollection;
import com.mongodb.client.MongoDatabase;
import com.mongodb.client.model.Filters;
import com.mongodb.client.model.Updates;
import java.util.List;
import mastery.design.transactions.NonRelationalGuarantees.Attempt;
import mastery.support.junit.OnCassandra;
import mastery.support.junit.OnMongoDb;
import mastery.support.junit.OnRedis;
import org.bson.Document;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Test;
import redis.clients.jedis.AbstractTransaction;
import redis.clients.jedis.CommandArguments;
import redis.clients.jedis.Protocol;
import redis.clients.jedis.RedisClient;
import redis.clients.jedis.exceptions.JedisDataException;

/** Each engine with a rival in between, and without one. */
class NonRelationalGuaranteesIT {

    private static final Runnable NOTHING = () -> {};

    @Nested
    @OnMongoDb
    class MongoDb {

        private MongoCollection<Document> accounts;

        @BeforeEach
        void fill(MongoDatabase database) {
            accounts = database.getCollection("account");
            accounts.insertMany(List.of(
                    new Document("_id", "Ann").append("cents", 100), new Document("_id", "Bob").append("cents", 0)));
        }

        @Test
        void aTransactionThatMeetsAnotherWriteFailsWith112AndMayRunAgain(MongoClient client) {
            Attempt attempt = mongoMove(client, accounts, "Ann", "Bob", 30, () -> {
                accounts.updateOne(Filters.eq("Ann"), Updates.inc("cents", 1));
            });

            assertThat(attempt).isEqualTo(new Attempt(WRITE_CONFLICT, true));
            assertThat(cents("Ann")).isEqualTo(101);
            assertThat(cents("Bob")).as("written before the conflict").isZero();

            assertThat(mongoMove(client, accounts, "Ann", "Bob", 30, NOTHING)).isEqualTo(new Attempt(0, false));
            assertThat(cents("Ann")).isEqualTo(71);
            assertThat(cents("Bob")).isEqualTo(30);
        }

        @Test
        void anErrorOfAnotherKindIsNotToBeRunAgain(MongoClient client) {
            accounts.updateOne(Filters.eq("Bob"), Updates.set("cents", "many"));

            Attempt attempt = mongoMove(client, accounts, "Ann", "Bob", 30, NOTHING);

            assertThat(attempt).isEqualTo(new Attempt(14, false)); // TypeMismatch
            assertThat(cents("Ann")).isEqualTo(100);
        }

        @Test
        void anAccountThatDoesNotExistIsRefusedAndNothingIsMoved(MongoClient client) {
            assertThatIllegalArgumentException()
                    .isThrownBy(() -> mongoMove(client, accounts, "{$ne: null}", "Bob", 30, NOTHING))
                    .withMessage("there is no account {$ne: null}");
            assertThat(cents("Bob")).isZero();
        }

        private int cents(String name) {
            return accounts.find(Filters.eq(name)).first().getInteger("cents");
        }
    }

    @Nested
    @OnRedis
    class Redis {

        @Test
        void execDoesNothingIfAWatchedKeyWasChanged(RedisClient redis) {
            redis.set("stock", "10");

            assertThat(redisAdd(redis, "stock", 5, () -> redis.incr("stock"))).isFalse();
            assertThat(redis.get("stock")).isEqualTo("11");

            assertThat(redisAdd(redis, "stock", 5, () -> redis.incr("other"))).isTrue();
            assertThat(redis.get("stock")).isEqualTo("16");
        }

        @Test
        void aKeyThatWasWrittenWithTheSameValueCountsAsChanged(RedisClient redis) {
            redis.set("stock", "10");

            assertThat(redisAdd(redis, "stock", 5, () -> redis.set("stock", "10")))
                    .isFalse();
        }

        @Test
        void withoutWatchTheOtherWriteIsLost(RedisClient redis) {
            redis.set("stock", "10");

            redisAddUnwatched(redis, "stock", 5, () -> redis.incrBy("stock", 100));

            assertThat(redis.get("stock")).isEqualTo("15");
        }

        @Test
        void aCommandThatFailsInExecUndoesNoOther(RedisClient redis) {
            redis.set("name", "Ann");

            List<Object> replies = redisQueue(redis, "a", "name", "b");

            assertThat(replies).hasSize(3);
            assertThat(replies.get(0)).isEqualTo("OK");
            assertThat(replies.get(1))
                    .isInstanceOfSatisfying(
                            JedisDataException.class, e -> assertThat(e).hasMessageContaining("not an integer"));
            assertThat(replies.get(2)).isEqualTo("OK");
            assertThat(redis.mget("a", "name", "b")).containsExactly("written", "Ann", "written");
        }

        /** What cannot even be queued is another matter: the whole is refused. */
        @Test
        void aCommandThatCannotBeQueuedRefusesThemAll(RedisClient redis) {
            try (AbstractTransaction transaction = redis.multi()) {
                transaction.set("a", "written");
                transaction.sendCommand(new CommandArguments(Protocol.Command.INCR)); // of what?

                assertThatThrownBy(transaction::exec)
                        .isInstanceOf(JedisDataException.class)
                        .hasMessageContaining("EXECABORT");
            }
            assertThat(redis.exists("a")).isFalse();
        }

        @Test
        void aValueThatIsNoNumberIsRefusedAndLeavesTheConnectionUsable(RedisClient redis) {
            redis.set("stock", "ten");

            assertThatThrownBy(() -> redisAdd(redis, "stock", 5, NOTHING)).isInstanceOf(NumberFormatException.class);
            assertThat(redis.get("stock")).isEqualTo("ten");
            redis.set("stock", "10");
            assertThat(redisAdd(redis, "stock", 5, NOTHING)).isTrue();
            assertThat(redisAdd(redis, "never seen", 5, NOTHING)).isTrue();
            assertThat(redis.mget("stock", "never seen")).containsExactly("15", "5");
        }
    }

    @Nested
    @OnCassandra
    class Cassandra {

        private CqlSession session;

        @BeforeEach
        void createTable(CqlSession session) {
            this.session = session;
            NonRelationalGuarantees.createTable(session);
        }

        @Test
        void theSecondToBookIsNotAppliedAndIsToldWhoWasFirst() {
            assertThat(cassandraBook(session, "1A", "Ann")).isEmpty();
            assertThat(cassandraBook(session, "1A", "Bob")).contains("Ann");
            assertThat(guest("1A")).isEqualTo("Ann");
        }

        @Test
        void aPlainInsertOverwritesInSilence() {
            cassandraOverwrite(session, "1A", "Ann");
            cassandraOverwrite(session, "1A", "Bob");

            assertThat(guest("1A")).isEqualTo("Bob");
        }

        @Test
        void anUpdateWhoseConditionNoLongerHoldsIsNotApplied() {
            cassandraBook(session, "1A", "Ann");

            assertThat(cassandraHandOver(session, "1A", "Ann", "Bob")).isTrue();
            assertThat(cassandraHandOver(session, "1A", "Ann", "Eve")).isFalse();
            assertThat(cassandraHandOver(session, "nowhere", "Ann", "Eve")).isFalse();

            assertThat(guest("1A")).isEqualTo("Bob");
            assertThat(guest("nowhere")).isNull();
        }

        @Test
        void aSeatNeedsANameAndHostileTextIsOnlyText() {
            assertThatThrownBy(() -> cassandraBook(session, null, "Ann")).isInstanceOf(InvalidQueryException.class);
            assertThatThrownBy(() -> cassandraBook(session, "", "Ann")).isInstanceOf(InvalidQueryException.class);

            String hostile = "'; truncate booking; --";
            assertThat(cassandraBook(session, hostile, hostile)).isEmpty();
            assertThat(cassandraBook(session, hostile, "Bob")).contains(hostile);
        }

        private String guest(String seat) {
            var row = session.execute(SimpleStatement.newInstance("select guest from booking where seat = ?", seat))
                    .one();
            return row == null ? null : row.getString("guest");
        }
    }
}
