package mastery.postgresql.administration;

import static mastery.postgresql.administration.RowLevelSecurity.add;
import static mastery.postgresql.administration.RowLevelSecurity.application;
import static mastery.postgresql.administration.RowLevelSecurity.asTenant;
import static mastery.postgresql.administration.RowLevelSecurity.asTenantOfTheSession;
import static mastery.postgresql.administration.RowLevelSecurity.invoices;
import static mastery.postgresql.administration.RowLevelSecurity.owner;
import static mastery.postgresql.administration.RowLevelSecurity.read;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.zaxxer.hikari.HikariConfig;
import com.zaxxer.hikari.HikariDataSource;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.List;
import java.util.UUID;
import javax.sql.DataSource;
import mastery.postgresql.administration.RowLevelSecurity.Invoice;
import mastery.support.junit.OnPostgreSql;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

@OnPostgreSql
class RowLevelSecurityIT {

    private static final Invoice ANNS = new Invoice(1, 10, "for tenant 1");
    private static final Invoice BOBS = new Invoice(2, 20, "for tenant 2");

    private Connection administrator;
    private HikariDataSource pool;

    @BeforeEach
    void createPoolOfOneConnection(DataSource database, Connection administrator) throws SQLException {
        this.administrator = administrator;
        String password = UUID.randomUUID() + "' or ' \\";
        RowLevelSecurity.createSchema(administrator, password);
        HikariConfig config = new HikariConfig();
        config.setDataSource(database);
        config.setUsername(application(administrator));
        config.setPassword(password);
        config.setMaximumPoolSize(1);
        pool = new HikariDataSource(config);
        asTenant(pool, 1, c -> added(c, ANNS));
        asTenant(pool, 2, c -> added(c, BOBS));
    }

    @AfterEach
    void closePool() {
        pool.close();
    }

    @Test
    void eachTenantSeesItsOwnRowsByTheSameQueryOnTheSameConnection() throws SQLException {
        int session = asTenant(pool, 1, RowLevelSecurityIT::session);

        assertThat(seenBy(1)).containsExactly(ANNS);
        assertThat(seenBy(2)).containsExactly(BOBS);
        int same = asTenant(pool, 2, RowLevelSecurityIT::session);
        assertThat(same).isEqualTo(session);
    }

    @Test
    void aForeignRowIsNotFoundNotChangedAndNotDeleted() throws SQLException {
        assertThat(seenBy(1, "select * from invoice where tenant_id = 2")).isEmpty();
        assertThat(changedBy(1, "update invoice set text = 'changed' where tenant_id = 2"))
                .isZero();
        assertThat(changedBy(1, "delete from invoice where tenant_id = 2")).isZero();
        assertThat(seenBy(2)).containsExactly(BOBS);
    }

    @Test
    void aRowForAnotherTenantIsRefusedInsertedOrMoved() throws SQLException {
        assertThat(failure(() -> asTenant(pool, 1, c -> added(c, new Invoice(2, 21, "slipped in")))))
                .isEqualTo("42501");
        assertThat(failure(() -> changedBy(1, "update invoice set tenant_id = 2")))
                .isEqualTo("42501");

        assertThat(seenBy(1)).containsExactly(ANNS);
        assertThat(seenBy(2)).containsExactly(BOBS);
    }

    @Test
    void withoutATenantNothingIsSeenAndNothingWritten() throws SQLException {
        try (Connection connection = pool.getConnection()) {
            assertThat(invoices(connection)).isEmpty();
            assertThat(failure(() -> added(connection, new Invoice(1, 11, "whose?"))))
                    .isEqualTo("42501");
        }
    }

    @Test
    void withoutThePolicyEveryQuerySeesEverybodysRows() throws SQLException {
        update(administrator, "alter table invoice disable row level security");

        assertThat(seenBy(1)).containsExactly(ANNS, BOBS);
    }

    @Test
    void theSettingOfATransactionIsGoneWithItAndThatOfASessionReachesTheNextBorrower() throws SQLException {
        asTenant(pool, 1, RowLevelSecurity::invoices);
        try (Connection next = pool.getConnection()) {
            assertThat(invoices(next)).isEmpty();
        }

        asTenantOfTheSession(pool, 1, RowLevelSecurity::invoices);
        try (Connection next = pool.getConnection()) {
            assertThat(invoices(next)).containsExactly(ANNS);
        }
    }

