package mastery.design.transactions;

import static mastery.design.transactions.Counter.added;
import static mastery.design.transactions.Counter.sum;
import static mastery.design.transactions.Counter.written;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.mongodb.MongoException;
import com.mongodb.client.ClientSession;
import com.mongodb.client.MongoClient;
import com.mongodb.client.MongoCollection;
import com.mongodb.client.MongoDatabase;
import com.mongodb.client.model.Filters;
import com.mongodb.client.model.Updates;
import java.sql.Connection;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Predicate;
import javax.sql.DataSource;
import mastery.design.transactions.RetryTemplate.AfterCommitException;
import mastery.design.transactions.RetryTemplate.Done;
import mastery.design.transactions.RetryTemplate.Transaction;
import mastery.support.interleave.Blocked;
import mastery.support.interleave.Session;
import mastery.support.junit.OnMongoDb;
import mastery.support.junit.OnMySql;
import mastery.support.junit.OnPostgreSql;
import mastery.support.junit.OnSqlServer;
import org.bson.Document;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Test;

/** One row is read and written back with one more. RetryTemplateTest has what needs no database. */
class RetryTemplateIT {

    @Nested
    @OnPostgreSql
    class PostgreSqlConnections extends RetryConnectionClaims {
        PostgreSqlConnections() {
            super(Rdbms.POSTGRESQL, RetryTemplate.POSTGRESQL);
        }
    }

    @Nested
    @OnPostgreSql
    class PostgreSql extends RetryClaims {
        PostgreSql() {
            super(Rdbms.POSTGRESQL, RetryTemplate.POSTGRESQL);
        }

        @Override
        SQLException annLosesTo(Session other, int hits) {
            other.does("writes", c -> RetryTemplate.write(c, hits + 10));
            other.commits();
            return ann.failsWith("40001", "writes", c -> written(c, hits + 1));
        }

        @Override
        void isDuplicate(SQLException e) {
            assertThat(e.getSQLState()).isEqualTo("23505");
        }

        @Test
        void aDeadlockIsRunAgain(DataSource database) throws Exception {
            bob.does("adds a row", c -> Sql.execute(c, "insert into counter (id, hits) values (2, 0)"));
            ann.does("looks for deadlocks at once", c -> Sql.execute(c, "set deadlock_timeout = '10ms'"));
            bob.does("never looks for them", c -> Sql.execute(c, "set deadlock_timeout = '1h'"));
            List<Blocked<?>> waits = new ArrayList<>();

            Done<Integer> done = template.run(anns(), (connection, afterCommit) -> {
                if (waits.isEmpty()) {
                    ann.returns("adds to 1", c -> added(c, 1, 1));
                    bob.begins();
                    bob.returns("adds to 2", c -> added(c, 2, 10));
                    waits.add(bob.blocks("adds to 1", c -> added(c, 1, 10)));
                    throw ann.failsWith("40P01", "adds to 2", c -> added(c, 2, 1));
                }
                waits.get(0).returns();
                bob.commits();
                return ann.returns("adds to 1", c -> added(c, 1, 1)) + ann.returns("to 2", c -> added(c, 2, 1));
            });

            assertThat(done).isEqualTo(new Done<>(2, 2));
            assertThat(pauses).containsExactly(1);
            assertThat(sum(database)).isEqualTo(22);
        }

        /** Each reads what the other changes, and Bob is faster: the server tells Ann at her commit. */
        @Test
        void aCommitThatIsRefusedIsRunAgain(DataSource database) throws Exception {
            bob.does("adds a row", c -> Sql.execute(c, "insert into counter (id, hits) values (2, 0)"));

            Done<Integer> done = template.run(anns(), (connection, afterCommit) -> {
                reads(ann);
                ann.returns("adds to 2", c -> added(c, 2, 1));
                if (pauses.isEmpty()) {
                    bob.begins(Connection.TRANSACTION_SERIALIZABLE);
                    bob.returns("reads 2", c -> Sql.number(c, "select hits from counter where id = 2"));
                    bob.returns("adds to 1", c -> added(c, 1, 10));
                    bob.commits();
                }
                return pauses.size();
            });

            assertThat(done).isEqualTo(new Done<>(1, 2));
            assertThat(sum(database)).isEqualTo(11);
        }

        @Test
        void aStatementRunAgainAloneFailsWith25P02() {
            reads(ann);
            bob.begins(Connection.TRANSACTION_SERIALIZABLE);
            annLosesTo(bob, 0);

            ann.failsWith("25P02", "writes again", c -> written(c, 1));
        }

        @Test
        void aLockTimeoutIsRunAgain(DataSource database) throws Exception {
            bob.begins();
            bob.returns("adds", c -> added(c, 1, 10));

            Done<Integer> done = template.run(anns(), (connection, afterCommit) -> {
                ann.does("does not wait long", c -> Sql.execute(c, "set local lock_timeout = '10ms'"));
                if (pauses.isEmpty()) {
                    throw ann.failsWith("55P03", "adds", c -> added(c, 1, 1));
                }
                bob.commits();
                return ann.returns("adds", c -> added(c, 1, 1));
            });

            assertThat(done.attempts()).isEqualTo(2);
            assertThat(sum(database)).isEqualTo(11);
        }
    }

    @Nested
    @OnMySql
    class MySqlConnections extends RetryConnectionClaims {
        MySqlConnections() {
            super(Rdbms.MYSQL, RetryTemplate.MYSQL);
        }

