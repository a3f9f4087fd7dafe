package mastery.support.mysql;

import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;
import javax.sql.DataSource;
import mastery.support.server.Engine;
import mastery.support.server.Node;
import mastery.support.server.NodeGroup;
import mastery.support.server.NodeSpec;
import mastery.support.server.Passwords;
import mastery.support.server.ServerException;
import mastery.support.server.SharedServers;
import mastery.support.server.Topology;
import org.awaitility.Awaitility;

/** A source and its replicas, which follow it by GTID over TLS and accept no writes of clients. */
public final class MySqlReplication implements Topology {

    private static final Duration LIMIT = Duration.ofSeconds(60);

    /** The account with which the replicas read the source's binary log; it can do nothing else. */
    public static final String REPLICATOR = "replicator";

    private final NodeGroup group;
    private final Node source;
    private final String replicatorPassword = Passwords.generate();
    private final List<Node> replicas;
    private final MySql databases;

    private MySqlReplication(NodeGroup group, List<Node> nodes) {
        this.group = group;
        this.source = nodes.get(0);
        this.replicas = nodes.subList(1, nodes.size());
        this.databases = MySql.on(source);
    }

    /**
     * Starts a source and replicas named {@code replica-1} and so on, and returns when all of them follow.
     *
     * @throws ServerException if MySQL cannot be had here
     */
    public static MySqlReplication start(int replicas) {
        return start(replicas, Map.of());
    }

    /**
     * The same with settings of every node, by their own names.
     *
     * @throws ServerException if MySQL cannot be had here
     */
    public static MySqlReplication start(int replicas, Map<String, String> settings) {
        NodeGroup group = SharedServers.group(Engine.MYSQL, 1 + replicas);
        try {
            String password = Passwords.generate();
            List<NodeSpec> specs = new ArrayList<>(List.of(NodeSpec.member("source", settings, password)));
            IntStream.rangeClosed(1, replicas)
                    .mapToObj(i -> NodeSpec.member("replica-" + i, settings, password))
                    .forEach(specs::add);
            MySqlReplication replication = new MySqlReplication(group, group.startAll(specs));
            replication.createReplicator();
            replication.replicas.forEach(replication::follow);
            return replication;
        } catch (RuntimeException e) {
            group.close();
            throw e;
        }
    }

    /** An account that can read the binary log and nothing else. A server that resolves no names knows no localhost. */
    private void createReplicator() {
        execute(
                source,
                "CREATE USER '" + REPLICATOR + "'@'127.0.0.1' IDENTIFIED BY '" + replicatorPassword + "' REQUIRE SSL");
        execute(source, "GRANT REPLICATION SLAVE ON *.* TO '" + REPLICATOR + "'@'127.0.0.1'");
    }

    private void follow(Node replica) {
        execute(
                replica,
                "CHANGE REPLICATION SOURCE TO SOURCE_HOST = '" + source.host() + "', SOURCE_PORT = "
                        + source.port() + ", SOURCE_USER = '" + REPLICATOR + "', SOURCE_PASSWORD = '"
                        + replicatorPassword
                        + "', SOURCE_AUTO_POSITION = 1, SOURCE_SSL = 1, SOURCE_CONNECT_RETRY = 1");
        execute(replica, "START REPLICA");
        execute(replica, "SET PERSIST super_read_only = ON");
        Awaitility.await(replica.name() + " follows its source").atMost(LIMIT).until(() -> isFollowing(replica));
    }

    private boolean isFollowing(Node replica) throws SQLException {
        try (Connection connection = dataSource(replica, "").getConnection();
                Statement statement = connection.createStatement();
                ResultSet row = statement.executeQuery("SHOW REPLICA STATUS")) {
            return row.next()
                    && "Yes".equals(row.getString("Replica_IO_Running"))
                    && "Yes".equals(row.getString("Replica_SQL_Running"));
        }
    }

    private void execute(Node node, String sql) {
        try (Connection connection = dataSource(node, "").getConnection();
                Statement statement = connection.createStatement()) {
            statement.execute(sql);
        } catch (SQLException e) {
            throw new ServerException("Setting up replication on " + node.name() + " failed: " + e.getMessage(), e);
        }
    }

    public Node source() {
        return source;
    }

    /** The password of {@link #REPLICATOR}. */
    public String replicatorPassword() {
        return replicatorPassword;
    }

    public List<Node> replicas() {
        return List.copyOf(replicas);
    }

    @Override
    public List<Node> nodes() {
        List<Node> all = new ArrayList<>(List.of(source));
        all.addAll(replicas);
        return all;
    }

    /** Clean databases on the source, which the replicas follow. */
    public MySql databases() {
        return databases;
    }

    /** Unpooled sessions in a database of one node; without a database when the name is empty. */
    public DataSource dataSource(Node node, String database) {
        return MySqlRecipe.dataSource(node.address(), database);
    }

    @Override
    public void close() {
        group.close();
    }
}
