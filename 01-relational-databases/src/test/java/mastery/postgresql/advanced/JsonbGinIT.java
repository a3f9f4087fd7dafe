package mastery.postgresql.advanced;

import static mastery.postgresql.advanced.JsonbGin.CONTAINS;
import static mastery.postgresql.advanced.JsonbGin.EXTRACTS;
import static mastery.postgresql.advanced.JsonbGin.HAS_KEY;
import static mastery.postgresql.advanced.JsonbGin.LINES_FORGIVING;
import static mastery.postgresql.advanced.JsonbGin.eventsByExtracting;
import static mastery.postgresql.advanced.JsonbGin.eventsOf;
import static mastery.postgresql.advanced.JsonbGin.eventsWith;
import static mastery.postgresql.advanced.JsonbGin.lines;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import mastery.postgresql.advanced.JsonbGin.Line;
import mastery.support.junit.OnPostgreSql;
import mastery.support.junit.Prepare;
import mastery.support.plan.Plan;
import mastery.support.plan.PostgreSqlPlans;
import org.junit.jupiter.api.Test;

@OnPostgreSql
class JsonbGinIT {

    private static final int EVENTS = 20_000;
    private static final Long[] EVENTS_OF_C42 = {42L, 5_042L, 10_042L, 15_042L};

    @Prepare
    static void prepare(Connection connection) throws SQLException {
        JsonbGin.createSchema(connection);
        JsonbGin.fill(connection, EVENTS);
    }

    @Test
    void containmentIsLookedUpInTheIndex(Connection connection) throws SQLException {
        Plan plan = PostgreSqlPlans.analyze(connection, CONTAINS, "c42");

        assertThat(plan.find("Bitmap Index Scan").index()).hasValue("event_paths");
        assertThat(plan.find("Bitmap Heap Scan").totalRows()).isEqualTo(EVENTS_OF_C42.length);
        assertThat(plan.has("Seq Scan")).isFalse();
        assertThat(eventsOf(connection, "c42")).containsExactly(EVENTS_OF_C42);
    }

    @Test
    void extractingGivesTheSameEventsAndReadsTheTable(Connection connection) throws SQLException {
        execute(connection, "create index event_keys on event using gin (body)");

        Plan plan = PostgreSqlPlans.analyze(connection, EXTRACTS, "c42");

        assertThat(plan.has("Bitmap Index Scan")).isFalse();
        assertThat(plan.find("Seq Scan").totalRemovedByFilter()).isEqualTo(EVENTS - EVENTS_OF_C42.length);
        assertThat(eventsByExtracting(connection, "c42")).containsExactly(EVENTS_OF_C42);
    }

    @Test
    void aBTreeOnTheExpressionServesTheExtractedKey(Connection connection) throws SQLException {
        execute(connection, "create index event_customer on event ((body ->> 'customer'))");
        execute(connection, "analyze event");

        Plan plan = PostgreSqlPlans.analyze(connection, EXTRACTS, "c42");

        assertThat(plan.nodes().flatMap(node -> node.index().stream())).containsExactly("event_customer");
        assertThat(plan.has("Seq Scan")).isFalse();
    }

    @Test
    void aKeyAloneIsServedByJsonbOpsAndNotByJsonbPathOps(Connection connection) throws SQLException {
        assertThat(PostgreSqlPlans.analyze(connection, HAS_KEY, "coupon")
                        .find("Seq Scan")
                        .totalRemovedByFilter())
                .isEqualTo(EVENTS - EVENTS / 1_000);

        execute(connection, "create index event_keys on event using gin (body)");

        Plan plan = PostgreSqlPlans.analyze(connection, HAS_KEY, "coupon");
        assertThat(plan.find("Bitmap Index Scan").index()).hasValue("event_keys");
        assertThat(plan.find("Bitmap Heap Scan").totalRows()).isEqualTo(EVENTS / 1_000);
        assertThat(eventsWith(connection, "coupon")).hasSize(EVENTS / 1_000).startsWith(1_000L);
    }

    @Test
    void theIndexOfPathsIsSmallerThanTheIndexOfKeysAndValues(Connection connection) throws SQLException {
        execute(connection, "create index event_keys on event using gin (body)");
        // built in one go as the other is, so that neither has a pending list
        execute(connection, "reindex index event_paths");

        assertThat(pages(connection, "event_paths")).isPositive().isLessThan(pages(connection, "event_keys"));
    }

