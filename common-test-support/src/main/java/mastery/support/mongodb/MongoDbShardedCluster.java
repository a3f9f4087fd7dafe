package mastery.support.mongodb;

import com.mongodb.MongoClientSettings;
import com.mongodb.client.MongoClient;
import com.mongodb.client.MongoClients;
import com.mongodb.client.MongoDatabase;
import java.util.List;
import java.util.Map;
import mastery.support.server.Engine;
import mastery.support.server.Node;
import mastery.support.server.NodeGroup;
import mastery.support.server.NodeSpec;
import mastery.support.server.Passwords;
import mastery.support.server.Patience;
import mastery.support.server.SharedServers;
import mastery.support.server.Topology;
import org.bson.Document;

/** A sharded cluster: a router, a config server and two shards, each of them a replica set of one. */
public final class MongoDbShardedCluster implements Topology {

    private static final int NODES = 4;

    private final NodeGroup group;
    private final Node router;
    private final Node configServer;
    private final List<Node> shards;
    private final Databases databases;

    private MongoDbShardedCluster(NodeGroup group, Node router, Node configServer, List<Node> shards) {
        this.group = group;
        this.router = router;
        this.configServer = configServer;
        this.shards = List.copyOf(shards);
        this.databases = new Databases(
                MongoDbEndpoint.url(router.address()), () -> nodes().stream().allMatch(Node::isRunning));
    }

    /**
     * Starts four processes and returns when the router knows both shards, which are named {@code shard-1} and
     * {@code shard-2}.
     *
     * @throws mastery.support.server.ServerException if MongoDB cannot be had here
     */
    public static MongoDbShardedCluster start() {
        String password = Passwords.generate();
        NodeGroup group = SharedServers.group(Engine.MONGODB, NODES);
        try {
            List<Node> servers = group.startAll(List.of(
                    server("config", MongoDbRecipe.CONFIG_SERVER, password),
                    server("shard-1", MongoDbRecipe.SHARD, password),
                    server("shard-2", MongoDbRecipe.SHARD, password)));
            servers.parallelStream()
                    .forEach(node -> Setup.set(
                            node.name(), List.of(node.address()), node.name().equals("config")));
            Node configServer = servers.get(0);
            Node router = group.start(NodeSpec.member(
                    "router",
                    Map.of(
                            MongoDbRecipe.ROLE,
                            MongoDbRecipe.ROUTER,
                            MongoDbRecipe.SET,
                            "config/" + configServer.address()),
                    password));
            List<Node> shards = servers.subList(1, 3);
            addShards(router, shards);
            return new MongoDbShardedCluster(group, router, configServer, shards);
        } catch (RuntimeException e) {
            group.close();
            throw e;
        }
    }

    private static NodeSpec server(String name, String role, String password) {
        return NodeSpec.member(name, Map.of(MongoDbRecipe.ROLE, role, MongoDbRecipe.SET, name), password);
    }

    private static void addShards(Node router, List<Node> shards) {
        try (MongoClient client = MongoDbEndpoint.connect(router)) {
            MongoDatabase admin = client.getDatabase(MongoDbEndpoint.ADMIN);
            for (Node shard : shards) {
                admin.runCommand(
                        new Document("addShard", shard.name() + "/" + shard.address()).append("name", shard.name()));
            }
        }
    }

    /** The router, which clients talk to. */
    public Node router() {
        return router;
    }

    public Node configServer() {
        return configServer;
    }

    public List<Node> shards() {
        return shards;
    }

    @Override
    public List<Node> nodes() {
        return List.of(router, configServer, shards.get(0), shards.get(1));
    }

    /** Settings of a client of the router. */
    public MongoClientSettings.Builder settings() {
        return databases.settings();
    }

    /** A client of the router; the caller closes it. */
    public MongoClient newClient() {
        return MongoClients.create(settings().build());
    }

    /** A client of one node alone, to look at what a shard holds; the caller closes it. */
    public MongoClient newClient(Node node) {
        return MongoDbEndpoint.connect(node);
    }

    /** A database that holds nothing. Its collections are sharded by whoever wants it. */
    public MongoDbDatabase newDatabase() {
        return databases.newDatabase();
    }

    /**
     * Returns when the router gets an answer from every shard, such as after a node was started again.
     *
     * @throws org.awaitility.core.ConditionTimeoutException when that is not so in time and a half
     */
    public void awaitHealthy() {
        try (MongoClient client = MongoDbEndpoint.connect(router)) {
            Patience.until(
                    "the router reaches every shard",
                    Members::refused,
                    () -> client.getDatabase(MongoDbEndpoint.ADMIN)
                                    .runCommand(new Document("listDatabases", 1))
                                    .getDouble("ok")
                            == 1);
        }
    }

    @Override
    public void close() {
        databases.close();
        group.close();
    }
}
