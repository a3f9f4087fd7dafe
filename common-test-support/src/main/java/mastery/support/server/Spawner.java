package mastery.support.server;

import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;

/**
 * Starts server processes from one thread that lives as long as the JVM: the kernel's parent-death signal fires when
 * the thread that started the child ends (prctl(2)), not when its process does.
 */
final class Spawner {

    private static final ExecutorService THREAD = Executors.newSingleThreadExecutor(task -> {
        Thread thread = new Thread(task, "mastery-spawner");
        thread.setDaemon(true);
        return thread;
    });

    private Spawner() {}

    /** Starts a command in a directory; what it prints is appended to the log file. */
    static Process spawn(List<String> command, Map<String, String> environment, Path directory, Path log) {
        try {
            return THREAD.submit(() -> {
                        ProcessBuilder builder = new ProcessBuilder(command)
                                .directory(directory.toFile())
                                .redirectErrorStream(true)
                                .redirectInput(ProcessBuilder.Redirect.from(
                                        Path.of("/dev/null").toFile()))
                                .redirectOutput(ProcessBuilder.Redirect.appendTo(log.toFile()));
                        builder.environment().putAll(environment);
                        return builder.start();
                    })
                    .get();
        } catch (ExecutionException e) {
            if (e.getCause() instanceof IOException) {
                throw new ServerException("Cannot start " + command.get(0) + ": "
                        + e.getCause().getMessage() + ". Native servers need Linux with util-linux (setpriv).");
            }
            throw new IllegalStateException(e.getCause());
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new ServerException("Interrupted while starting " + command.get(0) + ".", e);
        }
    }
}
