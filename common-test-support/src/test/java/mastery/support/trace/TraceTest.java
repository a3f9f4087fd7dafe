package mastery.support.trace;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

class TraceTest {
    private final List<TraceEvent> seen = new ArrayList<>();
    private final Trace trace = new Trace(seen::add);

    @Test
    void quietStatementsAreCountedAndNotShown() {
        TraceEvent.Counters before = trace.counters("");
        trace.quiet();
        trace.add(TerminalReaderTest.statement("SELECT 1", List.of(), null));
        trace.loud();
        assertThat(seen).isEmpty();
        assertThat(trace.countersSince(before, "set-up")).isEqualTo(new TraceEvent.Counters("set-up", 1, 1L, 400_000));
    }

    @Test
    void anotherThreadHasItsName() throws InterruptedException {
        List<String> sessions = new ArrayList<>();
        Thread other = new Thread(() -> sessions.add(trace.session()), "B");
        other.start();
        other.join();
        assertThat(sessions).containsExactly("B");
        assertThat(trace.session()).isNull();
    }

    @Test
    void aClaimIsTheFirstSentenceOfTheJavadoc() {
        String source =
                "package p;\n\n/**\n * A keyset of {@code (a, b)} reads\n * its page, e.g. 5 rows; no more.\n *\n"
                        + " * <p>Use it.\n */\npublic final class X {}";
        assertThat(ExampleSource.firstSentence(source))
                .isEqualTo("A keyset of (a, b) reads its page, e.g. 5 rows; no more.");
    }
}
