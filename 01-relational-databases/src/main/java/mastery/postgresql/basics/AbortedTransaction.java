package mastery.postgresql.basics;

import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Savepoint;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.List;
import mastery.support.trace.Story;

/**
 * One error aborts the whole transaction: every statement after it fails with 25P02, and commit() comes back without an error
 * and stores nothing; only a savepoint lets the transaction go on.
 *
 * <p><b>Use</b> a savepoint around a statement that may fail while the rest shall stay. Use the abort: put all steps of a
 * migration into one transaction, because DDL rolls back too.
 *
 * <p><b>Not</b> a savepoint where the failure can be avoided: ON CONFLICT skips a duplicate without an error. Not a
 * transaction for what refuses to be in one, such as CREATE INDEX CONCURRENTLY (25001).
 *
 * <p><b>It costs</b> two round trips for each savepoint, and a subtransaction for each that writes, released or not. A session
 * keeps 64 of them in shared memory; for more, every session must look into pg_subtrans until the transaction ends.
 *
 * <p><b>It needs</b> a program that never goes on after an SQLException as if nothing had happened.
 *
 * <p>Source: PostgreSQL manual, "Transactions", "SAVEPOINT", "Subtransactions".
 */
public final class AbortedTransaction {

    private AbortedTransaction() {}

    public record Line(long id, int amount) {}

    /** A line that the database refused, with the SQLSTATE. */
    public record Refused(Line line, String sqlState) {}

    /** What became of a list of lines. */
    public record Report(int imported, List<Refused> refused) {}

    /** Stores the lines that can be stored, in the caller's transaction, and tells which were refused. */
    public static Report importLines(Connection connection, List<Line> lines) throws SQLException {
        requireTransaction(connection);
        int imported = 0;
        List<Refused> refused = new ArrayList<>();
        for (Line line : List.copyOf(lines)) {
            Savepoint before = connection.setSavepoint();
            try {
                insert(connection, line);
                imported++;
            } catch (SQLException e) {
                if (!isAboutTheData(e)) {
                    throw e;
                }
                connection.rollback(before);
                refused.add(new Refused(line, e.getSQLState()));
            }
            connection.releaseSavepoint(before);
        }
        return new Report(imported, refused);
    }

    /** The wrong way: it catches and goes on, but the transaction does not. */
    static Report importWithoutSavepoints(Connection connection, List<Line> lines) throws SQLException {
        requireTransaction(connection);
        int imported = 0;
        List<Refused> refused = new ArrayList<>();
        for (Line line : lines) {
            try {
                insert(connection, line);
                imported++;
            } catch (SQLException e) {
                refused.add(new Refused(line, e.getSQLState()));
            }
        }
        return new Report(imported, refused);
    }

    /** Class 22 is data that does not fit, class 23 a constraint; a lost connection or a deadlock is no fault of the line. */
    private static boolean isAboutTheData(SQLException e) {
        String state = String.valueOf(e.getSQLState());
        return state.startsWith("22") || state.startsWith("23");
    }

    /**
     * Runs all steps of a migration, or none. The connection is in auto-commit before and after.
     *
     * @param steps statements of a program's own, never of a user
     */
    public static void migrate(Connection connection, List<String> steps) throws SQLException {
        if (!connection.getAutoCommit()) {
            throw new IllegalStateException("a migration is a transaction of its own");
        }
        List<String> all = List.copyOf(steps);
        connection.setAutoCommit(false);
        try (Statement statement = connection.createStatement()) {
            for (String step : all) {
                statement.execute(step);
            }
            connection.commit();
        } finally {
            connection.rollback(); // of nothing, after a commit
            connection.setAutoCommit(true); // which would commit what is open
        }
    }

    /** The wrong way: each step commits by itself, so a failure leaves the steps before it. */
    static void migrateStepByStep(Connection connection, List<String> steps) throws SQLException {
        try (Statement statement = connection.createStatement()) {
            for (String step : steps) {
                statement.execute(step);
            }
        }
    }

    /** Whether there is a table, view or index of that name. */
    public static boolean exists(Connection connection, String name) throws SQLException {
        try (PreparedStatement select = connection.prepareStatement("select to_regclass(?) is not null")) {
            select.setString(1, name);
            try (ResultSet row = select.executeQuery()) {
                return row.next() && row.getBoolean(1);
            }
        }
    }

    public static long count(Connection connection) throws SQLException {
        try (Statement statement = connection.createStatement();
                ResultSet row = statement.executeQuery("select count(*) from line")) {
            row.next();
            return row.getLong(1);
        }
    }

    private static void insert(Connection connection, Line line) throws SQLException {
        try (PreparedStatement insert = connection.prepareStatement("insert into line (id, amount) values (?, ?)")) {
            insert.setLong(1, line.id());
            insert.setInt(2, line.amount());
            insert.executeUpdate();
        }
    }

    private static void requireTransaction(Connection connection) throws SQLException {
        if (connection.getAutoCommit()) {
            throw new IllegalStateException("turn auto-commit off: there are savepoints only in a transaction");
        }
    }

    public static void createSchema(Connection connection) throws SQLException {
        try (Statement statement = connection.createStatement()) {
            statement.execute("create table line (id bigint primary key, amount integer not null check (amount > 0))");
        }
    }

    public static void main(String[] args) {
        Story.tell(AbortedTransaction.class, story -> {
            try (Connection connection = story.postgresql().getConnection()) {
                createSchema(connection);
                connection.setAutoCommit(false);
                List<Line> lines = List.of(new Line(1, 10), new Line(2, -5), new Line(3, 30));

                story.step("Line 2 is bad. Line 3 is good, and fails all the same");
                importWithoutSavepoints(connection, lines);

                story.step("COMMIT says nothing, and stores nothing");
                connection.commit();
                story.show("lines stored", count(connection));

                story.step("A savepoint before each line: the transaction goes on after line 2");
                story.show("report", importLines(connection, lines));
                connection.commit();
                story.show("lines stored", count(connection));
                connection.setAutoCommit(true);

                story.step("A migration whose second step fails takes its first step back");
                List<String> steps = List.of(
                        "create table invoice (id bigint primary key)",
                        "alter table line add column invoice_id bigint references invoce");
                try {
                    migrate(connection, steps);
                } catch (SQLException e) {
                    story.show("is there a table invoice", exists(connection, "invoice"));
                }

                story.learned("After an error roll back, to a savepoint or to the start; COMMIT will not warn you.");
            }
        });
    }
}
