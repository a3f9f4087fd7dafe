package mastery.support.postgresql;

import javax.sql.DataSource;
import mastery.support.server.Node;
import org.postgresql.ds.PGSimpleDataSource;

/**
 * A database of its own for one test or story, dropped when it is closed. Roles whose names begin with its name and an
 * underscore are dropped with it.
 */
public final class PostgreSqlDatabase implements AutoCloseable {

    private final Node node;
    private final String name;
    private final Runnable drop;

    PostgreSqlDatabase(Node node, String name, Runnable drop) {
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
    public PGSimpleDataSource driverDataSource() {
        return PostgreSqlRecipe.dataSource(node.address(), name);
    }

    /** The JDBC URL without user and password. */
    public String jdbcUrl() {
        return "jdbc:postgresql://" + node.address() + "/" + name;
    }

    /** Drops the database, ending the sessions that still use it. */
    @Override
    public void close() {
        drop.run();
    }
}
