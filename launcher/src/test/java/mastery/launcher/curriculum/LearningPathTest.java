package mastery.launcher.curriculum;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class LearningPathTest {

    private static final String SOURCES = "../../01-relational-databases/src/main/java/mastery/";

    @TempDir
    private Path home;

    @Test
    void aPathHasStepsInOrderUnderItsStages() throws IOException {
        Curriculum curriculum = Tree.inOrder(home)
                .file("docs/paths/locks-first.md", """
                        # Locks first

                        For those who
                        wait.

                        ## MySQL

                        1. [GapLocks](%1$smysql/advanced/GapLocks.java)

                        ## PostgreSQL

                        1. [SkipLockedQueue](%1$spostgresql/advanced/SkipLockedQueue.java): after the gaps
                        """.formatted(SOURCES))
                .read();

        LearningPath path = LearningPath.all(curriculum).get(0);

        assertThat(path.name()).isEqualTo("locks-first");
        assertThat(path.title()).isEqualTo("Locks first");
        assertThat(path.introduction()).isEqualTo("For those who wait.");
        assertThat(path.problems()).isEmpty();
        assertThat(path.steps())
                .extracting(step -> step.stage() + " " + step.example().path())
                .containsExactly("MySQL mysql/advanced/GapLocks", "PostgreSQL postgresql/advanced/SkipLockedQueue");
    }

    @Test
    void aStepThatIsNoExampleOrHasAnotherNameIsAProblem() throws IOException {
        Curriculum curriculum = Tree.inOrder(home)
                .file("docs/paths/broken.md", """
                        # Broken

                        1. [Gone](%1$smysql/advanced/Gone.java)
                        2. [Renamed](%1$smysql/advanced/GapLocks.java)
                        """.formatted(SOURCES))
                .read();

        assertThat(LearningPath.all(curriculum).get(0).problems())
                .containsExactly(
                        "docs/paths/broken.md names Gone, but no example is at " + SOURCES + "mysql/advanced/Gone.java",
                        "docs/paths/broken.md calls mysql/advanced/GapLocks Renamed");
    }
}
