package mastery.support.server;

import com.github.dockerjava.api.DockerClient;
import com.github.dockerjava.api.async.ResultCallback;
import com.github.dockerjava.api.command.InspectContainerResponse.ContainerState;
import com.github.dockerjava.api.exception.NotFoundException;
import com.github.dockerjava.api.model.ExposedPort;
import com.github.dockerjava.api.model.Frame;
import com.github.dockerjava.api.model.HostConfig;
import com.github.dockerjava.api.model.PortBinding;
import com.github.dockerjava.api.model.Ports.Binding;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.awaitility.Awaitility;
import org.awaitility.core.ConditionTimeoutException;

/**
 * A node that runs the official image on a fixed port of the loopback interface.
 *
 * <p>The container is driven by the engine's own client, not by Testcontainers: that reads from the environment alone
 * whether its reaper may be left out, and takes every machine with a {@code /.dockerenv} for a container.
 */
final class ContainerNode implements Node {

    private static final int PORT_ATTEMPTS = 5;
    private static final Duration START_LIMIT = Duration.ofSeconds(120);
    private static final Duration STOP_LIMIT = Duration.ofSeconds(60);
    private static final Duration POLL = Duration.ofMillis(50);
    private static final int LOG_LIMIT_SECONDS = 10;

    private final Recipe recipe;
    private final NodeSpec spec;
    private final Address address;
    private final DockerClient client;
    private final String id;
    private Identity identity;
    private boolean disturbed;
    private volatile String lastRefusal;

    private ContainerNode(Recipe recipe, NodeSpec spec, Map<String, String> labels) {
        this.recipe = recipe;
        this.spec = spec;
        this.address = Address.loopback(Ports.free(), recipe.administrator(), Passwords.generate());
        this.client = ContainerEngine.client();
        ContainerPlan plan = recipe.container(spec, address.password());
        ExposedPort inside = ExposedPort.tcp(plan.port());
        this.id = client.createContainerCmd(ContainerEngine.image(recipe.engine()))
                .withEnv(plan.environment().entrySet().stream()
                        .map(variable -> variable.getKey() + "=" + variable.getValue())
                        .toList())
                .withCmd(plan.arguments())
                .withLabels(labels)
                .withExposedPorts(inside)
                .withHostConfig(HostConfig.newHostConfig()
                        .withPortBindings(
                                new PortBinding(Binding.bindIpAndPort(address.host(), address.port()), inside)))
                .exec()
                .getId();
    }

    /** Starts the image of an engine in a container that is removed when this JVM ends, however it ends. */
    static ContainerNode start(Recipe recipe, NodeSpec spec) {
        ContainerWatcher.ensureStarted();
        return start(recipe, spec, Containers.ownedLabels());
    }

    /** Starts the image of an engine in a container that outlives this JVM. */
    static ContainerNode startKept(Recipe recipe, NodeSpec spec) {
        Containers.removeKept(recipe.engine());
        return start(recipe, spec, Containers.keptLabels(recipe.engine()));
    }

    /** Another program may take a port between the look and the start: then the next one is tried. */
    private static ContainerNode start(Recipe recipe, NodeSpec spec, Map<String, String> labels) {
        for (int attempt = 1; ; attempt++) {
            ContainerNode node;
            try {
                node = new ContainerNode(recipe, spec, labels);
            } catch (RuntimeException e) {
                throw new ServerException(
                        "The container engine does not create a container of " + ContainerEngine.image(recipe.engine())
                                + ": " + ContainerEngine.reason(e),
                        e);
            }
            try {
                node.start();
                return node;
            } catch (RuntimeException e) {
                node.dispose();
                boolean portTaken = !(e instanceof ServerDiedException) && !Ports.isFree(node.port());
                if (!portTaken || attempt == PORT_ATTEMPTS) {
                    throw e;
                }
            }
        }
    }

    String containerId() {
        return id;
    }

    @Override
    public synchronized void start() {
        if (isRunning()) {
            throw new IllegalStateException(name() + " is running already");
        }
        control("start", () -> client.startContainerCmd(id).exec());
        identity = awaitAnswer();
    }

