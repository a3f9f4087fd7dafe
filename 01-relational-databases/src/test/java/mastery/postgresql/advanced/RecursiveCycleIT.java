package mastery.postgresql.advanced;

import static mastery.postgresql.advanced.RecursiveCycle.BELOW_BY_TEXT;
import static mastery.postgresql.advanced.RecursiveCycle.below;
import static mastery.postgresql.advanced.RecursiveCycle.belowByLevel;
import static mastery.postgresql.advanced.RecursiveCycle.countWithoutCycle;
import static mastery.postgresql.advanced.RecursiveCycle.move;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.List;
import mastery.postgresql.advanced.RecursiveCycle.Member;
import mastery.support.junit.OnPostgreSql;
import mastery.support.junit.Prepare;
import org.junit.jupiter.api.Test;

/** Ada is the boss of Ann (with Zoe and Bob) and of Ann-Marie (with Cid). */
@OnPostgreSql
class RecursiveCycleIT {

    private static final long ADA = 1;
    private static final long CID = 6;
    private static final int EMPLOYEES = 6;
    private static final int CAP = 10_000;

    @Prepare
    static void prepare(Connection connection) throws SQLException {
        RecursiveCycle.createSchema(connection);
    }

    /** Closes a circle: an employee comes below somebody who is below them. */
    private static void close(Connection connection, long employee, long boss) throws SQLException {
        try (Statement statement = connection.createStatement()) {
            // an endless query ends with an error, before the disk is full
            statement.execute("set work_mem = '64kB'");
            statement.execute("set temp_file_limit = '8MB'");
        }
        move(connection, employee, boss);
    }

    @Test
    void depthFirstPutsEverybodyRightBelowTheirBoss(Connection connection) throws SQLException {
        assertThat(below(connection, ADA))
                .containsExactly(
                        new Member(1, 0, "Ada", false),
                        new Member(2, 1, "Ada/Ann", false),
                        new Member(5, 2, "Ada/Ann/Bob", false),
                        new Member(4, 2, "Ada/Ann/Zoe", false),
                        new Member(3, 1, "Ada/Ann-Marie", false),
                        new Member(6, 2, "Ada/Ann-Marie/Cid", false));
    }

    @Test
    void breadthFirstPutsEverybodyOfOneLevelBeforeTheNext(Connection connection) throws SQLException {
        assertThat(belowByLevel(connection, ADA))
                .extracting(Member::path)
                .containsExactly("Ada", "Ada/Ann", "Ada/Ann-Marie", "Ada/Ann/Bob", "Ada/Ann-Marie/Cid", "Ada/Ann/Zoe");
    }

    @Test
    void thePathAsATextSortsPeopleBelowSomebodyElsesName(Connection connection) throws SQLException {
        assertThat(below(connection, BELOW_BY_TEXT, ADA))
                .extracting(Member::path)
                .containsExactly("Ada", "Ada/Ann", "Ada/Ann-Marie", "Ada/Ann-Marie/Cid", "Ada/Ann/Bob", "Ada/Ann/Zoe");
    }

    @Test
    void aCycleEndsWhereItClosesAndIsMarkedThere(Connection connection) throws SQLException {
        close(connection, ADA, CID);

        List<Member> members = below(connection, ADA);

        assertThat(members).hasSize(EMPLOYEES + 1);
        assertThat(members)
                .filteredOn(Member::cycle)
                .containsExactly(new Member(ADA, 3, "Ada/Ann-Marie/Cid/Ada", true));
        assertThat(members).filteredOn(member -> !member.cycle()).hasSize(EMPLOYEES);
    }

    @Test
    void aCycleIsFoundFromEveryPlaceInIt(Connection connection) throws SQLException {
        close(connection, ADA, CID);

        assertThat(below(connection, CID))
                .filteredOn(Member::cycle)
                .containsExactly(new Member(CID, 3, "Cid/Ada/Ann-Marie/Cid", true));
    }

    @Test
    void withoutCycleOnlyTheLimitEndsTheQuery(Connection connection) throws SQLException {
        assertThat(countWithoutCycle(connection, ADA, CAP)).isEqualTo(EMPLOYEES);

        close(connection, ADA, CID);

        assertThat(countWithoutCycle(connection, ADA, CAP)).isEqualTo(CAP);
    }

    @Test
    void unionEndsACycleOnlyWhileNoColumnTellsTheRowsApart(Connection connection) throws SQLException {
        close(connection, ADA, CID);
        String withoutDepth =
                RecursiveCycle.BELOW_WITHOUT_CYCLE.replace(", 0 as depth", "").replace(", b.depth + 1", "");

        try (PreparedStatement select = connection.prepareStatement(withoutDepth)) {
            select.setLong(1, ADA);
            select.setInt(2, CAP);
            try (ResultSet row = select.executeQuery()) {
                row.next();
                assertThat(row.getInt(1)).isEqualTo(EMPLOYEES);
            }
        }
    }

    @Test
    void belowASortTheLimitEndsNothing(Connection connection) throws SQLException {
        close(connection, ADA, CID);
        String sorted =
                RecursiveCycle.BELOW_WITHOUT_CYCLE.replace("from below limit ?", "from below order by depth limit ?");

        assertThatThrownBy(() -> {
                    try (PreparedStatement select = connection.prepareStatement(sorted)) {
                        select.setLong(1, ADA);
                        select.setInt(2, 5);
                        select.executeQuery();
                    }
                })
                .isInstanceOfSatisfying(
                        SQLException.class,
                        full -> assertThat(full.getSQLState()).isEqualTo("53400"));
    }

    @Test
    void theForeignKeyRefusesAMissingBossAndNoCycle(Connection connection) throws SQLException {
        assertThatThrownBy(() -> move(connection, CID, 99))
                .isInstanceOfSatisfying(
                        SQLException.class,
                        missing -> assertThat(missing.getSQLState()).isEqualTo("23503"));

        close(connection, ADA, ADA);

        assertThat(below(connection, ADA))
                .filteredOn(Member::cycle)
                .extracting(Member::path)
                .containsExactly("Ada/Ada");
    }

    @Test
    void anUnknownBossHasNobodyAndAQueryWithoutALimitIsRefused(Connection connection) throws SQLException {
        assertThat(below(connection, 99)).isEmpty();
        assertThat(below(connection, -1)).isEmpty();
        assertThatThrownBy(() -> countWithoutCycle(connection, ADA, 0))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("0 is none");
    }
}
