package mastery.support.provision;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class CachedTreeTest {

    @TempDir
    Path directory;

    private CacheDirectory cache;

    @BeforeEach
    void open() {
        cache = CacheDirectory.at(directory.resolve("cache"));
    }

    @Test
    void aTreeIsMadeOnceByAllWhoAsk() throws Exception {
        AtomicInteger made = new AtomicInteger();
        ExecutorService threads = Executors.newFixedThreadPool(4);
        try {
            List<Future<Path>> asked = new ArrayList<>();
            for (int i = 0; i < 4; i++) {
                asked.add(threads.submit(() -> CachedTree.of(cache, "server", "1")
                        .make((tree, kept) -> write(tree, made.incrementAndGet()), Progress.SILENT)));
            }
            for (Future<Path> each : asked) {
                assertThat(each.get().resolve("file")).hasContent("1");
            }
        } finally {
            threads.shutdownNow();
        }
        assertThat(made).hasValue(1);
        assertThat(CachedTree.of(cache, "server", "1").ready()).isPresent();
    }

    @Test
    void aHalfMadeTreeIsNeverReadyAndKeepsWhatWasFetched() {
        CachedTree server = CachedTree.of(cache, "server", "1");
        assertThatThrownBy(() -> server.make(
                        (tree, kept) -> {
                            write(tree, 1);
                            Files.writeString(kept.resolve("fetched"), "bytes");
                            throw new ProvisionException("the network broke");
                        },
                        Progress.SILENT))
                .hasMessage("the network broke");
        assertThat(server.ready()).isEmpty();

        Path root = server.make(
                (tree, kept) -> {
                    assertThat(tree).isEmptyDirectory();
                    assertThat(kept.resolve("fetched")).hasContent("bytes");
                    write(tree, 2);
                },
                Progress.SILENT);
        assertThat(root.resolve("file")).hasContent("2");
        assertThat(root.resolveSibling(".server.making")).doesNotExist();
    }

    @Test
    void otherContentIsMadeAnewInItsPlace() {
        CachedTree.of(cache, "server", "1").make((tree, kept) -> write(tree, 1), Progress.SILENT);
        CachedTree next = CachedTree.of(cache, "server", "2");
        assertThat(next.ready()).isEmpty();
        assertThat(next.make((tree, kept) -> write(tree, 2), Progress.SILENT).resolve("file"))
                .hasContent("2");
        assertThat(CachedTree.of(cache, "server", "1").ready()).isEmpty();
    }

    @Test
    void everyUserCanReadIt() throws IOException {
        Path root = CachedTree.of(cache, "server", "1")
                .make(
                        (tree, kept) -> {
                            write(tree, 1);
                            Files.setPosixFilePermissions(
                                    tree.resolve("file"), PosixFilePermissions.fromString("rw-------"));
                        },
                        Progress.SILENT);
        assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(root.resolve("file"))))
                .isEqualTo("rw-r--r--");
    }

    @Test
    void aFailureToWriteSaysWhereAndWhatToDo() {
        assertThatThrownBy(() -> CachedTree.of(cache, "server", "1")
                        .make(
                                (tree, kept) -> {
                                    throw new IOException("No space left on device");
                                },
                                Progress.SILENT))
                .isInstanceOf(ProvisionException.class)
                .hasMessageContaining("the disk is full")
                .hasMessageContaining("-Dmastery.cache");
    }

    private static void write(Path tree, int content) throws IOException {
        Files.writeString(tree.resolve("file"), Integer.toString(content));
    }
}
