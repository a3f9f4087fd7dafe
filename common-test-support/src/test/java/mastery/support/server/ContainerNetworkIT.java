package mastery.support.server;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import com.github.dockerjava.api.command.InspectContainerResponse;
import com.github.dockerjava.api.model.Container;
import com.github.dockerjava.api.model.HostConfig;
import com.github.dockerjava.api.model.Ports.Binding;
import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import redis.clients.jedis.DefaultJedisClientConfig;
import redis.clients.jedis.HostAndPort;
import redis.clients.jedis.Jedis;
import redis.clients.jedis.exceptions.JedisConnectionException;

/** Nodes that share a network; skipped where no container engine can run the image. */
class ContainerNetworkIT {

    private static final Duration LIMIT = Duration.ofSeconds(120);
    private static final Map<String, String> DURABLE = Map.of("appendonly", "yes", "appendfsync", "always");

    private ContainerNetwork network;

    @BeforeEach
    void open() {
        Optional<String> obstacle = ContainerEngine.obstacle(Engine.REDIS, false);
        assumeTrue(obstacle.isEmpty(), () -> "container: " + obstacle.orElseThrow());
        network = ContainerNetwork.open(Engine.REDIS, 2);
    }

    @AfterEach
    void close() {
        if (network != null) {
            // Again, where the group was closed: what is gone does not matter.
            network.dispose();
        }
    }

    @Test
    void aNodeHasOneAddressForTheOthersAndForClientsHere() {
        try (NodeGroup group = group()) {
            Node primary = group.start(NodeSpec.of("primary", Map.of()));
            Node replica = group.start(NodeSpec.replicaOf(primary, "replica-1", Map.of()));
            try (Jedis there = client(primary);
                    Jedis here = client(replica)) {
                there.set("key", "value");
                Awaitility.await("the replica has the key").atMost(LIMIT).until(() -> here.exists("key"));
                assertThat(here.info("replication"))
                        .contains("master_host:127.0.0.1\r\n", "master_port:" + primary.port() + "\r\n");
                assertThat(containersOf(network)).hasSize(3);
                assertThat(there.info("replication")).contains("slave0:ip=127.0.0.1,port=" + replica.port() + ",");
            }
        }
        assertThat(containersOf(network)).isEmpty();
    }

    @Test
    void theHolderAlonePublishesPortsAndOnLoopbackOnly() {
        try (NodeGroup group = group()) {
            List<Node> nodes = group.startAll(List.of(NodeSpec.of("a", Map.of()), NodeSpec.of("b", Map.of())));
            List<Binding> bindings =
                    inspect(network.id()).getNetworkSettings().getPorts().getBindings().values().stream()
                            // What the image exposes and nobody published.
                            .filter(Objects::nonNull)
                            .flatMap(Arrays::stream)
                            .toList();
            assertThat(bindings).extracting(Binding::getHostIp).containsOnly("127.0.0.1");
            assertThat(bindings)
                    .extracting(Binding::getHostPortSpec)
                    .containsExactlyInAnyOrder(
                            Integer.toString(nodes.get(0).port()),
                            Integer.toString(nodes.get(1).port()));
            for (Node node : nodes) {
                InspectContainerResponse container = inspect(((ContainerNode) node).containerId());
                assertThat(container.getConfig().getHealthcheck().getTest()).containsExactly("NONE");
                assertThat(container.getHostConfig().getNetworkMode()).isEqualTo("container:" + network.id());
                assertThat(container
                                .getNetworkSettings()
                                .getPorts()
                                .getBindings()
                                .values())
                        .allMatch(Objects::isNull);
            }
            assertThatThrownBy(() -> group.start(NodeSpec.of("c", Map.of())))
                    .isInstanceOf(IllegalStateException.class)
                    .hasMessageContaining("Every published port");
        }
    }

    @Test
    void aNodeIsStoppedKilledAndPausedWithoutTheOthersAndKeepsItsDataAndItsPort() {
        try (NodeGroup group = group()) {
            Node one = group.start(NodeSpec.of("one", DURABLE));
            Node other = group.start(NodeSpec.of("other", DURABLE));
            int port = one.port();
            write(one, "1");

            one.kill();
            assertThat(one.isRunning()).isFalse();
            // 128 and the number of SIGKILL.
            assertThat(exitCode(one)).isEqualTo(137);
            assertThat(other.isRunning()).isTrue();
            write(other, "while one was dead");
            assertThatThrownBy(() -> read(one)).isInstanceOf(JedisConnectionException.class);
            one.start();
            assertThat(read(one)).isEqualTo("1");

            write(one, "2");
            one.restart();
            assertThat(read(one)).isEqualTo("2");

            one.pause();
            assertThat(one.isRunning()).isTrue();
            write(other, "while one was paused");
            assertThatThrownBy(() -> read(one)).isInstanceOf(JedisConnectionException.class);
            one.resume();
            assertThat(read(one)).isEqualTo("2");

            // A paused server is stopped in order too, and not killed when its time to end is over.
            one.pause();
            one.stop();
            assertThat(exitCode(one)).isZero();
            one.start();
            assertThat(read(one)).isEqualTo("2");
            assertThat(one.port()).isEqualTo(port);
            assertThat(read(other)).isEqualTo("while one was paused");
        }
    }

