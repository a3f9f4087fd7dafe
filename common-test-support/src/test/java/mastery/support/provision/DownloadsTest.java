package mastery.support.provision;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Properties;
import java.util.Random;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class DownloadsTest {

    private static final byte[] FILE = new byte[300_000];

    static {
        new Random(1).nextBytes(FILE);
    }

    @TempDir
    Path directory;

    private FaultyServer server;
    private Artifact artifact;

    @BeforeEach
    void start() throws IOException {
        Path original = directory.resolve("original");
        Files.write(original, FILE);
        Checksum checksum = Checksum.sha256("0".repeat(64)).of(original);
        server = new FaultyServer(FILE);
        artifact = Artifact.at(server.uri(), checksum, FILE.length);
    }

    @AfterEach
    void stop() {
        server.close();
    }

    @Test
    void aTornDownloadGoesOnWhereItStopped() {
        server.thenTearAfter(100_000);
        assertThat(downloads().fetch(artifact)).hasBinaryContent(FILE);
        assertThat(server.ranges).hasSize(2).first().isEqualTo("whole");
        assertThat(server.ranges.get(1)).matches("bytes=[1-9]\\d*-");
    }

    @Test
    void aServerThatIgnoresTheRangeSendsTheWhole() {
        server.thenTearAfter(100_000).thenSend(FILE);
        assertThat(downloads().fetch(artifact)).hasBinaryContent(FILE);
    }

    @Test
    void aPartThatIsNoBeginningOfTheFileIsFetchedAnew() throws IOException {
        Files.createDirectories(home());
        Files.write(part(), new byte[1000]);
        assertThat(downloads().fetch(artifact)).hasBinaryContent(FILE);
        assertThat(server.ranges).containsExactly("bytes=1000-", "whole");
    }

    @Test
    void aTruncatedFileIsNeverUsed() {
        byte[] truncated = Arrays.copyOf(FILE, 1000);
        for (int i = 0; i < 5; i++) {
            server.thenSend(truncated);
        }
        assertThatThrownBy(() -> downloads().fetch(artifact))
                .isInstanceOf(ProvisionException.class)
                .hasMessageContaining("file.bin")
                .hasMessageContaining("1000 of 300000 bytes");
        assertThat(home().resolve("file.bin")).doesNotExist();
    }

    @Test
    void aTamperedFileIsThrownAwayAndNamed() {
        byte[] tampered = FILE.clone();
        tampered[5]++;
        server.thenSend(tampered);
        assertThatThrownBy(() -> downloads().fetch(artifact))
                .isInstanceOf(ProvisionException.class)
                .hasMessageContaining("file.bin")
                .hasMessageContaining("expected SHA-256 " + artifact.checksum().hex())
                .hasMessageContaining("got SHA-256")
                .hasMessageContaining("Run again");
        assertThat(home().resolve("file.bin")).doesNotExist();
        assertThat(part()).doesNotExist();
    }

    @Test
    void anAnswerLongerThanTheFileIsCutOff() {
        server.thenSend(Arrays.copyOf(FILE, FILE.length * 40));
        assertThatThrownBy(() -> downloads().fetch(artifact))
                .isInstanceOf(ProvisionException.class)
                .hasMessageContaining("is not what it should be");
        assertThat(part()).doesNotExist();
    }

    @Test
    void aFileChangedInTheCacheIsFetchedAgain() throws IOException {
        Path file = downloads().fetch(artifact);
        byte[] tampered = FILE.clone();
        tampered[7]++;
        Files.write(file, tampered);
        assertThat(downloads().fetch(artifact)).hasBinaryContent(FILE);
        assertThat(server.ranges).hasSize(2);
    }

    @Test
    void anOverloadedServerIsAskedAgain() {
        server.thenStatus(503).thenStatus(429);
        assertThat(downloads().fetch(artifact)).hasBinaryContent(FILE);
        assertThat(server.ranges).hasSize(3);
    }

    @Test
    void aMissingFileFailsAtOnce() {
        server.thenStatus(404);
        assertThatThrownBy(() -> downloads().fetch(artifact))
                .isInstanceOf(ProvisionException.class)
                .hasMessageContaining("HTTP 404");
        assertThat(server.ranges).hasSize(1);
    }

    @Test
    void aRedirectIsFollowed() {
        URI there = URI.create(server.uri() + "?moved");
        server.then(exchange -> {
            exchange.getResponseHeaders().set("Location", there.toString());
            exchange.sendResponseHeaders(302, -1);
        });
        assertThat(downloads().fetch(artifact)).hasBinaryContent(FILE);
    }

    @Test
    void aServerThatFallsSilentIsLeftAndAskedForTheRest() {
        CountDownLatch end = new CountDownLatch(1);
        server.then(exchange -> {
            exchange.sendResponseHeaders(200, FILE.length);
            exchange.getResponseBody().write(FILE, 0, 100_000);
            exchange.getResponseBody().flush();
            try {
                end.await();
            } catch (InterruptedException stopped) {
                Thread.currentThread().interrupt();
            }
        });
        assertThat(downloads(Duration.ofMillis(500)).fetch(artifact)).hasBinaryContent(FILE);
        end.countDown();
        assertThat(server.ranges).hasSize(2);
    }

    @Test
    void withoutServerTheMessageSaysWhatToDo() {
        server.close();
        assertThatThrownBy(() -> downloads().fetch(artifact))
                .isInstanceOf(ProvisionException.class)
                .hasMessageContaining("file.bin")
                .hasMessageContaining("Check the network");
    }

    @Test
    void aFileInTheCacheNeedsNoServer() {
        downloads().fetch(artifact);
        server.close();
        assertThat(downloads().fetch(artifact)).hasBinaryContent(FILE);
    }

    @Test
    void aFullDiskIsNamedAndLeavesNothingHalfUsed() throws IOException {
        Path full = Path.of("/dev/full");
        assumeTrue(Files.isWritable(full), "needs /dev/full, where every write finds the disk full");
        Files.createDirectories(home());
        Files.createSymbolicLink(part(), full);
        assertThatThrownBy(() -> downloads().fetch(artifact))
                .isInstanceOf(ProvisionException.class)
                .hasMessageContaining("the disk is full")
                .hasMessageContaining("mastery.cache");
        assertThat(home().resolve("file.bin")).doesNotExist();
        Files.delete(part());
    }

    @Test
    void manyThreadsFetchOnce() throws Exception {
        ExecutorService threads = Executors.newFixedThreadPool(8);
        try {
            List<Future<Path>> paths = new ArrayList<>();
            for (int i = 0; i < 8; i++) {
                paths.add(threads.submit(() -> downloads().fetch(artifact)));
            }
            for (Future<Path> path : paths) {
                assertThat(path.get()).hasBinaryContent(FILE);
            }
        } finally {
            threads.shutdownNow();
        }
        assertThat(server.ranges).containsExactly("whole");
    }

    @Test
    void twoProcessesFetchOnce() throws Exception {
        CountDownLatch bothRun = new CountDownLatch(1);
        server.then(exchange -> {
            try {
                bothRun.await();
            } catch (InterruptedException stopped) {
                Thread.currentThread().interrupt();
            }
            FaultyServer.whole(exchange, FILE);
        });
        List<Process> processes = List.of(fetchElsewhere(), fetchElsewhere());
        for (Process process : processes) {
            // both are about to fetch; the first holds the lock until the server answers
            assertThat(process.inputReader().readLine()).isEqualTo("ready");
        }
        bothRun.countDown();
        for (Process process : processes) {
            assertThat(process.inputReader().lines().toList()).containsExactly("fetched");
            assertThat(process.waitFor()).isZero();
        }
        assertThat(server.ranges).containsExactly("whole");
    }

    private Process fetchElsewhere() throws IOException {
        return new ProcessBuilder(
                        Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                        "-XX:TieredStopAtLevel=1",
                        "-cp",
                        System.getProperty("java.class.path"),
                        Elsewhere.class.getName(),
                        directory.toString(),
                        server.uri().toString(),
                        artifact.checksum().hex())
                .redirectError(ProcessBuilder.Redirect.INHERIT)
                .start();
    }

    /** The main class of another process that wants the same file. */
    static final class Elsewhere {
        public static void main(String[] arguments) {
            System.out.println("ready");
            Downloads.into(Path.of(arguments[0]), Progress.SILENT)
                    .fetch(URI.create(arguments[1]), Checksum.sha256(arguments[2]));
            System.out.println("fetched");
        }
    }

    private Downloads downloads() {
        return downloads(Duration.ofSeconds(20));
    }

    private Downloads downloads(Duration stall) {
        HttpTransfer transfer = new HttpTransfer(Proxies.from(new Properties(), Map.of()), stall);
        return new Downloads(directory, Progress.SILENT, transfer, Duration.ofMillis(1));
    }

    private Path home() {
        return directory.resolve(artifact.checksum().hex().substring(0, 16));
    }

    private Path part() {
        return home().resolve("file.bin.part");
    }
}
