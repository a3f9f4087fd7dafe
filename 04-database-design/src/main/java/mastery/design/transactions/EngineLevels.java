package mastery.design.transactions;

import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Function;
import java.util.stream.Collectors;

/** The isolation levels of one engine, in what they differ from those of others, and what is expected of each. */
final class EngineLevels {

    /**
     * A level.
     *
     * @param letters what it is called where there is little room
     * @param database statements that make the whole database fit for it
     * @param session the statement by which a session takes it for its next transactions
     */
    record Level(String name, String letters, List<String> database, String session) {
        @Override
        public String toString() {
            return name;
        }
    }

    private static final List<String> TABLE = List.of(
            "drop table if exists account",
            "create table account (id int not null primary key, balance int not null)",
            "insert into account (id, balance) values (1, 100), (2, 200)");
    private static final String ROWS = "select id, balance from account order by id";

    private final String engine;
    private final List<Level> levels;
    private final Map<String, String> sessions;
    private final Function<SQLException, String> code;
    private final Set<String> aborts;
    private final List<Cell> expected;

    /**
     * @param sessions statements of one session only, by its name
     * @param code what an error is called
     * @param aborts errors by which the engine ends a transaction to keep it isolated
     * @param expected a line for each cell: anomaly, letters of one or more levels, outcome, what is seen
     */
    EngineLevels(
            String engine,
            List<Level> levels,
            Map<String, String> sessions,
            Function<SQLException, String> code,
            Set<String> aborts,
            String expected) {
        this.engine = engine;
        this.levels = levels;
        this.sessions = sessions;
        this.code = code;
        this.aborts = aborts;
        this.expected = parse(expected);
    }

    String engine() {
        return engine;
    }

    List<Level> levels() {
        return levels;
    }

    /** The level of a name. */
    Level level(String name) {
        return levels.stream()
                .filter(level -> level.name().equals(name))
                .findFirst()
                .orElseThrow(() -> new IllegalArgumentException(
                        engine + " has no isolation level \"" + name + "\"; it has " + levels));
    }

    /** Makes the table new, in a database that is fit for the level. Nobody else may use the database meanwhile. */
    void prepare(Connection connection, Level level) throws SQLException {
        for (String sql : level.database()) {
            execute(connection, sql);
        }
        for (String sql : TABLE) {
            execute(connection, sql);
        }
    }

    /** A transaction of the level begins with the next statement. */
    void begin(Connection connection, Level level, String session) throws SQLException {
        if (sessions.containsKey(session)) {
            execute(connection, sessions.get(session));
        }
        execute(connection, level.session());
        connection.setAutoCommit(false);
    }

    /**
     * What came of a step, in the words of the table.
     *
     * @param waitedFor names of the sessions it waited for, {@code until} the step that ended the wait
     * @param did what the step returned, if it did not fail
     * @throws IllegalStateException if the failure has nothing to do with isolation
     */
    String tell(int step, Collection<String> waitedFor, int until, Object did, SQLException failure) {
        if (failure != null && !aborts.contains(code.apply(failure))) {
            throw new IllegalStateException("step " + step + " fails for another reason: " + failure, failure);
        }
        String wait = waitedFor.isEmpty() ? "" : " waits for " + String.join(" and ", waitedFor) + " until " + until;
        String end = failure != null ? "fails " + code.apply(failure) : String.valueOf(did);
        boolean goesWithoutSaying = Set.of("changes 1", "commits", "rolls back").contains(end);
        if (wait.isEmpty()) {
            return goesWithoutSaying ? "" : step + " " + end;
        }
        return step + wait + (goesWithoutSaying ? "" : ", " + end);
    }

    /** The cell of what was told of the steps; the rows at the end are read by {@code connection}. */
    Cell cell(Anomaly anomaly, Level level, List<String> told, Connection connection) throws SQLException {
        List<String> seen = new ArrayList<>(told);
        seen.removeIf(String::isEmpty);
        try (Statement statement = connection.createStatement();
                ResultSet rows = statement.executeQuery(ROWS)) {
            seen.add("end " + Anomaly.Step.balances(rows));
        }
        return new Cell(anomaly, level.letters(), anomaly.judge(seen), List.copyOf(seen));
    }

    /** All cells, anomaly by anomaly. */
    List<Cell> expected() {
        return expected;
    }

    /** What is expected where the server did this. */
    Cell expected(Cell server) {
        return expected.stream()
                .filter(cell ->
                        cell.anomaly() == server.anomaly() && cell.level().equals(server.level()))
                .findFirst()
                .orElseThrow();
    }

    /** What the letters of the levels stand for. */
    String legend() {
        return levels.stream().map(level -> level.letters() + " " + level).collect(Collectors.joining(", "));
    }

    private List<Cell> parse(String table) {
        List<Cell> cells = new ArrayList<>();
        table.lines().map(line -> line.split("\\s*\\|\\s*")).forEach(column -> {
            for (String letters : column[1].split(" ")) {
                cells.add(new Cell(Anomaly.of(column[0]), letters, column[2], List.of(column[3].split("; "))));
            }
        });
        List<Cell> ordered = new ArrayList<>();
        for (Anomaly anomaly : Anomaly.values()) {
            for (Level level : levels) {
                List<Cell> found = cells.stream()
                        .filter(cell ->
                                cell.anomaly() == anomaly && cell.level().equals(level.letters()))
                        .toList();
                if (found.size() != 1) {
                    throw new IllegalStateException(engine + "'s table has " + found.size() + " cells for "
                            + anomaly.code() + " under " + level);
                }
                ordered.addAll(found);
            }
        }
        if (ordered.size() != cells.size()) {
            throw new IllegalStateException(engine + "'s table has cells for levels that the engine has not");
        }
        return List.copyOf(ordered);
    }

    private static void execute(Connection connection, String sql) throws SQLException {
        try (Statement statement = connection.createStatement()) {
            statement.execute(sql);
        }
    }
}