    @Test
    void whatWasWrittenSinceVacuumIsReadFromEndToEnd(Connection connection) throws SQLException {
        Plan sorted = PostgreSqlPlans.analyze(connection, CONTAINS, "c42");
        execute(connection, """
                insert into event (body)
                select jsonb_build_object('customer', 'new' || n, 'note', repeat('x', n)) from generate_series(1, 500) as n
                """);

        Plan pending = PostgreSqlPlans.analyze(connection, CONTAINS, "c42");
        assertThat(blocksOfIndex(pending)).isGreaterThan(blocksOfIndex(sorted));

        execute(connection, "vacuum event");

        Plan sortedAgain = PostgreSqlPlans.analyze(connection, CONTAINS, "c42");
        assertThat(blocksOfIndex(sortedAgain)).isEqualTo(blocksOfIndex(sorted));
    }

    @Test
    void withoutItsIndexContainmentReadsTheTable(Connection connection) throws SQLException {
        execute(connection, "drop index event_paths");

        assertThat(PostgreSqlPlans.analyze(connection, CONTAINS, "c42")
                        .find("Seq Scan")
                        .totalRemovedByFilter())
                .isEqualTo(EVENTS - EVENTS_OF_C42.length);
    }

    @Test
    void jsonTableMakesARowOfEachElement(Connection connection) throws SQLException {
        assertThat(lines(connection, 42)).containsExactly(new Line(1, "A0", 1), new Line(2, "B9", 1));
        assertThat(lines(connection, EVENTS + 1)).isEmpty();
    }

    @Test
    void whatIsMissingOrNoNumberIsNullAlikeUnlessJsonTableIsToldOtherwise(Connection connection) throws SQLException {
        long noQuantity = insert(connection, """
                {"lines": [{"sku": "A", "quantity": 3}, {"sku": "B"}]}""");
        long noNumber = insert(connection, """
                {"lines": [{"sku": "A", "quantity": "three"}]}""");
        long noSku = insert(connection, """
                {"lines": [{"quantity": 3}]}""");

        assertThat(lines(connection, LINES_FORGIVING, noQuantity))
                .containsExactly(new Line(1, "A", 3), new Line(2, "B", null));
        assertThat(lines(connection, LINES_FORGIVING, noNumber)).containsExactly(new Line(1, "A", null));
        assertThat(lines(connection, LINES_FORGIVING, noSku)).containsExactly(new Line(1, null, 3));

        assertThat(lines(connection, noQuantity)).containsExactly(new Line(1, "A", 3), new Line(2, "B", 1));
        assertThatThrownBy(() -> lines(connection, noNumber))
                .isInstanceOfSatisfying(
                        SQLException.class, e -> assertThat(e.getSQLState()).isEqualTo("22P02"));
        assertThatThrownBy(() -> lines(connection, noSku))
                .isInstanceOfSatisfying(
                        SQLException.class, e -> assertThat(e.getSQLState()).isEqualTo("22035"));
    }

    @Test
    void aHostileWordIsAWordAndNoneIsRefused(Connection connection) throws SQLException {
        String hostile = "c42\"} , {\"customer\": \"c43' or true --";
        assertThat(eventsOf(connection, hostile)).isEmpty();
        assertThat(eventsByExtracting(connection, hostile)).isEmpty();
        assertThat(eventsWith(connection, hostile)).isEmpty();

        assertThatThrownBy(() -> eventsOf(connection, null)).hasMessage("customer");
        assertThatThrownBy(() -> eventsByExtracting(connection, null)).hasMessage("customer");
        assertThatThrownBy(() -> eventsWith(connection, null)).hasMessage("key");
    }

    private static long insert(Connection connection, String body) throws SQLException {
        try (PreparedStatement insert =
                connection.prepareStatement("insert into event (body) values (?::jsonb) returning id")) {
            insert.setString(1, body);
            try (ResultSet row = insert.executeQuery()) {
                row.next();
                return row.getLong(1);
            }
        }
    }

    private static long blocksOfIndex(Plan plan) {
        return plan.find("Bitmap Index Scan").ownBlocks();
    }

    private static long pages(Connection connection, String index) throws SQLException {
        try (PreparedStatement select =
                connection.prepareStatement("select relpages from pg_class where oid = ?::regclass")) {
            select.setString(1, index);
            try (ResultSet row = select.executeQuery()) {
                row.next();
                return row.getLong(1);
            }
        }
    }

    private static void execute(Connection connection, String sql) throws SQLException {
        try (Statement statement = connection.createStatement()) {
            statement.execute(sql);
        }
    }
}
