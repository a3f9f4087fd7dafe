package mastery.support.interleave;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Map;
import java.util.Set;
import org.junit.jupiter.api.Test;

class WaitGraphTest {

    @Test
    void allThatRunWaitForOneThatDoesNot() {
        WaitGraph graph = new WaitGraph(Map.of("B", Set.of("A"), "C", Set.of("A", "B")));
        assertThat(graph.isSettled()).isTrue();
        assertThat(graph.isDeadlock()).isFalse();
    }

    @Test
    void oneThatRunsAndDoesNotWaitIsNotSettled() {
        assertThat(new WaitGraph(Map.of("A", Set.of(), "B", Set.of("A"))).isSettled())
                .isFalse();
        assertThat(new WaitGraph(Map.of("A", Set.of(), "B", Set.of("A"))).problem())
                .contains("no session of it holds it up");
    }

    @Test
    void twoThatWaitForEachOtherByWayOfAThirdAreADeadlockAlsoForThoseBehindThem() {
        WaitGraph graph =
                new WaitGraph(Map.of("A", Set.of("B"), "B", Set.of("C"), "C", Set.of("A", "X"), "D", Set.of("A")));
        assertThat(graph.isDeadlock()).isTrue();
        assertThat(graph.isSettled()).isFalse();
        assertThat(graph.problem()).contains("deadlocks itself");
        assertThat(graph.toString().lines()).contains("  C waits for A, X");
    }

    @Test
    void nothingRuns() {
        assertThat(new WaitGraph(Map.of()).isEmpty()).isTrue();
        assertThat(new WaitGraph(Map.of()).isDeadlock()).isFalse();
    }
}
