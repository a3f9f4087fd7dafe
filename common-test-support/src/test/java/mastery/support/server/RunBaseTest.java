package mastery.support.server;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class RunBaseTest {

    private static final Path MEMORY = Path.of("/dev/shm");

    @TempDir
    Path temp;

    @Test
    void memoryWithRoomIsTaken() throws IOException {
        assumeTrue(Files.isWritable(MEMORY) && Files.getFileStore(MEMORY).type().equals("tmpfs"), "needs /dev/shm");
        assertThat(RunBase.choose(temp, temp, MEMORY, 1)).isEqualTo(MEMORY);
    }

    @Test
    void memoryWithoutRoomIsNotTaken() {
        assertThat(RunBase.choose(temp, temp, MEMORY, Long.MAX_VALUE)).isEqualTo(temp);
    }

    @Test
    void aDirectoryThatIsNotThereOrOnADiskIsNotTaken() {
        assertThat(RunBase.choose(temp, temp, temp.resolve("absent"), 1)).isEqualTo(temp);
    }

    @Test
    void theTempDirectoryThatTheUserNamedDecides() {
        assertThat(RunBase.choose(temp, Path.of("/tmp"), MEMORY, 1)).isEqualTo(temp);
    }

    @Test
    void whatWasLeftIsLookedForInBothPlaces() {
        assertThat(RunBase.all()).contains(MEMORY, Path.of(System.getProperty("java.io.tmpdir")));
    }
}
