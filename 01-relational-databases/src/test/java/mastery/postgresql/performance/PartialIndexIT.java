package mastery.postgresql.performance;

import static mastery.postgresql.performance.PartialIndex.ACTIVE_OF;
import static mastery.postgresql.performance.PartialIndex.IN_STATE_OF;
import static mastery.postgresql.performance.PartialIndex.activeOf;
import static mastery.postgresql.performance.PartialIndex.end;
import static mastery.postgresql.performance.PartialIndex.start;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import javax.sql.DataSource;
import mastery.postgresql.performance.PartialIndex.Subscription;
import mastery.support.interleave.Blocked;
import mastery.support.interleave.Interleaving;
import mastery.support.interleave.LockView;
import mastery.support.interleave.Session;
import mastery.support.junit.OnPostgreSql;
import mastery.support.junit.Prepare;
import mastery.support.plan.Plan;
import mastery.support.plan.PlanNode;
import mastery.support.plan.PostgreSqlPlans;
import org.junit.jupiter.api.Test;

@OnPostgreSql
class PartialIndexIT {

    private static final int CUSTOMERS = 5_000;
    private static final int SUBSCRIPTIONS = 20 * CUSTOMERS;

    @Prepare
    static void prepare(Connection connection) throws SQLException {
        PartialIndex.createSchema(connection);
        PartialIndex.fill(connection, CUSTOMERS);
    }

    @Test
    void itIsAFractionOfTheFullIndex(Connection connection) throws SQLException {
        execute(connection, "create index subscription_customer on subscription (customer_id)");
        execute(connection, "reindex index subscription_one_active");

        assertThat(number(connection, "select reltuples from pg_class where relname = 'subscription_one_active'"))
                .isEqualTo(CUSTOMERS);
        assertThat(blocks(connection, "subscription_one_active"))
                .isLessThan(blocks(connection, "subscription_customer") / 5);
    }

    @Test
    void itFindsTheActiveOneInThreeBlocks(Connection connection) throws SQLException {
        Plan plan = PostgreSqlPlans.analyze(connection, ACTIVE_OF, 7);

        assertThat(plan.find("Index Scan").index()).hasValue("subscription_one_active");
        assertThat(plan.find("Index Scan").totalRows()).isEqualTo(1);
        assertThat(plan.find("Index Scan").totalRemovedByFilter()).isZero();
        assertThat(plan.blocks()).isBetween(2L, 4L);
    }

    @Test
    void aGenericPlanUsesItForTheLiteralAndNotForTheParameter(Connection connection) throws SQLException {
        prepareGeneric(connection, "active_of (int)", ACTIVE_OF);
        prepareGeneric(connection, "in_state_of (int, text)", IN_STATE_OF);

        Plan literal = PostgreSqlPlans.analyze(connection, "execute active_of (7)");
        assertThat(literal.find("Index Scan").index()).hasValue("subscription_one_active");
        assertThat(literal.find("Index Scan").details()).containsEntry("Index Cond", "(customer_id = $1)");

        PlanNode parameter = PostgreSqlPlans.analyze(connection, "execute in_state_of (7, 'active')")
                .find("Seq Scan");
        assertThat(parameter.totalRows()).isEqualTo(1);
        assertThat(parameter.totalRemovedByFilter()).isEqualTo(SUBSCRIPTIONS - 1);
        assertThat(parameter.ownBlocks()).isEqualTo(blocks(connection, "subscription"));
    }

    @Test
    void aCustomPlanKnowsTheParameterAndUsesItStill(Connection connection) throws SQLException {
        assertThat(PostgreSqlPlans.analyze(connection, IN_STATE_OF, 7, "active")
                        .find("Index Scan")
                        .index())
                .hasValue("subscription_one_active");
        assertThat(PostgreSqlPlans.analyze(connection, IN_STATE_OF, 7, "ended").has("Seq Scan"))
                .isTrue();
    }

