package mastery.postgresql.administration;

import com.zaxxer.hikari.HikariDataSource;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.UUID;
import javax.sql.DataSource;
import mastery.support.trace.Story;
import org.postgresql.PGConnection;

/**
 * With row level security a query that forgot its tenant returns nothing instead of everybody's rows, also when all
 * tenants share one pool, if the tenant is set for a transaction and not for a session.
 *
 * <p><b>Use it</b> as the second line behind the WHERE of your queries, where tenants share tables.
 *
 * <p><b>Not</b> as the only line against people who write their own SQL: they could set the tenant themselves. And a
 * unique key without the tenant in it tells that a foreign row exists.
 *
 * <p><b>It costs</b> the policy's condition in every query, so the tenant stands first in the indexes.
 *
 * <p><b>It needs</b> an application that logs in neither as superuser, nor with BYPASSRLS, nor as the table's owner, unless
 * FORCE is set; and views with security_invoker, since others read with their owner's rights (manual, "Row Security
 * Policies").
 */
public final class RowLevelSecurity {

    private RowLevelSecurity() {}

    public record Invoice(long tenant, long id, String text) {}

    /** What is done with the rows of one tenant. */
    @FunctionalInterface
    public interface Work<T> {
        T run(Connection connection) throws SQLException;
    }

    /** The right way: the setting ends with the transaction, so the pool gets the connection back without a tenant. */
    public static <T> T asTenant(DataSource pool, long tenant, Work<T> work) throws SQLException {
        Objects.requireNonNull(work, "work");
        if (tenant < 1) {
            throw new IllegalArgumentException("not a tenant: " + tenant);
        }
        try (Connection connection = pool.getConnection()) {
            connection.setAutoCommit(false);
            try {
                setTenant(connection, tenant, true);
                T result = work.run(connection);
                connection.commit();
                return result;
            } catch (SQLException | RuntimeException | Error e) {
                connection.rollback();
                throw e;
            } finally {
                connection.setAutoCommit(true);
            }
        }
    }

    /** The wrong way: the connection goes back to the pool and is still this tenant's. */
    public static <T> T asTenantOfTheSession(DataSource pool, long tenant, Work<T> work) throws SQLException {
        try (Connection connection = pool.getConnection()) {
            setTenant(connection, tenant, false);
            return work.run(connection);
        }
    }

    private static void setTenant(Connection connection, long tenant, boolean local) throws SQLException {
        try (PreparedStatement set = connection.prepareStatement("select set_config('app.tenant', ?, ?)")) {
            set.setString(1, Long.toString(tenant));
            set.setBoolean(2, local);
            set.execute();
        }
    }

    /** All invoices there are, as far as the policy lets them be seen. */
    public static List<Invoice> invoices(Connection connection) throws SQLException {
        return read(connection, "select tenant_id, id, text from invoice order by id");
    }

    static List<Invoice> read(Connection connection, String sql) throws SQLException {
        List<Invoice> invoices = new ArrayList<>();
        try (Statement statement = connection.createStatement();
                ResultSet row = statement.executeQuery(sql)) {
            while (row.next()) {
                invoices.add(new Invoice(row.getLong(1), row.getLong(2), row.getString(3)));
            }
        }
        return invoices;
    }

    /** Adds an invoice; 42501 if it is not the tenant's own. */
    public static void add(Connection connection, Invoice invoice) throws SQLException {
        try (PreparedStatement insert = connection.prepareStatement("insert into invoice values (?, ?, ?)")) {
            insert.setLong(1, invoice.tenant());
            insert.setLong(2, invoice.id());
            insert.setString(3, invoice.text());
            insert.executeUpdate();
        }
    }

    /** The role that owns the tables; nobody logs in as it. Roles belong to the whole server, hence the database's name. */
    public static String owner(Connection connection) throws SQLException {
        return connection.getCatalog() + "_owner";
    }

    /** The role that the application logs in as. */
    public static String application(Connection connection) throws SQLException {
        return connection.getCatalog() + "_application";
    }

    /** Creates the roles, the table and its policy. */
    public static void createSchema(Connection administrator, String password) throws SQLException {
        PGConnection quoting = administrator.unwrap(PGConnection.class);
        String owner = quoting.escapeIdentifier(owner(administrator));
        String application = quoting.escapeIdentifier(application(administrator));
        execute(administrator, "create role " + owner + " nologin");
        execute(
                administrator,
                "create role " + application + " login password '" + quoting.escapeLiteral(password) + "'");
        execute(administrator, "create schema shop authorization " + owner);
        execute(administrator, "set role " + owner);
        execute(administrator, "set search_path to shop");
        execute(administrator, """
                create table invoice (
                  tenant_id bigint not null,
                  id        bigint not null,
                  text      text   not null,
                  primary key (tenant_id, id)
                )
                """);
        // a setting that was local to an earlier transaction is empty afterwards, not NULL
        execute(administrator, """
                create policy own_rows on invoice
                 using (tenant_id = nullif(current_setting('app.tenant', true), '')::bigint)
                """);
        execute(administrator, "alter table invoice enable row level security");
        execute(administrator, "alter table invoice force row level security");
        execute(administrator, "grant usage on schema shop to " + application);
        execute(administrator, "grant select, insert, update, delete on invoice to " + application);
        execute(administrator, "reset role");
        execute(administrator, "alter role " + application + " set search_path to shop");
    }

    private static void execute(Connection connection, String sql) throws SQLException {
        try (Statement statement = connection.createStatement()) {
            statement.execute(sql);
        }
    }

    public static void main(String[] args) {
        Story.tell(RowLevelSecurity.class, story -> {
            DataSource database = story.postgresql();
            try (Connection administrator = database.getConnection()) {
                String password = UUID.randomUUID().toString();
                story.quietly("roles, table and policy", () -> createSchema(administrator, password));

                try (HikariDataSource pool = new HikariDataSource()) {
                    pool.setDataSource(database);
                    pool.setUsername(application(administrator));
                    pool.setPassword(password);
                    pool.setMaximumPoolSize(1);
                    story.quietly("a pool with one connection, which all share", () -> {
                        try (Connection first = pool.getConnection()) {
                            first.isValid(1);
                        }
                    });

                    story.step("Two tenants, one connection, the same query: each sees its own rows");
                    asTenant(pool, 1, connection -> {
                        add(connection, new Invoice(1, 10, "for tenant 1"));
                        return null;
                    });
                    asTenant(pool, 2, connection -> {
                        add(connection, new Invoice(2, 20, "for tenant 2"));
                        return story.show("tenant 2 sees", invoices(connection));
                    });

                    story.step("Without a tenant the query finds nothing");
                    try (Connection connection = pool.getConnection()) {
                        story.show("seen", invoices(connection));
                    }

                    story.step("A row for another tenant is refused");
                    try {
                        asTenant(pool, 1, connection -> {
                            add(connection, new Invoice(2, 21, "slipped in"));
                            return null;
                        });
                    } catch (SQLException refused) {
                        story.note("It ends with " + refused.getSQLState() + ".");
                    }

                    story.step("The wrong way: a tenant set for the session is still there for the next who borrows");
                    asTenantOfTheSession(pool, 1, RowLevelSecurity::invoices);
                    try (Connection connection = pool.getConnection()) {
                        story.show("seen without a tenant", invoices(connection));
                    }

                    story.learned("Set the tenant for the transaction, and let the table refuse what is not its.");
                }
            }
        });
    }
}
