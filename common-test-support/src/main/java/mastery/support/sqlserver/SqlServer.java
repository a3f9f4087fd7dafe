package mastery.support.sqlserver;

import java.sql.SQLException;
import java.time.Duration;
import java.util.concurrent.atomic.AtomicInteger;
import javax.sql.DataSource;
import mastery.support.server.Administration;
import mastery.support.server.Engine;
import mastery.support.server.Node;
import mastery.support.server.Residue;
import mastery.support.server.ServerException;
import mastery.support.server.SharedServers;
import org.awaitility.Awaitility;

/** The SQL Server of this JVM, and clean databases on it. */
public final class SqlServer {

    /** "Could not obtain exclusive lock on database 'model'": another database is being made from it. */
    private static final int MODEL_IS_IN_USE = 1807;

    /** "Cannot drop database because it is currently in use." */
    private static final int IN_USE = 3702;

    private static final Duration LIMIT = Duration.ofSeconds(30);

    private static final AtomicInteger NEXT = new AtomicInteger();
    private static SqlServer shared;

    private final Node node;
    private final DataSource sessions;
    private final Administration administration;

    private SqlServer(Node node) {
        this.node = node;
        this.sessions = SqlServerRecipe.dataSource(node.address(), "master");
        this.administration = new Administration(node, sessions);
    }

    /**
     * The shared server, started at its first use.
     *
     * @throws ServerException if SQL Server cannot be had here
     */
    public static SqlServer shared() {
        Node node = SharedServers.single(Engine.SQLSERVER);
        synchronized (SqlServer.class) {
            if (shared == null) {
                shared = new SqlServer(node);
                shared.administration.dropResidue("select name from sys.databases", shared::drop);
            }
            return shared;
        }
    }

    public Node node() {
        return node;
    }

    /** Sessions in {@code master}, for looking at the server from outside a test's database. */
    public DataSource adminDataSource() {
        return sessions;
    }

    /** An empty database. */
    public synchronized SqlServerDatabase newDatabase() {
        String name = Residue.newName(NEXT.incrementAndGet());
        Awaitility.await("the database model")
                .atMost(LIMIT)
                .pollDelay(Duration.ZERO)
                .until(() -> created(name));
        return new SqlServerDatabase(node, name, () -> drop(name));
    }

    /** False if another JVM makes a database at this moment. */
    private boolean created(String name) {
        try {
            administration.execute("create database " + name);
            return true;
        } catch (ServerException e) {
            if (code(e) == MODEL_IS_IN_USE) {
                return false;
            }
            throw e;
        }
    }

    private void drop(String name) {
        if (!node.isRunning()) {
            return;
        }
        String drop = "drop database if exists " + name;
        try {
            administration.execute(drop);
        } catch (ServerException e) {
            if (code(e) != IN_USE) {
                throw e;
            }
            administration.execute("alter database " + name + " set single_user with rollback immediate");
            administration.execute(drop);
        }
    }

    private static int code(ServerException e) {
        return e.getCause() instanceof SQLException sql ? sql.getErrorCode() : 0;
    }
}
