package mastery.support.provision;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.URI;
import java.net.URL;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Queue;
import java.util.Random;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import java.util.zip.ZipEntry;
import java.util.zip.ZipOutputStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class RemoteZipTest {

    private static final int BIG = 3_000_000;

    /** What the server does with one request instead of answering it. */
    private interface Fault {
        void happen(HttpExchange exchange, byte[] part) throws IOException;
    }

    @TempDir
    Path directory;

    private final List<Integer> asked = new CopyOnWriteArrayList<>();
    private final List<String> ranges = new CopyOnWriteArrayList<>();
    private final Queue<Fault> faults = new ConcurrentLinkedQueue<>();
    private final List<Long> progress = new ArrayList<>();
    private final ExecutorService threads = Executors.newCachedThreadPool();
    private byte[] zip;
    private HttpServer server;
    private PinnedEntries pinned;

    @BeforeEach
    void start() throws IOException {
        byte[] first = random(1, 30_000);
        byte[] second = random(2, 70_000);
        zip = zip(Map.of(), first, second);
        pinned = new PinnedEntries(List.of(pin("one/a.jar", first), pin("two/b.jar", second)));
        server = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
        server.setExecutor(threads);
        server.createContext("/", this::answer);
        server.start();
    }

    @AfterEach
    void stop() {
        server.stop(0);
        threads.shutdownNow();
    }

    @Test
    void onlyThePartsThatHoldTheFilesAreFetched() {
        fetch();
        assertThat(directory.resolve("one/a.jar")).hasBinaryContent(random(1, 30_000));
        assertThat(directory.resolve("two/b.jar")).hasBinaryContent(random(2, 70_000));
        assertThat(zip).hasSizeGreaterThan(2 * BIG);
        assertThat(asked.stream().mapToInt(Integer::intValue).sum()).isLessThan(3 * RangeChannel.WINDOW);
        assertThat(ranges).first().isEqualTo("bytes=0-0");
        assertThat(progress).containsExactly(30_000L, 100_000L);
    }

    @Test
    void aTornAnswerIsAskedForAgain() {
        faults.add((exchange, part) -> answer(exchange, part, part.length));
        faults.add((exchange, part) -> {
            exchange.sendResponseHeaders(206, part.length);
            exchange.getResponseBody().write(part, 0, part.length / 2);
        });
        faults.add((exchange, part) -> exchange.sendResponseHeaders(503, -1));
        fetch();
        assertThat(directory.resolve("two/b.jar")).hasBinaryContent(random(2, 70_000));
        assertThat(ranges.get(1)).isEqualTo(ranges.get(2)).isEqualTo(ranges.get(3));
    }

    @Test
    void aServerThatStaysBrokenIsGivenUpWithItsReason() {
        for (int i = 0; i < 5; i++) {
            faults.add((exchange, part) -> exchange.sendResponseHeaders(503, -1));
        }
        assertThatThrownBy(this::fetch)
                .isInstanceOf(ProvisionException.class)
                .hasMessageContaining("HTTP 503 (5 attempts)")
                .hasMessageContaining("settings.xml");
        assertThat(ranges).hasSize(5);
    }

    @Test
    void aServerThatStaysSilentIsGivenUp() {
        for (int i = 0; i < 5; i++) {
            faults.add((exchange, part) -> {
                exchange.sendResponseHeaders(206, part.length);
                exchange.getResponseBody().flush();
                awaitInterruption();
            });
        }
        assertThatThrownBy(() -> fetch(List.of(place("")), Duration.ofMillis(200)))
                .isInstanceOf(ProvisionException.class)
                .hasMessageContaining("5 attempts");
    }

    @Test
    void aServerWithoutRangesIsRefusedAtOnceAndTheNextPlaceIsAsked() {
        faults.add((exchange, part) -> FaultyServer.whole(exchange, zip));
        fetch(List.of(place("no-ranges"), place("")), Duration.ofSeconds(5));
        assertThat(directory.resolve("one/a.jar")).exists();

        faults.add((exchange, part) -> FaultyServer.whole(exchange, zip));
        assertThatThrownBy(() -> fetch(List.of(place("no-ranges")), directory.resolve("other")))
                .isInstanceOf(ProvisionException.class)
                .hasMessageContaining("no range requests")
                .hasMessageContaining("must answer range requests");
    }

    @Test
    void anotherRangeThanTheOneAskedForIsRefused() {
        faults.add((exchange, part) -> answer(exchange, part, part.length));
        faults.add((exchange, part) -> {
            exchange.getResponseHeaders().set("Content-Range", "bytes 1-" + part.length + "/" + zip.length);
            exchange.sendResponseHeaders(206, part.length);
            exchange.getResponseBody().write(part);
        });
        assertThatThrownBy(this::fetch).isInstanceOf(ProvisionException.class).hasMessageContaining("another range");
    }

    @Test
    void aFileThatIsNotThereIsSaidToBeMissingInEachPlace() {
        faults.add((exchange, part) -> exchange.sendResponseHeaders(404, -1));
        faults.add((exchange, part) -> exchange.sendResponseHeaders(404, -1));
        assertThatThrownBy(() -> fetch(List.of(place("x"), place("y")), Duration.ofSeconds(5)))
                .isInstanceOf(ProvisionException.class)
                .hasMessageContaining("/x: the server answers HTTP 404")
                .hasMessageContaining("/y: the server answers HTTP 404");
    }

    @Test
    void withoutAnyPlaceTheReasonIsMaven() {
        assertThatThrownBy(() -> fetch(List.of(), Duration.ofSeconds(5)))
                .isInstanceOf(ProvisionException.class)
                .hasMessageContaining("Maven is offline");
    }

    @Test
    void aTamperedFileIsThrownAway() throws IOException {
        byte[] other = random(3, 70_000);
        zip = zip(Map.of("two/b.jar", other), random(1, 30_000), random(2, 70_000));
        assertThatThrownBy(this::fetch)
                .isInstanceOf(ProvisionException.class)
                .hasMessageContaining("modules/two/b.jar")
                .hasMessageContaining(pinned.files().get(1).checksum().hex());
        assertThat(directory.resolve("one/a.jar")).exists();
        assertThat(directory.resolve("two")).isEmptyDirectory();
    }

    @Test
    void aFileThatGrewIsThrownAwayBeforeAllOfItIsUnpacked() throws IOException {
        zip = zip(Map.of("two/b.jar", new byte[20_000_000]), random(1, 30_000), random(2, 70_000));
        assertThatThrownBy(this::fetch).isInstanceOf(ProvisionException.class).hasMessageContaining("two/b.jar");
    }

    @Test
    void aZipThatLacksTheFileIsNamed() throws IOException {
        zip = zip(Map.of("two/b.jar", new byte[0]), random(1, 30_000), new byte[0]);
        pinned = new PinnedEntries(List.of(pin("three/c.jar", random(2, 10))));
        assertThatThrownBy(this::fetch).hasMessageContaining("it holds no modules/three/c.jar");
    }

    @Test
    void somethingThatIsNoZipIsNamed() {
        zip = new byte[100_000];
        assertThatThrownBy(this::fetch).isInstanceOf(ProvisionException.class).hasMessageContaining("/file.zip");
    }

    @Test
    void whatIsHereIsNotFetchedAgain() throws IOException {
        fetch();
        int before = ranges.size();
        fetch();
        assertThat(ranges).hasSize(before);

        Files.write(directory.resolve("two/b.jar"), new byte[10]);
        fetch();
        assertThat(ranges).hasSizeGreaterThan(before);
        assertThat(directory.resolve("two/b.jar")).hasBinaryContent(random(2, 70_000));
    }

    @Test
    void aListThatIsWrongIsNamedWithItsLine() throws IOException {
        for (String line : new String[] {"abc", "0 1 path", "f".repeat(64) + " x path", "f".repeat(64) + " 1 ../up"}) {
            Path list = Files.writeString(directory.resolve("list"), "# a comment\n\n" + line + "\n");
            URL resource = list.toUri().toURL();
            assertThatThrownBy(() -> PinnedEntries.read(resource)).isInstanceOf(IllegalArgumentException.class);
        }
        Path list = Files.writeString(directory.resolve("list"), "# a\n" + "f".repeat(64) + " 12 a/b.jar\n");
        assertThat(PinnedEntries.read(list.toUri().toURL()).size()).isEqualTo(12);
    }

    private void fetch() {
        fetch(List.of(place("file.zip")), Duration.ofSeconds(5));
    }

    private void fetch(List<RemoteFile> places, Duration stall) {
        fetch(places, directory, stall);
    }

    private void fetch(List<RemoteFile> places, Path into) {
        fetch(places, into, Duration.ofSeconds(5));
    }

    private void fetch(List<RemoteFile> places, Path into, Duration stall) {
        new RemoteZip(places, stall, Duration.ofMillis(1))
                .fetch(pinned, "modules/", into, "two modules", new Progress() {
                    @Override
                    public void bytes(String what, long done, long total) {
                        progress.add(done);
                    }

                    @Override
                    public void step(String what) {}
                });
    }

    private RemoteFile place(String name) {
        return new RemoteFile(
                URI.create("http://127.0.0.1:" + server.getAddress().getPort() + "/" + name),
                Optional.empty(),
                Optional.empty(),
                Map.of());
    }

    private void answer(HttpExchange exchange) throws IOException {
        String range = exchange.getRequestHeaders().getFirst("Range");
        ranges.add(range);
        String[] bounds = range.replace("bytes=", "").split("-");
        int from = Integer.parseInt(bounds[0]);
        int to = Integer.parseInt(bounds[1]) + 1;
        asked.add(to - from);
        byte[] part = Arrays.copyOfRange(zip, from, to);
        exchange.getResponseHeaders().set("Content-Range", "bytes " + from + "-" + (to - 1) + "/" + zip.length);
        try (exchange) {
            Fault fault = faults.poll();
            if (fault == null) {
                answer(exchange, part, part.length);
            } else {
                fault.happen(exchange, part);
            }
        }
    }

    private static void answer(HttpExchange exchange, byte[] part, int count) throws IOException {
        exchange.sendResponseHeaders(206, count);
        exchange.getResponseBody().write(part, 0, count);
    }

    /** The test ends the server, which ends this. */
    private static void awaitInterruption() {
        try {
            new CountDownLatch(1).await(5, TimeUnit.SECONDS);
        } catch (InterruptedException end) {
            Thread.currentThread().interrupt();
        }
    }

    private static PinnedEntries.Pinned pin(String path, byte[] bytes) throws IOException {
        Path file = Files.createTempFile("mastery-", ".bin");
        try {
            Files.write(file, bytes);
            return new PinnedEntries.Pinned(
                    path, Checksum.sha256("0".repeat(64)).of(file), bytes.length);
        } finally {
            Files.delete(file);
        }
    }

    /** Two files that are wanted, each after a big one that is not. */
    private static byte[] zip(Map<String, byte[]> others, byte[] first, byte[] second) throws IOException {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        try (ZipOutputStream out = new ZipOutputStream(bytes)) {
            add(out, "big/1.bin", random(4, BIG));
            add(out, "modules/one/a.jar", others.getOrDefault("one/a.jar", first));
            add(out, "big/2.bin", random(5, BIG));
            add(out, "modules/two/b.jar", others.getOrDefault("two/b.jar", second));
        }
        return bytes.toByteArray();
    }

    private static void add(ZipOutputStream out, String name, byte[] bytes) throws IOException {
        out.putNextEntry(new ZipEntry(name));
        out.write(bytes);
        out.closeEntry();
    }

    private static byte[] random(int seed, int size) {
        byte[] bytes = new byte[size];
        new Random(seed).nextBytes(bytes);
        return bytes;
    }
}
