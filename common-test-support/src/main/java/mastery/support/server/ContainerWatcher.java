package mastery.support.server;

import java.io.IOException;
import java.io.OutputStream;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/**
 * A small JVM beside the one that starts containers, which removes them when that one is killed.
 *
 * <p>It waits at its standard input, which the kernel closes when the other JVM ends, however it ends. Neither the
 * terminal's signals nor a signal to the other's process group reach it.
 */
final class ContainerWatcher {

    /** Ignored signals stay ignored in the program that the shell becomes; {@code setsid} is not everywhere. */
    private static final String DETACHED =
            "trap '' HUP INT TERM; if command -v setsid > /dev/null; then exec setsid \"$@\"; fi; exec \"$@\"";

    private static final long SECOND_LOOK_MILLIS = 1_000;

    /** Held for the life of this JVM: its end of the pipe would be closed with the object. */
    private static Process watcher;

    private ContainerWatcher() {}

    /** Starts the watcher of this JVM, once, and removes what killed JVMs left behind. */
    static synchronized void ensureStarted() {
        if (watcher != null) {
            return;
        }
        Containers.sweep();
        try {
            ProcessBuilder builder = new ProcessBuilder(command())
                    .redirectOutput(ProcessBuilder.Redirect.DISCARD)
                    .redirectError(ProcessBuilder.Redirect.DISCARD);
            builder.environment().put("CLASSPATH", System.getProperty("java.class.path"));
            watcher = builder.start();
        } catch (IOException e) {
            throw new ServerException("Cannot start the process that would remove containers: " + e.getMessage(), e);
        }
    }

    private static List<String> command() {
        List<String> command = new ArrayList<>();
        if (!System.getProperty("os.name").startsWith("Windows")) {
            command.addAll(List.of("sh", "-c", DETACHED, "sh"));
        }
        command.addAll(List.of(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-Xmx48m",
                "-XX:TieredStopAtLevel=1",
                "-XX:+UseSerialGC"));
        Settings.get("mastery.cache").ifPresent(cache -> command.add("-Dmastery.cache=" + cache));
        command.addAll(List.of(ContainerWatcher.class.getName(), OwnerMark.ofThisJvm()));
        return command;
    }

    /** Waits for the end of the input, then removes the containers of the owner named by the first argument. */
    public static void main(String[] arguments) throws IOException, InterruptedException {
        System.in.transferTo(OutputStream.nullOutputStream());
        Containers.removeOwned(arguments[0]);
        // The engine may still be making the container that was asked for last.
        Thread.sleep(SECOND_LOOK_MILLIS);
        Containers.removeOwned(arguments[0]);
    }
}
