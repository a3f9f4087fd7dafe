package mastery.support.postgresql;

import java.nio.file.Path;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Properties;
import java.util.TreeMap;
import mastery.support.provision.SoughtProgram;
import mastery.support.provision.Version;
import mastery.support.server.Address;
import mastery.support.server.ContainerPlan;
import mastery.support.server.DebianPackages;
import mastery.support.server.Engine;
import mastery.support.server.Identity;
import mastery.support.server.NativeLaunch;
import mastery.support.server.Node;
import mastery.support.server.NodeSpec;
import mastery.support.server.ProgramSource;
import mastery.support.server.Recipe;
import mastery.support.server.ServerException;
import org.postgresql.Driver;
import org.postgresql.PGProperty;
import org.postgresql.ds.PGSimpleDataSource;

/** How a PostgreSQL node is configured, started, and known to be ready. */
public final class PostgreSqlRecipe implements Recipe {

    private static final int CONNECT_LIMIT_SECONDS = 8;

    /** Of pg_basebackup; {@code --write-recovery-conf} makes the copy follow the server. */
    private static final List<String> COPYING =
            List.of("--write-recovery-conf", "--create-slot", "--wal-method=stream", "--checkpoint=fast", "--no-sync");

    @Override
    public Engine engine() {
        return Engine.POSTGRESQL;
    }

    @Override
    public Optional<SoughtProgram> sought() {
        return Optional.of(SoughtProgram.postgresql(Version.of(engine().minimumVersion())));
    }

    @Override
    public List<String> companions() {
        return List.of("initdb", "pg_basebackup");
    }

    @Override
    public ProgramSource programs() {
        return new DebianPackages(engine(), "sid", List.of("postgresql-18"), "usr/lib/postgresql/18/bin");
    }

    @Override
    public String administrator() {
        return "postgres";
    }

    @Override
    public Address parseUrl(String url) {
        Properties properties = url.startsWith("jdbc:postgresql:") ? Driver.parseURL(url, new Properties()) : null;
        if (properties == null) {
            throw new ServerException("'" + url + "' is not a PostgreSQL URL. An example:"
                    + " jdbc:postgresql://127.0.0.1:5432/postgres?user=postgres&password=...");
        }
        Map<String, String> parameters = new TreeMap<>();
        properties.stringPropertyNames().forEach(name -> parameters.put(name, properties.getProperty(name)));
        String host = parameters.remove(PGProperty.PG_HOST.getName());
        String port = parameters.remove(PGProperty.PG_PORT.getName());
        String user = parameters.remove(PGProperty.USER.getName());
        String password = parameters.remove(PGProperty.PASSWORD.getName());
        parameters.remove(PGProperty.PG_DBNAME.getName());
        return new Address(
                host,
                Integer.parseInt(port),
                Optional.ofNullable(user).orElse(administrator()),
                Optional.ofNullable(password).orElse(""),
                parameters);
    }

    @Override
    public String url(Address address) {
        return "jdbc:postgresql://" + address.host() + ":" + address.port() + "/postgres?user=" + address.user()
                + "&password=" + address.password();
    }

    @Override
    public Identity identify(Address address) throws SQLException {
        try (Connection connection = dataSource(address, "postgres").getConnection();
                Statement statement = connection.createStatement();
                ResultSet row = statement.executeQuery("SELECT current_setting('server_version'), version()")) {
            row.next();
            return new Identity(row.getString(1).split(" ")[0], row.getString(2));
        }
    }

    /** A plain, unpooled data source of one database. */
    static PGSimpleDataSource dataSource(Address address, String database) {
        PGSimpleDataSource dataSource = new PGSimpleDataSource();
        try {
            for (Map.Entry<String, String> parameter : address.parameters().entrySet()) {
                dataSource.setProperty(parameter.getKey(), parameter.getValue());
            }
        } catch (SQLException e) {
            throw new ServerException(
                    "A parameter of the PostgreSQL URL is not known to the driver: " + e.getMessage(), e);
        }
        dataSource.setServerNames(new String[] {address.host()});
        dataSource.setPortNumbers(new int[] {address.port()});
        dataSource.setUser(address.user());
        dataSource.setPassword(address.password());
        dataSource.setDatabaseName(database);
        dataSource.setConnectTimeout(CONNECT_LIMIT_SECONDS);
        dataSource.setLoginTimeout(CONNECT_LIMIT_SECONDS);
        dataSource.setApplicationName("database-mastery");
        return dataSource;
    }

    @Override
    public void initialise(NativeLaunch launch) {
        launch.spec().upstream().ifPresentOrElse(upstream -> copy(launch, upstream), () -> initdb(launch));
    }