    @Test
    void aFailedTransactionLeavesNoTenantAndNoRowBehind() throws SQLException {
        assertThatThrownBy(() -> asTenant(pool, 1, c -> {
                    added(c, new Invoice(1, 11, "half done"));
                    throw new IllegalStateException("the work failed");
                }))
                .hasMessage("the work failed");

        try (Connection next = pool.getConnection()) {
            assertThat(invoices(next)).isEmpty();
            assertThat(next.getAutoCommit()).isTrue();
        }
        assertThat(seenBy(1)).containsExactly(ANNS);
    }

    @Test
    void theOwnerPassesByUnlessForcedAndASuperuserAlways() throws SQLException {
        assertThat(invoices(administrator)).containsExactly(ANNS, BOBS);

        update(administrator, "set role \"" + owner(administrator) + "\"");
        assertThat(invoices(administrator)).isEmpty();
        update(administrator, "alter table invoice no force row level security");
        assertThat(invoices(administrator)).containsExactly(ANNS, BOBS);
    }

    @Test
    void aViewReadsWithItsOwnersRightsUnlessItIsASecurityInvoker() throws SQLException {
        update(administrator, "create view open_invoice as select * from invoice");
        update(administrator, "grant select on open_invoice to \"" + application(administrator) + "\"");
        assertThat(seenBy(1, "select * from open_invoice")).containsExactly(ANNS, BOBS);

        update(administrator, "alter view open_invoice set (security_invoker = true)");
        assertThat(seenBy(1, "select * from open_invoice")).containsExactly(ANNS);
    }

    @Test
    void aUniqueKeyWithoutTheTenantTellsThatAForeignRowExists() throws SQLException {
        asTenant(pool, 1, c -> added(c, new Invoice(1, BOBS.id(), "same number")));
        update(administrator, "delete from invoice where tenant_id = 1");
        update(administrator, "alter table invoice add unique (id)");

        assertThat(failure(() -> asTenant(pool, 1, c -> added(c, new Invoice(1, BOBS.id(), "same number")))))
                .isEqualTo("23505");
    }

    @Test
    void theApplicationCanNeitherTurnThePolicyOffNorBecomeTheOwner() throws SQLException {
        String owner = owner(administrator);
        try (Connection connection = pool.getConnection()) {
            assertThat(failure(() -> update(connection, "alter table invoice disable row level security")))
                    .isEqualTo("42501");
            assertThat(failure(() -> update(connection, "set role \"" + owner + "\"")))
                    .isEqualTo("42501");
        }
    }

    @Test
    void whatIsNoTenantIsRefusedBeforeAConnectionIsTaken() {
        pool.close(); // a connection would be refused with an SQLException

        assertThatThrownBy(() -> seenBy(0))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("0");
        assertThatThrownBy(() -> asTenant(pool, 1, null)).hasMessage("work");
    }

    private List<Invoice> seenBy(long tenant) throws SQLException {
        return asTenant(pool, tenant, RowLevelSecurity::invoices);
    }

    private List<Invoice> seenBy(long tenant, String sql) throws SQLException {
        return asTenant(pool, tenant, connection -> read(connection, sql));
    }

    private int changedBy(long tenant, String sql) throws SQLException {
        return asTenant(pool, tenant, connection -> update(connection, sql));
    }

    private static Void added(Connection connection, Invoice invoice) throws SQLException {
        add(connection, invoice);
        return null;
    }

    private static int session(Connection connection) throws SQLException {
        try (Statement statement = connection.createStatement();
                ResultSet row = statement.executeQuery("select pg_backend_pid()")) {
            row.next();
            return row.getInt(1);
        }
    }

    private interface Attempt {
        Object run() throws SQLException;
    }

    /** The SQLSTATE with which it fails. */
    private static String failure(Attempt attempt) {
        try {
            Object result = attempt.run();
            throw new AssertionError("should fail and gave " + result);
        } catch (SQLException e) {
            return e.getSQLState();
        }
    }

    private static int update(Connection connection, String sql) throws SQLException {
        try (Statement statement = connection.createStatement()) {
            return statement.executeUpdate(sql);
        }
    }
}
