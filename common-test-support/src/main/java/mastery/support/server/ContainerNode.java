package mastery.support.server;

import com.github.dockerjava.api.DockerClient;
import com.github.dockerjava.api.async.ResultCallback;
import com.github.dockerjava.api.command.CreateContainerCmd;
import com.github.dockerjava.api.command.InspectContainerResponse.ContainerState;
import com.github.dockerjava.api.exception.NotFoundException;
import com.github.dockerjava.api.model.Frame;
import com.github.dockerjava.api.model.HostConfig;
import java.io.IOException;
import java.net.ConnectException;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.net.SocketTimeoutException;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.Callable;
import java.util.concurrent.TimeUnit;
import org.awaitility.Awaitility;
import org.awaitility.core.ConditionTimeoutException;

/**
 * A node that runs the official image on a fixed port of the loopback interface: alone, or in the network of a cluster.
 *
 * <p>The container is driven by the engine's own client, not by Testcontainers: that reads from the environment alone
 * whether its reaper may be left out, and takes every machine with a {@code /.dockerenv} for a container.
 */
final class ContainerNode implements Node, Disposable {

    private static final int PORT_ATTEMPTS = 5;
    private static final Duration START_LIMIT = Duration.ofSeconds(300);
    private static final Duration STOP_LIMIT = Duration.ofSeconds(60);
    private static final Duration POLL = Duration.ofMillis(50);
    private static final int LISTENING_MILLIS = 200;
    private static final int LOG_LIMIT_SECONDS = 10;

    private final Recipe recipe;
    private final NodeSpec spec;
    private final Address address;
    private final DockerClient client;
    private final String id;
    private final boolean isInNetwork;
    private Identity identity;
    private boolean disturbed;
    private volatile String lastRefusal;

    private ContainerNode(
            Recipe recipe, NodeSpec spec, Map<String, String> labels, Optional<ContainerNetwork> network) {
        this.recipe = recipe;
        this.spec = spec;
        this.address = Address.loopback(
                network.map(ContainerNetwork::nextPort).orElseGet(Ports::free),
                recipe.administrator(),
                spec.password().orElseGet(Passwords::generate));
        this.client = ContainerEngine.client();
        this.isInNetwork = network.isPresent();
        ContainerPlan plan = recipe.container(address, spec);
        this.id = Containers.create(
                recipe.engine(),
                spec.name(),
                labels,
                container -> join(container, network)
                        .withEnv(plan.environment().entrySet().stream()
                                .map(variable -> variable.getKey() + "=" + variable.getValue())
                                .toList())
                        .withCmd(plan.arguments())
                        .withStopSignal("SIG" + recipe.stopSignal()));
    }

    private CreateContainerCmd join(CreateContainerCmd container, Optional<ContainerNetwork> network) {
        return network.map(shared -> container.withHostConfig(
                        HostConfig.newHostConfig().withNetworkMode("container:" + shared.id())))
                .orElseGet(() -> Containers.publish(container, List.of(address.port())));
    }

    /** Starts the image of an engine in a container that is removed when this JVM ends, however it ends. */
    static ContainerNode start(Recipe recipe, NodeSpec spec) {
        ContainerWatcher.ensureStarted();
        return start(recipe, spec, Containers.ownedLabels());
    }

    /** Starts the image of an engine in a container that outlives this JVM. */
    static ContainerNode startKept(Recipe recipe) {
        Containers.removeKept(recipe.engine());
        return start(recipe, NodeSpec.single(), Containers.keptLabels(recipe.engine()));
    }

    /** Starts a node of a cluster, in a container that is removed when this JVM ends, however it ends. */
    static ContainerNode startIn(ContainerNetwork network, Recipe recipe, NodeSpec spec) {
        ContainerNode node = new ContainerNode(recipe, spec, Containers.ownedLabels(), Optional.of(network));
        try {
            node.startFirst();
            return node;
        } catch (RuntimeException e) {
            node.dispose();
            throw e;
        }
    }

    /** Another program may take a port between the look and the start: then the next one is tried. */
    private static ContainerNode start(Recipe recipe, NodeSpec spec, Map<String, String> labels) {
        if (spec.upstream().isPresent()) {
            throw new IllegalArgumentException("A container of its own reaches no other: start '" + spec.name()
                    + "' in the group of the node that it follows.");
        }
        for (int attempt = 1; ; attempt++) {
            ContainerNode node = new ContainerNode(recipe, spec, labels, Optional.empty());
            try {
                node.startFirst();
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

    private void startFirst() {
        launch(() -> recipe.identifyNew(address, spec));
        try {
            recipe.prepare(address, spec);
        } catch (RuntimeException e) {
            if (!isRunning()) {
                throw new ServerException(describe("ended while it was prepared"), e);
            }
            throw e;
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
        launch(() -> recipe.identify(address));
    }

    private void launch(Callable<Identity> attempt) {
        control("start", () -> Containers.start(id));
        if (!isInNetwork) {
            Containers.requirePublished(id);
        }
        identity = awaitAnswer(attempt);
    }

    private Identity awaitAnswer(Callable<Identity> attempt) {
        try {
            return Awaitility.await("an answer of " + engine())
                    .atMost(START_LIMIT)
                    .pollDelay(Duration.ZERO)
                    .pollInterval(POLL)
                    .ignoreExceptionsMatching(e -> !(e instanceof ServerDiedException))
                    .until(() -> ask(attempt), answer -> answer != null);
        } catch (ConditionTimeoutException e) {
            throw new ServerException(
                    describe("did not answer within " + START_LIMIT.toSeconds() + " s (" + lastRefusal + ")"), e);
        }
    }

    private Identity ask(Callable<Identity> attempt) throws Exception {
        ContainerState state = state();
        if (!Boolean.TRUE.equals(state.getRunning())) {
            throw new ServerDiedException(describe("ended at start with exit code " + state.getExitCodeLong()));
        }
        try {
            requireListening();
            return attempt.call();
        } catch (Exception e) {
            lastRefusal = e.getMessage();
            throw e;
        }
    }

    /**
     * The engine accepts connections to a published port while nobody listens behind it, and then closes them: seen here, it
     * costs less than a driver's attempt. A server either speaks first or waits for the client to speak.
     */
    private void requireListening() throws IOException {
        try (Socket socket = new Socket()) {
            socket.connect(new InetSocketAddress(address.host(), address.port()), LISTENING_MILLIS);
            socket.setSoTimeout(LISTENING_MILLIS);
            if (socket.getInputStream().read() < 0) {
                throw new ConnectException("nobody listens on " + address);
            }
        } catch (SocketTimeoutException e) {
            // It waits for the client to speak, or is slow: the attempt that follows says which.
            return;
        }
    }

    @Override
    public synchronized void stop() {
        disturbed = true;
        if (isRunning()) {
            // A paused process sees no signal but KILL until it goes on.
            resume();
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
    @Override
    public void dispose() {
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
