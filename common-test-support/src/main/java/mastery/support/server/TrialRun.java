package mastery.support.server;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;

/** A server that is started to be ended: for what it writes on its way. */
final class TrialRun {

    private static final long LIMIT_SECONDS = 180;
    private static final long POLL_MILLIS = 50;

    private TrialRun() {}

    /** Throws {@link ServerException} when the program ends before it prints the text, or does not end in order. */
    static void until(Path directory, List<String> command, String text, String node) {
        Path log = directory.resolve("trial.log");
        Process process = Spawner.spawn(command, Map.of(), directory, log);
        try {
            long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(LIMIT_SECONDS);
            while (!Files.readString(log).contains(text)) {
                if (process.waitFor(POLL_MILLIS, TimeUnit.MILLISECONDS) || System.nanoTime() > deadline) {
                    throw failure(node, log, "did not come to '" + text + "'");
                }
            }
            Commands.signal("TERM", List.of(process.pid()));
            if (!process.waitFor(LIMIT_SECONDS, TimeUnit.SECONDS)) {
                throw failure(node, log, "did not end");
            }
        } catch (IOException e) {
            throw new ServerException("Cannot read " + log + ": " + e.getMessage(), e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new ServerException("Interrupted while node '" + node + "' was prepared.", e);
        } finally {
            process.destroyForcibly();
        }
    }

    private static ServerException failure(String node, Path log, String what) {
        return new ServerException("Preparing node '" + node + "' failed: the server " + what + ". Its last lines:\n  "
                + String.join("\n  ", Logs.last(log, 12)));
    }
}
