package mastery.support.cassandra;

import com.datastax.oss.driver.api.core.AllNodesFailedException;
import com.datastax.oss.driver.api.core.CqlSession;
import com.datastax.oss.driver.api.core.auth.AuthenticationException;
import com.datastax.oss.driver.api.core.cql.Row;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.net.URI;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import mastery.support.provision.JavaHomes;
import mastery.support.provision.SoughtProgram;
import mastery.support.server.Address;
import mastery.support.server.ContainerPlan;
import mastery.support.server.Engine;
import mastery.support.server.FreeMemory;
import mastery.support.server.Identity;
import mastery.support.server.NativeLaunch;
import mastery.support.server.NodeSpec;
import mastery.support.server.Ports;
import mastery.support.server.ProgramSource;
import mastery.support.server.Recipe;
import mastery.support.server.ServerException;

/** How a Cassandra node is configured, started, and known to be ready. */
public final class CassandraRecipe implements Recipe {

    /** The role that every new cluster has, with its name as the password. */
    private static final String DEFAULT_ROLE = "cassandra";

    private static final int PORT = 9042;
    private static final int CONNECT_LIMIT_MILLIS = 3_000;

    /** Less than this, and the node dies or the machine swaps. */
    private static final long MEMORY_OF_A_NODE = 400L << 20;

    /** Of nodes made here whose cluster may still have the default role. */
    private static final Set<String> NEW_PASSWORDS = ConcurrentHashMap.newKeySet();

    @Override
    public Engine engine() {
        return Engine.CASSANDRA;
    }

    @Override
    public Optional<SoughtProgram> sought() {
        return Optional.empty();
    }

    @Override
    public ProgramSource programs() {
        return new CassandraJars(JavaHomes.ofThisMachine());
    }

    @Override
    public String administrator() {
        return "mastery";
    }

    @Override
    public Address parseUrl(String url) {
        try {
            URI uri = URI.create(url);
            if ("cassandra".equals(uri.getScheme()) && uri.getHost() != null) {
                String[] login = uri.getUserInfo() == null
                        ? new String[0]
                        : uri.getUserInfo().split(":", 2);
                return new Address(
                        uri.getHost(),
                        uri.getPort() < 0 ? PORT : uri.getPort(),
                        login.length > 0 ? login[0] : "",
                        login.length > 1 ? login[1] : "",
                        Map.of());
            }
        } catch (IllegalArgumentException e) {
            throw notAUrl(url);
        }
        throw notAUrl(url);
    }

    private static ServerException notAUrl(String url) {
        return new ServerException(
                "'" + url + "' is not a Cassandra URL. An example: cassandra://cassandra:password@127.0.0.1:9042");
    }

    @Override
    public String url(Address address) {
        return "cassandra://" + address.user() + ":" + address.password() + "@" + address.host() + ":" + address.port();
    }

    @Override
    public Identity identify(Address address) throws Exception {
        // a session costs far more than to be refused at the door
        try (Socket socket = new Socket()) {
            socket.connect(new InetSocketAddress(address.host(), address.port()), CONNECT_LIMIT_MILLIS);
        }
        boolean isNew = NEW_PASSWORDS.contains(address.password());
        if (isNew) {
            createRole(address);
        }
        try (CqlSession session = CassandraSessions.plain(address, address.user(), address.password())) {
            if (isNew) {
                session.execute("DROP ROLE IF EXISTS " + DEFAULT_ROLE);
                NEW_PASSWORDS.remove(address.password());
            }
            Row local = session.execute("SELECT release_version, cql_version, partitioner FROM system.local")
                    .one();
            String version = local.getString("release_version");
            return new Identity(
                    version,
                    "Apache Cassandra " + version + ", CQL " + local.getString("cql_version") + ", "
                            + local.getString("partitioner").replaceFirst(".*\\.", ""));
        } catch (AllNodesFailedException e) {
            throw new IOException(reason(e), e);
        }
    }