        /** The driver's close() rolls back, in vain: were that a lost attempt, the transaction would be committed twice. */
        @Test
        void aConnectionLostBehindTheCommitIsNotRunAgain(DataSource database, Connection admin) throws Exception {
            DataSource doomed = rdbms.killedAt("after 2", database, admin);

            assertThatThrownBy(() -> template.run(doomed, (connection, afterCommit) -> added(connection, 1, 1)))
                    .isInstanceOfSatisfying(
                            AfterCommitException.class,
                            e -> assertThat(e.done()).isEqualTo(new Done<>(1, 1)))
                    .cause()
                    .matches(e -> RetryTemplate.MYSQL.test((SQLException) e));
            assertThat(sum(database)).isEqualTo(1);
        }
    }

    @Nested
    @OnMySql
    class MySql extends LockingClaims {

        private final AtomicInteger otherRow = new AtomicInteger(10);

        MySql() {
            super(Rdbms.MYSQL, RetryTemplate.MYSQL, 1213);
        }

        @Override
        void weighsMore(Session session) {
            session.does("changes other rows", c -> {
                for (int i = 0; i < 3; i++) {
                    Sql.execute(c, "insert into counter (id, hits) values (" + otherRow.incrementAndGet() + ", 0)");
                }
            });
        }

        @Override
        void isDuplicate(SQLException e) {
            assertThat(e.getErrorCode()).isEqualTo(1062);
        }

        /** 1205 undoes the statement only: were the transaction not rolled back, what it had added before would be added twice. */
        @Test
        void aLockWaitTimeoutIsRunAgainAsAWhole(DataSource database) throws Exception {
            bob.does("adds a row", c -> Sql.execute(c, "insert into counter (id, hits) values (2, 0)"));
            bob.begins();
            bob.returns("adds to 2", c -> added(c, 2, 10));
            ann.does("waits a second at most", c -> Sql.execute(c, "set innodb_lock_wait_timeout = 1"));

            Done<Integer> done = template.run(anns(), (connection, afterCommit) -> {
                ann.returns("adds to 1", c -> added(c, 1, 1));
                if (pauses.isEmpty()) {
                    throw ann.failsWith(1205, "adds to 2", c -> added(c, 2, 1));
                }
                bob.commits();
                return ann.returns("adds to 2", c -> added(c, 2, 1));
            });

            assertThat(done.attempts()).isEqualTo(2);
            assertThat(sum(database)).isEqualTo(12);
        }
    }

    @Nested
    @OnSqlServer
    class SqlServerConnections extends RetryConnectionClaims {
        SqlServerConnections() {
            super(Rdbms.SQL_SERVER, RetryTemplate.SQL_SERVER);
        }
    }

    @Nested
    @OnSqlServer
    class SqlServer extends LockingClaims {
        SqlServer() {
            super(Rdbms.SQL_SERVER, RetryTemplate.SQL_SERVER, 1205);
        }

        @Override
        void weighsMore(Session session) {
            session.does("matters more", c -> Sql.execute(c, "set deadlock_priority high"));
        }

        @Override
        void isDuplicate(SQLException e) {
            assertThat(e.getErrorCode()).isEqualTo(2627);
        }
    }

    /** Where SERIALIZABLE locks what it reads, two readers that both write are a deadlock. */
    abstract static class LockingClaims extends RetryClaims {

        private final int deadlock;

        LockingClaims(Rdbms rdbms, Predicate<Exception> worthARetry, int deadlock) {
            super(rdbms, worthARetry);
            this.deadlock = deadlock;
        }

        /** The other one will be the victim. */
        abstract void weighsMore(Session session);

        @Override
        SQLException annLosesTo(Session other, int hits) {
            weighsMore(other);
            Blocked<?> write = other.blocks("writes", c -> written(c, hits + 10));
            SQLException e = ann.failsWith(deadlock, "writes", c -> written(c, hits + 1));
            write.returns();
            other.commits();
            return e;
        }
    }

    @Nested
    @OnMongoDb
    class MongoDb {

        @Test
        void itsLabelIsAClassificationLikeAnyOther(MongoClient client, MongoDatabase database) throws Exception {
            MongoCollection<Document> counters = database.getCollection("counter");
            counters.insertOne(new Document("_id", 1).append("hits", 0));
            List<MongoException> lost = new ArrayList<>();
            RetryTemplate template = new RetryTemplate(MongoDb::isTransient, 3, attempt -> {});

            Done<Integer> done = template.run((Transaction<Integer, RuntimeException>) afterCommit -> {
                try (ClientSession session = client.startSession()) {
                    session.startTransaction();
                    int hits = counters.find(session, Filters.eq(1)).first().getInteger("hits");
                    if (lost.isEmpty()) {
                        counters.updateOne(Filters.eq(1), Updates.inc("hits", 10));
                    }
                    counters.updateOne(session, Filters.eq(1), Updates.set("hits", hits + 1));
                    session.commitTransaction();
                    return hits + 1;
                } catch (MongoException e) {
                    lost.add(e);
                    throw e;
                }
            });

            assertThat(done).isEqualTo(new Done<>(11, 2));
            assertThat(lost).extracting(MongoException::getCode).containsExactly(112);
            assertThat(counters.find().first().getInteger("hits")).isEqualTo(11);
        }

        private static boolean isTransient(Exception e) {
            return e instanceof MongoException mongo
                    && mongo.hasErrorLabel(MongoException.TRANSIENT_TRANSACTION_ERROR_LABEL);
        }
    }
}
