package mastery.support.interleave;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.PrintStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.Optional;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;

/**
 * A main class in a JVM of its own, for what must hold between processes: it is told lines and heard by lines, and can be
 * paused and killed in the middle of its work.
 *
 * <p>The main class reads with {@link #order} and prints to its standard output. Passwords go to it by such a line, since every user of
 * a machine may read arguments. It ends when its parent does, even when it is paused.
 */
public final class OtherJvm implements AutoCloseable {

    private static final long LIMIT_SECONDS = 30;

    private final BlockingQueue<Optional<String>> said = new LinkedBlockingQueue<>();
    private final Process process;
    private final PrintStream orders;
    private Process pause;

    private OtherJvm(Process process) {
        this.process = process;
        orders = new PrintStream(process.getOutputStream(), true, StandardCharsets.UTF_8);
        Thread listener = new Thread(this::listen, "other-jvm-" + process.pid());
        listener.setDaemon(true);
        listener.start();
    }

    /** Starts it with the class path of this JVM, and tells it the first lines. */
    public static OtherJvm start(Class<?> main, String... lines) throws IOException {
        OtherJvm other = new OtherJvm(new ProcessBuilder(
                        Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                        "-XX:TieredStopAtLevel=1",
                        "-XX:+UseSerialGC",
                        "-Xmx64m",
                        "-cp",
                        System.getProperty("java.class.path"),
                        main.getName())
                .redirectError(ProcessBuilder.Redirect.INHERIT)
                .start());
        other.tell(lines);
        return other;
    }

    /** Sends lines, which it reads when it comes to that. */
    public void tell(String... lines) {
        for (String line : lines) {
            orders.println(line);
        }
    }

    /**
     * The next line that it said.
     *
     * @throws IllegalStateException when it ended, or says nothing for half a minute
     */
    public String hear() throws InterruptedException {
        Optional<String> line = said.poll(LIMIT_SECONDS, TimeUnit.SECONDS);
        if (line == null) {
            throw new IllegalStateException("the other JVM says nothing");
        }
        return line.orElseThrow(() -> new IllegalStateException("the other JVM ended"));
    }

    /** Its id at the operating system. */
    public long pid() {
        return process.pid();
    }

    /** Stops all its threads where they are ({@code SIGSTOP}), as a long pause of the garbage collection or of a virtual machine does. */
    public void pause() throws IOException {
        // Whoever paused it lets it go on when this JVM is killed: a paused process does not see its parent end.
        pause = new ProcessBuilder(
                        "sh", "-c", "kill -STOP $0 && echo paused && read line; kill -CONT $0", Long.toString(pid()))
                .redirectError(ProcessBuilder.Redirect.INHERIT)
                .start();
        if (!"paused".equals(pause.inputReader().readLine())) {
            throw new IllegalStateException("the other JVM cannot be paused");
        }
    }

    /** Lets it go on. */
    public void resume() throws IOException, InterruptedException {
        pause.getOutputStream().close();
        pause.waitFor();
    }

    /** Kills it ({@code SIGKILL}), and returns when it is gone. */
    public void kill() throws InterruptedException {
        if (!process.isAlive()) {
            throw new IllegalStateException("the other JVM ended before it was killed");
        }
        close();
        if (!process.waitFor(LIMIT_SECONDS, TimeUnit.SECONDS)) {
            throw new IllegalStateException("the other JVM was not killed");
        }
    }

    @Override
    public void close() {
        process.destroyForcibly();
        if (pause != null) {
            pause.destroyForcibly();
        }
    }

    /** In the other JVM: the next line that its parent tells it. Ends this JVM when there is no parent any more. */
    public static String order() {
        try {
            String line = Orders.READER.readLine();
            if (line == null) {
                Runtime.getRuntime().halt(1);
            }
            return line;
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private void listen() {
        try (BufferedReader lines = process.inputReader(StandardCharsets.UTF_8)) {
            for (String line = lines.readLine(); line != null; line = lines.readLine()) {
                said.add(Optional.of(line));
            }
        } catch (IOException closed) {
            // Ending it closes its output under the one who reads.
        } finally {
            said.add(Optional.empty());
        }
    }

    /** Made when the first order is read, so that nobody else loses what comes by the standard input. */
    private static final class Orders {

        private static final BufferedReader READER =
                new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
    }
}
