package mastery.support.trace;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.util.ArrayList;
import java.util.List;
import mastery.support.server.ServerException;
import org.junit.jupiter.api.Test;

class StoryTellerTest {
    private final List<TraceEvent> seen = new ArrayList<>();

    @Test
    void aStoryHasATitleFirstAndWhatWasLearnedLast() throws Exception {
        StoryTeller.run(
                StoryTellerTest.class,
                story -> {
                    story.learned("one line");
                    story.step("a step");
                    assertThat(story.show("answer", 42)).isEqualTo(42);
                },
                new Trace(seen::add));
        assertThat(seen)
                .containsExactly(
                        new TraceEvent.Title("StoryTellerTest", ""),
                        new TraceEvent.Step(1, "a step"),
                        new TraceEvent.Result("answer", Tables.of(42)),
                        new TraceEvent.Counters("", 0, null, 0),
                        new TraceEvent.Learned("one line"));
    }

    @Test
    void aFailedStoryKeepsWhatWasSeenAndThrows() {
        Script script = story -> {
            story.step("a step");
            throw new IllegalStateException("broken");
        };
        assertThatThrownBy(() -> StoryTeller.run(StoryTellerTest.class, script, new Trace(seen::add)))
                .hasMessage("broken");
        assertThat(seen).last().isEqualTo(new TraceEvent.Step(1, "a step"));
    }

    @Test
    void whatAUserCanCureIsSaidWithoutAStackTrace() {
        assertThat(explain(new ServerException("No Redis here: install one.")))
                .isEqualTo("No Redis here: install one.");
    }

    @Test
    void anythingElseSaysWhereInOurCodeItHappened() {
        assertThat(explain(new IllegalStateException("broken")))
                .startsWith("IllegalStateException: broken")
                .contains("   at mastery.support.trace.StoryTellerTest")
                .doesNotContain("org.junit");
    }

    private static String explain(Throwable failure) {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        StoryTeller.explain(failure, new PrintStream(bytes));
        return bytes.toString().strip();
    }
}
