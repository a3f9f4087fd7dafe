package mastery.support.mongodb;

import com.mongodb.ConnectionString;
import com.mongodb.MongoClientSettings;
import com.mongodb.MongoCommandException;
import com.mongodb.MongoException;
import com.mongodb.MongoSecurityException;
import com.mongodb.MongoTimeoutException;
import com.mongodb.ServerAddress;
import com.mongodb.client.MongoClient;
import com.mongodb.client.MongoClients;
import com.mongodb.client.MongoDatabase;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.concurrent.TimeUnit;
import mastery.support.provision.SoughtProgram;
import mastery.support.provision.Version;
import mastery.support.server.Address;
import mastery.support.server.ContainerPlan;
import mastery.support.server.Engine;
import mastery.support.server.Identity;
import mastery.support.server.NativeLaunch;
import mastery.support.server.NodeSpec;
import mastery.support.server.ProgramSource;
import mastery.support.server.Recipe;
import mastery.support.server.ServerException;
import org.bson.Document;

/**
 * How a MongoDB node is configured, started, and known to be ready. A node on its own is a replica set of one, which
 * transactions and change streams need.
 */
public final class MongoDbRecipe implements Recipe {

    /** A setting for the recipe, not the server: one of the roles below; a node on its own without it. */
    static final String ROLE = "mastery.role";

    /** A member of a replica set, of which the topology makes one. */
    static final String MEMBER = "member";

    static final String CONFIG_SERVER = "config";
    static final String SHARD = "shard";
    static final String ROUTER = "router";

    /** A setting for the recipe: the name of the replica set; for a router, that of the config servers with their address. */
    static final String SET = "mastery.set";

    /** The name of the replica set of a node on its own. */
    static final String SINGLE_SET = "rs0";

    private static final String KEY_FILE = "key";
    private static final String KEY_IN_CONTAINER = "/tmp/mastery-key";
    private static final long MEGABYTE = 1_000_000;
    private static final long LEAST_ROOM = 700;
    private static final int CONNECT_LIMIT_MILLIS = 2_000;
    private static final int ANSWER_LIMIT_SECONDS = 5;

    @Override
    public Engine engine() {
        return Engine.MONGODB;
    }

    @Override
    public Optional<SoughtProgram> sought() {
        return Optional.of(SoughtProgram.mongodb(Version.of(engine().minimumVersion())));
    }

    @Override
    public ProgramSource programs() {
        return new MongoDbPrograms();
    }

    @Override
    public String administrator() {
        return "root";
    }

    @Override
    public Address parseUrl(String url) {
        try {
            ConnectionString parsed = new ConnectionString(url);
            ServerAddress first = new ServerAddress(parsed.getHosts().get(0));
            String password = parsed.getPassword() == null ? "" : new String(parsed.getPassword());
            String user = parsed.getUsername() == null ? "" : parsed.getUsername();
            return new Address(first.getHost(), first.getPort(), user, password, Map.of(MongoDbEndpoint.URL, url));
        } catch (IllegalArgumentException | MongoException e) {
            throw new ServerException("'" + url + "' is not a MongoDB URL (" + e.getMessage()
                    + "). An example: mongodb://root:password@127.0.0.1:27017/?replicaSet=rs0");
        }
    }

    @Override
    public String url(Address address) {
        return MongoDbEndpoint.url(address);
    }

    @Override
    public Identity identify(Address address) throws IOException {
        String url = url(address);
        if (new ConnectionString(url).getHosts().size() == 1 && !url.startsWith("mongodb+srv:")) {
            requireListening(address);
        }
        return ask(MongoDbEndpoint.settings(url), true);
    }

    /**
     * Without a user: the first is made by {@link Setup}. A router has the users of its config servers.
     */
    @Override
    public Identity identifyNew(Address address, NodeSpec spec) throws IOException {
        if (isRouter(spec)) {
            return identify(address);
        }
        requireListening(address);
        return ask(MongoDbEndpoint.ofMember(address), false);
    }

    /** Refused at once while nobody listens; the driver would try again and again until its limit. */
    private static void requireListening(Address address) throws IOException {
        try (Socket socket = new Socket()) {
            socket.connect(new InetSocketAddress(address.host(), address.port()), CONNECT_LIMIT_MILLIS);
        }
    }

    private static Identity ask(MongoClientSettings.Builder settings, boolean ready) {
        try (MongoClient client = MongoClients.create(settings.applyToClusterSettings(
                        cluster -> cluster.serverSelectionTimeout(ANSWER_LIMIT_SECONDS, TimeUnit.SECONDS))
                .applyToSocketSettings(socket -> socket.connectTimeout(ANSWER_LIMIT_SECONDS, TimeUnit.SECONDS)
                        .readTimeout(ANSWER_LIMIT_SECONDS, TimeUnit.SECONDS))
                .build())) {
            MongoDatabase admin = client.getDatabase(MongoDbEndpoint.ADMIN);
            Document build = admin.runCommand(new Document("buildInfo", 1));
            if (ready) {
                // This one is refused without a user, and where the data cannot be read yet.
                admin.runCommand(new Document("listDatabases", 1).append("nameOnly", true));
                Replication.requireUsable(admin.runCommand(new Document("hello", 1)));
            }
            String version = build.getString("version");
            return new Identity(version, "MongoDB " + version + " " + build.get("gitVersion", ""));
        } catch (MongoSecurityException e) {
            throw new MongoException("user and password are refused: " + root(e));
        } catch (MongoCommandException e) {
            // Without the whole answer, which the driver's message adds.
            throw new MongoException(e.getErrorCode(), e.getErrorMessage());
        } catch (MongoTimeoutException e) {
            throw new MongoException("no answer within " + ANSWER_LIMIT_SECONDS + " s");
        }
    }

