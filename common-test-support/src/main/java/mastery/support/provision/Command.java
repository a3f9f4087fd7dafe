package mastery.support.provision;

import java.io.File;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.TimeUnit;

/** Runs programs that end by themselves, with a limit on their time. */
final class Command {

    /** What the program said; both texts are stripped. */
    record Result(int exit, String output, String errors) {}

    private Command() {}

    /** Where PATH has the program, if it does. */
    static Optional<Path> onPath(String program) {
        return onPath(program, System.getenv());
    }

    static Optional<Path> onPath(String program, Map<String, String> environment) {
        for (String directory : environment.getOrDefault("PATH", "").split(File.pathSeparator)) {
            Path file = Path.of(directory, program);
            if (!directory.isEmpty() && Files.isExecutable(file) && !Files.isDirectory(file)) {
                return Optional.of(file);
            }
        }
        return Optional.empty();
    }

    /** Throws {@link IOException} when the program cannot be started or does not end in time. */
    static Result run(List<String> command, Map<String, String> environment, Duration limit) throws IOException {
        Path out = Files.createTempFile("mastery-", ".out");
        Path err = Files.createTempFile("mastery-", ".err");
        try {
            ProcessBuilder builder =
                    new ProcessBuilder(command).redirectOutput(out.toFile()).redirectError(err.toFile());
            // messages are read by this program
            builder.environment().put("LC_ALL", "C");
            builder.environment().putAll(environment);
            Process process = builder.start();
            process.getOutputStream().close();
            await(List.of(process), command.get(0), limit);
            return new Result(process.exitValue(), text(out), text(err));
        } finally {
            Files.deleteIfExists(out);
            Files.deleteIfExists(err);
        }
    }

    /** Runs {@code first | second}; answers the first failure of the two, or success. */
    static Result pipe(List<String> first, List<String> second, Duration limit) throws IOException {
        Path err = Files.createTempFile("mastery-", ".err");
        try {
            ProcessBuilder.Redirect errors = ProcessBuilder.Redirect.appendTo(err.toFile());
            List<Process> processes = ProcessBuilder.startPipeline(List.of(
                    new ProcessBuilder(first).redirectError(errors),
                    new ProcessBuilder(second)
                            .redirectOutput(ProcessBuilder.Redirect.DISCARD)
                            .redirectError(errors)));
            await(processes, first.get(0), limit);
            // the reader first: when it dies, the writer only has a broken pipe to tell
            int last = processes.get(1).exitValue();
            return new Result(last != 0 ? last : processes.get(0).exitValue(), "", text(err));
        } finally {
            Files.deleteIfExists(err);
        }
    }

    private static void await(List<Process> processes, String program, Duration limit) throws IOException {
        long end = System.nanoTime() + limit.toNanos();
        try {
            for (Process process : processes) {
                if (!process.waitFor(end - System.nanoTime(), TimeUnit.NANOSECONDS)) {
                    throw new IOException(program + " did not end within " + limit.toSeconds() + " s");
                }
            }
        } catch (InterruptedException stop) {
            Thread.currentThread().interrupt();
            throw new IOException("stopped while " + program + " ran", stop);
        } finally {
            for (Process process : processes) {
                process.descendants().forEach(ProcessHandle::destroyForcibly);
                process.destroyForcibly();
            }
        }
    }

    private static String text(Path file) throws IOException {
        return new String(Files.readAllBytes(file), StandardCharsets.UTF_8).strip();
    }
}
