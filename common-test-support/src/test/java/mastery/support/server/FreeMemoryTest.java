package mastery.support.server;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class FreeMemoryTest {

    private static final long NEEDED = 400L << 20;

    @TempDir
    private Path directory;

    @Test
    void tooLittleMemoryIsSaidBeforeANodeStarts() throws IOException {
        Files.writeString(directory.resolve("meminfo"), "MemTotal: 999999 kB\nMemAvailable:     204800 kB\n");
        assertThatThrownBy(() -> memory().requireFor(Engine.CASSANDRA, NodeSpec.of("node-2", Map.of()), NEEDED))
                .isInstanceOf(ServerException.class)
                .hasMessageContaining("Cassandra node 'node-2' needs 400 MB of memory, and 200 MB are free")
                .hasMessageContaining("mastery.cassandra.url");
        Files.writeString(directory.resolve("meminfo"), "MemAvailable:     999999 kB\n");
        assertThatCode(() -> memory().requireFor(Engine.CASSANDRA, NodeSpec.single(), NEEDED))
                .doesNotThrowAnyException();
    }

    @Test
    void theLimitOfTheControlGroupCountsToo() throws IOException {
        Files.writeString(directory.resolve("meminfo"), "MemAvailable:     9999999 kB\n");
        Files.writeString(Files.createDirectories(directory.resolve("self")).resolve("cgroup"), "0::/build/7\n");
        Path group = Files.createDirectories(directory.resolve("group/build/7"));
        Files.writeString(group.resolve("memory.max"), "1073741824\n");
        Files.writeString(group.resolve("memory.current"), "1000000000\n");
        assertThat(memory().bytes()).hasValue(73741824);
        Files.writeString(group.resolve("memory.max"), "max\n");
        assertThat(memory().bytes()).hasValue(9999999L * 1024);
    }

    @Test
    void aSystemThatDoesNotTellIsTrusted() {
        assertThat(memory().bytes()).isEmpty();
        assertThatCode(() -> memory().requireFor(Engine.CASSANDRA, NodeSpec.single(), NEEDED))
                .doesNotThrowAnyException();
    }

    private FreeMemory memory() {
        return new FreeMemory(directory, directory.resolve("group"));
    }
}
