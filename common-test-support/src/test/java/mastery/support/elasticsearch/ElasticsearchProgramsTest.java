package mastery.support.elasticsearch;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.file.Files;
import java.nio.file.Path;
import mastery.support.provision.Progress;
import mastery.support.provision.ProvisionException;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.api.parallel.Isolated;

@Isolated("sets a system property that a start of the server would read")
class ElasticsearchProgramsTest {

    @TempDir
    private Path directory;

    @AfterEach
    void forget() {
        System.clearProperty(ElasticsearchPrograms.JAVA_SETTING);
    }

    @Test
    void aJavaThatCannotRunItIsNamedWithTheCure() throws Exception {
        Path java = Files.createFile(
                Files.createDirectories(directory.resolve("bin")).resolve("java"));
        assertThat(java.toFile().setExecutable(true)).isTrue();
        Files.writeString(directory.resolve("release"), "JAVA_VERSION=\"11.0.2\"\n");
        System.setProperty(ElasticsearchPrograms.JAVA_SETTING, directory.toString());
        ElasticsearchPrograms programs = new ElasticsearchPrograms();

        assertThat(programs.ready()).isEmpty();
        assertThat(programs.obstacle().orElseThrow())
                .contains("runs on JDK 17 to 25", directory + " is 11.0.2", "-Dmastery.elasticsearch.java=DIRECTORY");
        assertThatThrownBy(() -> programs.fetch(Progress.SILENT))
                .isInstanceOf(ProvisionException.class)
                .hasMessageContaining("11.0.2");
    }
}