    @Test
    void aSecondActiveOneIsRefusedWith23505AndEndedOnesAreNot(Connection connection) throws SQLException {
        String insert = "insert into subscription (customer_id, tariff, state) values (7, 'basic', '%s')";

        assertFailsWith("23505", connection, insert.formatted("active"));
        execute(connection, insert.formatted("ended"));

        execute(connection, "drop index subscription_one_active");
        execute(connection, insert.formatted("active"));
        assertThat(number(connection, "select count(*) from subscription where customer_id = 7 and state = 'active'"))
                .isEqualTo(2);
    }

    @Test
    void anUpdateCannotBreakTheRuleEither(Connection connection) {
        assertFailsWith("23505", connection, "update subscription set state = 'active' where id = 7");
    }

    @Test
    void onConflictFindsItByColumnsAndConditionOnly(Connection connection) throws SQLException {
        assertFailsWith("42P10", connection, """
                insert into subscription (customer_id, tariff) values (7, 'premium')
                    on conflict (customer_id) do nothing
                """);
        assertThat(start(connection, 7, "premium")).isFalse();
        assertThat(activeOf(connection, 7)).map(Subscription::tariff).hasValue("basic");
    }

    @Test
    void aCustomerStartsAgainOnceTheFirstHasEnded(Connection connection) throws SQLException {
        assertThat(end(connection, 7)).isTrue();
        assertThat(end(connection, 7)).isFalse();
        assertThat(activeOf(connection, 7)).isEmpty();

        assertThat(start(connection, 7, "premium")).isTrue();
        assertThat(activeOf(connection, 7)).map(Subscription::tariff).hasValue("premium");
    }

    @Test
    void ofTwoWhoStartAtOnceTheSecondWaitsAndThenStartsNothing(DataSource database) throws SQLException {
        int customer = CUSTOMERS + 1;
        try (Interleaving play = Interleaving.on(LockView.postgreSql(database))) {
            Session ann = play.session("Ann", database);
            Session bob = play.session("Bob", database);
            ann.begins();
            boolean annStarted = ann.returns("starts", c -> start(c, customer, "basic"));
            assertThat(annStarted).isTrue();

            Blocked<Boolean> bobStarts = bob.blocks("starts", c -> start(c, customer, "premium"));
            assertThat(bobStarts.waitsFor()).isSameAs(ann);

            ann.commits();
            assertThat(bobStarts.returns()).isFalse();
        }
    }

    @Test
    void badInputIsRefusedAndHostileTextIsOnlyText(Connection connection) throws SQLException {
        for (String tariff : new String[] {null, "", " "}) {
            assertThatThrownBy(() -> start(connection, CUSTOMERS + 1, tariff))
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessageContaining("tariff");
        }
        assertThat(activeOf(connection, CUSTOMERS + 1)).isEmpty();

        String hostile = "'); drop table subscription; --";
        assertThat(start(connection, CUSTOMERS + 1, hostile)).isTrue();
        assertThat(activeOf(connection, CUSTOMERS + 1))
                .map(Subscription::tariff)
                .hasValue(hostile);
    }

    private static void prepareGeneric(Connection connection, String signature, String sql) throws SQLException {
        execute(connection, "set plan_cache_mode = force_generic_plan");
        execute(
                connection,
                "prepare " + signature + " as "
                        + sql.replaceFirst("\\?", "\\$1").replaceFirst("\\?", "\\$2"));
    }

    private static void assertFailsWith(String sqlState, Connection connection, String sql) {
        assertThatThrownBy(() -> execute(connection, sql))
                .isInstanceOfSatisfying(
                        SQLException.class, e -> assertThat(e.getSQLState()).isEqualTo(sqlState));
    }

    private static long blocks(Connection connection, String relation) throws SQLException {
        return number(connection, "select pg_relation_size('" + relation + "') / current_setting('block_size')::int");
    }

    private static long number(Connection connection, String sql) throws SQLException {
        try (Statement statement = connection.createStatement();
                ResultSet row = statement.executeQuery(sql)) {
            row.next();
            return row.getLong(1);
        }
    }

    private static void execute(Connection connection, String sql) throws SQLException {
        try (Statement statement = connection.createStatement()) {
            statement.execute(sql);
        }
    }
}
