package mastery.support.interleave;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReference;
import javax.sql.DataSource;
import mastery.support.interleave.Rehearsal.Cue;
import mastery.support.interleave.Rehearsal.Event;
import mastery.support.interleave.Rehearsal.Line;
import mastery.support.junit.OnMySql;
import mastery.support.junit.OnPostgreSql;
import mastery.support.junit.OnSqlServer;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Test;

/** Scripts that are watched, not foretold. */
class RehearsalIT {

    /** Of a script that is broken on purpose; the steps before the broken one must have time enough on a busy machine. */
    private static final Duration SHORT = Duration.ofSeconds(5);

    @Nested
    @OnPostgreSql
    class PostgreSql extends Claims {
        PostgreSql() {
            super("select pg_terminate_backend(%d)");
        }

        @Override
        LockView locks(DataSource database) {
            return LockView.postgreSql(database);
        }

        @Test
        void theServerEndsADeadlockBeforeAnybodyIsSaidToWaitInIt() {
            a.begins();
            b.begins();
            List<Event> events = Rehearsal.of(play, deadlock());

            assertThat(events)
                    .filteredOn(event -> event.failure() != null)
                    .singleElement()
                    .satisfies(
                            event -> assertThat(event.failure().getSQLState()).isEqualTo("40P01"));
            assertThat(events.get(2).waitedFor()).containsExactly("B");
            assertThat(events.get(2).until()).isEqualTo(4);
            assertThat(events.get(3).waitedFor()).isEmpty();
        }
    }

    /**
     * A look asks for one session after the other. Here A's wait for B ends between the two: B is canceled, which frees what it holds, and A goes on.
     */
    @Nested
    @OnPostgreSql
    class TornLook {
        @Test
        void aWaitThatEndsWhileItIsLookedAtIsNoWait(DataSource database) throws SQLException {
            try (Connection connection = database.getConnection()) {
                Claims.createAccounts(connection);
            }
            CountDownLatch lookedAgain = new CountDownLatch(1);
            AtomicReference<Session> doomed = new AtomicReference<>();
            LockView torn = new TornView(LockView.postgreSql(database), doomed, lookedAgain);
            try (Interleaving play = Interleaving.on(torn)) {
                Session a = play.session("A", database);
                Session b = play.session("B", database);
                Session c = play.session("C", database);
                b.begins();
                c.begins();
                b.returns("writes 1", Claims.write(1));
                c.returns("writes 2", Claims.write(2));
                assertThat(b.observes("writes 2", Claims.write(2)).waitsFor()).containsExactly(c);
                doomed.set(b);

                Observation<Integer> wait = a.observes("writes 1, and is not done at once", connection -> {
                    int rows = Claims.write(1).run(connection);
                    assertThat(lookedAgain.await(30, TimeUnit.SECONDS)).isTrue();
                    return rows;
                });

                assertThat(wait.waits()).isFalse();
                assertThat(wait.value()).isEqualTo(1);
            }
        }
    }

    /** The engine's own view. When it has first seen a session wait for the doomed one, it ends the step of that. */
    private record TornView(LockView real, AtomicReference<Session> doomed, CountDownLatch lookedAgain)
            implements LockView {

        @Override
        public Set<Long> blockersOf(long session) throws SQLException {
            Set<Long> blockers = real.blockersOf(session);
            Session last = doomed.get();
            if (last != null && !last.runs()) {
                lookedAgain.countDown();
            } else if (last != null && blockers.contains(last.id())) {
                real.cancel(last.id());
                Awaitility.await().until(() -> !last.runs());
            }
            return blockers;
        }

        @Override
        public long sessionOf(Connection connection) throws SQLException {
            return real.sessionOf(connection);
        }

        @Override
        public void cancel(long session) throws SQLException {
            real.cancel(session);
        }

        @Override
        public void close() throws SQLException {
            real.close();
        }
    }

    @Nested
    @OnMySql
    class MySql extends Claims {
        MySql() {
            super("kill %d");
        }

