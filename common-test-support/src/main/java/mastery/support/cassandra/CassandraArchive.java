package mastery.support.cassandra;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.function.Consumer;
import mastery.support.provision.CacheDirectory;
import mastery.support.provision.CachedDirectory;
import mastery.support.provision.Progress;
import mastery.support.provision.ProvisionException;
import mastery.support.server.NativeLaunch;
import mastery.support.server.Programs;
import mastery.support.server.ServerException;

/**
 * Cassandra's classes as the JVM keeps them in memory, made once for a JDK and a set of jars: a start from it spends about
 * a quarter less of the processor.
 *
 * <p>Source: java command, "Class Data Sharing", -XX:ArchiveClassesAtExit, JDK 13 and later.
 */
final class CassandraArchive {

    private static final String FILE = "classes.jsa";
    private static final String NONE = "none";

    private CassandraArchive() {}

    /**
     * The archive, made by the first caller on this machine; empty for a JDK that cannot make one. That a server starts
     * without one is only slower.
     *
     * @param train runs a server that writes the archive to the file it is given
     */
    static Optional<Path> of(NativeLaunch launch, Consumer<Path> train) {
        Programs programs = launch.programs();
        try {
            Path made = CachedDirectory.of(CacheDirectory.open(), key(programs)).orMake(Progress.terminal(), part -> {
                Progress.terminal().step("Preparing Cassandra to start faster (once for this JDK)");
                Path archive = launch.directory().resolve(FILE);
                try {
                    train.accept(archive);
                    Files.copy(archive, part.resolve(FILE));
                    Files.delete(archive);
                } catch (ServerException cannot) {
                    write(part.resolve(NONE), String.valueOf(cannot.getMessage()));
                } catch (IOException failure) {
                    write(part.resolve(NONE), failure.toString());
                }
            });
            return Optional.of(made.resolve(FILE)).filter(Files::isRegularFile);
        } catch (ProvisionException unwritable) {
            return Optional.empty();
        }
    }

    private static void write(Path file, String text) {
        try {
            Files.writeString(file, text + "\n");
        } catch (IOException failure) {
            throw new UncheckedIOException(failure);
        }
    }

    /** All that the JVM compares before it uses an archive: itself, and the jars by their times. */
    private static String key(Programs programs) {
        Path home = programs.directory().getParent();
        try {
            String release = String.join("\n", Files.readAllLines(home.resolve("release")));
            String jars = programs.root() + " " + Files.getLastModifiedTime(programs.root());
            return "cassandra-classes-"
                    + CassandraJars.digest(String.join("\n", List.of(release, home.toString(), jars)));
        } catch (IOException failure) {
            throw new ProvisionException("Cannot read " + home + ": " + failure.getMessage(), failure);
        }
    }
}
