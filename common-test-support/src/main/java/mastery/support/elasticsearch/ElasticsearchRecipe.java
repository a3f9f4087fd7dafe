package mastery.support.elasticsearch;

import java.net.URI;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
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

/** How an Elasticsearch node is configured, started, and known to be ready. */
public final class ElasticsearchRecipe implements Recipe {

    /** A node that has this setting is a member of a cluster; one without is alone. */
    static final String SEED_HOSTS = "discovery.seed_hosts";

    static final String TRANSPORT_PORT = "transport.port";

    private static final int PORT = 9200;
    private static final int HEAP_MEGABYTES = 256;

    /** Heap, buffers, code and threads; measured 290 MB idle. */
    private static final long NEEDED = 450L << 20;

    private static final String CONFIGURATION = "config";
    private static final String ARGUMENTS = "server.args";

    /** What the server's own launcher opens to the module that guards the JDK's classes. */
    private static final List<String> EXPORTED = List.of(
            "jdk.jlink/jdk.tools.jlink.internal",
            "java.base/sun.net.www",
            "java.base/sun.net.www.protocol.ftp",
            "java.base/sun.net.www.protocol.file",
            "java.base/sun.net.www.protocol.jar",
            "java.base/sun.net.www.protocol.http",
            "java.base/sun.net.www.protocol.https",
            "java.base/sun.net.www.protocol.mailto",
            "java.base/sun.nio.ch",
            "java.base/jdk.internal.foreign",
            "java.base/jdk.internal.foreign.abi",
            "java.base/jdk.internal.foreign.layout",
            "java.net.http/jdk.internal.net.http",
            "jdk.jdi/com.sun.tools.jdi");

    @Override
    public Engine engine() {
        return Engine.ELASTICSEARCH;
    }

    /** None: how a server is started without its launcher differs from version to version. */
    @Override
    public Optional<SoughtProgram> sought() {
        return Optional.empty();
    }

    @Override
    public ProgramSource programs() {
        return new ElasticsearchPrograms();
    }

    @Override
    public String administrator() {
        return ElasticsearchEndpoint.ADMINISTRATOR;
    }

    @Override
    public Address parseUrl(String url) {
        try {
            URI uri = URI.create(url);
            String scheme = String.valueOf(uri.getScheme());
            if (uri.getHost() != null && (scheme.equals("http") || scheme.equals("https"))) {
                String[] login = uri.getUserInfo() == null
                        ? new String[0]
                        : uri.getUserInfo().split(":", 2);
                return new Address(
                        uri.getHost(),
                        uri.getPort() < 0 ? PORT : uri.getPort(),
                        login.length > 0 && !login[0].isEmpty() ? login[0] : administrator(),
                        login.length > 1 ? login[1] : "",
                        ElasticsearchEndpoint.parameters(scheme, uri.getQuery()));
            }
        } catch (IllegalArgumentException e) {
            throw notAUrl(url);
        }
        throw notAUrl(url);
    }

    private static ServerException notAUrl(String url) {
        return new ServerException("'" + url + "' is not an Elasticsearch URL. Examples:"
                + " http://elastic:password@127.0.0.1:9200, or https://... with ?fingerprint=SHA256 of its own CA");
    }

    @Override
    public String url(Address address) {
        return new ElasticsearchEndpoint(List.of(address)).url();
    }

    @Override
    public Identity identify(Address address) throws Exception {
        return new ElasticsearchEndpoint(List.of(address)).identify();
    }

    /** A member of a cluster may wait for the others before it has a state. */
    @Override
    public Identity identifyNew(Address address, NodeSpec spec) throws Exception {
        ElasticsearchEndpoint endpoint = new ElasticsearchEndpoint(List.of(address));
        return spec.settings().containsKey(SEED_HOSTS) ? endpoint.identify() : endpoint.identifyRecovered();
    }

    @Override
    public void initialise(NativeLaunch launch) {
        FreeMemory.require(engine(), launch.spec(), NEEDED);
        launch.run(List.of("mkdir", CONFIGURATION, "tmp", NativeLaunch.DATA));
        // The server's user writes to it too, when the server no longer has the standard output.
        launch.writeSecret("server.log", "");
        launch.writeSecret(CONFIGURATION + "/log4j2.properties", """
                status = error
                appender.file.type = File
                appender.file.name = file
                appender.file.fileName = ${sys:es.logs.base_path}/server.log
                appender.file.layout.type = PatternLayout
                appender.file.layout.pattern = [%d{ISO8601}][%-5p][%c{1.}] %m%n
                # one line of 2,000 letters at each start
                logger.features.name = org.elasticsearch.features
                logger.features.level = warn
                rootLogger.level = info
                rootLogger.appenderRef.file.ref = file
                """);
        launch.writeSecret(
                ARGUMENTS,
                ServerArguments.bytes(
                        settings(launch),
                        Map.of("bootstrap.password", launch.address().password()),
                        launch.directory().resolve(CONFIGURATION),
                        launch.directory()));
    }

