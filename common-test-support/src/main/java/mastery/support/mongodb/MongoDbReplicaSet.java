package mastery.support.mongodb;

import com.mongodb.MongoClientSettings;
import com.mongodb.MongoException;
import com.mongodb.client.MongoClient;
import com.mongodb.client.MongoClients;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.stream.IntStream;
import mastery.support.server.Engine;
import mastery.support.server.Node;
import mastery.support.server.NodeGroup;
import mastery.support.server.NodeSpec;
import mastery.support.server.Passwords;
import mastery.support.server.Patience;
import mastery.support.server.SharedServers;
import mastery.support.server.Topology;
import org.bson.Document;

/** A replica set of three members, each of which may become the primary. */
public final class MongoDbReplicaSet implements Topology {

    /** The name of the set. */
    public static final String NAME = "rs";

    private static final int MEMBERS = 3;

    private final NodeGroup group;
    private final List<Node> nodes;
    private final Databases databases;
    private boolean reconfigured;

    private MongoDbReplicaSet(NodeGroup group, List<Node> nodes) {
        this.group = group;
        this.nodes = List.copyOf(nodes);
        this.databases = new Databases(
                MongoDbEndpoint.url(nodes, NAME), () -> primaryNow().isPresent());
    }

    /**
     * Starts three members and returns when one is the primary and the others have copied its data.
     *
     * @throws mastery.support.server.ServerException if MongoDB cannot be had here
     */
    public static MongoDbReplicaSet start() {
        return start(Map.of());
    }

    /**
     * The same with parameters of the server, by their own names.
     *
     * @throws mastery.support.server.ServerException if MongoDB cannot be had here
     */
    public static MongoDbReplicaSet start(Map<String, String> parameters) {
        String password = Passwords.generate();
        Map<String, String> settings = new TreeMap<>(parameters);
        settings.put(MongoDbRecipe.ROLE, MongoDbRecipe.MEMBER);
        settings.put(MongoDbRecipe.SET, NAME);
        NodeGroup group = SharedServers.group(Engine.MONGODB, MEMBERS);
        try {
            List<Node> started = group.startAll(IntStream.rangeClosed(1, MEMBERS)
                    .mapToObj(i -> NodeSpec.member("member-" + i, settings, password))
                    .toList());
            Setup.set(NAME, started.stream().map(Node::address).toList(), false);
            MongoDbReplicaSet set = new MongoDbReplicaSet(group, started);
            set.awaitHealthy();
            return set;
        } catch (RuntimeException e) {
            group.close();
            throw e;
        }
    }

    /** The members. Each may be the primary; see {@link #primary()}. */
    @Override
    public List<Node> nodes() {
        return nodes;
    }

    /** The member that accepts writes now; waits for an election that is going on. */
    public Node primary() {
        Patience.until(
                "the replica set has a primary",
                Members::refused,
                () -> primaryNow().isPresent());
        return primaryNow().orElseThrow();
    }

    /** The members that run and are not the primary. */
    public List<Node> secondaries() {
        Node primary = primary();
        return nodes.stream()
                .filter(node -> node != primary && node.isRunning())
                .toList();
    }

    private Optional<Node> primaryNow() {
        return nodes.stream()
                .filter(Node::isRunning)
                .filter(MongoDbReplicaSet::isPrimary)
                .findFirst();
    }

    private static boolean isPrimary(Node node) {
        try (MongoClient client = MongoDbEndpoint.connectBriefly(node)) {
            return Replication.isPrimary(
                    client.getDatabase(MongoDbEndpoint.ADMIN).runCommand(new Document("hello", 1)));
        } catch (MongoException e) {
            // Paused, or about to end.
            return false;
        }
    }

    /** What one member answers to a command of the administrator. */
    private static Document ask(Node node, Document command) {
        try (MongoClient client = MongoDbEndpoint.connect(node)) {
            return client.getDatabase(MongoDbEndpoint.ADMIN).runCommand(command);
        }
    }

    /**
     * Sets how long a primary must be missing until the others elect another; three seconds from the start. A proof that
     * pauses members and wants no election sets more.
     */
    public void electionTimeout(Duration limit) {
        reconfigured = true;
        Node primary = primary();
        Document configuration =
                ask(primary, new Document("replSetGetConfig", 1)).get("config", Document.class);
        configuration.put("version", configuration.getInteger("version") + 1);
        configuration.get("settings", Document.class).put("electionTimeoutMillis", Math.toIntExact(limit.toMillis()));
        ask(primary, new Document("replSetReconfig", configuration));
    }

    /** Settings of a client that finds the primary and follows it to another member. */
    public MongoClientSettings.Builder settings() {
        return databases.settings();
    }

    /** Such a client; the caller closes it. */
    public MongoClient newClient() {
        return MongoClients.create(settings().build());
    }

    /** A client of one member alone, whatever it is; the caller closes it. */
    public MongoClient newClient(Node node) {
        return MongoDbEndpoint.connect(node);
    }

    /** A database that holds nothing. */
    public MongoDbDatabase newDatabase() {
        return databases.newDatabase();
    }

    /**
     * Returns when there is a primary, every member that runs is the primary or a secondary of full vote, and each has applied
     * all that the primary had written at the time of the call.
     *
     * @throws org.awaitility.core.ConditionTimeoutException when that is not so in time and a half
     */
    public void awaitHealthy() {
        Replication.awaitCopies(
                primary(), (int) nodes.stream().filter(Node::isRunning).count());
    }

    /** Also true once it was configured otherwise: no other test expects that. */
    @Override
    public boolean isDisturbed() {
        return reconfigured || Topology.super.isDisturbed();
    }

    @Override
    public void close() {
        databases.close();
        group.close();
    }
}
