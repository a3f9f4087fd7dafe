package mastery.sqlserver.tsql;

import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.List;
import mastery.support.trace.Story;

/**
 * A duplicate key ends its statement only: without XACT_ABORT the batch goes on and commits what stands around the error; with
 * it the transaction is doomed, and CATCH can only roll back and THROW.
 *
 * <p><b>Use it</b> in every batch or procedure that begins a transaction: {@code set xact_abort on}, TRY, and a CATCH that
 * rolls back first, logs then, and ends in {@code throw}.
 *
 * <p><b>Not</b> to hide errors: a CATCH without THROW tells the caller that all went well. And not as the only safety of an
 * outer transaction: ROLLBACK ends that one too.
 *
 * <p><b>It costs</b> the partial work: a doomed transaction cannot be saved, not even to a savepoint.
 *
 * <p><b>It needs</b> a connection in auto-commit, because the batch begins and ends its own transaction. TRY does not catch
 * what fails before it runs, such as a table that is not there.
 *
 * <p>Source: SQL Server documentation, "SET XACT_ABORT", "TRY...CATCH", "XACT_STATE" and "THROW" (Transact-SQL), and "Database
 * Engine events and errors" for 2627 and 3930.
 */
public final class TryCatchXactAbort {

    private static final String INSERTS = """
            begin transaction;
            insert into entry (id) values (?);
            insert into entry (id) values (?);
            insert into entry (id) values (?);
            commit transaction;
            """;

    /** The wrong way: the statement that fails is left out, and the others are committed. */
    static final String CARELESS = "set nocount on;\nset xact_abort off;\n" + INSERTS;

    /** Enough where nothing is to be done about an error: the batch ends at it, and the transaction is rolled back. */
    static final String ABORTING = "set nocount, xact_abort on;\n" + INSERTS;

    /** The right way: all or nothing, the failure is logged after the rollback, and the caller gets the error as it was. */
    static final String ALL_OR_NOTHING = "set nocount, xact_abort on;\nbegin try\n" + INSERTS + """
            end try
            begin catch
              if xact_state() <> 0 rollback transaction;
              insert into failure (number, message) values (error_number(), error_message());
              throw;
            end catch
            """;

    /** The wrong order: the log entry is a write in a doomed transaction. */
    static final String LOG_FIRST = "set nocount, xact_abort on;\nbegin try\n" + INSERTS + """
            end try
            begin catch
              insert into failure (number, message) values (error_number(), error_message());
              rollback transaction;
              throw;
            end catch
            """;

    /** The old way to pass an error on: the message arrives, the number is 50000 whatever it was. */
    static final String RAISED_ANEW = "set nocount, xact_abort on;\nbegin try\n" + INSERTS + """
            end try
            begin catch
              declare @message nvarchar(2048) = error_message();
              if xact_state() <> 0 rollback transaction;
              raiserror (@message, 16, 1);
            end catch
            """;

    private static final String LOOK = "begin try\n" + INSERTS + """
            end try
            begin catch
              select @@trancount, xact_state(), error_number();
              rollback transaction;
            end catch
            """;

    static final String LOOK_WITHOUT_XACT_ABORT = "set nocount on;\nset xact_abort off;\n" + LOOK;

    static final String LOOK_WITH_XACT_ABORT = "set nocount, xact_abort on;\n" + LOOK;

    private TryCatchXactAbort() {}

    /** What CATCH finds; {@code xactState} is 1 for a transaction that can be committed, -1 for a doomed one. */
    public record InCatch(int openTransactions, int xactState, int error) {}

    public record Failure(int number, String message) {}

    /** Books three entries, or none. Throws the server's error if one of them is there already, and logs it. */
    public static void book(Connection connection, int first, int second, int third) throws SQLException {
        book(connection, ALL_OR_NOTHING, first, second, third);
    }

    static void book(Connection connection, String batch, int first, int second, int third) throws SQLException {
        try (PreparedStatement statement = prepare(connection, batch, first, second, third)) {
            statement.execute();
        }
    }

    /** What CATCH finds when the second entry is there already. */
    public static InCatch inCatch(Connection connection, boolean xactAbort, int first, int second, int third)
            throws SQLException {
        String batch = xactAbort ? LOOK_WITH_XACT_ABORT : LOOK_WITHOUT_XACT_ABORT;
        try (PreparedStatement statement = prepare(connection, batch, first, second, third);
                ResultSet row = statement.executeQuery()) {
            row.next();
            return new InCatch(row.getInt(1), row.getInt(2), row.getInt(3));
        }
    }

    private static PreparedStatement prepare(Connection connection, String batch, int... ids) throws SQLException {
        if (!connection.getAutoCommit()) {
            throw new IllegalStateException("turn auto-commit on: the batch begins and ends its own transaction");
        }
        for (int id : ids) {
            if (id < 1) {
                throw new IllegalArgumentException("an entry has a number from 1, not " + id);
            }
        }
        PreparedStatement statement = connection.prepareStatement(batch);
        for (int i = 0; i < ids.length; i++) {
            statement.setInt(i + 1, ids[i]);
        }
        return statement;
    }

    public static List<Integer> entries(Connection connection) throws SQLException {
        List<Integer> entries = new ArrayList<>();
        try (Statement statement = connection.createStatement();
                ResultSet row = statement.executeQuery("select id from entry order by id")) {
            while (row.next()) {
                entries.add(row.getInt(1));
            }
        }
        return entries;
    }

    public static List<Failure> failures(Connection connection) throws SQLException {
        List<Failure> failures = new ArrayList<>();
        try (Statement statement = connection.createStatement();
                ResultSet row = statement.executeQuery("select number, message from failure order by id")) {
            while (row.next()) {
                failures.add(new Failure(row.getInt(1), row.getString(2)));
            }
        }
        return failures;
    }

    public static void createSchema(Connection connection) throws SQLException {
        try (Statement statement = connection.createStatement()) {
            statement.execute("create table entry (id int not null constraint entry_pk primary key)");
            statement.execute("""
                    create table failure (
                      id      int identity   not null primary key,
                      number  int            not null,
                      message nvarchar(2048) not null
                    )
                    """);
        }
    }

    private static String refusal(Connection connection, String batch, int first, int second, int third) {
        try {
            book(connection, batch, first, second, third);
            return "none";
        } catch (SQLException e) {
            return e.getErrorCode() + ": " + e.getMessage();
        }
    }

    public static void main(String[] args) {
        Story.tell(TryCatchXactAbort.class, story -> {
            try (Connection connection = story.sqlserver().getConnection()) {
                createSchema(connection);
                book(connection, 1, 2, 3);

                story.step("Entry 2 is there already; without XACT_ABORT 4 and 5 are committed around the error");
                story.show("error", refusal(connection, CARELESS, 4, 2, 5));
                story.show("entries", entries(connection));

                story.step("With XACT_ABORT, TRY and CATCH nothing of 6, 2, 7 stays, and the caller gets 2627");
                story.show("error", refusal(connection, ALL_OR_NOTHING, 6, 2, 7));
                story.show("entries", entries(connection));
                story.show("failures", failures(connection));

                story.step("What CATCH finds: a transaction that lives, or one that is doomed");
                story.show("without XACT_ABORT", inCatch(connection, false, 6, 2, 7));
                story.show("with XACT_ABORT", inCatch(connection, true, 6, 2, 7));

                story.step("A write in the doomed one is refused with 3930, and the first error is lost");
                story.show("error", refusal(connection, LOG_FIRST, 6, 2, 7));

                story.learned("Set XACT_ABORT on; in CATCH roll back, then log, then THROW.");
            }
        });
    }
}