        @Override
        LockView locks(DataSource database) {
            return LockView.mySql(database);
        }

        @Test
        void theServerEndsADeadlockBeforeAnybodyIsSaidToWaitInIt() {
            a.begins();
            b.begins();
            List<Event> events = Rehearsal.of(play, deadlock());

            assertThat(events)
                    .filteredOn(event -> event.failure() != null)
                    .singleElement()
                    .satisfies(
                            event -> assertThat(event.failure().getErrorCode()).isEqualTo(1213));
            assertThat(events.get(2).waitedFor()).containsExactly("B");
            assertThat(events.get(2).until()).isEqualTo(4);
            assertThat(events.get(3).waitedFor()).isEmpty();
        }
    }

    @Nested
    @OnSqlServer
    class SqlServer extends Claims {
        SqlServer() {
            super("kill %d");
        }

        @Override
        LockView locks(DataSource database) {
            return LockView.sqlServer(database);
        }
    }

    abstract static class Claims {
        private static final Step<Void> COMMIT = connection -> {
            connection.commit();
            return null;
        };

        private final String kill;
        private DataSource database;
        Interleaving play;
        Session a;
        Session b;
        Session c;

        Claims(String kill) {
            this.kill = kill;
        }

        abstract LockView locks(DataSource database);

        @BeforeEach
        void openSessions(DataSource database) throws SQLException {
            this.database = database;
            try (Connection connection = database.getConnection()) {
                createAccounts(connection);
            }
            open(Duration.ofSeconds(30));
        }

        private void open(Duration limit) throws SQLException {
            play = Interleaving.on(locks(database), limit);
            a = play.session("A", database);
            b = play.session("B", database);
            c = play.session("C", database);
        }

        @AfterEach
        void closeSessions() {
            play.close();
        }

        @Test
        void aStepIsSaidToReturnToWaitOrToFail() {
            a.begins();
            Observation<Integer> first = a.observes("writes 1", write(1));
            assertThat(first.waits()).isFalse();
            assertThat(first.value()).isEqualTo(1);
            assertThat(first.failure()).isEmpty();

            Observation<Integer> second = b.observes("writes 1 too", write(1));
            assertThat(second.waits()).isTrue();
            assertThat(second.waitsFor()).containsExactly(a);
            assertThat(second.look()).isSameAs(second);
            a.commits();
            assertThat(second.look().value()).isEqualTo(1);

            Observation<Integer> third =
                    b.observes("inserts 1 again", update("insert into account (id, balance) values (1, 0)"));
            assertThat(third.failure())
                    .hasValueSatisfying(e -> assertThat(e.getSQLState()).startsWith("23"));
            assertThat(play.toString())
                    .contains("B: writes 1 too - waits for A", "B: writes 1 too - goes on and returned 1");
        }

        @Test
        void theStepsOfASessionThatWaitsArePostponedAndTheOthersGoOn() {
            a.begins();
            b.begins();
            List<Event> events = Rehearsal.of(
                    play,
                    List.of(
                            new Line(a, "writes 1", write(1)),
                            new Line(b, "writes 1", write(1)),
                            new Line(b, "reads 2", read(2)),
                            new Line(c, "reads 3", read(3)),
                            new Line(a, "writes 2", update("update account set balance = 7 where id = 2")),
                            commit(a),
                            commit(b)));

            assertThat(events)
                    .extracting(Event::waitedFor)
                    .containsExactly(Set.of(), Set.of("A"), Set.of(), Set.of(), Set.of(), Set.of(), Set.of());
            assertThat(events).extracting(Event::until).containsExactly(0, 6, 0, 0, 0, 0, 0);
            assertThat(events.get(2).value()).as("read after A's commit").isEqualTo(7);
            assertThat(events.get(3).value()).isEqualTo(-1);
        }