    private static String root(Throwable e) {
        Throwable root = e;
        while (root.getCause() != null) {
            root = root.getCause();
        }
        return String.valueOf(root.getMessage());
    }

    @Override
    public void initialise(NativeLaunch launch) {
        requireRoom(launch.directory());
        // One secret for a topology: who has the administrator's password may do what a member may.
        launch.writeSecret(KEY_FILE, launch.address().password() + "\n");
        if (!isRouter(launch.spec())) {
            launch.run(List.of("mkdir", launch.data().toString()));
        }
    }

    /** The server builds no index with less than 500 MB free, and with little more its journal fills the disk. */
    private static void requireRoom(Path directory) {
        try {
            long free = Files.getFileStore(directory).getUsableSpace() / MEGABYTE;
            if (free < LEAST_ROOM) {
                throw new ServerException("A MongoDB node needs " + LEAST_ROOM + " MB of free space below " + directory
                        + ", where there are " + free + ". Free some space, or name another place with"
                        + " -Djava.io.tmpdir=DIRECTORY.");
            }
        } catch (IOException e) {
            throw new UncheckedIOException("cannot ask for the free space of " + directory, e);
        }
    }

    private static boolean isRouter(NodeSpec spec) {
        return ROUTER.equals(role(spec));
    }

    private static String role(NodeSpec spec) {
        return spec.settings().getOrDefault(ROLE, "");
    }

    @Override
    public List<String> command(NativeLaunch launch) {
        NodeSpec spec = launch.spec();
        List<String> command = new ArrayList<>();
        if (isRouter(spec)) {
            command.add(mongos(launch));
        } else {
            command.addAll(List.of(
                    launch.programs().path("mongod"), "--dbpath", launch.data().toString()));
        }
        command.addAll(List.of("--bind_ip", launch.address().host(), "--nounixsocket"));
        command.addAll(List.of("--keyFile", launch.directory().resolve(KEY_FILE).toString()));
        command.addAll(options(launch.address(), spec));
        return command;
    }

    private static List<String> options(Address address, NodeSpec spec) {
        Map<String, String> parameters = new TreeMap<>(spec.settings());
        parameters.remove(ROLE);
        String set = Optional.ofNullable(parameters.remove(SET)).orElse(SINGLE_SET);
        parameters.putIfAbsent("diagnosticDataCollectionEnabled", "false");
        // A node that is asked to end does not wait for clients to move to another.
        String wait = isRouter(spec)
                ? "mongosShutdownTimeoutMillisForSignaledShutdown"
                : "shutdownTimeoutMillisForSignaledShutdown";
        parameters.putIfAbsent(wait, "100");
        List<String> options = new ArrayList<>(List.of("--port", Integer.toString(address.port())));
        if (isRouter(spec)) {
            options.addAll(List.of("--configdb", set));
        } else {
            options.addAll(List.of("--replSet", set, "--oplogSize", "64", "--wiredTigerCacheSizeGB", "0.25"));
            // Dropping a database waits for the journal, by default 100 ms.
            options.addAll(List.of("--journalCommitInterval", "5"));
            // A random password of 144 bits is as hard to guess without the default of 15000 rounds for each
            // connection.
            parameters.putIfAbsent("scramSHA256IterationCount", "5000");
            // A document that has expired goes within a second, not a minute.
            parameters.putIfAbsent("ttlMonitorSleepSecs", "1");
        }
        switch (role(spec)) {
            case CONFIG_SERVER -> options.add("--configsvr");
            case SHARD -> options.add("--shardsvr");
            default -> {}
        }
        options.addAll(List.of("--networkMessageCompressors", "disabled", "--quiet"));
        parameters.forEach((name, value) -> options.addAll(List.of("--setParameter", name + "=" + value)));
        return options;
    }

    private static String mongos(NativeLaunch launch) {
        Path mongos = launch.programs().directory().resolve("mongos");
        if (!Files.isExecutable(mongos)) {
            throw new ServerException("A sharded cluster of MongoDB needs mongos, and there is none beside "
                    + launch.programs().path("mongod") + ". Install it there, or name another installation with"
                    + " -Dmastery.mongodb.home=DIRECTORY.");
        }
        return mongos.toString();
    }

    @Override
    public void prepare(Address address, NodeSpec spec) {
        if (role(spec).isEmpty()) {
            Setup.single(address);
        }
    }

    @Override
    public List<String> telling(List<String> log) {
        return ServerLog.errors(log);
    }

    /**
     * The key comes by the environment, where no list of processes shows it. The image's own variables for a first user stay
     * unset: with them it starts its server twice, and the members of a set that has yet to be made must have no data.
     */
    @Override
    public ContainerPlan container(Address address, NodeSpec spec) {
        String start = """
                umask 077
                printf '%%s\\n' "$MASTERY_KEY" > %1$s && chown mongodb %1$s || exit
                exec docker-entrypoint.sh "$@"
                """.formatted(KEY_IN_CONTAINER);
        List<String> arguments =
                new ArrayList<>(List.of("sh", "-c", start, "sh", isRouter(spec) ? "mongos" : "mongod"));
        arguments.addAll(List.of("--bind_ip_all", "--keyFile", KEY_IN_CONTAINER));
        arguments.addAll(options(address, spec));
        return new ContainerPlan(Map.of("MASTERY_KEY", address.password()), arguments);
    }
}
