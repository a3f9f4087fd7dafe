package mastery.design.transactions;

import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import javax.sql.DataSource;
import mastery.support.trace.Story;

/**
 * Two doctors on call each see that the other stays, and both leave: each writes another row, so nothing refuses it below SERIALIZABLE. Locking
 * what the decision rests on, or one row that stands for it, makes the second doctor wait and look again.
 *
 * <p><b>Use</b> {@link #leaveLocking} where the rows that decide are there and few; {@link #leaveByShift}, a conflict made visible on a row that
 * exists for it, where they are many, or not there yet; SERIALIZABLE where there are many such rules and each transaction can be run again.
 *
 * <p><b>Not</b> REPEATABLE READ or SNAPSHOT as a cure: they keep a picture of the past, and the decision is made from it. That holds for
 * a lock too: if the picture is older than the lock, the wait was in vain, see {@link #lockShift}.
 *
 * <p><b>It costs</b> with a lock a wait for whoever decides about the same shift; under SERIALIZABLE nobody waits on PostgreSQL, and one of the two
 * does all its work again; on MySQL and SQL Server reads take locks, and the two meet in a deadlock.
 *
 * <p><b>It needs</b> auto-commit off, and the lock as the transaction's first statement; the caller commits.
 *
 * <p>Source: PostgreSQL manual, "Transaction Isolation" and "Data Consistency Checks at the Application Level"; MySQL Reference Manual, "Consistent
 * Nonlocking Reads" and "Locking Reads"; SQL Server documentation, "Transaction locking and row versioning guide" and "Table hints (Transact-SQL)".
 */
public final class WriteSkewOnCall {

    /** How each engine reads rows so that nobody else can change them before the transaction ends. */
    enum Engine {
        POSTGRESQL(
                "select name from doctor where shift = ? and on_call = 1 for update",
                "select id from shift where id = ? for update"),
        MYSQL(
                "select name from doctor where shift = ? and on_call = 1 for update",
                "select id from shift where id = ? for update"),
        SQL_SERVER(
                "select name from doctor with (updlock) where shift = ? and on_call = 1",
                "select id from shift with (updlock) where id = ?");

        private final String lockDoctors;
        private final String lockShift;

        Engine(String lockDoctors, String lockShift) {
            this.lockDoctors = lockDoctors;
            this.lockShift = lockShift;
        }

        static Engine of(Connection connection) throws SQLException {
            String product = connection.getMetaData().getDatabaseProductName();
            return switch (product) {
                case "PostgreSQL" -> POSTGRESQL;
                case "MySQL" -> MYSQL;
                case "Microsoft SQL Server" -> SQL_SERVER;
                default -> throw new IllegalArgumentException("no SQL for " + product);
            };
        }
    }

    private WriteSkewOnCall() {}

    /** The wrong way: leaves if another doctor stays, as far as this transaction can see. Returns whether the doctor left. */
    public static boolean leave(Connection connection, int shift, String doctor) throws SQLException {
        return leave(connection, shift, doctor, onCall(connection, shift));
    }

    /** The same, and nobody whom the decision rests on can leave before this transaction ends. */
    public static boolean leaveLocking(Connection connection, int shift, String doctor) throws SQLException {
        inTransaction(connection);
        return leave(connection, shift, doctor, names(connection, Engine.of(connection).lockDoctors, shift));
    }

    /** The same, and nobody else decides about this shift before this transaction ends, because all of them write its row first. */
    public static boolean leaveByShift(Connection connection, int shift, String doctor) throws SQLException {
        inTransaction(connection);
        try (PreparedStatement update =
                connection.prepareStatement("update shift set decisions = decisions + 1 where id = ?")) {
            update.setInt(1, shift);
            mustHit(update.executeUpdate(), shift);
        }
        return leave(connection, shift, doctor, onCall(connection, shift));
    }

    /**
     * Half a cure: a lock on the row of the shift, which changes nothing. Whoever waited for it under REPEATABLE READ goes on with a picture from
     * before the wait: on PostgreSQL always, on MySQL if it has read anything before. Under READ COMMITTED it is as good as {@link #leaveByShift}.
     */
    public static void lockShift(Connection connection, int shift) throws SQLException {
        inTransaction(connection);
        mustHit(names(connection, Engine.of(connection).lockShift, shift).size(), shift);
    }

    private static boolean leave(Connection connection, int shift, String doctor, List<String> onCall)
            throws SQLException {
        if (!onCall.contains(Objects.requireNonNull(doctor, "a doctor has a name"))) {
            throw new IllegalArgumentException(doctor + " is not on call in shift " + shift);
        }
        if (onCall.size() < 2) {
            return false;
        }
        goOff(connection, shift, doctor);
        return true;
    }

