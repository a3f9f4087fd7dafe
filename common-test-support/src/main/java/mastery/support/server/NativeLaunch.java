package mastery.support.server;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.List;
import java.util.function.Consumer;

/**
 * One native node about to be started: its programs, its directory and its address.
 *
 * @param directory belongs to the server's user; data, configuration and log lie below it
 */
public record NativeLaunch(Programs programs, Path directory, Address address, NodeSpec spec) {

    /** The data directory, below that of the node. */
    public static final String DATA = "data";

    /** Where the server keeps its data. */
    public Path data() {
        return directory.resolve(DATA);
    }

    /** The log file that holds what the server prints. */
    public Path log() {
        return directory.resolve("server.log");
    }

    /** Writes a file that only the server's user can read, and gives it to that user. */
    public Path writeSecret(String name, String content) {
        return writeSecret(name, content.getBytes(StandardCharsets.UTF_8));
    }

    /** The same with bytes that are no text. */
    public Path writeSecret(String name, byte[] content) {
        Path file = directory.resolve(name);
        try {
            Files.deleteIfExists(file);
            Files.createFile(file, PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rw-------")));
            Files.write(file, content);
            ServerUser.own(file);
        } catch (IOException e) {
            throw new UncheckedIOException("cannot write " + file, e);
        }
        return file;
    }

    /**
     * Fills the data directory with a copy of one that was initialised once for this build of the engine and is kept in
     * the cache.
     *
     * @param engine whose data it is
     * @param initialise makes the data directory at the path it is given
     */
    public void copyTemplate(Engine engine, Consumer<Path> initialise) {
        DataTemplates.copy(this, engine.id() + "-" + programs.version() + "-" + programs.build(), initialise);
    }

    /**
     * Runs one of the engine's programs as the server's user and waits for its end. It ends with this JVM.
     *
     * @throws ServerException with the program's output if it fails
     */
    public void run(List<String> command) {
        Commands.run(directory, ServerUser.boundToParent(command), spec.name());
    }

    /**
     * Runs a server as the server's user until it prints a text, ends it in order and waits for its end. It ends with this
     * JVM.
     *
     * @throws ServerException with the end of the output if the text does not come
     */
    public void runUntil(List<String> command, String text) {
        TrialRun.until(directory, ServerUser.boundToParent(command), text, spec.name());
    }
}