        @Test
        void aPostponedStepMayWaitTooAndThoseBehindItStayPostponed() {
            a.begins();
            b.begins();
            c.begins();
            List<Event> events = Rehearsal.of(
                    play,
                    List.of(
                            new Line(a, "writes 1", write(1)),
                            new Line(c, "writes 2", write(2)),
                            new Line(b, "writes 1", write(1)),
                            new Line(b, "writes 2", write(2)),
                            new Line(b, "reads 2", read(2)),
                            commit(a),
                            commit(c),
                            commit(b)));

            assertThat(events.get(2).waitedFor()).containsExactly("A");
            assertThat(events.get(3).waitedFor()).containsExactly("C");
            assertThat(events).extracting(Event::until).containsExactly(0, 0, 6, 7, 0, 0, 0, 0);
            assertThat(events.get(4).value()).as("after both writes").isEqualTo(202);
        }

        @Test
        void aScriptThatOnlyNamesItsSessionsOpensThemLetsEachBeginOnceAndEndsThem() throws SQLException {
            List<String> begun = new ArrayList<>();
            List<Event> events = Rehearsal.of(
                    locks(database),
                    database,
                    (connection, session) -> {
                        begun.add(session);
                        connection.setAutoCommit(false);
                    },
                    List.of(
                            new Cue("T1", "writes 1", write(1)),
                            new Cue("T2", "writes 1", write(1)),
                            new Cue("T1", "commits", COMMIT)));

            assertThat(begun).containsExactly("T1", "T2");
            assertThat(events).extracting(Event::waitedFor).containsExactly(Set.of(), Set.of("T1"), Set.of());
            assertThat(events).extracting(Event::until).containsExactly(0, 3, 0);
            // T2 has not committed
            assertThat(a.returns("reads 1", read(1))).isEqualTo(101);
            assertThat(a.returns("writes 1", write(1))).isEqualTo(1);
        }

        @Test
        void aSessionThatFailsIsRolledBackAndTakesNoFurtherStep() {
            a.begins();
            List<Event> events = Rehearsal.of(
                    play,
                    List.of(
                            new Line(a, "writes 1", write(1)),
                            new Line(a, "inserts 2 again", update("insert into account (id, balance) values (2, 0)")),
                            new Line(a, "writes 2", write(2)),
                            new Line(b, "writes 1", write(1)),
                            new Line(b, "reads 1", read(1)),
                            commit(a)));

            assertThat(events.stream().map(Event::taken)).containsExactly(true, true, false, true, true, false);
            assertThat((Throwable) events.get(1).failure()).hasMessageContaining("2");
            assertThat(events.get(3).waitedFor()).as("the lock is free").isEmpty();
            assertThat(events.get(3).value()).isEqualTo(1);
            assertThat(events.get(4).value()).as("B's write only").isEqualTo(101);
            assertThat(a.<Boolean>returns("is in auto-commit again", Connection::getAutoCommit))
                    .isTrue();
        }

        @Test
        void aScriptThatEndsWhileASessionWaitsFails() {
            a.begins();
            assertThatThrownBy(() -> Rehearsal.of(
                            play, List.of(new Line(a, "writes 1", write(1)), new Line(b, "writes 1", write(1)))))
                    .isInstanceOf(AssertionError.class)
                    .hasMessageContaining("The script ends while sessions wait: B")
                    .hasMessageContaining("B: writes 1 - waits for A");
        }

        @Test
        void aSessionThatDiesIsReportedWhetherItWaitsOrNot() {
            a.begins();
            b.begins();
            assertThatThrownBy(() -> Rehearsal.of(
                            play,
                            List.of(
                                    new Line(a, "writes 1", write(1)),
                                    new Line(b, "writes 1", write(1)),
                                    new Line(c, "kills B", update(kill.formatted(b.id()))))))
                    .isInstanceOf(AssertionError.class)
                    .hasMessageContaining("B: \"writes 1\" ended with its session, which is dead: failed with SQLSTATE")
                    .hasMessageContaining("C: kills B");

            c.does("kills A", connection -> execute(connection, kill.formatted(a.id())));
            assertThatThrownBy(() -> Rehearsal.of(play, List.of(new Line(a, "reads 2", read(2)))))
                    .hasMessageContaining("A: \"reads 2\" ended with its session, which is dead");
        }

