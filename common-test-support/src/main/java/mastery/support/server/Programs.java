package mastery.support.server;

import java.nio.file.Path;

/**
 * The programs of one engine on this machine.
 *
 * @param directory where the programs lie
 * @param root the top of the unpacked tree, or of the installation; the parent of {@code share} and {@code lib}
 * @param version the version the program prints
 * @param build where they come from, such as {@code Debian sid packages 18.6-1}
 */
public record Programs(Path directory, Path root, String version, String build) {

    /** The absolute path of a program. */
    public String path(String program) {
        return directory.resolve(program).toString();
    }
}
