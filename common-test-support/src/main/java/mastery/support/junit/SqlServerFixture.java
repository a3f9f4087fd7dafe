package mastery.support.junit;

import com.microsoft.sqlserver.jdbc.SQLServerDataSource;
import java.lang.annotation.Annotation;
import java.sql.Connection;
import java.util.Set;
import javax.sql.DataSource;
import mastery.support.server.Engine;
import mastery.support.server.Node;
import mastery.support.sqlserver.SqlServer;
import mastery.support.sqlserver.SqlServerDatabase;

/** SQL Server for a test class: a new database for each test. */
final class SqlServerFixture implements Fixture {

    private static final Set<Class<?>> TYPES =
            Set.of(Connection.class, DataSource.class, SQLServerDataSource.class, SqlServerDatabase.class, Node.class);

    private SqlServer server;

    @Override
    public Engine engine() {
        return Engine.SQLSERVER;
    }

    @Override
    public void open(Annotation requirement) {
        server = SqlServer.shared();
    }

    @Override
    public Node node() {
        return server.node();
    }

    @Override
    public boolean provides(Class<?> type) {
        return TYPES.contains(type);
    }

    @Override
    public Scope newScope(Filling filling) {
        SqlServerDatabase database = server.newDatabase();
        JdbcScope scope = new JdbcScope(database.driverDataSource(), database).put(Node.class, server.node());
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
        // The server is shared by all classes.
    }
}
