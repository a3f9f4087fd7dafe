package mastery.support.junit;

import java.lang.annotation.Annotation;
import java.sql.Connection;
import java.util.Set;
import javax.sql.DataSource;
import mastery.support.postgresql.PostgreSql;
import mastery.support.postgresql.PostgreSqlDatabase;
import mastery.support.postgresql.PostgreSqlReplication;
import mastery.support.server.Engine;
import mastery.support.server.Node;
import org.postgresql.ds.PGSimpleDataSource;

/** PostgreSQL for a test class: a template that is filled once, and a copy of it for each test. */
final class PostgreSqlFixture implements Fixture {

    private static final Set<Class<?>> TYPES =
            Set.of(Connection.class, DataSource.class, PGSimpleDataSource.class, PostgreSqlDatabase.class, Node.class);

    private PostgreSqlReplication replication;
    private PostgreSql server;
    private PostgreSqlDatabase template;

    @Override
    public Engine engine() {
        return Engine.POSTGRESQL;
    }

    @Override
    public void open(Annotation requirement) {
        int replicas = ((OnPostgreSql) requirement).replicas();
        if (replicas > 0) {
            replication = SharedTopologies.take(requirement, () -> PostgreSqlReplication.start(replicas));
            server = replication.databases();
        } else {
            server = PostgreSql.shared();
        }
    }

    @Override
    public Node node() {
        return server.node();
    }

    @Override
    public boolean provides(Class<?> type) {
        return TYPES.contains(type) || (replication != null && type == PostgreSqlReplication.class);
    }

    @Override
    public Scope newScope(Filling filling) {
        if (filling.isEmpty()) {
            return scope(server.newDatabase());
        }
        return scope(server.copyOf(template(filling)));
    }

    private synchronized PostgreSqlDatabase template(Filling filling) {
        if (template == null) {
            PostgreSqlDatabase filled = server.newDatabase();
            JdbcScope scope = scope(filled);
            try {
                filling.fill(scope);
                scope.closeConnections();
            } catch (RuntimeException e) {
                scope.close();
                throw e;
            }
            template = filled;
        }
        return template;
    }

    private JdbcScope scope(PostgreSqlDatabase database) {
        return new JdbcScope(database.driverDataSource(), database)
                .put(Node.class, server.node())
                .put(PostgreSqlReplication.class, replication);
    }

    @Override
    public void close() {
        if (template != null) {
            template.close();
        }
        if (replication != null) {
            SharedTopologies.giveBack(replication);
        }
    }
}
