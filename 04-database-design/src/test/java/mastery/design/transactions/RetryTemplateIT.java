package mastery.design.transactions;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import com.microsoft.sqlserver.jdbc.SQLServerDataSource;
import com.mongodb.MongoException;
import com.mongodb.client.ClientSession;
import com.mongodb.client.MongoClient;
import com.mongodb.client.MongoCollection;
import com.mongodb.client.MongoDatabase;
import com.mongodb.client.model.Filters;
import com.mongodb.client.model.Updates;
import com.mysql.cj.jdbc.MysqlDataSource;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.concurrent.BrokenBarrierException;
import java.util.concurrent.Callable;
import java.util.concurrent.CyclicBarrier;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Predicate;
import javax.sql.DataSource;
import mastery.design.transactions.RetryTemplate.AfterCommitException;
import mastery.design.transactions.RetryTemplate.Done;
import mastery.design.transactions.RetryTemplate.Transaction;
import mastery.design.transactions.RetryTemplate.UnknownCommitException;
import mastery.support.interleave.Blocked;
import mastery.support.interleave.Interleaving;
import mastery.support.interleave.LockView;
import mastery.support.interleave.Session;
import mastery.support.junit.OnMongoDb;
import mastery.support.junit.OnMySql;
import mastery.support.junit.OnPostgreSql;
import mastery.support.junit.OnSqlServer;
import mastery.support.server.Node;
import org.awaitility.Awaitility;
import org.bson.Document;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Test;
import org.postgresql.ds.PGSimpleDataSource;

/** One row is read and written back with one more. RetryTemplateTest has what needs no database. */
class RetryTemplateIT {

    private static final int WORKERS = 4;

    @Nested
    @OnPostgreSql
    class PostgreSql extends Claims {

        PostgreSql() {
            super(RetryTemplate.POSTGRESQL);
        }

        @Override
        LockView locks(DataSource database) {
            return LockView.postgreSql(database);
        }

        @Override
        DataSource through(int port, DataSource database) {
            PGSimpleDataSource source = (PGSimpleDataSource) database;
            source.setPortNumbers(new int[] {port});
            return source;
        }

        @Override
        long idOf(Connection connection) throws SQLException {
            return number(connection, "select pg_backend_pid()");
        }

        @Override
        void kill(Connection admin, long session) throws SQLException {
            number(admin, "select count(pg_terminate_backend(" + session + ", 30000))");
        }

        @Override
        SQLException losesTo(Session bob, Session ann, int hits) {
            bob.does("writes", c -> RetryTemplate.write(c, hits + 10));
            bob.commits();
            return ann.failsWith("40001", "writes", c -> written(c, hits + 1));
        }

        @Override
        void isDuplicate(SQLException e) {
            assertThat(e.getSQLState()).isEqualTo("23505");
        }

