package mastery.support.junit;

import java.lang.annotation.Annotation;
import java.sql.Connection;
import java.util.Map;
import java.util.Set;
import javax.sql.DataSource;
import mastery.support.postgresql.PostgreSql;
import mastery.support.postgresql.PostgreSqlDatabase;
import mastery.support.postgresql.PostgreSqlReplication;
import mastery.support.postgresql.PostgreSqlServers;
import mastery.support.server.Engine;
import mastery.support.server.Node;
import org.postgresql.ds.PGSimpleDataSource;

/** PostgreSQL for a test class: a template that is filled once, and a copy of it for each test. */
final class PostgreSqlFixture implements Fixture {

    private static final Set<Class<?>> TYPES =
            Set.of(Connection.class, DataSource.class, PGSimpleDataSource.class, PostgreSqlDatabase.class, Node.class);

    private PostgreSqlReplication replication;
    private PostgreSqlServers servers;
    private PostgreSql server;
    private PostgreSqlDatabase template;

    @Override
    public Engine engine() {
        return Engine.POSTGRESQL;
    }

    @Override
    public void open(Annotation annotation) {
        OnPostgreSql wanted = (OnPostgreSql) annotation;
        Map<String, String> settings = JdbcScope.settings(wanted.settings());
        if (wanted.servers() > 1 && wanted.replicas() == 0) {
            servers = SharedTopologies.take(wanted, () -> PostgreSqlServers.start(wanted.servers(), settings));
            server = servers.server(0);
        } else if (wanted.servers() != 1) {
            throw new IllegalArgumentException(wanted + ": ask for one server or more, or for one with replicas");
        } else if (wanted.replicas() > 0 || !settings.isEmpty()) {
            replication = SharedTopologies.take(wanted, () -> PostgreSqlReplication.start(wanted.replicas(), settings));
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
        return TYPES.contains(type)
                || (replication != null && type == PostgreSqlReplication.class)
                || (servers != null && type == PostgreSqlServers.class);
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
                .put(PostgreSqlReplication.class, replication)
                .put(PostgreSqlServers.class, servers);
    }

    @Override
    public void close() {
        if (template != null) {
            template.close();
        }
        if (replication != null) {
            SharedTopologies.giveBack(replication);
        }
        if (servers != null) {
            SharedTopologies.giveBack(servers);
        }
    }
}
