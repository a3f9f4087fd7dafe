package mastery.support.postgresql;

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
import mastery.support.server.SharedServers;
import mastery.support.server.Topology;
import org.awaitility.Awaitility;

/** A primary and its streaming replicas, each with a replication slot of its own. */
public final class PostgreSqlReplication implements Topology {

    private static final Duration LIMIT = Duration.ofSeconds(60);

    private final NodeGroup group;
    private final Node primary;
    private final List<Node> replicas;
    private final PostgreSql databases;

    private PostgreSqlReplication(NodeGroup group, Node primary, List<Node> replicas) {
        this.group = group;
        this.primary = primary;
        this.replicas = List.copyOf(replicas);
        this.databases = PostgreSql.on(primary);
    }

    /**
     * Starts a primary and replicas named {@code replica-1} and so on, and returns when all of them stream.
     *
     * @throws mastery.support.server.ServerException if PostgreSQL cannot be had here
     */
    public static PostgreSqlReplication start(int replicas) {
        return start(replicas, Map.of());
    }

    /**
     * The same with settings of every node, by their own names.
     *
     * @throws mastery.support.server.ServerException if PostgreSQL cannot be had here
     */
    public static PostgreSqlReplication start(int replicas, Map<String, String> settings) {
        NodeGroup group = SharedServers.group(Engine.POSTGRESQL, 1 + replicas);
        try {
            Node primary = group.start(NodeSpec.of("primary", settings));
            PostgreSqlReplication replication = new PostgreSqlReplication(
                    group,
                    primary,
                    IntStream.rangeClosed(1, replicas)
                            .mapToObj(i -> group.start(NodeSpec.replicaOf(primary, "replica-" + i, settings)))
                            .toList());
            replication.awaitStreaming();
            return replication;
        } catch (RuntimeException e) {
            group.close();
            throw e;
        }
    }

    private void awaitStreaming() {
        Awaitility.await("every replica streams from the primary").atMost(LIMIT).until(() -> {
            try (var connection = dataSource(primary, "postgres").getConnection();
                    var statement = connection.createStatement();
                    var rows = statement.executeQuery(
                            "SELECT count(*) FROM pg_stat_replication WHERE state = 'streaming'")) {
                rows.next();
                return rows.getInt(1) == replicas.size();
            }
        });
    }

    public Node primary() {
        return primary;
    }

    public List<Node> replicas() {
        return replicas;
    }

    @Override
    public List<Node> nodes() {
        List<Node> all = new ArrayList<>(List.of(primary));
        all.addAll(replicas);
        return all;
    }

    /** Clean databases on the primary, which the replicas follow. */
    public PostgreSql databases() {
        return databases;
    }

    /** An empty database on the primary, which the replicas follow. */
    public PostgreSqlDatabase newDatabase() {
        return databases.newDatabase();
    }

    /** Unpooled sessions in a database of one node. */
    public DataSource dataSource(Node node, String database) {
        return PostgreSqlRecipe.dataSource(node.address(), database);
    }

    @Override
    public void close() {
        group.close();
    }
}