    private static Map<String, String> settings(NativeLaunch launch) {
        Map<String, String> settings = new TreeMap<>();
        settings.put("path.home", launch.programs().root().toString());
        settings.put("path.data", launch.data().toString());
        settings.put("path.logs", launch.directory().toString());
        settings.put("network.host", launch.address().host());
        settings.put("xpack.security.autoconfiguration.enabled", "false");
        settings.putAll(settings(launch.address(), launch.spec()));
        return settings;
    }

    private static Map<String, String> settings(Address address, NodeSpec spec) {
        Map<String, String> settings = new TreeMap<>();
        settings.put("cluster.name", "mastery-" + address.port());
        settings.put("node.name", spec.name());
        settings.put("http.port", Integer.toString(address.port()));
        settings.put(TRANSPORT_PORT, Integer.toString(Ports.free()));
        // Passwords are asked for; encryption has nothing to hide on the loopback interface.
        settings.put("xpack.security.enabled", "true");
        // Files in memory are not mapped once more, and a full disk elsewhere does not make indices read-only.
        settings.put("node.store.allow_mmap", "false");
        settings.put("cluster.routing.allocation.disk.threshold_enabled", "false");
        settings.putAll(spec.settings());
        if (!spec.settings().containsKey(SEED_HOSTS)) {
            settings.put("discovery.type", "single-node");
        }
        return settings;
    }

    @Override
    public List<String> command(NativeLaunch launch) {
        String home = launch.programs().root().toString();
        int java = JavaHomes.major(launch.programs().directory().getParent());
        List<String> command = new ArrayList<>(
                // The shell is replaced by the server, which keeps its process id.
                List.of(
                        "sh",
                        "-c",
                        "exec \"$@\" < " + ARGUMENTS,
                        "sh",
                        launch.programs().path("java")));
        command.addAll(List.of(
                "-Xms" + HEAP_MEGABYTES + "m",
                "-Xmx" + HEAP_MEGABYTES + "m",
                "-XX:MaxDirectMemorySize=" + HEAP_MEGABYTES / 2 + "m",
                "-XX:+UseSerialGC",
                // Servers here live for seconds: the second compiler would not pay.
                "-XX:TieredStopAtLevel=1",
                "-XX:+ExitOnOutOfMemoryError",
                "-XX:-OmitStackTraceInFastThrow",
                "-Xss1m",
                "-Djava.io.tmpdir=" + launch.directory().resolve("tmp"),
                "-Djava.awt.headless=true",
                "-Dfile.encoding=UTF-8",
                "-Djna.nosys=true",
                "-Djava.locale.providers=" + (java < 23 ? "SPI,COMPAT" : "CLDR"),
                "-Dio.netty.noUnsafe=true",
                "-Dio.netty.noKeySetOptimization=true",
                "-Dio.netty.recycler.maxCapacityPerThread=0",
                "-Dlog4j.shutdownHookEnabled=false",
                "-Dlog4j2.disable.jmx=true",
                "-Dlog4j2.formatMsgNoLookups=true",
                "-Dorg.apache.lucene.store.MMapDirectory.sharedArenaMaxPermits=1",
                "-Dorg.apache.lucene.vectorization.upperJavaFeatureVersion=" + java,
                "-Des.path.home=" + home,
                "-Des.distribution.type=zip",
                "-Des.entitlements.enabled=true",
                "-XX:+EnableDynamicAgentLoading",
                "-Djdk.attach.allowAttachSelf=true",
                "--patch-module=java.base=" + home + "/lib/entitlement-bridge/elasticsearch-entitlement-bridge-"
                        + launch.programs().version() + ".jar",
                "--add-exports=java.base/org.elasticsearch.entitlement.bridge=org.elasticsearch.entitlement,"
                        + "java.logging,java.net.http,java.naming,jdk.net"));
        EXPORTED.forEach(each -> command.add("--add-exports=" + each + "=org.elasticsearch.entitlement"));
        if (java >= 21) {
            command.add("--enable-native-access=org.elasticsearch.nativeaccess,org.apache.lucene.core");
        }
        command.addAll(List.of(
                "--module-path=" + home + "/lib",
                "--add-modules=jdk.net,jdk.management.agent,ALL-MODULE-PATH",
                "-m",
                "org.elasticsearch.server/org.elasticsearch.bootstrap.Elasticsearch"));
        return command;
    }

    @Override
    public Map<String, String> environment(NativeLaunch launch) {
        return Map.of(
                "LIBFFI_TMPDIR",
                launch.directory().resolve("tmp").toString(),
                // Fewer pools of native memory, 30 MB less.
                "MALLOC_ARENA_MAX",
                "1");
    }

    /** Nodes speak to each other on loopback, so a node is not held to what production needs, such as encryption. */
    @Override
    public ContainerPlan container(Address address, NodeSpec spec) {
        Map<String, String> environment = new TreeMap<>(settings(address, spec));
        environment.putAll(Map.of(
                "transport.host",
                address.host(),
                "http.host",
                "0.0.0.0",
                "http.publish_host",
                address.host(),
                "xpack.security.http.ssl.enabled",
                "false",
                "ELASTIC_PASSWORD",
                address.password(),
                "ES_JAVA_OPTS",
                "-Xms512m -Xmx512m -XX:TieredStopAtLevel=1"));
        return new ContainerPlan(environment, List.of());
    }
}
