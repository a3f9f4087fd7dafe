package mastery.support.postgresql;

import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;
import mastery.support.server.Engine;
import mastery.support.server.Node;
import mastery.support.server.NodeGroup;
import mastery.support.server.NodeSpec;
import mastery.support.server.SharedServers;
import mastery.support.server.Topology;

/** Several servers that know nothing of each other. */
public final class PostgreSqlServers implements Topology {

    private final NodeGroup group;
    private final List<PostgreSql> servers;

    private PostgreSqlServers(NodeGroup group, List<PostgreSql> servers) {
        this.group = group;
        this.servers = List.copyOf(servers);
    }

    /**
     * Starts servers named {@code server-1} and so on.
     *
     * @param settings of every server, by their own names
     * @throws mastery.support.server.ServerException if PostgreSQL cannot be had here
     */
    public static PostgreSqlServers start(int servers, Map<String, String> settings) {
        NodeGroup group = SharedServers.group(Engine.POSTGRESQL, servers);
        try {
            return new PostgreSqlServers(
                    group,
                    IntStream.rangeClosed(1, servers)
                            .mapToObj(i -> group.start(NodeSpec.of("server-" + i, settings)))
                            .map(PostgreSql::on)
                            .toList());
        } catch (RuntimeException e) {
            group.close();
            throw e;
        }
    }

    /** Clean databases on one of the servers, the first being 0. */
    public PostgreSql server(int index) {
        return servers.get(index);
    }

    @Override
    public List<Node> nodes() {
        return servers.stream().map(PostgreSql::node).toList();
    }

    @Override
    public void close() {
        group.close();
    }
}
