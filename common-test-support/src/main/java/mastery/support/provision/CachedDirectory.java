package mastery.support.provision;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.Comparator;
import java.util.function.Consumer;
import java.util.stream.Stream;

/**
 * A directory of the cache that is made once and never changed: under its name it is there as a whole or not at all. Of
 * several builds that need it at once, one makes it and the others wait.
 */
public final class CachedDirectory {

    private final Path path;

    private CachedDirectory(Path path) {
        this.path = path;
    }

    /** The directory of this name. What is to be made differently gets another name. */
    public static CachedDirectory of(CacheDirectory cache, String name) {
        return new CachedDirectory(cache.resolve("made").resolve(name));
    }

    public Path path() {
        return path;
    }

    public boolean isReady() {
        return Files.isDirectory(path);
    }

    /**
     * The directory, made if it is not there.
     *
     * @param make fills the empty directory that it is given; all users may read what it leaves
     * @throws ProvisionException when it cannot be written; whatever {@code make} throws
     */
    public Path orMake(Progress progress, Consumer<Path> make) {
        if (isReady()) {
            return path;
        }
        Path lock = path.resolveSibling(path.getFileName() + ".lock");
        try {
            CacheDirectory.makeDirectories(path.getParent());
        } catch (IOException failure) {
            throw ProvisionException.writing(path.getParent(), failure);
        }
        Runnable waits = () -> progress.step("Another build makes " + path.getFileName() + ", waiting for it");
        return SharedLock.holding(lock, waits, () -> {
            if (!isReady()) {
                makeBeside(make);
            }
            return path;
        });
    }

    private void makeBeside(Consumer<Path> make) {
        Path part = path.resolveSibling(path.getFileName() + ".part");
        try {
            delete(part);
            CacheDirectory.makeDirectories(part);
            make.accept(part);
            Files.move(part, path, StandardCopyOption.ATOMIC_MOVE);
        } catch (IOException failure) {
            throw ProvisionException.writing(path, failure);
        } catch (UncheckedIOException failure) {
            throw ProvisionException.writing(path, failure.getCause());
        } finally {
            try {
                delete(part);
            } catch (IOException left) {
                // the next one to make it removes it
            }
        }
    }

    private static void delete(Path directory) throws IOException {
        if (!Files.exists(directory)) {
            return;
        }
        try (Stream<Path> files = Files.walk(directory)) {
            for (Path file : files.sorted(Comparator.reverseOrder()).toList()) {
                Files.deleteIfExists(file);
            }
        }
    }
}