    @Test
    void aNodeThatEndsAtStartIsToldWithItsLogAndTheOthersGoOn() {
        try (NodeGroup group = group()) {
            Node one = group.start(NodeSpec.of("one", Map.of()));
            assertThatThrownBy(() -> group.start(NodeSpec.of("impossible", Map.of("no-such-setting", "1"))))
                    .isInstanceOf(ServerDiedException.class)
                    .hasMessageContaining("no-such-setting");
            write(one, "alive");
            assertThat(read(one)).isEqualTo("alive");
            assertThat(containersOf(network)).hasSize(2);
        }
        assertThat(containersOf(network)).isEmpty();
    }

    @Test
    void aReplicaInAContainerOfItsOwnIsRefused() {
        try (NodeGroup group = group()) {
            Node primary = group.start(NodeSpec.of("primary", Map.of()));
            NodeSpec replica = NodeSpec.replicaOf(primary, "replica-1", Map.of());
            assertThatThrownBy(() -> ContainerNode.start(Recipes.of(Engine.REDIS), replica))
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessageContaining("in the group of the node that it follows");
        }
    }

    @Test
    void aContainerWhosePortsNobodyReachesIsRefused() {
        String unreachable = Containers.create(
                Engine.REDIS,
                "unreachable",
                Containers.ownedLabels(),
                container -> container
                        .withEntrypoint("sleep")
                        .withCmd("infinity")
                        .withHostConfig(HostConfig.newHostConfig().withNetworkMode("none")));
        try {
            Containers.start(unreachable);
            assertThatThrownBy(() -> Containers.requirePublished(unreachable))
                    .isInstanceOf(ServerException.class)
                    .hasMessageContaining("publishes no port here");
            Containers.requirePublished(network.id());
        } finally {
            Containers.remove(unreachable);
        }
    }

    @Test
    void theNodesAndTheHolderOfAKilledJvmAreRemoved() throws Exception {
        List<String> command = new ArrayList<>(List.of(System.getProperty("java.home") + "/bin/java"));
        // The same images.
        System.getProperties().stringPropertyNames().stream()
                .filter(name -> name.startsWith("mastery."))
                .forEach(name -> command.add("-D" + name + "=" + System.getProperty(name)));
        command.addAll(List.of("-cp", System.getProperty("java.class.path"), Owner.class.getName()));
        Process owner = new ProcessBuilder(command)
                .redirectError(ProcessBuilder.Redirect.INHERIT)
                .start();
        try (BufferedReader output =
                new BufferedReader(new InputStreamReader(owner.getInputStream(), StandardCharsets.UTF_8))) {
            String mark = output.readLine();
            assertThat(of(mark)).hasSize(3);
            owner.destroyForcibly();
            Awaitility.await("the removal of three containers").atMost(LIMIT).until(() -> of(mark).isEmpty());
        } finally {
            owner.destroyForcibly();
        }
    }

    /** A JVM that starts two nodes, the second one paused, and waits to be killed. */
    static final class Owner {

        private Owner() {}

        public static void main(String[] arguments) throws InterruptedException {
            ContainerNetwork network = ContainerNetwork.open(Engine.REDIS, 2);
            for (String name : List.of("one", "two")) {
                ContainerNode.startIn(network, Recipes.of(Engine.REDIS), NodeSpec.of(name, Map.of()))
                        .pause();
            }
            System.out.println(OwnerMark.ofThisJvm());
            Thread.currentThread().join();
        }
    }

    private NodeGroup group() {
        Recipe recipe = Recipes.of(Engine.REDIS);
        return new NodeGroup(spec -> Started.track(ContainerNode.startIn(network, recipe, spec)), network::dispose);
    }

    private static void write(Node node, String value) {
        try (Jedis jedis = client(node)) {
            jedis.set("key", value);
        }
    }

    private static String read(Node node) {
        try (Jedis jedis = client(node)) {
            return jedis.get("key");
        }
    }

    private static Jedis client(Node node) {
        return new Jedis(
                new HostAndPort(node.host(), node.port()),
                DefaultJedisClientConfig.builder().password(node.password()).build());
    }

    private static long exitCode(Node node) {
        return inspect(((ContainerNode) node).containerId()).getState().getExitCodeLong();
    }

    private static InspectContainerResponse inspect(String id) {
        return ContainerEngine.client().inspectContainerCmd(id).exec();
    }

    /** The holder, and those that joined it. */
    private static List<String> containersOf(ContainerNetwork network) {
        return ContainerEngine.client().listContainersCmd().withShowAll(true).exec().stream()
                .filter(container -> container.getId().equals(network.id())
                        || ("container:" + network.id())
                                .equals(container.getHostConfig().getNetworkMode()))
                .map(Container::getId)
                .toList();
    }

    private static List<String> of(String owner) {
        return ContainerEngine.client()
                .listContainersCmd()
                .withShowAll(true)
                .withLabelFilter(Map.of("mastery.owner", owner))
                .exec()
                .stream()
                .map(Container::getId)
                .toList();
    }
}