        @Test
        void aDeadlockIsRunAgain(DataSource database) throws Exception {
            try (Interleaving play = Interleaving.on(locks(database))) {
                Session ann = play.session("Ann", database);
                Session bob = play.session("Bob", database);
                bob.does("adds a row", c -> execute(c, "insert into counter (id, hits) values (2, 0)"));
                ann.does("looks for deadlocks at once", c -> execute(c, "set deadlock_timeout = '10ms'"));
                bob.does("never looks for them", c -> execute(c, "set deadlock_timeout = '1h'"));
                List<Blocked<?>> waits = new ArrayList<>();

                Done<Integer> done = template.run(staying(ann), (connection, afterCommit) -> {
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
        }

        @Test
        void aStatementRunAgainAloneFailsWith25P02(DataSource database) throws Exception {
            try (Interleaving play = Interleaving.on(locks(database))) {
                Session ann = play.session("Ann", database);
                Session bob = play.session("Bob", database);
                ann.begins(Connection.TRANSACTION_SERIALIZABLE);
                ann.returns("reads", RetryTemplate::read);
                bob.begins(Connection.TRANSACTION_SERIALIZABLE);
                losesTo(bob, ann, 0);

                ann.failsWith("25P02", "writes again", c -> written(c, 1));
            }
        }

        @Test
        void aLockTimeoutIsRunAgain(DataSource database) throws Exception {
            try (Interleaving play = Interleaving.on(locks(database))) {
                Session ann = play.session("Ann", database);
                Session bob = play.session("Bob", database);
                bob.begins();
                bob.returns("adds", c -> added(c, 1, 10));

                Done<Integer> done = template.run(staying(ann), (connection, afterCommit) -> {
                    ann.does("does not wait long", c -> execute(c, "set local lock_timeout = '10ms'"));
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
    }

    @Nested
    @OnMySql
    class MySql extends LockingClaims {

        private final AtomicInteger otherRow = new AtomicInteger(10);

        MySql() {
            super(RetryTemplate.MYSQL, 1213);
        }

        @Override
        LockView locks(DataSource database) {
            return LockView.mySql(database);
        }

        @Override
        DataSource through(int port, DataSource database) {
            MysqlDataSource source = (MysqlDataSource) database;
            source.setPortNumber(port);
            return source;
        }

        @Override
        long idOf(Connection connection) throws SQLException {
            return number(connection, "select connection_id()");
        }

        @Override
        void kill(Connection admin, long session) throws SQLException {
            execute(admin, "kill " + session);
            Awaitility.await()
                    .atMost(30, TimeUnit.SECONDS)
                    .until(() ->
                            number(admin, "select count(*) from performance_schema.processlist where id = " + session)
                                    == 0);
        }

        @Override
        void weighsMore(Session session) {
            session.does("changes other rows", c -> {
                for (int i = 0; i < 3; i++) {
                    execute(c, "insert into counter (id, hits) values (" + otherRow.incrementAndGet() + ", 0)");
                }
            });
        }

        @Override
        void isDuplicate(SQLException e) {
            assertThat(e.getErrorCode()).isEqualTo(1062);
        }

        /** The driver's close() rolls back, in vain: were that a lost attempt, the transaction would be committed twice. */
        @Test
        void aConnectionLostBehindTheCommitIsNotRunAgain(DataSource database, Connection admin) throws Exception {
            DataSource doomed = Steps.of(() -> {
                Connection connection = database.getConnection();
                long session = idOf(connection);
                return Steps.watch(connection, at -> {
                    if (at.equals("after 2")) {
                        kill(admin, session);
                    }
                });
            });

            assertThatThrownBy(() -> template.run(doomed, (connection, afterCommit) -> added(connection, 1, 1)))
                    .isInstanceOfSatisfying(
                            AfterCommitException.class,
                            e -> assertThat(e.done()).isEqualTo(new Done<>(1, 1)))
                    .cause()
                    .matches(e -> RetryTemplate.MYSQL.test((SQLException) e));
            assertThat(sum(database)).isEqualTo(1);
        }

        /** 1205 undoes the statement only: were the transaction not rolled back, what it had added before would be added twice. */
        @Test
        void aLockWaitTimeoutIsRunAgainAsAWhole(DataSource database) throws Exception {
            try (Interleaving play = Interleaving.on(locks(database))) {
                Session ann = play.session("Ann", database);
                Session bob = play.session("Bob", database);
                bob.does("adds a row", c -> execute(c, "insert into counter (id, hits) values (2, 0)"));
                bob.begins();
                bob.returns("adds to 2", c -> added(c, 2, 10));
                ann.does("waits a second at most", c -> execute(c, "set innodb_lock_wait_timeout = 1"));

                Done<Integer> done = template.run(staying(ann), (connection, afterCommit) -> {
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
    }

    @Nested
    @OnSqlServer
    class SqlServer extends LockingClaims {

        SqlServer() {
            super(RetryTemplate.SQL_SERVER, 1205);
        }

        @Override
        LockView locks(DataSource database) {
            return LockView.sqlServer(database);
        }

        @Override
        DataSource through(int port, DataSource database) {
            SQLServerDataSource source = (SQLServerDataSource) database;
            source.setPortNumber(port);
            return source;
        }

        @Override
        long idOf(Connection connection) throws SQLException {
            return number(connection, "select @@spid");
        }

        @Override
        void kill(Connection admin, long session) throws SQLException {
            execute(admin, "kill " + session);
            Awaitility.await()
                    .atMost(30, TimeUnit.SECONDS)
                    .until(() ->
                            number(admin, "select count(*) from sys.dm_exec_sessions where session_id = " + session)
                                    == 0);
        }

        @Override
        void weighsMore(Session session) {
            session.does("matters more", c -> execute(c, "set deadlock_priority high"));
        }

        @Override
        void isDuplicate(SQLException e) {
            assertThat(e.getErrorCode()).isEqualTo(2627);
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
            RetryTemplate template = new RetryTemplate(RetryTemplateIT::isTransient, 3, attempt -> {});

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
    }

    private static boolean isTransient(Exception e) {
        return e instanceof MongoException mongo
                && mongo.hasErrorLabel(MongoException.TRANSIENT_TRANSACTION_ERROR_LABEL);
    }

    /** Where SERIALIZABLE locks what it reads, two readers that both write are a deadlock. */
    abstract static class LockingClaims extends Claims {

        private final int deadlock;

        LockingClaims(Predicate<Exception> worthARetry, int deadlock) {
            super(worthARetry);
            this.deadlock = deadlock;
        }

        /** The other one will be the victim. */
        abstract void weighsMore(Session session);

        @Override
        SQLException losesTo(Session bob, Session ann, int hits) {
            weighsMore(bob);
            Blocked<?> write = bob.blocks("writes", c -> written(c, hits + 10));
            SQLException e = ann.failsWith(deadlock, "writes", c -> written(c, hits + 1));
            write.returns();
            bob.commits();
            return e;
        }
    }

    abstract static class Claims {

        final List<Integer> pauses = new ArrayList<>();
        final RetryTemplate template;
        private final Predicate<Exception> worthARetry;

        Claims(Predicate<Exception> worthARetry) {
            this.worthARetry = worthARetry;
            this.template = new RetryTemplate(worthARetry, 3, pauses::add);
        }

        abstract LockView locks(DataSource database);

        abstract DataSource through(int port, DataSource database);

        abstract long idOf(Connection connection) throws SQLException;

        /** Ends the session, and returns when it is gone. */
        abstract void kill(Connection admin, long session) throws SQLException;

        /** Both have read in a SERIALIZABLE transaction; both write, and Ann is the one who fails. */
        abstract SQLException losesTo(Session bob, Session ann, int hits);

        abstract void isDuplicate(SQLException e);

        @BeforeEach
        void createSchema(Connection connection) throws SQLException {
            RetryTemplate.createSchema(connection);
        }

        @Test
        void aTransactionThatLostRunsAgainFromItsFirstRead(DataSource database) throws Exception {
            try (Interleaving play = Interleaving.on(locks(database))) {
                Session ann = play.session("Ann", database);
                Session bob = play.session("Bob", database);
                List<Integer> reads = new ArrayList<>();
                List<String> mails = new ArrayList<>();

                Done<Integer> done = template.run(staying(ann), (connection, afterCommit) -> {
                    reads.add(readsSerializably(ann));
                    int hits = reads.get(reads.size() - 1);
                    afterCommit.then(() -> mails.add("had " + hits + ", has " + sum(database)));
                    if (reads.size() == 1) {
                        readsSerializably(bob);
                        throw losesTo(bob, ann, hits);
                    }
                    return ann.returns("writes", c -> written(c, hits + 1));
                });

                assertThat(reads).containsExactly(0, 10);
                assertThat(done).isEqualTo(new Done<>(11, 2));
                assertThat(pauses).containsExactly(1);
                assertThat(mails).containsExactly("had 10, has 11");
            }
        }

        @Test
        void attemptsAreBoundedAndEachFailureIsTold(DataSource database) throws Exception {
            try (Interleaving play = Interleaving.on(locks(database))) {
                Session ann = play.session("Ann", database);
                List<SQLException> lost = new ArrayList<>();
                List<String> mails = new ArrayList<>();

                SQLException last = catchThrowableOfType(
                        SQLException.class,
                        () -> template.run(staying(ann), (connection, afterCommit) -> {
                            afterCommit.then(() -> mails.add("sent"));
                            int hits = readsSerializably(ann);
                            Session bob = play.session("Bob " + lost.size(), database);
                            readsSerializably(bob);
                            lost.add(losesTo(bob, ann, hits));
                            throw lost.get(lost.size() - 1);
                        }));

                assertThat(lost).hasSize(3);
                assertThat((Throwable) last).isSameAs(lost.get(2));
                assertThat(last.getSuppressed()).containsExactly(lost.get(0), lost.get(1));
                assertThat(mails).isEmpty();
            }
        }

        @Test
        void contendedIncrementsTotalTheirNumberAndAttemptsAreCounted(DataSource database) throws Exception {
            int each = 5;
            RetryTemplate stubborn = new RetryTemplate(worthARetry, 1_000, attempt -> Thread.yield());
            CyclicBarrier allHaveRead = new CyclicBarrier(WORKERS);
            AtomicInteger runs = new AtomicInteger();
            AtomicInteger mails = new AtomicInteger();

            List<Future<Integer>> workers = inParallel(() -> {
                int attempts = 0;
                for (int i = 0; i < each; i++) {
                    boolean[] first = {i == 0};
                    attempts += stubborn.run(database, (connection, afterCommit) -> {
                                runs.incrementAndGet();
                                afterCommit.then(mails::incrementAndGet);
                                int hits = readsSerializably(connection);
                                meetAt(allHaveRead, first);
                                return written(connection, hits + 1);
                            })
                            .attempts();
                }
                return attempts;
            });

            int attempts = 0;
            for (Future<Integer> worker : workers) {
                attempts += worker.get();
            }
            assertThat(sum(database)).isEqualTo(WORKERS * each);
            assertThat(mails).hasValue(WORKERS * each);
            assertThat(attempts).isEqualTo(runs.get()).isGreaterThanOrEqualTo(WORKERS * each + WORKERS - 1);
        }

        @Test
        void withoutRetryAllButOneOfThoseWhoReadTheSameAreLost(DataSource database) throws Exception {
            RetryTemplate once = new RetryTemplate(worthARetry, 1, pauses::add);
            CyclicBarrier allHaveRead = new CyclicBarrier(WORKERS);

            List<Future<Done<Integer>>> workers = inParallel(() -> once.run(database, (connection, afterCommit) -> {
                int hits = readsSerializably(connection);
                meetAt(allHaveRead, new boolean[] {true});
                return written(connection, hits + 1);
            }));

            int lost = 0;
            for (Future<Done<Integer>> worker : workers) {
                try {
                    worker.get();
                } catch (ExecutionException e) {
                    assertThat(worthARetry.test(e)).as(e.toString()).isTrue();
                    lost++;
                }
            }
            assertThat(lost).isEqualTo(WORKERS - 1);
            assertThat(sum(database)).isEqualTo(1);
        }

        @Test
        void theConnectionIsGivenBackBeforeWhatFollowsAndAfterAFailure(DataSource database) throws Exception {
            List<Connection> used = new ArrayList<>();
            List<Boolean> givenBack = new ArrayList<>();

            template.run(database, (connection, afterCommit) -> {
                used.add(connection);
                afterCommit.then(() -> givenBack.add(connection.isClosed()));
                return null;
            });
            assertThatThrownBy(() -> template.run(database, (connection, afterCommit) -> {
                        used.add(connection);
                        throw new IllegalStateException("sold out");
                    }))
                    .hasMessage("sold out");

            assertThat(givenBack).containsExactly(true);
            assertThat(used.get(1).isClosed()).isTrue();
        }

        @Test
        void aDuplicateKeyIsNotRunAgain(DataSource database) {
            AtomicInteger runs = new AtomicInteger();

            assertThatThrownBy(() -> template.run(database, (connection, afterCommit) -> {
                        runs.incrementAndGet();
                        RetryTemplate.insert(connection);
                        return null;
                    }))
                    .isInstanceOfSatisfying(SQLException.class, this::isDuplicate)
                    .satisfies(e -> assertThat(e.getSuppressed()).isEmpty());
            assertThat(runs).hasValue(1);
            assertThat(pauses).isEmpty();
        }

        @Test
        void whateverElseFailsInTheWorkRollsBackAndIsThrown(DataSource database) throws SQLException {
            assertThatThrownBy(() -> template.run(database, (connection, afterCommit) -> {
                        written(connection, 7);
                        throw new IllegalStateException("sold out");
                    }))
                    .hasMessage("sold out");
            assertThat(pauses).isEmpty();
            assertThat(sum(database)).isZero();
        }

        @Test
        void aConnectionLostBeforeTheCommitIsALostAttempt(DataSource database, Connection admin) throws Exception {
            Done<Integer> done = template.run(database, (connection, afterCommit) -> {
                int hits = RetryTemplate.read(connection);
                written(connection, hits + 1);
                if (pauses.isEmpty()) {
                    kill(admin, idOf(connection));
                }
                return written(connection, hits + 1);
            });

            assertThat(done).isEqualTo(new Done<>(1, 2));
            assertThat(sum(database)).isEqualTo(1);
        }

        @Test
        void aRollbackThatFailsHidesNothing(DataSource database, Connection admin) {
            SQLException business = new SQLException("sold out", "45000");

            assertThatThrownBy(() -> template.run(database, (connection, afterCommit) -> {
                        kill(admin, idOf(connection));
                        throw business;
                    }))
                    .isSameAs(business)
                    .satisfies(e -> assertThat(e.getSuppressed()).hasSize(1));
            assertThat(business.getSuppressed()[0]).isInstanceOf(SQLException.class);
        }

        @Test
        void aCommitWhoseAnswerIsLostIsNotRunAgainAlthoughItIsDone(DataSource database, Node server) throws Exception {
            int port = server.port();
            try (CutWire wire = new CutWire(server.host(), port)) {
                isUnknown(through(wire.port(), database), connection -> wire.loseNextAnswer());
            }

            assertThat(sum(through(port, database))).isEqualTo(1);
        }

        @Test
        void aCommitThatNeverArrivedLooksTheSameAndIsNotDone(DataSource database, Connection admin) throws Exception {
            isUnknown(database, connection -> kill(admin, idOf(connection)));

            assertThat(sum(database)).isZero();
        }

        private interface Misfortune {
            void befalls(Connection connection) throws SQLException;
        }

        private void isUnknown(DataSource database, Misfortune beforeTheCommit) {
            AtomicInteger runs = new AtomicInteger();
            List<String> mails = new ArrayList<>();

            assertThatThrownBy(() -> template.run(database, (connection, afterCommit) -> {
                        runs.incrementAndGet();
                        afterCommit.then(() -> mails.add("sent"));
                        int written = written(connection, RetryTemplate.read(connection) + 1);
                        beforeTheCommit.befalls(connection);
                        return written;
                    }))
                    .isInstanceOfSatisfying(UnknownCommitException.class, e -> {
                        assertThat(e.getSQLState()).isEqualTo("08007");
                        assertThat(worthARetry.test((SQLException) e.getCause()))
                                .isTrue();
                    });
            assertThat(runs).hasValue(1);
            assertThat(mails).isEmpty();
        }
    }

    private static <T> List<Future<T>> inParallel(Callable<T> worker) throws InterruptedException {
        ExecutorService threads = Executors.newFixedThreadPool(WORKERS);
        try {
            return threads.invokeAll(Collections.nCopies(WORKERS, worker), 60, TimeUnit.SECONDS);
        } finally {
            threads.shutdownNow();
        }
    }

    /** In the first attempt only: those that come back do not wait for the others again. */
    private static void meetAt(CyclicBarrier barrier, boolean[] first) {
        if (first[0]) {
            first[0] = false;
            try {
                barrier.await(30, TimeUnit.SECONDS);
            } catch (InterruptedException | BrokenBarrierException | TimeoutException e) {
                throw new IllegalStateException(e);
            }
        }
    }

    private static DataSource staying(Session session) {
        return Steps.staying(session.returns("connects", connection -> connection));
    }

    private static int readsSerializably(Session session) {
        session.begins(Connection.TRANSACTION_SERIALIZABLE);
        return session.returns("reads", RetryTemplate::read);
    }

    private static int readsSerializably(Connection connection) throws SQLException {
        connection.setTransactionIsolation(Connection.TRANSACTION_SERIALIZABLE);
        return RetryTemplate.read(connection);
    }

    private static int written(Connection connection, int hits) throws SQLException {
        RetryTemplate.write(connection, hits);
        return hits;
    }

    private static int added(Connection connection, int id, int hits) throws SQLException {
        try (PreparedStatement update =
                connection.prepareStatement("update counter set hits = hits + ? where id = ?")) {
            update.setInt(1, hits);
            update.setInt(2, id);
            return update.executeUpdate();
        }
    }

    private static int sum(DataSource database) throws SQLException {
        try (Connection connection = database.getConnection()) {
            return (int) number(connection, "select sum(hits) from counter");
        }
    }

    private static long number(Connection connection, String sql) throws SQLException {
        try (Statement statement = connection.createStatement();
                ResultSet row = statement.executeQuery(sql)) {
            row.next();
            return row.getLong(1);
        }
    }

    private static void execute(Connection connection, String sql) throws SQLException {
        try (Statement statement = connection.createStatement()) {
            statement.execute(sql);
        }
    }
}
