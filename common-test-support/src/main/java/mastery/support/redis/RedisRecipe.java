package mastery.support.redis;

import java.net.URI;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.stream.Collectors;
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
import mastery.support.server.Ports;
import mastery.support.server.ProgramSource;
import mastery.support.server.Recipe;
import mastery.support.server.ServerException;
import redis.clients.jedis.Jedis;
import redis.clients.jedis.util.JedisURIHelper;

/** How a Redis node or sentinel is configured, started, and known to be ready. */
public final class RedisRecipe implements Recipe {

    /** A setting for the recipe, not the server: {@link #CLUSTER} or {@link #SENTINEL}; a plain node without it. */
    static final String ROLE = "mastery.role";

    static final String CLUSTER = "cluster";
    static final String SENTINEL = "sentinel";

    private static final String CONFIGURATION = "redis.conf";
    private static final int PORT = 6379;

    @Override
    public Engine engine() {
        return Engine.REDIS;
    }

    @Override
    public Optional<SoughtProgram> sought() {
        return Optional.of(SoughtProgram.redis(Version.of(engine().minimumVersion())));
    }

    @Override
    public ProgramSource programs() {
        return new DebianPackages(engine(), "trixie", List.of("redis-server"), "usr/bin");
    }

    @Override
    public String administrator() {
        return RedisEndpoint.DEFAULT_USER;
    }

    @Override
    public Address parseUrl(String url) {
        try {
            URI uri = URI.create(url);
            if (uri.getHost() != null && (JedisURIHelper.isRedisScheme(uri) || JedisURIHelper.isRedisSSLScheme(uri))) {
                String user = JedisURIHelper.getUser(uri);
                String password = JedisURIHelper.getPassword(uri);
                return new Address(
                        uri.getHost(),
                        uri.getPort() < 0 ? PORT : uri.getPort(),
                        user == null || user.isEmpty() ? administrator() : user,
                        password == null ? "" : password,
                        JedisURIHelper.isRedisSSLScheme(uri) ? Map.of(RedisEndpoint.TLS, "true") : Map.of());
            }
        } catch (IllegalArgumentException e) {
            throw notAUrl(url);
        }
        throw notAUrl(url);
    }

    private static ServerException notAUrl(String url) {
        return new ServerException(
                "'" + url + "' is not a Redis URL. An example: redis://default:password@127.0.0.1:6379");
    }

    @Override
    public String url(Address address) {
        String scheme = address.parameters().containsKey(RedisEndpoint.TLS) ? "rediss://" : "redis://";
        return scheme + address.user() + ":" + address.password() + "@" + address.host() + ":" + address.port();
    }

    @Override
    public Identity identify(Address address) {
        try (Jedis jedis = RedisEndpoint.of(address).connect()) {
            Map<String, String> info = Fields.of(jedis.info("server"));
            return new Identity(
                    info.get("redis_version"),
                    "Redis " + info.get("redis_version") + ", " + info.get("redis_mode") + ", " + info.get("os"));
        }
    }

    @Override
    public void initialise(NativeLaunch launch) {
        RedisSettings settings = new RedisSettings(
                launch.address().host(),
                launch.address().port(),
                launch.directory().toString(),
                launch.address().password());
        launch.writeSecret(CONFIGURATION, role(settings, launch.spec()) + own(launch.spec()));
    }

    private static String role(RedisSettings settings, NodeSpec spec) {
        String role = spec.settings().getOrDefault(ROLE, "");
        if (role.equals(SENTINEL)) {
            return settings.sentinel();
        }
        if (role.equals(CLUSTER)) {
            return settings.clusterNode(Ports.free());
        }
        return spec.upstream()
                .map((Node primary) -> settings.replica(primary.host(), primary.port()))
                .orElseGet(settings::single);
    }

    /** What the node's maker asked for beyond its role; the last of two lines with the same name counts. */
    private static String own(NodeSpec spec) {
        Map<String, String> settings = new TreeMap<>(spec.settings());
        settings.remove(ROLE);
        return settings.entrySet().stream()
                .map(setting -> setting.getKey() + " " + RedisSettings.quoted(setting.getValue()) + "\n")
                .collect(Collectors.joining());
    }

    @Override
    public List<String> command(NativeLaunch launch) {
        List<String> command = new ArrayList<>(List.of(
                launch.programs().path("redis-server"),
                launch.directory().resolve(CONFIGURATION).toString()));
        command.addAll(mode(launch.spec()));
        return command;
    }

    private static List<String> mode(NodeSpec spec) {
        return SENTINEL.equals(spec.settings().get(ROLE)) ? List.of("--sentinel") : List.of();
    }

    /**
     * The configuration comes by an environment variable into a file, where no list of processes shows the password. It is
     * written once: a sentinel keeps what it knows in it. The image's entrypoint then gives up root.
     */
    @Override
    public ContainerPlan container(Address address, NodeSpec spec) {
        RedisSettings settings = new RedisSettings("*", address.port(), ".", address.password());
        String start = """
                if [ ! -e %1$s ]; then
                    umask 077
                    printf '%%s' "$MASTERY_REDIS_CONF" > %1$s && chown redis %1$s || exit
                fi
                exec docker-entrypoint.sh "$@"
                """.formatted(CONFIGURATION);
        List<String> arguments = new ArrayList<>(List.of("sh", "-c", start, "sh", "redis-server", CONFIGURATION));
        arguments.addAll(mode(spec));
        return new ContainerPlan(Map.of("MASTERY_REDIS_CONF", role(settings, spec) + own(spec)), arguments);
    }
}