        @Test
        void aStepThatFailsWithoutTheServerFailsTheScript() {
            assertThatThrownBy(() -> a.observes("errs", connection -> {
                        throw new IllegalArgumentException("no such account");
                    }))
                    .isInstanceOf(AssertionError.class)
                    .hasMessageContaining("failed with java.lang.IllegalArgumentException: no such account");
        }

        @Test
        void aWaitForASessionOutsideOfTheScriptEndsByTheLimit() throws SQLException {
            play.close();
            open(SHORT);
            try (Connection outside = database.getConnection()) {
                outside.setAutoCommit(false);
                execute(outside, "update account set balance = 0 where id = 1");
                assertThatThrownBy(() -> a.observes("writes 1", write(1)))
                        .isInstanceOf(AssertionError.class)
                        .hasMessageContaining("no session of it holds it up within 5000 ms:\n  A runs");
                outside.rollback();
            }
        }

        List<Line> deadlock() {
            return List.of(
                    new Line(a, "writes 1", write(1)),
                    new Line(b, "writes 2", write(2)),
                    new Line(a, "writes 2", write(2)),
                    new Line(b, "writes 1", write(1)),
                    commit(a),
                    commit(b));
        }

        private static Line commit(Session session) {
            return new Line(session, "commits", COMMIT);
        }

        private static Step<Integer> read(int id) {
            return connection -> {
                var rows = ViewConnection.rows(connection, "select balance from account where id = " + id);
                return rows.isEmpty() ? -1 : (Integer) rows.get(0).get(0);
            };
        }

        private static Step<Integer> write(int id) {
            return update("update account set balance = balance + 1 where id = " + id);
        }

        private static Step<Integer> update(String sql) {
            return connection -> {
                try (Statement statement = connection.createStatement()) {
                    return statement.execute(sql) ? 0 : statement.getUpdateCount();
                }
            };
        }

        static void createAccounts(Connection connection) throws SQLException {
            execute(connection, "create table account (id int primary key, balance int not null)");
            execute(connection, "insert into account (id, balance) values (1, 100), (2, 200)");
        }

        static void execute(Connection connection, String sql) throws SQLException {
            try (Statement statement = connection.createStatement()) {
                statement.execute(sql);
            }
        }
    }

    /** Only PostgreSQL lets a session be told not to look for deadlocks; MySQL's switch is the whole server's. */
    @Nested
    @OnPostgreSql
    class Unattended {
        @Test
        void aScriptThatDeadlocksItselfEndsByTheLimitWithTheLockGraph(DataSource database) throws SQLException {
            try (Connection connection = database.getConnection()) {
                Claims.createAccounts(connection);
            }
            try (Interleaving play = Interleaving.on(LockView.postgreSql(database), SHORT)) {
                Session a = play.session("A", database);
                Session b = play.session("B", database);
                for (Session session : List.of(a, b)) {
                    session.does("looks for no deadlock", c -> Claims.execute(c, "set deadlock_timeout = '1h'"));
                    session.begins();
                }
                assertThatThrownBy(() -> Rehearsal.of(
                                play,
                                List.of(
                                        new Line(a, "writes 1", Claims.write(1)),
                                        new Line(b, "writes 2", Claims.write(2)),
                                        new Line(a, "writes 2", Claims.write(2)),
                                        new Line(b, "writes 1", Claims.write(1)))))
                        .isInstanceOf(AssertionError.class)
                        .hasMessageContaining(
                                "The script deadlocks itself, and the server has not ended it within 5000 ms")
                        .hasMessageContaining("\n  A waits for B\n  B waits for A\n")
                        .hasMessageContaining("A: writes 2 - waits for B");
            }
        }
    }
}
