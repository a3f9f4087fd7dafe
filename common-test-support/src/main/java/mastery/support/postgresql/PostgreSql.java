package mastery.support.postgresql;

import java.util.concurrent.atomic.AtomicInteger;
import javax.sql.DataSource;
import mastery.support.server.Administration;
import mastery.support.server.Engine;
import mastery.support.server.Node;
import mastery.support.server.Residue;
import mastery.support.server.ServerException;
import mastery.support.server.SharedServers;

/** The PostgreSQL server of this JVM, and clean databases on it. */
public final class PostgreSql {

    /** Databases, and the names of databases in those of the roles that outlived them. */
    private static final String LEFT_BEHIND = """
            SELECT datname FROM pg_database WHERE NOT datistemplate
            UNION
            SELECT substring(rolname FROM '^(mastery_\\d+_\\d+_\\d+)_') FROM pg_roles WHERE rolname ~ '^mastery_\\d+_\\d+_\\d+_'
            """;
    /** A role belongs to the whole server, so it can go only when the database where it has rights is gone. */
    private static final String DROP_ROLES = """
            DO $$
            DECLARE role name;
            BEGIN
              FOR role IN SELECT rolname FROM pg_roles WHERE starts_with(rolname, '%s_') LOOP
                EXECUTE format('DROP ROLE IF EXISTS %%I', role);
              END LOOP;
            END $$
            """;

    private static final AtomicInteger NEXT = new AtomicInteger();
    private static PostgreSql shared;

    private final Node node;
    private final DataSource sessions;
    private final Administration administration;

    private PostgreSql(Node node) {
        this.node = node;
        this.sessions = PostgreSqlRecipe.dataSource(node.address(), "postgres");
        this.administration = new Administration(node, sessions);
    }

    /**
     * The shared server, started at its first use.
     *
     * @throws ServerException if PostgreSQL cannot be had here
     */
    public static PostgreSql shared() {
        Node node = SharedServers.single(Engine.POSTGRESQL);
        synchronized (PostgreSql.class) {
            if (shared == null) {
                shared = new PostgreSql(node);
                shared.administration.dropResidue(LEFT_BEHIND, shared::drop);
            }
            return shared;
        }
    }

    /** Clean databases on a node that the caller started. */
    public static PostgreSql on(Node node) {
        return new PostgreSql(node);
    }

    public Node node() {
        return node;
    }

    /** Sessions in the database {@code postgres}, for looking at the server from outside a test's database. */
    public DataSource adminDataSource() {
        return sessions;
    }

    /** An empty database. */
    public PostgreSqlDatabase newDatabase() {
        return copyOf("template0");
    }

    /**
     * A database with the content of a template, which nobody may be connected to. Its files are copied as they are,
     * which costs less than writing a small database through the log (manual, CREATE DATABASE, STRATEGY).
     */
    public PostgreSqlDatabase copyOf(PostgreSqlDatabase template) {
        return copyOf(template.name());
    }

    private PostgreSqlDatabase copyOf(String template) {
        String name = Residue.newName(NEXT.incrementAndGet());
        administration.execute("CREATE DATABASE " + name + " TEMPLATE " + template + " STRATEGY FILE_COPY");
        return new PostgreSqlDatabase(node, name, () -> drop(name));
    }

    private void drop(String name) {
        if (node.isRunning()) {
            administration.execute("DROP DATABASE IF EXISTS " + name + " WITH (FORCE)");
            administration.execute(DROP_ROLES.formatted(name));
        }
    }
}
