package mastery.support.sqlserver;

import com.microsoft.sqlserver.jdbc.SQLServerDataSource;
import javax.sql.DataSource;
import mastery.support.server.Node;

/** A database of its own for one test or story, dropped when it is closed. */
public final class SqlServerDatabase implements AutoCloseable {

    private final Node node;
    private final String name;
    private final Runnable drop;

    SqlServerDatabase(Node node, String name, Runnable drop) {
        this.node = node;
        this.name = name;
        this.drop = drop;
    }

    /** The name of the database on its server. */
    public String name() {
        return name;
    }

    /** The server that holds the database. */
    public Node node() {
        return node;
    }

    /** A new, unpooled data source; each connection it gives is a new session. */
    public DataSource dataSource() {
        return driverDataSource();
    }

    /** The same as the driver's own class, so that its properties can be set. */
    public SQLServerDataSource driverDataSource() {
        return SqlServerRecipe.dataSource(node.address(), name);
    }

    /** The JDBC URL without user, password and further properties. */
    public String jdbcUrl() {
        return "jdbc:sqlserver://" + node.address() + ";databaseName=" + name;
    }

    /** Drops the database. */
    @Override
    public void close() {
        drop.run();
    }
}