    private Identity awaitAnswer() {
        try {
            return Awaitility.await("an answer of " + engine())
                    .atMost(START_LIMIT)
                    .pollInterval(POLL)
                    .ignoreExceptionsMatching(e -> !(e instanceof ServerDiedException))
                    .until(this::identify, answer -> answer != null);
        } catch (ConditionTimeoutException e) {
            throw new ServerException(
                    describe("did not answer within " + START_LIMIT.toSeconds() + " s (" + lastRefusal + ")"), e);
        }
    }

    private Identity identify() throws Exception {
        ContainerState state = state();
        if (!Boolean.TRUE.equals(state.getRunning())) {
            throw new ServerDiedException(describe("ended at start with exit code " + state.getExitCodeLong()));
        }
        try {
            return recipe.identify(address);
        } catch (Exception e) {
            lastRefusal = e.getMessage();
            throw e;
        }
    }

    @Override
    public synchronized void stop() {
        disturbed = true;
        if (isRunning()) {
            control(
                    "stop",
                    () -> client.stopContainerCmd(id)
                            .withTimeout((int) STOP_LIMIT.toSeconds())
                            .exec());
        }
    }

    @Override
    public synchronized void kill() {
        disturbed = true;
        if (isRunning()) {
            control("kill", () -> client.killContainerCmd(id).exec());
            Awaitility.await("the end of " + name())
                    .atMost(STOP_LIMIT)
                    .pollInterval(POLL)
                    .until(() -> !isRunning());
        }
    }

    @Override
    public synchronized void pause() {
        disturbed = true;
        if (isRunning() && !isPaused()) {
            control("pause", () -> client.pauseContainerCmd(id).exec());
        }
    }

    @Override
    public synchronized void resume() {
        if (isPaused()) {
            control("resume", () -> client.unpauseContainerCmd(id).exec());
        }
    }

    private void control(String what, Runnable command) {
        try {
            command.run();
        } catch (RuntimeException e) {
            throw new ServerException(describe("does not " + what + ": " + ContainerEngine.reason(e)), e);
        }
    }

    /** Removes the container with its data. */
    void dispose() {
        Containers.remove(id);
    }

    private ContainerState state() {
        return client.inspectContainerCmd(id).exec().getState();
    }

    @Override
    public boolean isRunning() {
        try {
            return Boolean.TRUE.equals(state().getRunning());
        } catch (NotFoundException e) {
            return false;
        }
    }

    private boolean isPaused() {
        return Boolean.TRUE.equals(state().getPaused());
    }

    @Override
    public Engine engine() {
        return recipe.engine();
    }

    @Override
    public String name() {
        return spec.name();
    }

    @Override
    public Address address() {
        return address;
    }

    @Override
    public Identity identity() {
        return identity;
    }

    @Override
    public String build() {
        return ContainerEngine.describeImage(engine());
    }

    @Override
    public SourceKind source() {
        return SourceKind.CONTAINER;
    }

    @Override
    public boolean isDisturbed() {
        return disturbed;
    }

    @Override
    public List<String> lastLogLines(int count) {
        StringBuffer log = new StringBuffer();
        try {
            client.logContainerCmd(id)
                    .withStdOut(true)
                    .withStdErr(true)
                    .withTail(count)
                    .exec(new ResultCallback.Adapter<Frame>() {
                        @Override
                        public void onNext(Frame frame) {
                            log.append(new String(frame.getPayload(), StandardCharsets.UTF_8));
                        }
                    })
                    .awaitCompletion(LOG_LIMIT_SECONDS, TimeUnit.SECONDS);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        } catch (RuntimeException e) {
            // A log driver that cannot be read, or no container any more.
            return List.of();
        }
        List<String> lines = log.toString().lines().toList();
        return lines.subList(Math.max(0, lines.size() - count), lines.size());
    }

    private String describe(String what) {
        List<String> log = lastLogLines(12);
        return engine() + " container on " + address + " " + what
                + (log.isEmpty() ? "." : ". The last lines of its log:\n  " + String.join("\n  ", log));
    }

    @Override
    public String toString() {
        return engine() + " " + name() + " on " + address();
    }
}
