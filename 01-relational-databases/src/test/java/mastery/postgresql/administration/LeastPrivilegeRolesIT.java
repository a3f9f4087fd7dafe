package mastery.postgresql.administration;

import static mastery.postgresql.administration.LeastPrivilegeRoles.asOwner;
import static mastery.postgresql.administration.LeastPrivilegeRoles.createRoles;
import static mastery.postgresql.administration.LeastPrivilegeRoles.grantDefaultsWithoutForRole;
import static mastery.postgresql.administration.LeastPrivilegeRoles.rights;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.entry;

import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import mastery.postgresql.administration.LeastPrivilegeRoles.Rights;
import mastery.postgresql.administration.LeastPrivilegeRoles.Roles;
import mastery.support.junit.OnPostgreSql;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

@OnPostgreSql
class LeastPrivilegeRolesIT {

    private static final Rights NONE = new Rights(false, false, false, false, false, false);
    private static final Rights READ = new Rights(true, false, false, false, false, false);
    private static final Rights WRITE = new Rights(true, true, true, true, false, false);
    private static final Rights MAINTAIN = new Rights(false, false, false, false, false, true);
    private static final Rights ALL = new Rights(true, true, true, true, true, true);

    private Connection administrator;
    private Roles roles;

    @BeforeEach
    void create(Connection administrator) throws SQLException {
        this.administrator = administrator;
        roles = Roles.of(administrator);
        createRoles(administrator, roles);
        asOwner(
                administrator,
                roles,
                "create table shop.item (id bigint generated always as identity primary key, name text)");
    }

    @Test
    void eachRoleMayDoItsPartAndNoMore() throws SQLException {
        assertThat(rights(administrator, roles, "item"))
                .containsExactly(
                        entry("owner", ALL), entry("writer", WRITE), entry("reader", READ), entry("keeper", MAINTAIN));
    }

    @Test
    void theReaderReadsAndItsWritesAreRefused() throws SQLException {
        actAs(roles.reader());

        execute("select * from shop.item");
        assertThat(failure("insert into shop.item (name) values ('lamp')")).isEqualTo("42501");
        assertThat(failure("update shop.item set name = 'lamp'")).isEqualTo("42501");
        assertThat(failure("delete from shop.item")).isEqualTo("42501");
        assertThat(failure("select * from shop.item for update")).isEqualTo("42501");
    }

    @Test
    void theWriterWritesAndCannotChangeTheSchema() throws SQLException {
        actAs(roles.writer());

        execute("insert into shop.item (name) values ('lamp')"); // identity: no right on a sequence is needed
        execute("update shop.item set name = 'desk'");
        execute("delete from shop.item");
        assertThat(failure("truncate shop.item")).isEqualTo("42501");
        assertThat(failure("alter table shop.item add column price int")).isEqualTo("42501");
        assertThat(failure("drop table shop.item")).isEqualTo("42501");
        assertThat(failure("create table shop.mine (id int)")).isEqualTo("42501");
        assertThat(failure("create table public.mine (id int)")).isEqualTo("42501");
    }

    @Test
    void aLaterTableHasRightsOnlyIfTheDefaultsNameItsCreator() throws SQLException {
        asOwner(administrator, roles, "create table shop.later (id int)");
        execute("create table shop.stray (id int)");

        assertThat(rights(administrator, roles, "later")).contains(entry("writer", WRITE), entry("reader", READ));
        assertThat(rights(administrator, roles, "stray"))
                .containsExactly(
                        entry("owner", NONE), entry("writer", NONE), entry("reader", NONE), entry("keeper", MAINTAIN));
        actAs(roles.reader());
        execute("select * from shop.later");
        assertThat(failure("select * from shop.stray")).isEqualTo("42501");
    }

    @Test
    void defaultsWithoutForRoleSpeakOfOnesOwnTablesOnly() throws SQLException {
        execute("alter default privileges for role " + roles.owner() + " in schema shop revoke select on tables from "
                + roles.reader());
        grantDefaultsWithoutForRole(administrator, roles);
        asOwner(administrator, roles, "create table shop.later (id int)");
        execute("create table shop.own (id int)");

        assertThat(rights(administrator, roles, "later")).contains(entry("reader", NONE));
        assertThat(rights(administrator, roles, "own")).contains(entry("reader", READ));
    }

    @Test
    void defaultsSayNothingAboutTablesThatAreThere() throws SQLException {
        execute("create table shop.old (id int)");
        grantDefaultsWithoutForRole(administrator, roles);

        assertThat(rights(administrator, roles, "old")).contains(entry("reader", NONE));
    }

    @Test
    void theKeeperVacuumsWhatItCannotRead() throws SQLException {
        actAs(roles.keeper());
        assertThat(failure("select * from shop.item")).isEqualTo("42501");

        execute("vacuum shop.item");

        actAsAdministrator();
        Awaitility.await().atMost(Duration.ofSeconds(30)).until(() -> vacuums() == 1);
    }

    @Test
    void aVacuumWithoutTheRightWarnsAndDoesNothing() throws SQLException {
        actAs(roles.writer());
        try (Statement statement = administrator.createStatement()) {
            statement.execute("vacuum shop.item");

            assertThat(statement.getWarnings().getSQLState()).isEqualTo("01000");
        }
        execute("select pg_stat_force_next_flush()");
        actAs(roles.keeper());
        execute("analyze shop.item"); // reported after the vacuum, were there one
        actAsAdministrator();
        Awaitility.await().atMost(Duration.ofSeconds(30)).until(() -> analyzes() == 1);
        assertThat(vacuums()).isZero();
    }

    @Test
    void afterAChangeAsOwnerTheRoleIsGivenBackEvenIfItFailed() throws SQLException {
        assertThatThrownBy(() -> asOwner(administrator, roles, "create table shop.item (id int)"))
                .isInstanceOfSatisfying(
                        SQLException.class, e -> assertThat(e.getSQLState()).isEqualTo("42P07"));

        assertThat(text("select current_user = session_user")).isEqualTo("t");
    }

    @Test
    void whatCannotBeIsRefused() {
        assertThatThrownBy(() -> createRoles(administrator, null)).hasMessage("roles");
        assertThatThrownBy(() -> asOwner(administrator, roles, null)).hasMessage("change");
        assertThatThrownBy(() -> rights(administrator, roles, "item; drop table shop.item"))
                .isInstanceOfSatisfying(
                        SQLException.class, e -> assertThat(e.getSQLState()).isEqualTo("42P01"));
    }

    private void actAs(String role) throws SQLException {
        execute("set role " + role);
    }

    private void actAsAdministrator() throws SQLException {
        execute("reset role");
    }

    private long vacuums() throws SQLException {
        return Long.parseLong(text("select vacuum_count from pg_stat_all_tables where relid = 'shop.item'::regclass"));
    }

    private long analyzes() throws SQLException {
        return Long.parseLong(text("select analyze_count from pg_stat_all_tables where relid = 'shop.item'::regclass"));
    }

    private String text(String sql) throws SQLException {
        try (Statement statement = administrator.createStatement();
                ResultSet row = statement.executeQuery(sql)) {
            row.next();
            return row.getString(1);
        }
    }

    /** The SQLSTATE with which it fails. */
    private String failure(String sql) {
        try {
            execute(sql);
            throw new AssertionError("should fail: " + sql);
        } catch (SQLException e) {
            return e.getSQLState();
        }
    }

    private void execute(String sql) throws SQLException {
        try (Statement statement = administrator.createStatement()) {
            statement.execute(sql);
        }
    }
}
