package mastery.support.provision;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Executor;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class CachedDirectoryTest {

    @TempDir
    Path directory;

    @Test
    void itIsMadeOnceAndThenUsed() {
        AtomicInteger made = new AtomicInteger();
        for (int i = 0; i < 3; i++) {
            assertThat(cached().orMake(Progress.SILENT, part -> {
                        made.incrementAndGet();
                        write(part.resolve("file"));
                    }))
                    .isDirectoryContaining("glob:**/file");
        }
        assertThat(made).hasValue(1);
    }

    @Test
    void whatFailedHalfwayIsNeverSeenAndIsMadeAnew() {
        assertThatThrownBy(() -> cached().orMake(Progress.SILENT, part -> {
                    write(part.resolve("half"));
                    throw new IllegalStateException("torn");
                }))
                .hasMessage("torn");
        assertThat(cached().isReady()).isFalse();
        assertThat(cached().orMake(Progress.SILENT, part -> write(part.resolve("whole"))))
                .isDirectoryNotContaining("glob:**/half")
                .isDirectoryContaining("glob:**/whole");
    }

    @Test
    void aFailedWriteIsSaidWithItsCure() {
        assertThatThrownBy(() -> cached().orMake(Progress.SILENT, part -> {
                    throw new UncheckedIOException(new IOException("No space left on device"));
                }))
                .isInstanceOf(ProvisionException.class)
                .hasMessageContaining("the disk is full")
                .hasMessageContaining("-Dmastery.cache=DIRECTORY");
    }

    @Test
    void ofTwoThatNeedItOneMakesItAndTheOtherWaits() throws InterruptedException {
        AtomicInteger made = new AtomicInteger();
        CountDownLatch begun = new CountDownLatch(1);
        CountDownLatch waits = new CountDownLatch(1);
        // The common pool may have a single thread, and the first waits for the second.
        Executor threads = task -> new Thread(task).start();
        CompletableFuture<Path> first = CompletableFuture.supplyAsync(
                () -> cached().orMake(Progress.SILENT, part -> {
                    begun.countDown();
                    try {
                        waits.await();
                    } catch (InterruptedException e) {
                        Thread.currentThread().interrupt();
                    }
                    made.incrementAndGet();
                }),
                threads);
        begun.await();
        CompletableFuture<Path> second = CompletableFuture.supplyAsync(
                () -> cached().orMake(
                                new Progress() {
                                    @Override
                                    public void bytes(String what, long done, long total) {}

                                    @Override
                                    public void step(String what) {
                                        waits.countDown();
                                    }
                                },
                                part -> made.incrementAndGet()),
                threads);
        assertThat(second.join()).isEqualTo(first.join());
        assertThat(made).hasValue(1);
    }

    private CachedDirectory cached() {
        return CachedDirectory.of(CacheDirectory.at(directory), "thing");
    }

    private static void write(Path file) {
        try {
            Files.writeString(file, "text");
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
