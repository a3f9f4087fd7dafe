package mastery.support.junit;

import com.mysql.cj.jdbc.MysqlDataSource;
import java.lang.annotation.Annotation;
import java.sql.Connection;
import java.util.Map;
import java.util.Set;
import javax.sql.DataSource;
import mastery.support.mysql.MySql;
import mastery.support.mysql.MySqlDatabase;
import mastery.support.mysql.MySqlReplication;
import mastery.support.server.Engine;
import mastery.support.server.Node;

/** MySQL for a test class: a new database for each test. */
final class MySqlFixture implements Fixture {

    private static final Set<Class<?>> TYPES =
            Set.of(Connection.class, DataSource.class, MysqlDataSource.class, MySqlDatabase.class, Node.class);

    private MySqlReplication replication;
    private MySql server;

    @Override
    public Engine engine() {
        return Engine.MYSQL;
    }

    @Override
    public void open(Annotation annotation) {
        OnMySql wanted = (OnMySql) annotation;
        Map<String, String> settings = JdbcScope.settings(wanted.settings());
        if (wanted.replicas() > 0 || !settings.isEmpty()) {
            replication = SharedTopologies.take(wanted, () -> MySqlReplication.start(wanted.replicas(), settings));
            server = replication.databases();
        } else {
            server = MySql.shared();
        }
    }

    @Override
    public Node node() {
        return server.node();
    }

    @Override
    public boolean provides(Class<?> type) {
        return TYPES.contains(type) || (replication != null && type == MySqlReplication.class);
    }

    @Override
    public Scope newScope(Filling filling) {
        MySqlDatabase database = server.newDatabase();
        JdbcScope scope = new JdbcScope(database.driverDataSource(), database)
                .put(Node.class, server.node())
                .put(MySqlReplication.class, replication);
        try {
            filling.fill(scope);
            return scope;
        } catch (RuntimeException e) {
            scope.close();
            throw e;
        }
    }

    @Override
    public void close() {
        if (replication != null) {
            SharedTopologies.giveBack(replication);
        }
    }
}
