package mastery.design.transactions;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import javax.sql.DataSource;
import mastery.design.transactions.EngineLevels.Level;
import mastery.design.transactions.MatrixPicture.Part;
import mastery.support.interleave.LockView;
import mastery.support.interleave.Rehearsal;
import mastery.support.server.EngineUnavailableException;
import mastery.support.trace.Story;
import mastery.support.trace.Tinted;

/**
 * The name of an isolation level does not say what it allows; REPEATABLE READ loses updates on MySQL and refuses them on PostgreSQL, and only
 * SERIALIZABLE allows none of these anomalies.
 *
 * <p>{@link Anomaly} has the scripts, once for all engines. {@link PostgreSqlLevels}, {@link MySqlLevels} and {@link SqlServerLevels} have the levels of
 * an engine and the table of what each does: it allows the anomaly, or prevents it by an old version, by a wait, or by an error.
 *
 * <p><b>Use it</b> to choose a level, or to learn which anomaly the code itself has to prevent at the level it has.
 *
 * <p><b>Not</b> as a proof that a level prevents an anomaly in every form: a script shows what can happen, not what cannot.
 *
 * <p><b>It costs</b> what the cell says: {@code unseen} costs nothing now, {@code waits} the time of the other transaction, an error the whole
 * transaction, which must be run again.
 *
 * <p><b>It needs</b> two or three sessions at once, and the engine's lock views, which say who waits.
 *
 * <p>Source: PostgreSQL manual, "Transaction Isolation"; MySQL Reference Manual, "Transaction Isolation Levels"; SQL Server documentation, "Transaction
 * locking and row versioning guide"; the definitions are those of {@link Anomaly}.
 */
public final class AnomalyMatrix {

    /** The directory that a run draws the matrix into, as {@code anomaly-matrix.md} and {@code anomaly-matrix.svg}. */
    static final String DIRECTORY = "mastery.matrix";

    private AnomalyMatrix() {}

    /** What is known without a run: SQL Server's part is from documentation. */
    static List<Part> known() {
        return List.of(
                Part.proven(PostgreSqlLevels.LEVELS, PostgreSqlLevels.LEVELS.expected()),
                Part.proven(MySqlLevels.LEVELS, MySqlLevels.LEVELS.expected()),
                Part.unproven(SqlServerLevels.LEVELS));
    }

    /** Writes the matrix into a directory, which is made if need be. */
    static void draw(List<Part> parts, Path directory) throws IOException {
        Files.createDirectories(directory);
        Files.writeString(directory.resolve("anomaly-matrix.md"), MatrixPicture.markdown(parts));
        Files.writeString(directory.resolve("anomaly-matrix.svg"), MatrixPicture.svg(parts));
    }

    /** Plays the script of an anomaly at a level and says what came of it. */
    @FunctionalInterface
    interface Player {
        Cell play(Anomaly anomaly, Level level) throws Exception;
    }

    /** Every script at every level. */
    static List<Cell> play(EngineLevels engine, Player player) throws Exception {
        List<Cell> cells = new ArrayList<>();
        for (Anomaly anomaly : Anomaly.values()) {
            for (Level level : engine.levels()) {
                cells.add(player.play(anomaly, level));
            }
        }
        return cells;
    }

    public static void main(String[] args) {
        Story.tell(AnomalyMatrix.class, story -> {
            List<Part> parts = new ArrayList<>();
            for (EngineLevels engine : List.of(PostgreSqlLevels.LEVELS, MySqlLevels.LEVELS, SqlServerLevels.LEVELS)) {
                List<Cell> cells = new ArrayList<>();
                try {
                    DataSource database = switch (engine.engine()) {
                        case "PostgreSQL" -> story.postgresql();
                        case "MySQL" -> story.mysql();
                        default -> story.sqlserver();
                    };
                    DataSource untraced = story.untraced(database);
                    Player player = (anomaly, level) -> {
                        LockView locks = switch (engine.engine()) {
                            case "PostgreSQL" -> LockView.postgreSql(untraced);
                            case "MySQL" -> LockView.mySql(untraced);
                            default -> LockView.sqlServer(untraced);
                        };
                        try (Connection connection = untraced.getConnection()) {
                            engine.prepare(connection, level);
                            List<Rehearsal.Cue> cues = anomaly.steps().stream()
                                    .map(step -> new Rehearsal.Cue(step.session(), step.sql(), step::run))
                                    .toList();
                            List<Rehearsal.Event> events = Rehearsal.of(
                                    locks, database, (c, session) -> engine.begin(c, level, session), cues);
                            List<String> told = events.stream()
                                    .filter(Rehearsal.Event::taken)
                                    .map(event -> engine.tell(
                                            event.line(),
                                            event.waitedFor(),
                                            event.until(),
                                            event.value(),
                                            event.failure()))
                                    .toList();
                            return engine.cell(anomaly, level, told, connection);
                        }
                    };
                    story.step(engine.engine() + ": the lost update under repeatable read, step by step");
                    story.show(
                            "what came of it",
                            player.play(Anomaly.P4, engine.level("repeatable read"))
                                    .seen());
                    story.step(engine.engine() + ": every anomaly at every level");
                    story.quietly("all scripts", () -> cells.addAll(play(engine, player)));
                    parts.add(Part.proven(engine, cells));
                } catch (EngineUnavailableException e) {
                    story.step(engine.engine() + " cannot be had here: what its documentation says, not proven here");
                    parts.add(Part.unproven(engine));
                }
                Part part = parts.get(parts.size() - 1);
                List<Map<String, Object>> rows = new ArrayList<>();
                for (Anomaly anomaly : Anomaly.values()) {
                    Map<String, Object> row = new LinkedHashMap<>();
                    row.put("anomaly", anomaly.code());
                    for (Level level : engine.levels()) {
                        String outcome = part.cell(anomaly, level).outcome();
                        Tinted.Tint tint = switch (outcome) {
                            case "allowed" -> Tinted.Tint.BAD;
                            case "unseen" -> Tinted.Tint.GOOD;
                            case "waits" -> Tinted.Tint.CAUTION;
                            default -> Tinted.Tint.NOTABLE;
                        };
                        row.put(level.letters(), new Tinted(outcome, tint));
                    }
                    rows.add(row);
                }
                story.show(engine.legend(), rows);
                for (Cell cell : cells) {
                    Cell.difference(engine.expected(cell), cell).ifPresent(story::note);
                }
            }
            story.step("How to read it");
            Map<String, String> meanings = new LinkedHashMap<>();
            for (Anomaly anomaly : Anomaly.values()) {
                meanings.put(anomaly.code(), anomaly.meaning());
            }
            story.show("the anomalies", meanings);
            story.note(
                    "allowed: it happens. unseen: prevented, because nobody reads what is not committed, or not of its"
                            + " snapshot. waits: prevented by a wait. A number: prevented by this error, which ends a transaction;"
                            + " it must be run again.");
            if (System.getProperty(DIRECTORY) != null) {
                draw(parts, Path.of(System.getProperty(DIRECTORY)));
                story.note("drawn: anomaly-matrix.svg and anomaly-matrix.md in " + System.getProperty(DIRECTORY));
            }
            story.learned(
                    "The same name is another level elsewhere: look up what yours allows, and prevent that yourself.");
        });
    }
}