    private static void initdb(NativeLaunch launch) {
        String password = launch.writeSecret("password", launch.address().password() + "\n")
                .toString();
        launch.run(List.of(
                launch.programs().path("initdb"),
                "--pgdata=" + launch.data(),
                "--username=" + launch.address().user(),
                "--pwfile=" + password,
                "--auth=scram-sha-256",
                "--encoding=UTF8",
                "--locale=C.UTF-8",
                "--no-sync",
                "--no-instructions"));
    }

    /** Copies a running server. */
    private static void copy(NativeLaunch launch, Node upstream) {
        String passwords = launch.writeSecret("pgpass", "*:*:*:" + upstream.user() + ":" + upstream.password() + "\n")
                .toString();
        List<String> command = new ArrayList<>(List.of(
                launch.programs().path("pg_basebackup"),
                "--pgdata=" + launch.data(),
                "--dbname=" + connection(upstream, slot(launch.spec())) + " passfile=" + passwords,
                "--slot=" + slot(launch.spec())));
        command.addAll(COPYING);
        launch.run(command);
    }

    private static String connection(Node upstream, String application) {
        return "host=" + upstream.host() + " port=" + upstream.port() + " user=" + upstream.user()
                + " application_name=" + application;
    }

    private static String slot(NodeSpec replica) {
        return replica.name().replace('-', '_');
    }

    @Override
    public List<String> command(NativeLaunch launch) {
        List<String> command = new ArrayList<>(
                List.of(launch.programs().path("postgres"), "-D", launch.data().toString()));
        command.addAll(options(
                launch.address(),
                launch.spec(),
                Map.of(
                        "listen_addresses", "127.0.0.1",
                        // No socket file: the fixtures connect by TCP, as an application does.
                        "unix_socket_directories", "")));
        return command;
    }

    private static List<String> options(Address address, NodeSpec spec, Map<String, String> own) {
        Map<String, String> settings = new TreeMap<>(Map.of(
                // Throw-away data: examples about durability turn it on again.
                "fsync", "off",
                "wal_level", "logical",
                "max_connections", "120",
                // Shared memory that vanishes with its files, even when the server is killed; a container has little of
                // the other kinds.
                "dynamic_shared_memory_type", "mmap",
                "shared_buffers", "64MB",
                "max_wal_size", "256MB",
                "log_checkpoints", "off",
                // Loaded at start only, so every node has it.
                "shared_preload_libraries", "pg_stat_statements"));
        settings.putAll(own);
        settings.putAll(spec.settings());
        List<String> options = new ArrayList<>(List.of("-p", Integer.toString(address.port())));
        settings.forEach((name, value) -> options.addAll(List.of("-c", name + "=" + value)));
        return options;
    }

    /** Fast shutdown: SIGTERM would wait until every client has gone (manual, "Shutting Down the Server"). */
    @Override
    public String stopSignal() {
        return "INT";
    }

    /** Immediate shutdown releases the shared memory segment that SIGKILL would leave in the kernel. */
    @Override
    public String disposeSignal() {
        return "QUIT";
    }

    @Override
    public void releaseLeftovers(Path directory) {
        LeftSegment.remove(directory.resolve(NativeLaunch.DATA));
    }

    /** A replica is a copy that is made before the image's entrypoint looks for data: it finds some, and only starts it. */
    @Override
    public ContainerPlan container(Address address, NodeSpec spec) {
        Map<String, String> environment = new TreeMap<>(Map.of(
                "POSTGRES_PASSWORD",
                address.password(),
                // The locale of the native server: text sorts the same way.
                "POSTGRES_INITDB_ARGS",
                "--encoding=UTF8 --locale=C.UTF-8 --no-sync"));
        List<String> server = new ArrayList<>(List.of("postgres"));
        server.addAll(options(address, spec, Map.of("listen_addresses", "*")));
        if (spec.upstream().isEmpty()) {
            return new ContainerPlan(environment, server);
        }
        Node upstream = spec.upstream().get();
        environment.put("PGPASSWORD", upstream.password());
        environment.put("MASTERY_SLOT", slot(spec));
        environment.put("MASTERY_UPSTREAM", connection(upstream, slot(spec)));
        String start = """
                if [ ! -s "$PGDATA/PG_VERSION" ]; then
                    mkdir -p "$PGDATA" && chown postgres "$PGDATA" && chmod 700 "$PGDATA" &&
                    setpriv --reuid=postgres --regid=postgres --clear-groups \\
                        pg_basebackup --pgdata="$PGDATA" --dbname="$MASTERY_UPSTREAM" --slot="$MASTERY_SLOT" %s || exit
                fi
                exec docker-entrypoint.sh "$@"
                """.formatted(String.join(" ", COPYING));
        List<String> arguments = new ArrayList<>(List.of("sh", "-c", start, "sh"));
        arguments.addAll(server);
        return new ContainerPlan(environment, arguments);
    }
}
