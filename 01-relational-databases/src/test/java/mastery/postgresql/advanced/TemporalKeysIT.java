package mastery.postgresql.advanced;

import static mastery.postgresql.advanced.TemporalKeys.assign;
import static mastery.postgresql.advanced.TemporalKeys.employ;
import static mastery.postgresql.advanced.TemporalKeys.isFree;
import static mastery.postgresql.advanced.TemporalKeys.islands;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.LocalDate;
import javax.sql.DataSource;
import mastery.postgresql.advanced.TemporalKeys.Island;
import mastery.support.interleave.Blocked;
import mastery.support.interleave.Interleaving;
import mastery.support.interleave.LockView;
import mastery.support.interleave.Session;
import mastery.support.junit.OnPostgreSql;
import mastery.support.junit.Prepare;
import org.junit.jupiter.api.Test;

/** Ada works from January to March and from April to June, and again from September on. */
@OnPostgreSql
class TemporalKeysIT {

    private static final LocalDate JANUARY = LocalDate.of(2026, 1, 1);
    private static final LocalDate APRIL = LocalDate.of(2026, 4, 1);
    private static final LocalDate JULY = LocalDate.of(2026, 7, 1);
    private static final LocalDate AUGUST = LocalDate.of(2026, 8, 1);
    private static final LocalDate SEPTEMBER = LocalDate.of(2026, 9, 1);

    /** What people had before: the same period may not come twice, but it may overlap. */
    private static final String PLAIN_KEY = """
            alter table contract drop constraint contract_pkey cascade;
            alter table contract add primary key (employee, valid)
            """;

    @Prepare
    static void prepare(Connection connection) throws SQLException {
        TemporalKeys.createSchema(connection);
        employ(connection, "Ada", JANUARY, APRIL, 4_000);
        employ(connection, "Ada", APRIL, JULY, 4_200);
        employ(connection, "Ada", SEPTEMBER, null, 4_500);
    }

    @Test
    void aContractThatOverlapsIsRefusedWith23P01(Connection connection) throws SQLException {
        LocalDate lastOfJune = JULY.minusDays(1);
        assertThatThrownBy(() -> employ(connection, "Ada", lastOfJune, AUGUST, 9_000))
                .satisfies(e -> state(e, "23P01"));
        assertThatThrownBy(() -> employ(connection, "Ada", AUGUST, null, 9_000)).satisfies(e -> state(e, "23P01"));

        // it touches both neighbours, and another employee shares no day with Ada
        employ(connection, "Ada", JULY, SEPTEMBER, 4_300);
        employ(connection, "Bob", JANUARY, null, 3_000);
        assertThat(count(connection, "contract")).isEqualTo(5);
    }

    @Test
    void aPlainKeyAcceptsTheOverlap(Connection connection) throws SQLException {
        execute(connection, PLAIN_KEY);

        employ(connection, "Ada", JULY.minusDays(1), AUGUST, 9_000);

        assertThat(overlaps(connection)).isEqualTo(1);
    }

    @Test
    void twoWhoBothFoundTheDaysFreeDoNotBothGetThem(DataSource database) throws SQLException {
        try (Interleaving play = Interleaving.on(LockView.postgreSql(database))) {
            Session ann = play.session("Ann", database);
            Session bob = play.session("Bob", database);
            ann.begins();
            bob.begins();
            assertThat(ann.<Boolean>returns("looks", c -> isFree(c, "Ada", JULY, AUGUST)))
                    .isTrue();
            assertThat(bob.<Boolean>returns("looks", c -> isFree(c, "Ada", JULY, SEPTEMBER)))
                    .isTrue();
            ann.does("employs", c -> employ(c, "Ada", JULY, AUGUST, 5_000));

            Blocked<Void> second = bob.blocks("employs", c -> {
                employ(c, "Ada", JULY, SEPTEMBER, 6_000);
                return null;
            });
            assertThat(second.waitsFor()).isSameAs(ann);
            ann.commits();

            second.failsWith("23P01");
        }
    }

    @Test
    void withAPlainKeyBothGetThem(DataSource database) throws SQLException {
        try (Connection connection = database.getConnection()) {
            execute(connection, PLAIN_KEY);
        }
        try (Interleaving play = Interleaving.on(LockView.postgreSql(database))) {
            Session ann = play.session("Ann", database);
            Session bob = play.session("Bob", database);
            ann.begins();
            bob.begins();
            assertThat(ann.<Boolean>returns("looks", c -> isFree(c, "Ada", JULY, AUGUST)))
                    .isTrue();
            ann.does("employs", c -> employ(c, "Ada", JULY, AUGUST, 5_000));
            assertThat(bob.<Boolean>returns("looks", c -> isFree(c, "Ada", JULY, SEPTEMBER)))
                    .isTrue();
            bob.does("employs", c -> employ(c, "Ada", JULY, SEPTEMBER, 6_000));
            ann.commits();
            bob.commits();

            assertThat(ann.returns("counts", TemporalKeysIT::overlaps)).isEqualTo(1);
        }
    }

