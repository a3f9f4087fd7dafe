package mastery.support.cassandra;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Collectors;
import mastery.support.server.Address;
import mastery.support.server.NodeSpec;
import mastery.support.server.Programs;

/**
 * The configuration of a node that is thrown away: a small memory, no waiting for nodes that are not there, a login with
 * a password.
 *
 * <p>Source: Cassandra documentation, "cassandra.yaml file configuration"; {@code conf/jvm17-server.options} of its
 * distribution.
 */
final class CassandraSettings {

    /** Where the nodes of a ring speak to each other; a free port without it. */
    static final String STORAGE_PORT = "storage_port";

    /** {@code host:port} of the nodes that a new one asks first, with commas between them; itself without it. */
    static final String SEEDS = "mastery.seeds";

    /** On how many nodes the passwords lie; 1 without it. */
    static final String AUTH_REPLICAS = "mastery.auth-replicas";

    static final String YAML = "cassandra.yaml";
    static final String LOGBACK = "logback.xml";
    static final String ARGUMENTS = "java.args";

    /** What the log says when clients are served. */
    static final String LISTENING = "Starting listening for CQL clients";

    private static final List<String> JVM = List.of(
            "-Xms192m",
            "-Xmx256m",
            "-Xss512k",
            "-XX:MaxDirectMemorySize=128m",
            "-XX:+UseSerialGC",
            "-XX:TieredStopAtLevel=1",
            "-XX:+PerfDisableSharedMem",
            "-XX:+ExitOnOutOfMemoryError",
            "-Xlog:disable",
            "-Xlog:all=error:stderr",
            "-Djava.net.preferIPv4Stack=true",
            "-Djdk.attach.allowAttachSelf=true",
            "-Dio.netty.tryReflectionSetAccessible=true",
            "-Dcassandra-foreground=yes");

    private static final List<String> PROPERTIES = List.of(
            // a ring of nodes that start together needs no time to settle
            "-Dcassandra.ring_delay_ms=1000",
            "-Dcassandra.skip_wait_for_gossip_to_settle=0",
            "-Dcassandra.consistent.rangemovement=false",
            "-Dcassandra.superuser_setup_delay_ms=0",
            "-Dcassandra.shutdown_announce_in_ms=300",
            // the password is random already
            "-Dcassandra.auth_bcrypt_gensalt_log2_rounds=4");

    /** Packages of the JDK that Cassandra looks into: those of its own start script. */
    private static final List<String> EXPORTED = List.of(
            "java.base/jdk.internal.misc",
            "java.management.rmi/com.sun.jmx.remote.internal.rmi",
            "java.rmi/sun.rmi.registry",
            "java.rmi/sun.rmi.server",
            "java.sql/java.sql",
            "java.base/jdk.internal.ref",
            "java.base/sun.nio.ch",
            "jdk.unsupported/sun.misc");

    private static final List<String> OPENED = List.of(
            "java.base/java.lang.module",
            "java.base/jdk.internal.loader",
            "java.base/jdk.internal.ref",
            "java.base/jdk.internal.reflect",
            "java.base/jdk.internal.math",
            "java.base/jdk.internal.module",
            "java.base/jdk.internal.util.jar",
            "jdk.management/com.sun.management.internal",
            "java.base/sun.nio.ch",
            "java.base/java.io",
            "java.base/java.lang",
            "java.base/java.lang.reflect",
            "java.base/java.util",
            "java.base/java.util.concurrent",
            "java.base/java.util.concurrent.atomic",
            "java.base/java.nio",
            "java.base/java.net",
            "java.rmi/sun.rmi.transport.tcp");

    private static final String LOGBACK_XML = """
            <configuration>
              <appender name="out" class="ch.qos.logback.core.ConsoleAppender">
                <encoder><pattern>%d{HH:mm:ss.SSS} %-5level %logger{0}: %msg%n%ex{4}</pattern></encoder>
              </appender>
              <logger name="org.apache.cassandra.transport" level="INFO"/>
              <root level="WARN"><appender-ref ref="out"/></root>
            </configuration>
            """;

    private final Address address;
    private final NodeSpec spec;
    private final Path directory;

    /** @param directory all that the node writes lies below it */
    CassandraSettings(Address address, NodeSpec spec, Path directory) {
        this.address = address;
        this.spec = spec;
        this.directory = directory;
    }

    /**
     * The text of cassandra.yaml.
     *
     * @param storagePort a free port, for a node that has none named
     */
    String yaml(int storagePort) {
        return yaml(storagePort, address.host());
    }

