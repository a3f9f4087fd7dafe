package mastery.design.transactions;

import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.List;
import java.util.Set;

/**
 * What goes wrong between transactions that run at once, each as a script: steps of two or three sessions, and what tells that it happened.
 *
 * <p>Account 1 holds 100 and account 2 holds 200 when a script begins. T1 writes values that end in 1, T2 values that end in 2, where the value itself
 * does not matter. A step of a session that waits is taken when its wait ends.
 *
 * <p>Source: Adya, Liskov and O'Neil, "Generalized Isolation Level Definitions"; Bailis and others, "Highly Available Transactions" (OTV); Berenson and
 * others, "A Critique of ANSI SQL Isolation Levels" (P4); Fekete, O'Neil and O'Neil, "A Read-Only Transaction Anomaly Under Snapshot Isolation".
 */
enum Anomaly {
    G0(
            "G0",
            "dirty write: of two transactions each overwrites the other",
            List.of(
                    t1("update account set balance = 101 where id = 1"),
                    t2("update account set balance = 102 where id = 1"),
                    t2("update account set balance = 202 where id = 2"),
                    t1("update account set balance = 201 where id = 2"),
                    t1("commit"),
                    t2("commit")),
            Set.of("end 1=102 2=201")),

    G1A(
            "G1a",
            "aborted read: what was read is taken back",
            List.of(
                    t1("update account set balance = 101 where id = 1"),
                    t2("select id, balance from account where id = 1"),
                    t1("rollback"),
                    t2("commit")),
            Set.of("2 reads 1=101")),

    G1B(
            "G1b",
            "intermediate read: what was read is not what was committed",
            List.of(
                    t1("update account set balance = 111 where id = 1"),
                    t2("select id, balance from account where id = 1"),
                    t1("update account set balance = 101 where id = 1"),
                    t1("commit"),
                    t2("commit")),
            Set.of("2 reads 1=111")),

    G1C(
            "G1c",
            "circular reads: each has read what the other wrote",
            List.of(
                    t1("update account set balance = 101 where id = 1"),
                    t2("update account set balance = 202 where id = 2"),
                    t1("select id, balance from account where id = 2"),
                    t2("select id, balance from account where id = 1"),
                    t1("commit"),
                    t2("commit")),
            Set.of("3 reads 2=202", "4 reads 1=101")),

    OTV(
            "OTV",
            "observed transaction vanishes: T2 is seen in one of two rows",
            List.of(
                    t1("update account set balance = 101 where id = 1"),
                    t1("update account set balance = 201 where id = 2"),
                    // a writer waits for a writer at every level; the question is what T3 sees
                    t2("update account set balance = 102 where id = 1").anyway(),
                    t1("commit"),
                    t3("select id, balance from account where id in (1, 2) order by id"),
                    t2("update account set balance = 202 where id = 2"),
                    t2("commit"),
                    t3("commit")),
            Set.of("5 reads 1=102 2=201")),

    PMP(
            "PMP",
            "predicate-many-preceders: a second look finds a new row",
            List.of(
                    t1("select id, balance from account where balance = 300"),
                    t2("insert into account (id, balance) values (3, 300)"),
                    t2("commit"),
                    t1("select id, balance from account where balance > 250"),
                    t1("commit")),
            Set.of("1 reads nothing", "4 reads 3=300")),

    PMP_WRITE(
            "PMP write",
            "the same with a write: it deletes other rows than were found",
            List.of(
                    t2("select id, balance from account where balance = 200"),
                    t1("update account set balance = balance + 100"),
                    t2("delete from account where balance = 200"),
                    t1("commit"),
                    t2("commit")),
            // one after the other, T2 deletes what it found: 1=200 is left, or 2=300 if it came second and found 1
            Set.of("1 reads 2=200", "end 2=300"),
            Set.of("1 reads 2=200", "end 1=200 2=300")),

    P4(
            "P4",
            "lost update: a write after an old read undoes another",
            List.of(
                    t1("select id, balance from account where id = 1"),
                    t2("select id, balance from account where id = 1"),
                    t1("update account set balance = 110 where id = 1"),
                    t2("update account set balance = 120 where id = 1"),
                    t1("commit"),
                    t2("commit")),
            Set.of("1 reads 1=100", "2 reads 1=100", "end 1=120 2=200")),

    G_SINGLE(
            "G-single",
            "read skew: one account before, the other after T2 moved 50",
            List.of(
                    t1("select id, balance from account where id = 1"),
                    t2("update account set balance = 50 where id = 1"),
                    t2("update account set balance = 250 where id = 2"),
                    t2("commit"),
                    t1("select id, balance from account where id = 2"),
                    t1("commit")),
            Set.of("1 reads 1=100", "5 reads 2=250")),

    G_SINGLE_PREDICATE(
            "G-single pred",
            "the same with predicates: one of two new rows is missing",
            List.of(
                    t1("select id, balance from account where balance < 150"),
                    t2("insert into account (id, balance) values (3, 120)"),
                    t2("insert into account (id, balance) values (4, 300)"),
                    t2("commit"),
                    t1("select id, balance from account where balance >= 150 order by id"),
                    t1("commit")),
            Set.of("1 reads 1=100", "5 reads 2=200 4=300")),

