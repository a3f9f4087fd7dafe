package mastery.support.provision;

import java.io.IOException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermission;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.Locale;
import java.util.Map;
import java.util.Properties;

/**
 * Where downloads and unpacked programs lie between builds.
 *
 * <p>In this order: system property {@code mastery.cache}; environment variable {@code MASTERY_CACHE}; for root on Linux
 * {@code /var/cache/database-mastery}, because root gives its servers to an unprivileged user, who cannot read root's
 * home; else {@code database-mastery} in the user's cache directory of the operating system.
 */
public record CacheDirectory(Path path) {

    private static final String NAME = "database-mastery";

    /** The directory of this process, made if it is missing. Throws {@link ProvisionException} when it is of no use. */
    public static CacheDirectory open() {
        boolean root = isRoot();
        Path path = locate(System.getProperties(), System.getenv(), root);
        CacheDirectory cache = at(path);
        if (root) {
            cache.requireReadableByAll();
        }
        return cache;
    }

    /** The directory at {@code path}, made if it is missing. Existing content may be used without write permission. */
    public static CacheDirectory at(Path path) {
        Path absolute = path.toAbsolutePath().normalize();
        try {
            makeDirectories(absolute);
        } catch (FileAlreadyExistsException notADirectory) {
            throw new ProvisionException(
                    "Cannot use " + absolute + " as the cache: it, or a part of its path, is not a directory."
                            + " Choose another with -Dmastery.cache=DIRECTORY or MASTERY_CACHE.",
                    notADirectory);
        } catch (IOException failure) {
            throw ProvisionException.writing(absolute, failure);
        }
        return new CacheDirectory(absolute);
    }

    public Path resolve(String name) {
        return path.resolve(name);
    }

    static Path locate(Properties properties, Map<String, String> environment, boolean root) {
        String named = properties.getProperty("mastery.cache", environment.getOrDefault("MASTERY_CACHE", ""));
        if (!named.isBlank()) {
            return Path.of(named);
        }
        String system = properties.getProperty("os.name", "").toLowerCase(Locale.ROOT);
        Path home = Path.of(properties.getProperty("user.home", "."));
        if (system.startsWith("windows")) {
            String local = environment.getOrDefault("LOCALAPPDATA", "");
            return (local.isBlank() ? home.resolve("AppData").resolve("Local") : Path.of(local)).resolve(NAME);
        }
        if (system.startsWith("mac")) {
            return home.resolve("Library").resolve("Caches").resolve(NAME);
        }
        if (root) {
            return Path.of("/var/cache", NAME);
        }
        // "All paths set in these environment variables must be absolute" (XDG Base Directory Specification)
        String xdg = environment.getOrDefault("XDG_CACHE_HOME", "");
        return (xdg.startsWith("/") ? Path.of(xdg) : home.resolve(".cache")).resolve(NAME);
    }

    /** Root gives its servers to an unprivileged user: fails when a directory above is closed to others. */
    void requireReadableByAll() {
        for (Path each = path; each != null; each = each.getParent()) {
            try {
                if (!Files.getPosixFilePermissions(each).contains(PosixFilePermission.OTHERS_EXECUTE)) {
                    throw new ProvisionException("Cannot use " + path + " as the cache: " + each
                            + " is closed to other users, and root's servers run as an unprivileged user."
                            + " Open it (chmod a+x), or choose another with -Dmastery.cache=DIRECTORY.");
                }
            } catch (IOException | UnsupportedOperationException unknown) {
                return;
            }
        }
    }

    /** Makes missing directories; root's are readable by all, whatever its umask is. */
    static void makeDirectories(Path directory) throws IOException {
        if (Files.isDirectory(directory)) {
            return;
        }
        if (directory.getParent() != null) {
            makeDirectories(directory.getParent());
        }
        try {
            Files.createDirectory(directory);
        } catch (FileAlreadyExistsException race) {
            if (!Files.isDirectory(directory)) {
                throw race;
            }
            return;
        }
        if (isRoot()) {
            Files.setPosixFilePermissions(directory, PosixFilePermissions.fromString("rwxr-xr-x"));
        }
    }

    static boolean isRoot() {
        try {
            return Integer.valueOf(0).equals(Files.getAttribute(Path.of("/proc/self"), "unix:uid"));
        } catch (IOException | UnsupportedOperationException | IllegalArgumentException noProc) {
            return "root".equals(System.getProperty("user.name"));
        }
    }
}
