package mastery.support.server;

import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.List;
import java.util.function.Consumer;

/**
 * Initialised data directories, made once for a build of an engine, kept in the cache and copied for each node. For an
 * engine that needs seconds to initialise itself.
 */
final class DataTemplates {

    private DataTemplates() {}

    /** Copies the template of a build to a node's data directory; the first caller on this machine makes it. */
    static void copy(NativeLaunch launch, String key, Consumer<Path> initialise) {
        Path templates = Cache.path().resolve("data-templates");
        Path template = templates.resolve(key.replaceAll("[^A-Za-z0-9.-]", "_"));
        if (!Files.exists(template)) {
            create(launch, templates, template, initialise);
        }
        launch.run(List.of(
                "cp", "-R", "--reflink=auto", template.toString(), launch.data().toString()));
    }

    private static void create(NativeLaunch launch, Path templates, Path template, Consumer<Path> initialise) {
        Path lock = templates.resolve("lock");
        try {
            Files.createDirectories(templates);
            Files.setPosixFilePermissions(templates, PosixFilePermissions.fromString("rwx--x--x"));
            synchronized (DataTemplates.class) {
                try (FileChannel channel = FileChannel.open(lock, StandardOpenOption.CREATE, StandardOpenOption.WRITE);
                        FileLock held = channel.lock()) {
                    assert held.isValid();
                    if (!Files.exists(template)) {
                        Path made = launch.directory().resolve("template");
                        initialise.accept(made);
                        moveIntoCache(made, templates, template);
                    }
                }
            }
        } catch (IOException e) {
            throw new ServerException(
                    "Cannot keep an initialised data directory in " + templates + ": " + e.getMessage()
                            + ". Free some space, make it writable, or name another cache with"
                            + " -Dmastery.cache=DIRECTORY.",
                    e);
        }
    }

    /** The copy may cross file systems, so it is made beside its place and renamed: nobody sees half of it. */
    private static void moveIntoCache(Path made, Path templates, Path template) throws IOException {
        Path part = Files.createTempDirectory(templates, "part-");
        try {
            Commands.run(templates, List.of("cp", "-a", made + "/.", part.toString()), "data template");
            Files.move(part, template);
        } catch (IOException | RuntimeException e) {
            RunDirectory.remove(part);
            throw e;
        } finally {
            RunDirectory.remove(made);
        }
    }
}