    G_SINGLE_WRITE(
            "G-single write",
            "the same with a write: it misses a row that was there",
            List.of(
                    t1("select id, balance from account where id = 1"),
                    t2("update account set balance = 50 where id = 1"),
                    t2("update account set balance = 250 where id = 2"),
                    t2("commit"),
                    t1("delete from account where balance = 200"),
                    t1("commit")),
            Set.of("1 reads 1=100", "5 changes 0")),

    G2_ITEM(
            "G2-item",
            "write skew: each empties one account, for the other is full",
            List.of(
                    t1("select id, balance from account where id in (1, 2) order by id"),
                    t2("select id, balance from account where id in (1, 2) order by id"),
                    t1("update account set balance = 0 where id = 1"),
                    t2("update account set balance = 0 where id = 2"),
                    t1("commit"),
                    t2("commit")),
            Set.of("1 reads 1=100 2=200", "2 reads 1=100 2=200", "end 1=0 2=0")),

    G2(
            "G2",
            "anti-dependency cycle: each adds a row, for there is none",
            List.of(
                    t1("select id, balance from account where balance >= 300"),
                    t2("select id, balance from account where balance >= 300"),
                    t1("insert into account (id, balance) values (3, 301)"),
                    t2("insert into account (id, balance) values (4, 302)"),
                    t1("commit"),
                    t2("commit")),
            Set.of("1 reads nothing", "2 reads nothing", "end 1=100 2=200 3=301 4=302")),

    G2_READER(
            "G2 reader",
            "the same where a third only reads: it sees T2 before T1",
            List.of(
                    t1("select id, balance from account order by id"),
                    t2("update account set balance = 252 where id = 2"),
                    t2("commit"),
                    t3("select id, balance from account order by id"),
                    t3("commit"),
                    t1("update account set balance = 1 where id = 1"),
                    t1("commit")),
            Set.of("1 reads 1=100 2=200", "4 reads 1=100 2=252", "end 1=1 2=252"));

    /** One step: a session and its statement. */
    record Step(String session, String sql, boolean waitsAnyway) {

        /** Waits at every level, whether the anomaly happens or not. */
        Step anyway() {
            return new Step(session, sql, true);
        }

        /** Takes the step and says what came of it: {@code reads 1=100}, {@code changes 1}, {@code commits}. */
        String run(Connection connection) throws SQLException {
            if (sql.equals("commit")) {
                connection.commit();
                return "commits";
            }
            if (sql.equals("rollback")) {
                connection.rollback();
                return "rolls back";
            }
            try (Statement statement = connection.createStatement()) {
                if (!statement.execute(sql)) {
                    return "changes " + statement.getUpdateCount();
                }
                try (ResultSet rows = statement.getResultSet()) {
                    return "reads " + balances(rows);
                }
            }
        }

        static String balances(ResultSet rows) throws SQLException {
            StringBuilder read = new StringBuilder();
            while (rows.next()) {
                read.append(read.isEmpty() ? "" : " ").append(rows.getInt("id")).append('=');
                read.append(rows.getInt("balance"));
            }
            return read.isEmpty() ? "nothing" : read.toString();
        }
    }

    private final String code;
    private final String meaning;
    private final List<Step> steps;
    private final List<Set<String>> signs;

    @SafeVarargs
    @SuppressWarnings("varargs")
    Anomaly(String code, String meaning, List<Step> steps, Set<String>... signs) {
        this.code = code;
        this.meaning = meaning;
        this.steps = steps;
        this.signs = List.of(signs);
    }

    private static Step t1(String sql) {
        return new Step("T1", sql, false);
    }

    private static Step t2(String sql) {
        return new Step("T2", sql, false);
    }

    private static Step t3(String sql) {
        return new Step("T3", sql, false);
    }

    /** Its name in the literature, such as {@code G1a}; a second word says which form of it. */
    String code() {
        return code;
    }

    String meaning() {
        return meaning;
    }

    List<Step> steps() {
        return steps;
    }

    /** The sessions that take part. */
    List<String> sessions() {
        return steps.stream().map(Step::session).distinct().sorted().toList();
    }

    /** It happened if all of one of these sets was seen. */
    List<Set<String>> signs() {
        return signs;
    }

    /** What a level did about it, by what was seen: {@code allowed}, {@code unseen}, {@code waits}, or the error that ended a transaction. */
    String judge(List<String> seen) {
        for (String event : seen) {
            int code = event.indexOf("fails ");
            if (code >= 0) {
                return event.substring(code + "fails ".length());
            }
        }
        if (signs.stream().anyMatch(seen::containsAll)) {
            return "allowed";
        }
        boolean waits = seen.stream()
                .anyMatch(event -> event.contains(" waits for ")
                        && !steps.get(Integer.parseInt(event.substring(0, event.indexOf(' '))) - 1)
                                .waitsAnyway());
        return waits ? "waits" : "unseen";
    }

    static Anomaly of(String code) {
        for (Anomaly anomaly : values()) {
            if (anomaly.code.equals(code)) {
                return anomaly;
            }
        }
        throw new IllegalArgumentException("there is no anomaly \"" + code + '"');
    }
}
