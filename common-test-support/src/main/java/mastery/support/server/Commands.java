package mastery.support.server;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;

/** Short commands of the operating system and of the engines: run, waited for, and explained when they fail. */
final class Commands {

    private static final long LIMIT_SECONDS = 300;

    private Commands() {}

    /**
     * Runs a command and waits for its end. Its output never touches the disk, which may be what it complains about.
     *
     * @throws ServerException with the end of the output on failure
     */
    static void run(Path directory, List<String> command, String purpose) {
        try {
            Process process = new ProcessBuilder(command)
                    .directory(directory.toFile())
                    .redirectInput(
                            ProcessBuilder.Redirect.from(Path.of("/dev/null").toFile()))
                    .redirectErrorStream(true)
                    .start();
            LastLines said = new LastLines(process.getInputStream(), 15);
            if (!process.waitFor(LIMIT_SECONDS, TimeUnit.SECONDS)) {
                process.destroyForcibly();
                throw new ServerException("'" + programOf(command) + "' for node '" + purpose + "' did not end within "
                        + LIMIT_SECONDS + " s.\n" + said.text());
            }
            if (process.exitValue() != 0) {
                throw new ServerException("Preparing node '" + purpose + "' failed: " + programOf(command)
                        + " ended with exit code " + process.exitValue() + ". Its last lines:\n" + said.text()
                        + FullDisk.cure(directory, said.text()));
            }
        } catch (IOException e) {
            throw new ServerException("Cannot run " + programOf(command) + ": " + e.getMessage(), e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new ServerException("Interrupted while waiting for " + programOf(command) + ".", e);
        }
    }

    /** Sends a signal by name, such as {@code STOP}, to processes; those already gone are passed over. */
    static void signal(String signal, List<Long> pids) {
        List<String> command = new ArrayList<>(List.of("sh", "-c", "kill -\"$0\" \"$@\" 2>/dev/null", signal));
        pids.forEach(pid -> command.add(Long.toString(pid)));
        try {
            new ProcessBuilder(command).inheritIO().start().waitFor();
        } catch (IOException e) {
            throw new ServerException("Cannot send signal " + signal + ": " + e.getMessage(), e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    private static String programOf(List<String> command) {
        List<String> own = ServerUser.withoutPrefix(command);
        return own.get(0);
    }
}
