package mastery.design.transactions;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.sql.Connection;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import javax.sql.DataSource;
import mastery.design.transactions.EngineLevels.Level;
import mastery.support.interleave.Interleaving;
import mastery.support.interleave.Rehearsal;
import mastery.support.interleave.Session;
import mastery.support.junit.OnMySql;
import mastery.support.junit.OnPostgreSql;
import mastery.support.junit.OnSqlServer;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Each cell of the matrix is a test of its own. {@code -Dmastery.matrix.repeats=50} plays all of them so often. */
class AnomalyMatrixIT {

    /** A cell to play; the name of its test says what is expected. */
    record Claim(Anomaly anomaly, Level level, Cell expected) {
        @Override
        public String toString() {
            return anomaly.code() + " under " + level + ": " + expected.outcome();
        }
    }

    private static Stream<Claim> claims(EngineLevels engine) {
        List<Claim> claims = new ArrayList<>();
        for (Anomaly anomaly : Anomaly.values()) {
            for (Level level : engine.levels()) {
                Cell asked = new Cell(anomaly, level.letters(), "", List.of());
                claims.add(new Claim(anomaly, level, engine.expected(asked)));
            }
        }
        int repeats = Integer.getInteger("mastery.matrix.repeats", 1);
        return IntStream.range(0, repeats).boxed().flatMap(repeat -> claims.stream());
    }

    @Nested
    @OnPostgreSql
    class PostgreSql extends Claims {
        PostgreSql() {
            super(PostgreSqlLevels.LEVELS, Rdbms.POSTGRESQL);
        }

        static Stream<Claim> cells() {
            return claims(PostgreSqlLevels.LEVELS);
        }

        @Test
        void readUncommittedIsReadCommittedByAnotherName() {
            for (Anomaly anomaly : Anomaly.values()) {
                Cell uncommitted = engine.expected(new Cell(anomaly, "RU", "", List.of()));
                Cell committed = engine.expected(new Cell(anomaly, "RC", "", List.of()));
                assertThat(uncommitted.seen()).isEqualTo(committed.seen());
            }
        }
    }

    @Nested
    @OnMySql
    class MySql extends Claims {
        MySql() {
            super(MySqlLevels.LEVELS, Rdbms.MYSQL);
        }

        static Stream<Claim> cells() {
            return claims(MySqlLevels.LEVELS);
        }
    }

    @Nested
    @OnSqlServer
    class SqlServer extends Claims {
        SqlServer() {
            super(SqlServerLevels.LEVELS, Rdbms.SQL_SERVER);
        }

        static Stream<Claim> cells() {
            return claims(SqlServerLevels.LEVELS);
        }
    }

    abstract static class Claims {
        final EngineLevels engine;
        private final Rdbms rdbms;

        Claims(EngineLevels engine, Rdbms rdbms) {
            this.engine = engine;
            this.rdbms = rdbms;
        }

        @ParameterizedTest(name = "{0}")
        @MethodSource("cells")
        void theServerDoesWhatTheTableSays(Claim claim, DataSource database) throws SQLException {
            Cell server = play(database, claim.anomaly(), claim.anomaly().steps(), claim.level());

            assertThat(Cell.difference(claim.expected(), server))
                    .as(claim.toString())
                    .isEmpty();
        }

        @Test
        void oneAfterTheOtherTheSameStepsNeitherWaitNorFailNorGoWrong(DataSource database) throws SQLException {
            Level level = engine.level("serializable");
            for (Anomaly anomaly : Anomaly.values()) {
                List<Anomaly.Step> inTurn = new ArrayList<>();
                for (String session : anomaly.sessions()) {
                    anomaly.steps().stream()
                            .filter(step -> step.session().equals(session))
                            .forEach(inTurn::add);
                }
                assertThat(play(database, anomaly, inTurn, level).seen())
                        .as(anomaly.code())
                        .noneMatch(event -> event.contains("waits") || event.contains("fails"));
            }
        }

        @Test
        void aCellThatTheServerAnswersOtherwiseIsToldWithBothOutcomesAndTheStepWhereTheyPart(DataSource database)
                throws SQLException {
            Level level = engine.level("serializable");
            Cell server = play(database, Anomaly.P4, Anomaly.P4.steps(), level);
            Cell wrong = new Cell(
                    Anomaly.P4,
                    "SER",
                    "allowed",
                    List.of("1 reads 1=100", "2 reads 1=100", "4 waits for T1 until 5", "end 1=120 2=200"));

            assertThat(Cell.difference(wrong, server))
                    .hasValueSatisfying(text -> assertThat(text)
                            .startsWith("P4 under SER: expected allowed, the server says " + server.outcome())
                            .contains("They part here: expected \"4 waits for T1 until 5\", the server says \""
                                    + server.seen().get(2) + "\"")
                            .contains("  4  T2  update account set balance = 120 where id = 1"));
        }

        @Test
        void aLevelThatTheEngineHasNotIsRefused() {
            for (String unknown : List.of("chaos", "", "SERIALIZABLE; drop table account")) {
                assertThatThrownBy(() -> engine.level(unknown))
                        .isInstanceOf(IllegalArgumentException.class)
                        .hasMessageStartingWith(engine.engine() + " has no isolation level \"" + unknown
                                + "\"; it has [read uncommitted");
            }
            assertThatThrownBy(() -> engine.level(null)).isInstanceOf(IllegalArgumentException.class);
        }

        @Test
        void aSessionThatDiesInTheMiddleOfAScriptIsReported(DataSource database) throws SQLException {
            Level level = engine.level("serializable");
            try (Connection connection = database.getConnection();
                    Interleaving play = Interleaving.on(rdbms.locks(database))) {
                engine.prepare(connection, level);
                Session t1 = play.session("T1", database);
                t1.does("begins", c -> engine.begin(c, level, "T1"));
                t1.returns("writes", Anomaly.G1A.steps().get(0)::run);
                rdbms.kill(connection, t1.id());
                List<Rehearsal.Line> rest = List.of(
                        new Rehearsal.Line(t1, "reads", Anomaly.G1A.steps().get(1)::run),
                        new Rehearsal.Line(t1, "commits", Anomaly.G1A.steps().get(3)::run));

                assertThatThrownBy(() -> Rehearsal.of(play, rest))
                        .isInstanceOf(AssertionError.class)
                        .hasMessageContaining("T1: \"reads\" ended with its session, which is dead");
            }
        }

        @Test
        void anErrorThatHasNothingToDoWithIsolationIsNoOutcome() {
            SQLException full = new SQLException("disk full", "53100", 1021);
            assertThatThrownBy(() -> engine.tell(3, List.of(), 0, null, full))
                    .isInstanceOf(IllegalStateException.class)
                    .hasMessageContaining("step 3 fails for another reason")
                    .hasMessageContaining("disk full");
        }

        private Cell play(DataSource database, Anomaly anomaly, List<Anomaly.Step> steps, Level level)
                throws SQLException {
            try (Connection connection = database.getConnection()) {
                engine.prepare(connection, level);
                List<Rehearsal.Cue> cues = steps.stream()
                        .map(step -> new Rehearsal.Cue(step.session(), step.sql(), step::run))
                        .toList();
                List<Rehearsal.Event> events = Rehearsal.of(
                        rdbms.locks(database), database, (c, session) -> engine.begin(c, level, session), cues);
                List<String> told = events.stream()
                        .filter(Rehearsal.Event::taken)
                        .map(event -> engine.tell(
                                event.line(), event.waitedFor(), event.until(), event.value(), event.failure()))
                        .toList();
                return engine.cell(anomaly, level, told, connection);
            }
        }
    }
}
