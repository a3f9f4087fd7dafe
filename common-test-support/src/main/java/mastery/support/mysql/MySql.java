package mastery.support.mysql;

import java.util.concurrent.atomic.AtomicInteger;
import javax.sql.DataSource;
import mastery.support.server.Administration;
import mastery.support.server.Engine;
import mastery.support.server.Node;
import mastery.support.server.Residue;
import mastery.support.server.ServerException;
import mastery.support.server.SharedServers;

/** The MySQL server of this JVM, and clean databases on it. */
public final class MySql {

    private static final AtomicInteger NEXT = new AtomicInteger();
    private static MySql shared;

    private final Node node;
    private final DataSource sessions;
    private final Administration administration;

    private MySql(Node node) {
        this.node = node;
        this.sessions = MySqlRecipe.dataSource(node.address(), "");
        this.administration = new Administration(node, sessions);
    }

    /**
     * The shared server, started at its first use.
     *
     * @throws ServerException if MySQL cannot be had here
     */
    public static MySql shared() {
        Node node = SharedServers.single(Engine.MYSQL);
        synchronized (MySql.class) {
            if (shared == null) {
                shared = new MySql(node);
                shared.administration.dropResidue("SHOW DATABASES", shared::drop);
            }
            return shared;
        }
    }

    /** Clean databases on a node that the caller started. */
    public static MySql on(Node node) {
        return new MySql(node);
    }

    public Node node() {
        return node;
    }

    /** Sessions without a database, for looking at the server from outside a test's database. */
    public DataSource adminDataSource() {
        return sessions;
    }

    /** An empty database. */
    public MySqlDatabase newDatabase() {
        String name = Residue.newName(NEXT.incrementAndGet());
        administration.execute("CREATE DATABASE " + name);
        return new MySqlDatabase(node, name, () -> drop(name));
    }

    private void drop(String name) {
        if (node.isRunning()) {
            administration.execute("DROP DATABASE IF EXISTS " + name);
        }
    }
}
