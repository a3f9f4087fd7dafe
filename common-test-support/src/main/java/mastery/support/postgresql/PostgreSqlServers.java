package mastery.support.postgresql;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;
import mastery.support.server.Engine;
import mastery.support.server.Node;
import mastery.support.server.NodeSpec;
import mastery.support.server.SharedServers;
import mastery.support.server.Topology;

/** Several servers that know nothing of each other. */
public final class PostgreSqlServers implements Topology {

    private final List<PostgreSql> servers;

    private PostgreSqlServers(List<PostgreSql> servers) {
        this.servers = List.copyOf(servers);
    }

    /**
     * Starts servers named {@code server-1} and so on.
     *
     * @param settings of every server, by their own names
     * @throws mastery.support.server.ServerException if PostgreSQL cannot be had natively here
     */
    public static PostgreSqlServers start(int servers, Map<String, String> settings) {
        List<Node> started = new ArrayList<>();
        try {
            IntStream.rangeClosed(1, servers)
                    .mapToObj(i -> SharedServers.start(Engine.POSTGRESQL, NodeSpec.of("server-" + i, settings)))
                    .forEach(started::add);
            return new PostgreSqlServers(started.stream().map(PostgreSql::on).toList());
        } catch (RuntimeException e) {
            started.forEach(SharedServers::dispose);
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
}
