package mastery.postgresql.performance;

import static mastery.postgresql.performance.ExpressionIndex.BY_DOMAIN;
import static mastery.postgresql.performance.ExpressionIndex.BY_EMAIL;
import static mastery.postgresql.performance.ExpressionIndex.BY_EMAIL_AS_TYPED;
import static mastery.postgresql.performance.ExpressionIndex.MONTH_IN_UTC;
import static mastery.postgresql.performance.ExpressionIndex.MONTH_OF_SESSION;
import static mastery.postgresql.performance.ExpressionIndex.find;
import static mastery.postgresql.performance.ExpressionIndex.register;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import mastery.postgresql.performance.ExpressionIndex.Account;
import mastery.support.junit.OnPostgreSql;
import mastery.support.junit.Prepare;
import mastery.support.plan.PlanNode;
import mastery.support.plan.PostgreSqlPlans;
import org.junit.jupiter.api.Test;

@OnPostgreSql
class ExpressionIndexIT {

    private static final int ACCOUNTS = 50_000;
    private static final int AT_EXAMPLE_ORG = 20_000;

    @Prepare
    static void prepare(Connection connection) throws SQLException {
        ExpressionIndex.createSchema(connection);
        // the only ANALYZE is that of the test
        execute(connection, "alter table account set (autovacuum_enabled = off)");
        ExpressionIndex.fill(connection, ACCOUNTS);
    }

    @Test
    void theExpressionOfTheIndexIsLookedUp(Connection connection) throws SQLException {
        PlanNode scan = PostgreSqlPlans.analyze(connection, BY_EMAIL, "USER1@EXAMPLE.ORG")
                .find("Index Scan");

        assertThat(scan.index()).hasValue("account_email");
        assertThat(scan.totalRows()).isEqualTo(1);
        assertThat(scan.ownBlocks()).isBetween(2L, 5L);
    }

    @Test
    void theColumnAloneReadsTheTableAndMissesOtherSpellings(Connection connection) throws SQLException {
        PlanNode scan = PostgreSqlPlans.analyze(connection, BY_EMAIL_AS_TYPED, "USER1@EXAMPLE.ORG")
                .find("Seq Scan");

        assertThat(scan.totalRows()).isZero();
        assertThat(scan.totalRemovedByFilter()).isEqualTo(ACCOUNTS);
    }

    @Test
    void anExpressionThatMeansTheSameIsNotTheSame(Connection connection) throws SQLException {
        String upper = "select id from account where upper(email) = upper(?)";

        assertThat(PostgreSqlPlans.analyze(connection, upper, "user1@example.org")
                        .has("Seq Scan"))
                .isTrue();
    }

    @Test
    void anotherSpellingOfAnAddressIsRefusedWith23505(Connection connection) throws SQLException {
        assertThatThrownBy(() -> register(connection, "user1@example.ORG")).satisfies(e -> sqlState(e, "23505"));
        assertThat(find(connection, "uSER1@eXAMPLE.ORG")).hasValue(new Account(1, "User1@Example.org"));

        execute(connection, "drop index account_email");
        assertThat(register(connection, "user1@example.ORG")).isGreaterThan(ACCOUNTS);
    }

    @Test
    void theEstimateIsAGuessUntilTheNextAnalyze(Connection connection) throws SQLException {
        PlanNode before = domainScan(connection);
        assertThat(before.totalRows()).isEqualTo(AT_EXAMPLE_ORG);
        assertThat(before.estimatedRows()).hasValue(ACCOUNTS / 200.0);

        ExpressionIndex.analyze(connection);

        PlanNode after = domainScan(connection);
        // ANALYZE looks at 30,000 of the 50,000 rows, chosen at random
        assertThat(after.estimatedRows().orElseThrow()).isCloseTo(AT_EXAMPLE_ORG, within(1_000.0));
        assertThat(strings(connection, "select tablename from pg_stats where tablename like 'account\\__%'"))
                .contains("account_domain");
    }

    @Test
    void withoutTheIndexAnalyzeLearnsNothingAboutTheExpression(Connection connection) throws SQLException {
        execute(connection, "drop index account_domain");
        ExpressionIndex.analyze(connection);

        PlanNode scan =
                PostgreSqlPlans.analyze(connection, BY_DOMAIN, "example.org").find("Seq Scan");

        assertThat(scan.estimatedRows()).hasValue(ACCOUNTS / 200.0);
        assertThat(scan.totalRows()).isEqualTo(AT_EXAMPLE_ORG);
    }

    @Test
    void whatDependsOnTheSessionIsRefusedWith42P17(Connection connection) throws SQLException {
        assertThatThrownBy(() -> execute(connection, MONTH_OF_SESSION)).satisfies(e -> sqlState(e, "42P17"));
        assertThatThrownBy(() -> execute(
                        connection,
                        "create index account_month on account (to_char(joined_at at time zone 'UTC', 'YYYY-MM'))"))
                .satisfies(e -> sqlState(e, "42P17"));
        assertThat(strings(connection, "select indexname from pg_indexes where tablename = 'account'"))
                .doesNotContain("account_month");

        execute(connection, MONTH_IN_UTC);
        ExpressionIndex.analyze(connection);
        assertThat(PostgreSqlPlans.analyze(connection, """
                                select id from account
                                 where date_trunc('month', joined_at at time zone 'UTC') = timestamp '2025-12-01'
                                """)
                        .nodes()
                        .map(PlanNode::index)
                        .flatMap(Optional::stream))
                .containsExactly("account_month");
    }

    @Test
    void badInputIsRefusedAndHostileTextIsOnlyText(Connection connection) throws SQLException {
        for (String email :
                new String[] {null, "", "nobody", "two words@example.org", "a@b@c", "a@" + "x".repeat(253)}) {
            assertThatThrownBy(() -> register(connection, email))
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessageContaining("mail address");
        }
        assertThat(strings(connection, "select count(*) from account")).containsExactly("" + ACCOUNTS);

        String hostile = "');drop/**/table/**/account;--@example.org";
        register(connection, hostile);
        assertThat(find(connection, hostile)).map(Account::email).hasValue(hostile);
        assertThat(find(connection, null)).isEmpty();
    }

    private static PlanNode domainScan(Connection connection) throws SQLException {
        return PostgreSqlPlans.analyze(connection, BY_DOMAIN, "example.org").root();
    }

    private static void sqlState(Throwable error, String expected) {
        assertThat(((SQLException) error).getSQLState()).isEqualTo(expected);
    }

    private static List<String> strings(Connection connection, String sql) throws SQLException {
        List<String> strings = new ArrayList<>();
        try (Statement statement = connection.createStatement();
                ResultSet row = statement.executeQuery(sql)) {
            while (row.next()) {
                strings.add(row.getString(1));
            }
        }
        return strings;
    }

    private static void execute(Connection connection, String sql) throws SQLException {
        try (Statement statement = connection.createStatement()) {
            statement.execute(sql);
        }
    }
}
