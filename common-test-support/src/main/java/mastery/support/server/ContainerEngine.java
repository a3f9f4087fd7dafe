package mastery.support.server;

import com.github.dockerjava.api.DockerClient;
import com.github.dockerjava.api.exception.NotFoundException;
import com.github.dockerjava.api.model.Info;
import com.github.dockerjava.core.DefaultDockerClientConfig;
import com.github.dockerjava.core.DockerClientImpl;
import com.github.dockerjava.zerodep.ZerodepDockerHttpClient;
import java.io.IOException;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/**
 * The container engine of this machine: where it listens, and whether it can run an official image.
 *
 * <p>Where no engine has a socket nothing of the client library is loaded: that is the usual case on a build machine,
 * and it costs a few file look-ups.
 */
final class ContainerEngine {

    private static final Duration ANSWER_LIMIT = Duration.ofSeconds(8);

    private static final Pattern ENGINE_MESSAGE = Pattern.compile("Status \\d+: \\{\"message\":\"(.*)\"\\}");

    /** What images say of themselves, by name. */
    private static final Map<String, String> DESCRIPTIONS = new ConcurrentHashMap<>();

    private static DockerClient client;

    private ContainerEngine() {}

    /** The image that serves an engine, as it is pulled. */
    static String image(Engine engine) {
        return Images.of(engine);
    }

    /** What a report says of that image, which is here; it is looked at once. */
    static String describeImage(Engine engine) {
        return DESCRIPTIONS.computeIfAbsent(
                image(engine),
                image -> Images.describe(
                        image,
                        client().inspectImageCmd(image).exec().getConfig().getLabels()));
    }

    /** Where an engine would listen; empty when this machine has none. */
    static Optional<String> socket() {
        String configured = System.getenv("DOCKER_HOST");
        if (configured != null && !configured.isBlank()) {
            return Optional.of(configured);
        }
        if (System.getProperty("os.name").startsWith("Windows")) {
            return Files.exists(Path.of("\\\\.\\pipe\\docker_engine"))
                    ? Optional.of("npipe:////./pipe/docker_engine")
                    : Optional.empty();
        }
        String home = System.getProperty("user.home");
        return Stream.of(
                        Path.of("/var/run/docker.sock"),
                        Path.of(home, ".docker", "run", "docker.sock"),
                        Path.of(home, ".docker", "desktop", "docker.sock"),
                        Path.of(home, ".colima", "default", "docker.sock"),
                        Path.of(
                                Optional.ofNullable(System.getenv("XDG_RUNTIME_DIR"))
                                        .orElse("/run"),
                                "docker.sock"))
                .filter(Files::exists)
                .map(path -> "unix://" + path)
                .findFirst();
    }

    /**
     * Why the image of an engine cannot be run here, in one line; empty if it is here.
     *
     * @param pull whether an image that is missing may be pulled now
     */
    static Optional<String> obstacle(Engine engine, boolean pull) {
        Recipe recipe = Recipes.of(engine);
        Optional<String> refusal = recipe.imageRefusal();
        Optional<String> socket = socket();
        if (socket.isEmpty()) {
            return Optional.of(
                    "no container engine runs on this machine to run the image " + Images.withoutDigest(image(engine))
                            + refusal.map(reason -> ", and " + reason).orElse(""));
        }
        if (refusal.isPresent()) {
            return refusal;
        }
        if (isElsewhere(socket.get())) {
            return Optional.of("the container engine at " + socket.get()
                    + " is on another machine, and servers are published on its loopback interface only");
        }
        try {
            ping(client());
            if (runsThisJvm(client())) {
                return Optional.of("this process runs in a container of the engine at " + socket.get()
                        + ", where the ports of other containers cannot be reached");
            }
            Optional<String> lack = lack(recipe.imageNeeds());
            return lack.isPresent() ? lack : ImagePull.obstacle(client(), image(engine), pull);
        } catch (RuntimeException e) {
            return Optional.of("the container engine at " + socket.get() + " does not answer (" + reason(e) + ")");
        }
    }

    private static Optional<String> lack(ImageNeeds needs) {
        if (needs.equals(ImageNeeds.NONE)) {
            return Optional.empty();
        }
        Info machine = client().infoCmd().exec();
        return needs.lackOf(
                machine.getArchitecture(),
                Optional.ofNullable(machine.getMemTotal()).orElse(Long.MAX_VALUE));
    }

    private static boolean isElsewhere(String socket) {
        String host = URI.create(socket).getHost();
        return host != null && !host.equals("localhost") && !host.startsWith("127.");
    }

    /** The transport has no limit of its own for an engine that accepts a request and stays silent. */
    private static void ping(DockerClient client) {
        try {
            CompletableFuture.runAsync(() -> client.pingCmd().exec()).get(ANSWER_LIMIT.toSeconds(), TimeUnit.SECONDS);
        } catch (ExecutionException e) {
            throw new IllegalStateException(reason(e), e);
        } catch (TimeoutException e) {
            throw new IllegalStateException("silent for " + ANSWER_LIMIT.toSeconds() + " s", e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IllegalStateException("interrupted", e);
        }
    }

    /** A machine that only looks like a container is none of this engine's: it runs the engine, or shares its network. */
    private static boolean runsThisJvm(DockerClient client) {
        try {
            String id = Files.exists(Path.of("/.dockerenv"))
                    ? Files.readString(Path.of("/etc/hostname")).strip()
                    : "";
            return !id.isEmpty()
                    && !"host"
                            .equals(client.inspectContainerCmd(id)
                                    .exec()
                                    .getHostConfig()
                                    .getNetworkMode());
        } catch (NotFoundException | IOException e) {
            return false;
        }
    }

    /**
     * A client of the engine, one for the JVM.
     *
     * @throws ServerException if there is no engine here
     */
    static synchronized DockerClient client() {
        if (client == null) {
            client = open(socket().orElseThrow(() ->
                    new ServerException("No container engine runs on this machine. Start it, or set DOCKER_HOST.")));
        }
        return client;
    }

    private static DockerClient open(String host) {
        DefaultDockerClientConfig config = DefaultDockerClientConfig.createDefaultConfigBuilder()
                .withDockerHost(host)
                .build();
        return DockerClientImpl.getInstance(
                config,
                new ZerodepDockerHttpClient.Builder()
                        .dockerHost(config.getDockerHost())
                        .sslConfig(config.getSSLConfig())
                        .connectionTimeout(ANSWER_LIMIT)
                        .build());
    }

    /** What lies at the bottom of an exception of the client, on one line and without the JSON around it. */
    static String reason(Throwable e) {
        Throwable root = e;
        while (root.getCause() != null && root.getCause().getMessage() != null) {
            root = root.getCause();
        }
        String message = String.valueOf(root.getMessage()).strip().replaceAll("\\s*\n\\s*", " ");
        Matcher json = ENGINE_MESSAGE.matcher(message);
        return json.matches() ? json.group(1).replace("\\\"", "\"") : message;
    }
}
