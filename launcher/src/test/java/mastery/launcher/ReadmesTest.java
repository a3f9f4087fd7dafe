package mastery.launcher;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assumptions.assumeThat;

import java.nio.file.Path;
import java.util.List;
import mastery.launcher.curriculum.Curriculum;
import mastery.launcher.curriculum.LearningPath;
import org.junit.jupiter.api.Test;

/** The READMEs of this repository name what is there, and all of it. */
class ReadmesTest {

    private final Curriculum curriculum =
            Curriculum.read(Path.of("..").toAbsolutePath().normalize());

    @Test
    void readmesOfModulesAndTopicsAgreeWithTheSources() {
        assumeThat(curriculum.examples()).isNotEmpty();

        assertThat(curriculum.problems()).isEmpty();
    }

    @Test
    void pathsNameOnlyExamplesThatExist() {
        assumeThat(curriculum.examples()).isNotEmpty();

        List<LearningPath> paths = LearningPath.all(curriculum);
        assertThat(paths).isNotEmpty();
        assertThat(paths).flatExtracting(LearningPath::problems).isEmpty();
        assertThat(paths).filteredOn(path -> path.steps().isEmpty()).isEmpty();
        assertThat(paths).extracting(LearningPath::introduction).doesNotContain("");
    }
}