    @Test
    void anAssignmentNeedsAContractOnEachOfItsDays(Connection connection) throws SQLException {
        assign(connection, "Ada", "Apollo", JANUARY, JULY);
        assign(connection, "Ada", "Gemini", SEPTEMBER, null);

        assertThatThrownBy(() -> assign(connection, "Ada", "Mercury", APRIL, JULY.plusDays(1)))
                .satisfies(e -> state(e, "23503"));
        assertThatThrownBy(() -> assign(connection, "Ada", "Mercury", APRIL, null))
                .satisfies(e -> state(e, "23503"));
        assertThatThrownBy(() -> assign(connection, "Bob", "Mercury", APRIL, JULY))
                .satisfies(e -> state(e, "23503"));
        assertThat(count(connection, "assignment")).isEqualTo(2);
    }

    @Test
    void oneProjectHasAnEmployeeOnceADay(Connection connection) throws SQLException {
        assign(connection, "Ada", "Apollo", JANUARY, JULY);

        assertThatThrownBy(() -> assign(connection, "Ada", "Apollo", APRIL, JULY))
                .satisfies(e -> state(e, "23P01"));
        assign(connection, "Ada", "Gemini", APRIL, JULY);
        assertThat(count(connection, "assignment")).isEqualTo(2);
    }

    @Test
    void daysAreFreeWhereNoContractOverlapsThem(Connection connection) throws SQLException {
        assertThat(isFree(connection, "Ada", JULY, SEPTEMBER)).isTrue();
        assertThat(isFree(connection, "Ada", JULY, SEPTEMBER.plusDays(1))).isFalse();
        assertThat(isFree(connection, "Ada", JULY.minusDays(1), AUGUST)).isFalse();
        assertThat(isFree(connection, "Bob", JANUARY, null)).isTrue();
    }

    @Test
    void aContractMayNotShrinkBelowItsAssignments(Connection connection) throws SQLException {
        assign(connection, "Ada", "Apollo", JANUARY, JULY);

        assertThatThrownBy(() -> execute(connection, "delete from contract where salary = 4200"))
                .satisfies(e -> state(e, "23503"));
        assertThatThrownBy(() -> execute(
                        connection,
                        "update contract set valid = daterange(lower(valid), '2026-06-30') where salary = 4200"))
                .satisfies(e -> state(e, "23503"));
        execute(connection, "update contract set valid = daterange(lower(valid), '2026-08-01') where salary = 4200");
        execute(connection, "delete from contract where salary = 4500");
    }

    @Test
    void withoutTheForeignKeyAnAssignmentMayFallIntoTheGap(Connection connection) throws SQLException {
        execute(connection, "alter table assignment drop constraint assignment_employee_valid_fkey");

        assign(connection, "Ada", "Mercury", APRIL, null);

        assertThat(count(connection, "assignment")).isEqualTo(1);
    }

    @Test
    void periodsThatTouchMergeIntoIslands(Connection connection) throws SQLException {
        employ(connection, "Bob", APRIL, JULY, 3_000);

        assertThat(islands(connection))
                .containsExactly(
                        new Island("Ada", JANUARY, JULY),
                        new Island("Ada", SEPTEMBER, null),
                        new Island("Bob", APRIL, JULY));
        assertThat(text(connection, "select range_agg(valid) from contract where employee = 'Ada'"))
                .isEqualTo("{[2026-01-01,2026-07-01),[2026-09-01,)}");
    }

    @Test
    void theForeignKeyCannotCascade(Connection connection) {
        assertThatThrownBy(() -> execute(connection, """
                        alter table assignment
                          add foreign key (employee, period valid) references contract (employee, period valid)
                          on delete cascade
                        """)).satisfies(e -> state(e, "0A000"));
    }

    @Test
    void aPeriodWithoutADayIsRefusedBeforeAnyStatementAndByTheKey(Connection connection) throws SQLException {
        assertThatThrownBy(() -> execute(connection, "insert into contract values ('Ada', 'empty', 1)"))
                .satisfies(e -> state(e, "23514"));
        connection.close(); // a statement would fail with an SQLException

        assertThatThrownBy(() -> employ(connection, "Ada", JULY, JULY, 1))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("from 2026-07-01 until 2026-07-01");
        assertThatThrownBy(() -> assign(connection, "Ada", "Apollo", JULY, JANUARY))
                .isInstanceOf(IllegalArgumentException.class);
        assertThatThrownBy(() -> isFree(connection, "Ada", null, JULY)).hasMessage("from");
        assertThatThrownBy(() -> employ(connection, null, JANUARY, JULY, 1)).hasMessage("employee");
        assertThatThrownBy(() -> assign(connection, "Ada", null, JANUARY, JULY)).hasMessage("project");
    }

    private static void state(Throwable failure, String sqlState) {
        assertThat(failure)
                .isInstanceOfSatisfying(
                        SQLException.class, e -> assertThat(e.getSQLState()).isEqualTo(sqlState));
    }

    private static int overlaps(Connection connection) throws SQLException {
        return Integer.parseInt(text(connection, """
                select count(*)
                  from contract a
                  join contract b on a.employee = b.employee and a.valid && b.valid and a.valid < b.valid
                """));
    }

    private static int count(Connection connection, String table) throws SQLException {
        return Integer.parseInt(text(connection, "select count(*) from " + table));
    }

    private static String text(Connection connection, String sql) throws SQLException {
        try (Statement statement = connection.createStatement();
                ResultSet row = statement.executeQuery(sql)) {
            row.next();
            return row.getString(1);
        }
    }

    private static void execute(Connection connection, String sql) throws SQLException {
        try (Statement statement = connection.createStatement()) {
            statement.execute(sql);
        }
    }
}
