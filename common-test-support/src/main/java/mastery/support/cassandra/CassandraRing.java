package mastery.support.cassandra;

import static org.awaitility.Awaitility.await;

import com.datastax.oss.driver.api.core.AllNodesFailedException;
import com.datastax.oss.driver.api.core.ConsistencyLevel;
import com.datastax.oss.driver.api.core.CqlSession;
import com.datastax.oss.driver.api.core.DriverTimeoutException;
import com.datastax.oss.driver.api.core.cql.Row;
import com.datastax.oss.driver.api.core.cql.SimpleStatement;
import com.datastax.oss.driver.api.core.loadbalancing.NodeDistance;
import com.datastax.oss.driver.api.core.servererrors.QueryExecutionException;
import com.datastax.oss.driver.api.core.servererrors.UnavailableException;
import java.math.BigInteger;
import java.net.InetSocketAddress;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import mastery.support.server.Engine;
import mastery.support.server.Node;
import mastery.support.server.NodeGroup;
import mastery.support.server.NodeSpec;
import mastery.support.server.Passwords;
import mastery.support.server.Ports;
import mastery.support.server.SharedServers;
import mastery.support.server.Topology;

/**
 * Three nodes, each with a third of the ring's tokens, the same ones every time. All listen on one address, each on ports
 * of its own, which the driver reads from {@code system.peers_v2}.
 */
public final class CassandraRing implements Topology {

    private static final int NODES = 3;
    private static final int TOKENS_OF_A_NODE = 4;
    private static final int UNKNOWN = -1;
    private static final Duration LIMIT = Duration.ofSeconds(90);

    private final NodeGroup group;
    private final List<Node> nodes;
    private Keyspaces keyspaces;

    private CassandraRing(NodeGroup group, List<Node> nodes) {
        this.group = group;
        this.nodes = List.copyOf(nodes);
    }

    /**
     * Starts three nodes together and returns when each sees all of them.
     *
     * @throws mastery.support.server.ServerException if Cassandra cannot be had here
     */
    public static CassandraRing start() {
        NodeGroup group = SharedServers.group(Engine.CASSANDRA, NODES);
        try {
            CassandraRing ring = new CassandraRing(group, group.startAll(specs()));
            ring.awaitAlive(NODES);
            return ring;
        } catch (RuntimeException e) {
            group.close();
            throw e;
        }
    }

    private static List<NodeSpec> specs() {
        String password = Passwords.generate();
        List<Integer> ports =
                IntStream.range(0, NODES).mapToObj(i -> Ports.free()).toList();
        // a seed starts whether or not it meets another: they start together
        String seeds = ports.stream().map(port -> "127.0.0.1:" + port).collect(Collectors.joining(","));
        return IntStream.range(0, NODES)
                .mapToObj(i -> NodeSpec.member(
                        "node-" + (i + 1),
                        Map.of(
                                CassandraSettings.STORAGE_PORT,
                                Integer.toString(ports.get(i)),
                                CassandraSettings.SEEDS,
                                seeds,
                                CassandraSettings.AUTH_REPLICAS,
                                Integer.toString(NODES),
                                "initial_token",
                                tokens(i)),
                        password))
                .toList();
    }

    /** Every third of the twelve tokens that cut the ring into equal ranges. */
    private static String tokens(int node) {
        BigInteger range = BigInteger.TWO.pow(64).divide(BigInteger.valueOf((long) NODES * TOKENS_OF_A_NODE));
        return IntStream.range(0, TOKENS_OF_A_NODE)
                .mapToObj(i -> BigInteger.valueOf(Long.MIN_VALUE)
                        .add(range.multiply(BigInteger.valueOf((long) i * NODES + node + 1))
                                .subtract(BigInteger.ONE)))
                .map(BigInteger::toString)
                .collect(Collectors.joining(","));
    }

    @Override
    public List<Node> nodes() {
        return nodes;
    }

    /**
     * A keyspace whose rows lie on all three nodes. Nodes that a test before left stopped or paused are started and resumed:
     * its failure is not to be that of the next one.
     */
    public synchronized CassandraKeyspace newKeyspace() {
        for (Node node : nodes) {
            if (node.isRunning()) {
                node.resume();
            } else {
                node.start();
            }
        }
        awaitAlive(NODES);
        if (keyspaces == null) {
            keyspaces = new Keyspaces(nodes.get(0), NODES, newSession(nodes.get(0), null));
        }
        CassandraKeyspace keyspace = keyspaces.create();
        awaitSchemaAgreement();
        return keyspace;
    }

