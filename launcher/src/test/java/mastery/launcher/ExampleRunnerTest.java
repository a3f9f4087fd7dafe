package mastery.launcher;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Path;
import mastery.launcher.curriculum.Example;
import mastery.support.server.ServerException;
import org.junit.jupiter.api.Test;

class ExampleRunnerTest {

    /** An example that runs to its end. */
    public static final class Runs {
        static String embedded;

        private Runs() {}

        public static void main(String[] arguments) {
            embedded = System.getProperty("mastery.embedded");
        }
    }

    /** An example whose server cannot be had. */
    public static final class HasNoServer {
        private HasNoServer() {}

        public static void main(String[] arguments) {
            throw new IllegalStateException(new ServerException("No Redis here.\nInstall it."));
        }
    }

    /** An example with a fault of its own. */
    public static final class IsWrong {
        private IsWrong() {}

        public static void main(String[] arguments) {
            throw new IllegalArgumentException("a wrong value");
        }
    }

    private final StringWriter err = new StringWriter();

    @Test
    void anExampleRunsAndKnowsThatItIsEmbedded() {
        assertThat(run(Runs.class, false)).isTrue();

        assertThat(Runs.embedded).isEqualTo("true");
        assertThat(err.toString()).isEmpty();
    }

    @Test
    void aServerThatCannotBeHadIsToldWithoutAStackTrace() {
        assertThat(run(HasNoServer.class, false)).isFalse();

        assertThat(err.toString().lines())
                .containsExactly("ExampleRunnerTest$HasNoServer cannot run here.", "No Redis here.", "Install it.");
    }

    @Test
    void aFaultIsToldWithTheLinesOfTheExampleOnly() {
        assertThat(run(IsWrong.class, false)).isFalse();

        assertThat(err.toString())
                .contains("a wrong value", "at ExampleRunnerTest.java:", "in main")
                .doesNotContain("java.base", "reflect");
    }

    @Test
    void theWholeStackTraceIsShownWhenAskedFor() {
        assertThat(run(IsWrong.class, true)).isFalse();

        assertThat(err.toString()).contains("\tat ", "reflect");
    }

    @Test
    void aClassThatIsNotThereIsTold() {
        Example gone = new Example("mastery.mysql.advanced.Gone", "", "", Path.of("Gone.java"));

        assertThat(new ExampleRunner(new PrintWriter(err, true), false).run(gone))
                .isFalse();
        assertThat(err.toString()).contains("ClassNotFoundException: mastery.mysql.advanced.Gone");
    }

    private boolean run(Class<?> example, boolean stackTrace) {
        return new ExampleRunner(new PrintWriter(err, true), stackTrace)
                .run(new Example(example.getName(), "", "", Path.of("Example.java")));
    }
}
