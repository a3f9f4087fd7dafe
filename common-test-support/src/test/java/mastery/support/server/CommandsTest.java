package mastery.support.server;

import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;

@EnabledOnOs(OS.LINUX)
class CommandsTest {

    @TempDir
    private Path directory;

    @Test
    void aFailureShowsTheEndOfWhatTheCommandSaid() {
        assertThatThrownBy(() -> run("i=0; while [ $i -lt 40 ]; do i=$((i + 1)); echo line $i; done; exit 3"))
                .isInstanceOf(ServerException.class)
                .hasMessageContaining("sh ended with exit code 3")
                .hasMessageContaining("line 26\n")
                .hasMessageEndingWith("line 40")
                .hasMessageNotContaining("line 25\n");
    }

    @Test
    void aFullDiskIsToldWithItsCure() {
        assertThatThrownBy(() -> run("echo 'write: No space left on device'; exit 1"))
                .isInstanceOf(ServerException.class)
                .hasMessageContaining("The disk of " + directory + " is full. Free some space")
                .hasMessageContaining("-Djava.io.tmpdir=");
    }

    @Test
    void aFailureOfAnotherKindHasNothingToDoWithTheDisk() {
        assertThatThrownBy(() -> run("exit 1")).hasMessageNotContaining("disk");
    }

    private void run(String script) {
        Commands.run(directory, List.of("sh", "-c", script), "single");
    }
}