    /** The doctors of a shift who are on call, as this transaction sees them. */
    public static List<String> onCall(Connection connection, int shift) throws SQLException {
        return names(connection, "select name from doctor where shift = ? and on_call = 1", shift);
    }

    public static void goOff(Connection connection, int shift, String doctor) throws SQLException {
        try (PreparedStatement update =
                connection.prepareStatement("update doctor set on_call = 0 where shift = ? and name = ?")) {
            update.setInt(1, shift);
            update.setString(2, doctor);
            update.executeUpdate();
        }
    }

    private static List<String> names(Connection connection, String sql, int shift) throws SQLException {
        List<String> names = new ArrayList<>();
        try (PreparedStatement select = connection.prepareStatement(sql)) {
            select.setInt(1, shift);
            try (ResultSet row = select.executeQuery()) {
                while (row.next()) {
                    names.add(row.getString(1));
                }
            }
        }
        return names;
    }

    private static void inTransaction(Connection connection) throws SQLException {
        if (connection.getAutoCommit()) {
            throw new IllegalStateException("turn auto-commit off: it would end the lock at once");
        }
    }

    private static void mustHit(int rows, int shift) {
        if (rows == 0) {
            throw new IllegalArgumentException("there is no shift " + shift);
        }
    }

    /** Shifts 1 and 2, in each of which these doctors are on call. */
    public static void createSchema(Connection connection, String... doctors) throws SQLException {
        try (Statement statement = connection.createStatement()) {
            statement.execute("create table shift (id int not null primary key, decisions int not null)");
            statement.execute("insert into shift (id, decisions) values (1, 0), (2, 0)");
            // found by an index that begins with the shift, so that a lock on its doctors reaches no other's
            statement.execute("""
                    create table doctor (
                      shift   int         not null references shift (id),
                      name    varchar(40) not null,
                      on_call int         not null,
                      primary key (shift, name)
                    )
                    """);
        }
        try (PreparedStatement insert =
                connection.prepareStatement("insert into doctor (shift, name, on_call) values (?, ?, 1)")) {
            for (int shift = 1; shift <= 2; shift++) {
                for (String doctor : doctors) {
                    insert.setInt(1, shift);
                    insert.setString(2, doctor);
                    insert.executeUpdate();
                }
            }
        }
    }

    private static String commit(Connection connection) throws SQLException {
        try {
            connection.commit();
            return "done";
        } catch (SQLException e) {
            connection.rollback();
            return "refused with SQLSTATE " + e.getSQLState();
        }
    }

    public static void main(String[] args) {
        Story.tell(WriteSkewOnCall.class, story -> {
            for (DataSource engine : new DataSource[] {story.postgresql(), story.mysql()}) {
                try (Connection ann = engine.getConnection();
                        Connection bob = engine.getConnection()) {
                    createSchema(ann, "Ann", "Bob");
                    for (Connection connection : List.of(ann, bob)) {
                        connection.setTransactionIsolation(Connection.TRANSACTION_REPEATABLE_READ);
                        connection.setAutoCommit(false);
                    }

                    story.step(Engine.of(ann) + ", REPEATABLE READ: each sees that the other stays, and both leave");
                    story.show("Ann leaves", leave(ann, 1, "Ann"));
                    story.show("Bob leaves", leave(bob, 1, "Bob"));
                    ann.commit();
                    bob.commit();
                    story.show("doctors on call", onCall(ann, 1).size());
                    ann.rollback();

                    story.step("Each writes the row of the shift first: Bob waits for Ann, then he stays");
                    story.show("Ann leaves", leaveByShift(ann, 2, "Ann"));
                    ann.commit();
                    story.show("Bob leaves", leaveByShift(bob, 2, "Bob"));
                    bob.rollback();
                }
            }
            try (Connection ann = story.postgresql().getConnection();
                    Connection bob = story.postgresql().getConnection()) {
                try (Statement statement = ann.createStatement()) {
                    statement.execute("update doctor set on_call = 1");
                }
                for (Connection connection : List.of(ann, bob)) {
                    connection.setTransactionIsolation(Connection.TRANSACTION_SERIALIZABLE);
                    connection.setAutoCommit(false);
                }
                story.step("POSTGRESQL, SERIALIZABLE: nobody waits, and the second commit is refused");
                leave(ann, 1, "Ann");
                leave(bob, 1, "Bob");
                story.show("Ann commits", commit(ann));
                story.show("Bob commits", commit(bob));
                story.show("Bob tries again and leaves", leave(bob, 1, "Bob"));
                bob.rollback();
            }
            story.learned("A decision is as good as what it rests on: lock that, give it a row, or be SERIALIZABLE.");
        });
    }
}
