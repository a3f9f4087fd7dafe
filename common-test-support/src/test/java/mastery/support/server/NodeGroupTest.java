package mastery.support.server;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.List;
import java.util.Map;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;

class NodeGroupTest {

    private static final List<NodeSpec> SPECS =
            List.of(NodeSpec.of("a", Map.of()), NodeSpec.of("b", Map.of()), NodeSpec.of("c", Map.of()));

    private final AtomicInteger released = new AtomicInteger();

    @Test
    void nodesStartAtTheSameTimeAndComeInTheOrderOfTheirSpecifications() {
        CountDownLatch together = new CountDownLatch(SPECS.size());
        NodeGroup group = new NodeGroup(
                spec -> {
                    together.countDown();
                    await(together);
                    return node(SPECS.indexOf(spec));
                },
                released::incrementAndGet);
        assertThat(group.startAll(SPECS)).extracting(Node::port).containsExactly(0, 1, 2);
        group.close();
        assertThat(released).hasValue(1);
    }

    @Test
    void theFailureOfOneIsThrownWhenTheOthersHaveStarted() {
        AtomicInteger started = new AtomicInteger();
        CountDownLatch failed = new CountDownLatch(1);
        NodeGroup group = new NodeGroup(
                spec -> {
                    if (spec.name().equals("b")) {
                        failed.countDown();
                        throw new ServerException("b does not start");
                    }
                    await(failed);
                    return node(started.getAndIncrement());
                },
                released::incrementAndGet);
        assertThatThrownBy(() -> group.startAll(SPECS)).hasMessage("b does not start");
        assertThat(started).hasValue(2);
        assertThat(released).hasValue(0);
    }

    @Test
    void aNodeThatStartsAfterItsGroupWasClosedIsRefused() {
        NodeGroup group = new NodeGroup(spec -> node(0), released::incrementAndGet);
        group.close();
        assertThatThrownBy(() -> group.start(SPECS.get(0)))
                .isInstanceOf(IllegalStateException.class)
                .hasMessageContaining("'a'");
    }

    private static Node node(int port) {
        return new AttachedNode(Engine.REDIS, Address.loopback(port, "", ""), null, "", SourceKind.NATIVE);
    }

    private static void await(CountDownLatch latch) {
        try {
            assertThat(latch.await(30, TimeUnit.SECONDS)).isTrue();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IllegalStateException(e);
        }
    }
}