    /**
     * A session whose requests go to one node, which coordinates them; the caller closes it.
     *
     * @param keyspace to be used, or null for none
     */
    public CqlSession newSession(Node coordinator, String keyspace) {
        var builder = CassandraSessions.builder(coordinator.address())
                .withNodeDistanceEvaluator(
                        (other, datacenter) -> other.getEndPoint().resolve() instanceof InetSocketAddress at
                                        && at.getPort() == coordinator.port()
                                ? NodeDistance.LOCAL
                                : NodeDistance.IGNORED);
        return (keyspace == null ? builder : builder.withKeyspace(keyspace)).build();
    }

    /**
     * Returns when every running node sees exactly so many nodes alive, itself among them: asked for a row of three
     * replicas at consistency ALL, it answers or says how many there are. With all three alive they also agree on the schema.
     * A node that is stopped is seen so at once, one
     * that is killed or paused after some ten seconds.
     *
     * @throws org.awaitility.core.ConditionTimeoutException when that is not so within 90 s
     */
    public void awaitAlive(int count) {
        nodes.stream().filter(Node::isRunning).forEach(node -> awaitAlive(node, count));
    }

    /** As {@link #awaitAlive(int)}, in the eyes of one node: where another is paused, and would not answer. */
    public void awaitAlive(Node node, int count) {
        try (CqlSession session = newSessionInTime(node)) {
            await(node + " sees " + count + " nodes alive")
                    .atMost(LIMIT)
                    .pollDelay(Duration.ZERO)
                    .pollInterval(Duration.ofMillis(100))
                    .until(() -> aliveSeenBy(session, node) == count && (count < NODES || knowsAll(session)));
        }
    }

    /** A login reads the roles from a replica, which may be one that died and is not yet known to have. */
    private CqlSession newSessionInTime(Node node) {
        return await("a login at " + node)
                .atMost(LIMIT)
                .pollDelay(Duration.ZERO)
                .pollInterval(Duration.ofMillis(100))
                .ignoreException(AllNodesFailedException.class)
                .until(() -> newSession(node, null), CqlSession.class::isInstance);
    }

    /** Knows where the others serve clients, as drivers ask it, and all have the same schema. */
    private static boolean knowsAll(CqlSession session) {
        UUID own =
                session.execute("SELECT schema_version FROM system.local").one().getUuid("schema_version");
        List<Row> peers = session.execute("SELECT host_id, native_port, schema_version, tokens FROM system.peers_v2")
                .all();
        return peers.size() == NODES - 1
                && peers.stream()
                        .allMatch(peer -> peer.getUuid("host_id") != null
                                && !peer.isNull("native_port")
                                && !peer.isNull("tokens")
                                && own.equals(peer.getUuid("schema_version")));
    }

    private static int aliveSeenBy(CqlSession session, Node node) {
        SimpleStatement anyRow = SimpleStatement.builder("SELECT role FROM system_auth.roles WHERE role = ?")
                .addPositionalValue(node.user())
                .setConsistencyLevel(ConsistencyLevel.ALL)
                .build();
        try {
            session.execute(anyRow);
            return NODES;
        } catch (AllNodesFailedException e) {
            // the driver would have asked another coordinator, and this session has but one
            return e.getAllErrors().values().stream()
                    .flatMap(List::stream)
                    .filter(UnavailableException.class::isInstance)
                    .mapToInt(refusal -> ((UnavailableException) refusal).getAlive())
                    .findFirst()
                    .orElse(UNKNOWN);
        } catch (QueryExecutionException | DriverTimeoutException e) {
            // one is gone and not known to be
            return UNKNOWN;
        }
    }

    /**
     * Returns when all three nodes have the same schema: after each CREATE, ALTER or DROP on a ring. The driver looks at
     * the schema versions that one node has heard of, and believes that all agree when that node has not yet heard of a
     * change that another made.
     *
     * @throws org.awaitility.core.ConditionTimeoutException when that is not so within 90 s
     */
    public void awaitSchemaAgreement() {
        awaitAlive(NODES);
    }

    @Override
    public synchronized void close() {
        if (keyspaces != null) {
            keyspaces.close();
        }
        group.close();
    }
}
