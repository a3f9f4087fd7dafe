package mastery.postgresql.advanced;

import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.List;
import mastery.support.trace.Story;

/**
 * A recursive query never ends where the data has a cycle; CYCLE stops each path at the first row that it meets again and
 * says so, and SEARCH puts the rows in order.
 *
 * <p><b>Use it</b> for trees and graphs that people maintain: a foreign key proves that the boss exists, not that nobody is
 * their own boss.
 *
 * <p><b>Not</b> as a fence against huge graphs: CYCLE ends each path, but a dense graph has very many paths.
 *
 * <p><b>It costs</b> one array per row that grows with the depth, and a search of it for each new row.
 *
 * <p><b>It needs</b> an index on the column that points to the parent, or each level reads the whole table. LIMIT is no cure
 * for a cycle: it stops the query only where nothing above it, such as a sort, wants all rows first.
 *
 * <p>Source: PostgreSQL manual, "WITH Queries", Search Order and Cycle Detection.
 */
public final class RecursiveCycle {

    /** The right way: every employee below a boss in the order of a tree, siblings by name. */
    static final String BELOW = """
            with recursive below as (
              select id, name, 0 as depth, name as path
                from employee
               where id = ?
              union all
              select e.id, e.name, b.depth + 1, b.path || '/' || e.name
                from below b
                join employee e on e.boss_id = b.id
            )
            search depth first by name set place
            cycle id set is_cycle using visited
            select id, depth, path, is_cycle
              from below
             order by place
            """;

    /** The same rows level by level: everybody at one distance, then everybody one step further. */
    static final String BELOW_BY_LEVEL = BELOW.replace("depth first", "breadth first");

    /** Nearly right: sorted by the path as a text, "Ann-Marie" comes between "Ann" and "Ann/Bob". */
    static final String BELOW_BY_TEXT = BELOW.replace("order by place", "order by path");

    /** The wrong way: UNION drops repeated rows, but the depth makes each one new. Only LIMIT ends it. */
    static final String BELOW_WITHOUT_CYCLE = """
            with recursive below as (
              select id, name, 0 as depth
                from employee
               where id = ?
              union
              select e.id, e.name, b.depth + 1
                from below b
                join employee e on e.boss_id = b.id
            )
            select count(*)
              from (select id from below limit ?) as reached
            """;

    private RecursiveCycle() {}

    /**
     * @param depth steps below the boss who was asked for, 0 for that boss
     * @param path the names from that boss on
     * @param cycle whether this employee stands on the path already: here it was cut
     */
    public record Member(long id, int depth, String path, boolean cycle) {}

    /** A boss and everybody below, each after their own boss; empty when there is no such boss. */
    public static List<Member> below(Connection connection, long bossId) throws SQLException {
        return below(connection, BELOW, bossId);
    }

    /** The same, level by level. */
    public static List<Member> belowByLevel(Connection connection, long bossId) throws SQLException {
        return below(connection, BELOW_BY_LEVEL, bossId);
    }

    static List<Member> below(Connection connection, String sql, long bossId) throws SQLException {
        List<Member> members = new ArrayList<>();
        try (PreparedStatement select = connection.prepareStatement(sql)) {
            select.setLong(1, bossId);
            try (ResultSet row = select.executeQuery()) {
                while (row.next()) {
                    members.add(new Member(
                            row.getLong("id"), row.getInt("depth"), row.getString("path"), row.getBoolean("is_cycle")));
                }
            }
        }
        return members;
    }

    /**
     * How many rows the query without CYCLE gives before {@code limit} stops it.
     *
     * @param limit at least 1; without it a cycle would run until the disk is full
     */
    public static int countWithoutCycle(Connection connection, long bossId, int limit) throws SQLException {
        if (limit < 1) {
            throw new IllegalArgumentException("only a limit ends this query, and " + limit + " is none");
        }
        try (PreparedStatement select = connection.prepareStatement(BELOW_WITHOUT_CYCLE)) {
            select.setLong(1, bossId);
            select.setInt(2, limit);
            try (ResultSet row = select.executeQuery()) {
                row.next();
                return row.getInt(1);
            }
        }
    }

    /** Gives an employee another boss. The foreign key refuses a boss who does not exist, not one from further below. */
    public static void move(Connection connection, long employeeId, long bossId) throws SQLException {
        try (PreparedStatement update = connection.prepareStatement("update employee set boss_id = ? where id = ?")) {
            update.setLong(1, bossId);
            update.setLong(2, employeeId);
            update.executeUpdate();
        }
    }

    /** Six employees. The names sort by their bytes, so that they do everywhere alike. */
    public static void createSchema(Connection connection) throws SQLException {
        try (Statement statement = connection.createStatement()) {
            statement.execute("""
                    create table employee (
                      id      bigint primary key,
                      name    text collate "C" not null,
                      boss_id bigint references employee
                    )
                    """);
            statement.execute("create index employee_boss on employee (boss_id)");
            statement.execute("""
                    insert into employee
                    values (1, 'Ada', null), (2, 'Ann', 1), (3, 'Ann-Marie', 1), (4, 'Zoe', 2), (5, 'Bob', 2), (6, 'Cid', 3)
                    """);
        }
    }

    public static void main(String[] args) {
        Story.tell(RecursiveCycle.class, story -> {
            try (Connection connection = story.postgresql().getConnection()) {
                story.quietly("six employees", () -> createSchema(connection));

                story.step("SEARCH DEPTH FIRST: each employee stands right below their own boss");
                story.show("below Ada", below(connection, 1));

                story.step("The path as a text would sort Ann's people below Ann-Marie");
                story.show("by text", below(connection, BELOW_BY_TEXT, 1));

                story.step("Ada, the boss of all, is put below Cid, and the foreign key has nothing against it");
                move(connection, 1, 6);
                story.show("below Ada, with CYCLE", below(connection, 1));

                story.step("Without CYCLE six employees are as many rows as the limit lets through");
                story.show("rows", countWithoutCycle(connection, 1, 10_000));

                story.learned("Write CYCLE into every recursive query over data that people can change.");
            }
        });
    }
}