    /**
     * The text of cassandra.yaml for a node that serves clients on another address than theirs.
     *
     * @param listened where it listens for clients
     */
    String yaml(int storagePort, String listened) {
        Map<String, String> settings = new LinkedHashMap<>();
        settings.put("cluster_name", "mastery");
        settings.put("partitioner", "org.apache.cassandra.dht.Murmur3Partitioner");
        settings.put("endpoint_snitch", "SimpleSnitch");
        settings.put("num_tokens", "4");
        settings.put("auto_bootstrap", "false");
        settings.put("listen_address", address.host());
        settings.put("rpc_address", listened);
        settings.put("broadcast_rpc_address", address.host());
        settings.put("storage_port", Integer.toString(storagePort));
        settings.put("native_transport_port", Integer.toString(address.port()));
        settings.put("native_transport_max_threads", "16");
        settings.put("authenticator", "PasswordAuthenticator");
        // a login asks the table each time: a role that was not there before is seen at once
        settings.put("credentials_validity", "0ms");
        // a role is read once, else reading it stands in the trace of other requests
        settings.put("roles_validity", "24h");
        // a client that comes while nodes are down may enter, and no node is without the role
        settings.put("auth_read_consistency_level", "ONE");
        settings.put("auth_write_consistency_level", "ALL");
        settings.put("commitlog_sync", "periodic");
        settings.put("commitlog_sync_period", "1000ms");
        settings.put("commitlog_segment_size", "8MiB");
        settings.put("commitlog_total_space", "128MiB");
        settings.put("memtable_heap_space", "64MiB");
        settings.put("memtable_offheap_space", "64MiB");
        settings.put("file_cache_size", "32MiB");
        settings.put("key_cache_size", "4MiB");
        settings.put("counter_cache_size", "2MiB");
        settings.put("networking_cache_size", "32MiB");
        settings.put("concurrent_reads", "8");
        settings.put("concurrent_writes", "8");
        settings.put("concurrent_counter_writes", "8");
        settings.put("phi_convict_threshold", "5");
        settings.put("write_request_timeout", "2000ms");
        settings.put("hints_flush_period", "1000ms");
        settings.put("auto_snapshot", "false");
        settings.put("materialized_views_enabled", "true");
        settings.put("user_defined_functions_enabled", "true");
        spec.settings().forEach((name, value) -> {
            if (!name.startsWith("mastery.")) {
                settings.put(name, value);
            }
        });
        return settings.entrySet().stream()
                        .map(setting -> setting.getKey() + ": " + setting.getValue() + "\n")
                        .collect(Collectors.joining())
                + """
                seed_provider:
                  - class_name: org.apache.cassandra.locator.SimpleSeedProvider
                    parameters:
                      - seeds: "%s"
                """.formatted(seeds(Integer.parseInt(settings.get(STORAGE_PORT))));
    }

    /** The nodes to ask first, or the node itself. */
    String seeds(int storagePort) {
        return spec.settings().getOrDefault(SEEDS, address.host() + ":" + storagePort);
    }

    static String logback() {
        return LOGBACK_XML;
    }

    /**
     * The text of the file of arguments for the java command.
     *
     * @param archive the classes to start from
     * @param more options of this start alone
     */
    String arguments(Programs programs, Path yaml, Path logback, Optional<Path> archive, List<String> more) {
        List<String> arguments = new ArrayList<>(JVM);
        arguments.addAll(properties());
        EXPORTED.forEach(name -> arguments.add("--add-exports=" + name + "=ALL-UNNAMED"));
        OPENED.forEach(name -> arguments.add("--add-opens=" + name + "=ALL-UNNAMED"));
        archive.ifPresent(file -> arguments.add("-XX:SharedArchiveFile=" + file));
        arguments.addAll(more);
        arguments.add("-XX:ErrorFile=" + directory.resolve("crash.log"));
        arguments.add("-Dcassandra.config=" + yaml.toUri());
        arguments.add("-Dcassandra.storagedir=" + directory);
        arguments.add("-Dlogback.configurationFile=" + logback);
        arguments.add("-Djna.tmpdir=" + directory);
        arguments.add("-Djava.io.tmpdir=" + directory);
        arguments.addAll(List.of("-cp", CassandraJars.classPath(programs)));
        arguments.add("org.apache.cassandra.service.CassandraDaemon");
        return arguments.stream().map(CassandraSettings::quoted).collect(Collectors.joining("\n", "", "\n"));
    }

    /** The system properties of a node, wherever it runs. */
    List<String> properties() {
        List<String> properties = new ArrayList<>(PROPERTIES);
        properties.add("-Dcassandra.system_auth.default_rf=" + spec.settings().getOrDefault(AUTH_REPLICAS, "1"));
        return properties;
    }

    /** As the java command reads a file of arguments. */
    private static String quoted(String argument) {
        return '"' + argument.replace("\\", "\\\\").replace("\"", "\\\"") + '"';
    }
}
