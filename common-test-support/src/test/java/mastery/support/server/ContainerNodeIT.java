package mastery.support.server;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import com.github.dockerjava.api.command.InspectContainerResponse.ContainerState;
import com.github.dockerjava.api.exception.NotFoundException;
import com.github.dockerjava.api.model.Ports.Binding;
import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Nodes in containers; skipped where no container engine can run the official images. */
class ContainerNodeIT {

    private static final long LIMIT_SECONDS = 60;

    /** 128 and the number of SIGKILL: a server that is asked to end does so with another. */
    private static final long KILLED = 137;

    @ParameterizedTest
    @EnumSource(Engine.class)
    void aNodeComesBackOnItsPortAfterStopKillAndPause(Engine engine) throws Exception {
        Recipe recipe = withImageOf(engine);
        ContainerNode node = ContainerNode.start(recipe, NodeSpec.single());
        try {
            Identity first = node.identity();
            assertThat(bindingsOf(node)).allMatch(binding -> binding.getHostIp().equals("127.0.0.1"));
            assertThat(node.lastLogLines(3)).hasSize(3);

            node.stop();
            assertThat(exitCode(node)).isNotEqualTo(KILLED);
            node.start();
            assertThat(recipe.identify(node.address())).isEqualTo(first);

            node.kill();
            assertThat(node.isRunning()).isFalse();
            assertThat(exitCode(node)).isEqualTo(KILLED);
            node.start();
            assertThat(recipe.identify(node.address())).isEqualTo(first);

            node.pause();
            node.pause();
            assertThat(node.isRunning()).isTrue();
            assertThat(isPaused(node)).isTrue();
            CompletableFuture<Identity> answer = CompletableFuture.supplyAsync(() -> identify(recipe, node));
            node.resume();
            assertThat(answer.get(LIMIT_SECONDS, TimeUnit.SECONDS)).isEqualTo(first);

            node.pause();
            node.kill();
            assertThat(exitCode(node)).isEqualTo(KILLED);
            node.stop();
        } finally {
            node.dispose();
        }
        assertThat(exists(node.containerId())).isFalse();
    }

    @Test
    void aServerThatEndsAtStartIsToldWithItsLogAndLeavesNoContainer() {
        Recipe recipe = withImageOf(Engine.REDIS);
        NodeSpec impossible = NodeSpec.of("impossible", Map.of("no-such-setting", "1"));
        assertThatThrownBy(() -> ContainerNode.start(recipe, impossible))
                .isInstanceOf(ServerDiedException.class)
                .hasMessageContaining("no-such-setting");
        assertThat(idsOfThisJvm(impossible.name())).isEmpty();
    }

    @Test
    void theContainerOfAKilledJvmIsRemoved() throws Exception {
        withImageOf(Engine.REDIS);
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
            String id = output.readLine();
            assertThat(exists(id)).isTrue();
            owner.destroyForcibly();
            Awaitility.await().atMost(Duration.ofSeconds(LIMIT_SECONDS)).until(() -> !exists(id));
        } finally {
            owner.destroyForcibly();
        }
    }

    @Test
    void theSweepRemovesWhatADeadJvmLeftAndNothingElse() {
        withImageOf(Engine.REDIS);
        Map<String, String> mine = Containers.ownedLabels();
        String abandoned = create(Map.of("mastery.cache", mine.get("mastery.cache"), "mastery.owner", "1.1"));
        String ofAnotherCache = create(Map.of("mastery.cache", "/elsewhere", "mastery.owner", "1.1"));
        String alive = create(mine);
        try {
            Containers.sweep();
            assertThat(exists(abandoned)).isFalse();
            assertThat(exists(ofAnotherCache)).isTrue();
            assertThat(exists(alive)).isTrue();
        } finally {
            List.of(abandoned, ofAnotherCache, alive).forEach(Containers::remove);
        }
    }

    /** A JVM that starts a container and waits to be killed. */
    static final class Owner {

        private Owner() {}

        public static void main(String[] arguments) throws InterruptedException {
            System.out.println(ContainerNode.start(Recipes.of(Engine.REDIS), NodeSpec.single())
                    .containerId());
            Thread.currentThread().join();
        }
    }

    private static Recipe withImageOf(Engine engine) {
        Optional<String> obstacle = ContainerEngine.obstacle(engine, false);
        assumeTrue(obstacle.isEmpty(), () -> "container: " + obstacle.orElseThrow());
        return Recipes.of(engine);
    }

    private static Identity identify(Recipe recipe, ContainerNode node) {
        try {
            return recipe.identify(node.address());
        } catch (Exception e) {
            throw new IllegalStateException(e);
        }
    }

    private static List<Binding> bindingsOf(ContainerNode node) {
        return ContainerEngine.client()
                .inspectContainerCmd(node.containerId())
                .exec()
                .getNetworkSettings()
                .getPorts()
                .getBindings()
                .values()
                .stream()
                .filter(bindings -> bindings != null)
                .flatMap(Arrays::stream)
                .toList();
    }

    private static boolean isPaused(ContainerNode node) {
        return Boolean.TRUE.equals(stateOf(node).getPaused());
    }

    private static long exitCode(ContainerNode node) {
        assertThat(stateOf(node).getRunning()).isFalse();
        return stateOf(node).getExitCodeLong();
    }

    private static ContainerState stateOf(ContainerNode node) {
        return ContainerEngine.client()
                .inspectContainerCmd(node.containerId())
                .exec()
                .getState();
    }

    private static String create(Map<String, String> labels) {
        return ContainerEngine.client()
                .createContainerCmd(ContainerEngine.image(Engine.REDIS))
                .withLabels(labels)
                .exec()
                .getId();
    }

    private static List<String> idsOfThisJvm(String node) {
        return ContainerEngine.client()
                .listContainersCmd()
                .withShowAll(true)
                .withLabelFilter(Containers.ownedLabels())
                .exec()
                .stream()
                .filter(container -> node.equals(container.getLabels().get("mastery.node")))
                .map(container -> container.getId())
                .toList();
    }

    private static boolean exists(String id) {
        try {
            ContainerEngine.client().inspectContainerCmd(id).exec();
            return true;
        } catch (NotFoundException e) {
            return false;
        }
    }
}
