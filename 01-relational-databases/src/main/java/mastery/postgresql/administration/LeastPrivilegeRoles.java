package mastery.postgresql.administration;

import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import mastery.support.trace.Story;

/**
 * One role owns the tables and nobody works as it, one writes, one reads; and what those two may do with tables that come
 * later is decided by the default privileges of the role that will create them.
 *
 * <p><b>Use it</b> for every database: programs log in as members of writer or reader, migrations act as the owner.
 *
 * <p><b>Not</b> ALTER DEFAULT PRIVILEGES without FOR ROLE: it is about tables that you yourself create, so the migration's
 * tables come without rights.
 *
 * <p><b>It costs</b> a SET ROLE in each migration, else a table belongs to who happened to run it.
 *
 * <p><b>It needs</b> CREATEROLE, and names with the database in them, because roles belong to the whole server (manual,
 * "Privileges", "Predefined Roles" and ALTER DEFAULT PRIVILEGES).
 */
public final class LeastPrivilegeRoles {

    private LeastPrivilegeRoles() {}

    /** The roles of a database. They are group roles: who logs in is a member of one. */
    public record Roles(String owner, String writer, String reader, String keeper) {

        /** Names that begin with the database's, quoted, because a server may have many databases. */
        public static Roles of(Connection connection) throws SQLException {
            String database = connection.getCatalog().replace("\"", "\"\"");
            return new Roles(
                    quoted(database, "owner"),
                    quoted(database, "writer"),
                    quoted(database, "reader"),
                    quoted(database, "keeper"));
        }

        List<String> all() {
            return List.of(owner, writer, reader, keeper);
        }

        private static String quoted(String database, String part) {
            return '"' + database + '_' + part + '"';
        }
    }

    /** What a role may do with a table. */
    public record Rights(
            boolean select, boolean insert, boolean update, boolean delete, boolean truncate, boolean maintain) {}

    /** Creates the roles, and the schema with what they may do in it, now and later. */
    public static void createRoles(Connection administrator, Roles roles) throws SQLException {
        Objects.requireNonNull(roles, "roles");
        for (String role : roles.all()) {
            execute(administrator, "create role " + role + " nologin");
        }
        execute(administrator, "create schema shop authorization " + roles.owner());
        execute(administrator, "grant usage on schema shop to " + roles.writer() + ", " + roles.reader());
        execute(administrator, "grant " + roles.reader() + " to " + roles.writer());
        execute(
                administrator,
                "alter default privileges for role " + roles.owner() + " in schema shop grant select on tables to "
                        + roles.reader());
        execute(
                administrator,
                "alter default privileges for role " + roles.owner()
                        + " in schema shop grant insert, update, delete on tables to " + roles.writer());
        execute(administrator, "grant pg_maintain to " + roles.keeper());
        execute(administrator, "grant usage on schema shop to " + roles.keeper());
    }

    /** The wrong way: this speaks of tables that the administrator creates, not of those that the owner will. */
    public static void grantDefaultsWithoutForRole(Connection administrator, Roles roles) throws SQLException {
        execute(administrator, "alter default privileges in schema shop grant select on tables to " + roles.reader());
    }

    /** The migration's way: whatever the change creates belongs to the owner, and the right to act as it ends here. */
    public static void asOwner(Connection administrator, Roles roles, String change) throws SQLException {
        Objects.requireNonNull(change, "change");
        execute(administrator, "set role " + roles.owner());
        try {
            execute(administrator, change);
        } finally {
            execute(administrator, "reset role");
        }
    }

    /** What each role may do with a table of the schema. */
    public static Map<String, Rights> rights(Connection connection, Roles roles, String table) throws SQLException {
        List<String> parts = List.of("owner", "writer", "reader", "keeper");
        Map<String, Rights> rights = new LinkedHashMap<>();
        try (PreparedStatement select = connection.prepareStatement("""
                select has_table_privilege(role::regrole, item, 'SELECT'),
                       has_table_privilege(role::regrole, item, 'INSERT'),
                       has_table_privilege(role::regrole, item, 'UPDATE'),
                       has_table_privilege(role::regrole, item, 'DELETE'),
                       has_table_privilege(role::regrole, item, 'TRUNCATE'),
                       has_table_privilege(role::regrole, item, 'MAINTAIN')
                  from cast(format('shop.%I', ?) as regclass) as item,
                       unnest(?::text[]) with ordinality as roles (role, place)
                 order by place
                """)) {
            select.setString(1, table);
            select.setArray(2, connection.createArrayOf("text", roles.all().toArray()));
            try (ResultSet row = select.executeQuery()) {
                for (String part : parts) {
                    row.next();
                    rights.put(
                            part,
                            new Rights(
                                    row.getBoolean(1),
                                    row.getBoolean(2),
                                    row.getBoolean(3),
                                    row.getBoolean(4),
                                    row.getBoolean(5),
                                    row.getBoolean(6)));
                }
            }
        }
        return rights;
    }

    private static void execute(Connection connection, String sql) throws SQLException {
        try (Statement statement = connection.createStatement()) {
            statement.execute(sql);
        }
    }

    public static void main(String[] args) {
        Story.tell(LeastPrivilegeRoles.class, story -> {
            try (Connection administrator = story.postgresql().getConnection();
                    Statement statement = administrator.createStatement()) {
                Roles roles = Roles.of(administrator);
                story.quietly("an owner, a writer, a reader and a keeper", () -> createRoles(administrator, roles));

                story.step("A migration creates a table as the owner: writer and reader have their rights at once");
                asOwner(administrator, roles, "create table shop.item (id bigint primary key, name text)");
                story.show("item", rights(administrator, roles, "item"));

                story.step("The reader reads, and no more");
                statement.execute("set role " + roles.reader());
                statement.executeQuery("select * from shop.item").close();
                try {
                    statement.execute("insert into shop.item values (1, 'lamp')");
                } catch (SQLException refused) {
                    story.note("Refused with " + refused.getSQLState() + ".");
                }
                statement.execute("reset role");

                story.step("A table that the administrator creates is nobody's: the defaults name another creator");
                statement.execute("create table shop.stray (id bigint)");
                story.show("stray", rights(administrator, roles, "stray"));

                story.learned("Default privileges belong to the creator: name it, and let it create everything.");
            }
        });
    }
}
