package mastery.postgresql.advanced;

import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.LocalDate;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import mastery.support.trace.Story;

/**
 * A key WITHOUT OVERLAPS keeps two facts about one subject from being true on the same day, and a foreign key with PERIOD
 * wants the whole period of the child covered by the parent.
 *
 * <p><b>Use it</b> for contracts, prices, bookings, assignments: whatever is true from one day until another.
 *
 * <p><b>Not</b> for a check in the program, before the insert: between the two, another session inserts.
 *
 * <p><b>It costs</b> a GiST index in place of a B-tree. The foreign key knows NO ACTION only: no cascade.
 *
 * <p><b>It needs</b> PostgreSQL 18, and the extension btree_gist for the plain columns of the key, which the owner of the
 * database may install. Ranges {@code [from, until)}, which end before their upper bound, follow each other without gap or
 * overlap.
 *
 * <p>Source: PostgreSQL manual, CREATE TABLE (WITHOUT OVERLAPS, PERIOD), and "Range Types".
 */
public final class TemporalKeys {

    static final String EMPLOY = """
            insert into contract (employee, valid, salary)
            values (?, daterange(?, ?), ?)
            """;

    static final String ASSIGN = """
            insert into assignment (employee, project, valid)
            values (?, ?, daterange(?, ?))
            """;

    /** The wrong way to keep contracts apart: the answer may be old when the insert follows. */
    static final String IS_FREE = """
            select not exists (
                   select from contract
                    where employee = ? and valid && daterange(?, ?))
            """;

    /** Contracts that touch are one island; a gap begins the next. */
    static final String ISLANDS = """
            select employee, lower(island) as since, upper(island) as until
              from (select employee, unnest(range_agg(valid)) as island
                      from contract
                     group by employee) as merged
             order by employee, since
            """;

    private TemporalKeys() {}

    /** Days of employment without a gap; {@code until} is the first day after them, null while they go on. */
    public record Island(String employee, LocalDate since, LocalDate until) {}

    /**
     * Adds a contract.
     *
     * @param until the first day after it, or null if it has no end
     * @throws SQLException with SQLSTATE 23P01 if the employee has a contract on one of these days
     */
    public static void employ(Connection connection, String employee, LocalDate from, LocalDate until, int salary)
            throws SQLException {
        requirePeriod(employee, from, until);
        try (PreparedStatement insert = connection.prepareStatement(EMPLOY)) {
            insert.setString(1, employee);
            insert.setObject(2, from);
            insert.setObject(3, until);
            insert.setInt(4, salary);
            insert.executeUpdate();
        }
    }

    /**
     * Assigns an employee to a project.
     *
     * @param until the first day after it, or null if it has no end
     * @throws SQLException with SQLSTATE 23503 if the employee has no contract on one of these days
     */
    public static void assign(Connection connection, String employee, String project, LocalDate from, LocalDate until)
            throws SQLException {
        requirePeriod(employee, from, until);
        Objects.requireNonNull(project, "project");
        try (PreparedStatement insert = connection.prepareStatement(ASSIGN)) {
            insert.setString(1, employee);
            insert.setString(2, project);
            insert.setObject(3, from);
            insert.setObject(4, until);
            insert.executeUpdate();
        }
    }

    /** Whether the employee has no contract on these days, as far as others have committed. */
    public static boolean isFree(Connection connection, String employee, LocalDate from, LocalDate until)
            throws SQLException {
        requirePeriod(employee, from, until);
        try (PreparedStatement select = connection.prepareStatement(IS_FREE)) {
            select.setString(1, employee);
            select.setObject(2, from);
            select.setObject(3, until);
            try (ResultSet row = select.executeQuery()) {
                row.next();
                return row.getBoolean(1);
            }
        }
    }

    /** When everybody was employed, contracts that follow each other taken together. */
    public static List<Island> islands(Connection connection) throws SQLException {
        List<Island> islands = new ArrayList<>();
        try (PreparedStatement select = connection.prepareStatement(ISLANDS);
                ResultSet row = select.executeQuery()) {
            while (row.next()) {
                islands.add(new Island(
                        row.getString("employee"),
                        row.getObject("since", LocalDate.class),
                        row.getObject("until", LocalDate.class)));
            }
        }
        return islands;
    }

    private static void requirePeriod(String employee, LocalDate from, LocalDate until) {
        Objects.requireNonNull(employee, "employee");
        Objects.requireNonNull(from, "from");
        if (until != null && !from.isBefore(until)) {
            throw new IllegalArgumentException("a period has at least one day: from " + from + " until " + until);
        }
    }

    public static void createSchema(Connection connection) throws SQLException {
        try (Statement statement = connection.createStatement()) {
            statement.execute("create extension if not exists btree_gist");
            statement.execute("""
                    create table contract (
                      employee text,
                      valid    daterange,
                      salary   int not null,
                      primary key (employee, valid without overlaps)
                    )
                    """);
            statement.execute("""
                    create table assignment (
                      employee text,
                      project  text,
                      valid    daterange,
                      primary key (employee, project, valid without overlaps),
                      foreign key (employee, period valid) references contract (employee, period valid)
                    )
                    """);
        }
    }

    public static void main(String[] args) {
        Story.tell(TemporalKeys.class, story -> {
            try (Connection connection = story.postgresql().getConnection()) {
                story.quietly("contracts and assignments", () -> createSchema(connection));
                LocalDate january = LocalDate.of(2026, 1, 1);
                LocalDate april = LocalDate.of(2026, 4, 1);
                LocalDate july = LocalDate.of(2026, 7, 1);
                LocalDate september = LocalDate.of(2026, 9, 1);

                story.step("Two contracts that touch, and a third after a gap");
                employ(connection, "Ada", january, april, 4_000);
                employ(connection, "Ada", april, july, 4_200);
                employ(connection, "Ada", september, null, 4_500);

                story.step("A contract that overlaps by one day is refused");
                try {
                    employ(connection, "Ada", july.minusDays(1), september, 9_000);
                } catch (SQLException refused) {
                    story.note("Ada has a contract on 30 June already.");
                }

                story.step("An assignment may span two contracts, but no gap between them");
                assign(connection, "Ada", "Apollo", january, july);
                try {
                    assign(connection, "Ada", "Gemini", april, september.plusDays(1));
                } catch (SQLException refused) {
                    story.note("Ada has no contract in July and August.");
                }

                story.step("range_agg merges what touches");
                story.show("employed", islands(connection));

                story.learned(
                        "Give a fact with a period a key WITHOUT OVERLAPS; no check before the insert can do it.");
            }
        });
    }
}