    /** Once for a cluster: its other nodes have the role then, and no default role any more. */
    private void createRole(Address address) {
        try (CqlSession session = CassandraSessions.plain(address, DEFAULT_ROLE, DEFAULT_ROLE)) {
            // a role's password cannot be bound; this one is of letters and digits
            session.execute("CREATE ROLE IF NOT EXISTS " + administrator() + " WITH SUPERUSER = true AND LOGIN = true"
                    + " AND PASSWORD = '" + address.password() + "'");
        } catch (AllNodesFailedException e) {
            // not made yet, or dropped already: then its own role can enter
            if (!(cause(e) instanceof AuthenticationException)) {
                throw e;
            }
        }
    }

    /** What the server said, without the driver's list of nodes and stack traces around it. */
    private static String reason(AllNodesFailedException e) {
        return String.valueOf(cause(e).getMessage());
    }

    private static Throwable cause(AllNodesFailedException e) {
        return e.getAllErrors().values().stream()
                .flatMap(List::stream)
                .findFirst()
                .orElse(e);
    }

    @Override
    public void initialise(NativeLaunch launch) {
        FreeMemory.require(engine(), launch.spec(), MEMORY_OF_A_NODE);
        Optional<Path> archive = CassandraArchive.of(launch, file -> train(launch, file));
        write(launch, launch.directory(), "", archive, List.of());
        NEW_PASSWORDS.add(launch.address().password());
    }

    /** A node that starts, writes the archive as it ends, and is thrown away. */
    private static void train(NativeLaunch launch, Path archive) {
        Path data = launch.directory().resolve("training");
        write(launch, data, "training-", Optional.empty(), List.of("-XX:ArchiveClassesAtExit=" + archive));
        launch.runUntil(
                List.of(
                        launch.programs().path("java"),
                        "@" + launch.directory().resolve("training-" + CassandraSettings.ARGUMENTS)),
                CassandraSettings.LISTENING);
        launch.run(List.of("rm", "-rf", data.toString()));
    }

    private static void write(
            NativeLaunch launch, Path data, String prefix, Optional<Path> archive, List<String> options) {
        boolean real = prefix.isEmpty();
        Address address = real ? launch.address() : Address.loopback(Ports.free(), "", "");
        NodeSpec spec = real ? launch.spec() : NodeSpec.single();
        CassandraSettings settings = new CassandraSettings(address, spec, data);
        Path yaml = launch.writeSecret(prefix + CassandraSettings.YAML, settings.yaml(Ports.free()));
        Path logback = launch.writeSecret(prefix + CassandraSettings.LOGBACK, CassandraSettings.logback());
        launch.writeSecret(
                prefix + CassandraSettings.ARGUMENTS,
                settings.arguments(launch.programs(), yaml, logback, archive, options));
    }

    @Override
    public List<String> command(NativeLaunch launch) {
        return List.of(launch.programs().path("java"), "@" + launch.directory().resolve(CassandraSettings.ARGUMENTS));
    }

    /**
     * The image has variables for few settings, so the whole configuration comes by one of ours; what its entrypoint then
     * sets in it is told to it the same. The password never stands there: it is set over the first connection.
     */
    @Override
    public ContainerPlan container(Address address, NodeSpec spec) {
        NEW_PASSWORDS.add(address.password());
        CassandraSettings settings = new CassandraSettings(address, spec, Path.of("."));
        int storagePort = Optional.ofNullable(spec.settings().get(CassandraSettings.STORAGE_PORT))
                .map(Integer::valueOf)
                .orElseGet(Ports::free);
        List<String> options = new ArrayList<>(settings.properties());
        options.add("-XX:TieredStopAtLevel=1");
        // nodes that share a network cannot all have the image's own port
        options.add("-Dcassandra.jmx.local.port=" + Ports.free());
        return new ContainerPlan(
                Map.of(
                        "MASTERY_CASSANDRA_YAML",
                        settings.yaml(storagePort, "0.0.0.0"),
                        "CASSANDRA_LISTEN_ADDRESS",
                        address.host(),
                        "CASSANDRA_SEEDS",
                        settings.seeds(storagePort),
                        "MAX_HEAP_SIZE",
                        "256M",
                        "HEAP_NEWSIZE",
                        "64M",
                        "JVM_EXTRA_OPTS",
                        String.join(" ", options)),
                List.of("sh", "-c", """
                        printf '%s' "$MASTERY_CASSANDRA_YAML" > "$CASSANDRA_CONF/cassandra.yaml" || exit
                        exec docker-entrypoint.sh cassandra -f
                        """));
    }
}
