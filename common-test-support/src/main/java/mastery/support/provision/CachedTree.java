package mastery.support.provision;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Stream;

/**
 * A directory of the cache that is made once and then used as it is. It is made beside its place and renamed when it is
 * whole, so a half-made one is never used; of several builds one makes it and the others wait.
 */
public final class CachedTree {

    /** Makes the content of a tree. */
    public interface Maker {

        /**
         * @param tree an empty directory to fill
         * @param kept a directory that stays until the tree is whole, for what was fetched when making it breaks
         * @throws IOException when something cannot be written
         */
        void make(Path tree, Path kept) throws IOException;
    }

    private static final String MARKER = ".tree";
    private static final Duration LIMIT = Duration.ofMinutes(5);

    private final Path root;
    private final Path work;
    private final Path lock;
    private final String content;

    private CachedTree(Path trees, String name, String content) {
        this.root = trees.resolve(name);
        this.work = trees.resolve("." + name + ".making");
        this.lock = trees.resolve("." + name + ".lock");
        this.content = content;
    }

    /**
     * @param name directory below the cache
     * @param content what the tree holds, in text; a tree that holds something else is made again
     */
    public static CachedTree of(CacheDirectory cache, String name, String content) {
        return new CachedTree(cache.resolve("trees"), name, content);
    }

    /** The tree if it is whole. Writes nothing. */
    public Optional<Path> ready() {
        try {
            return Files.readString(root.resolve(MARKER)).equals(content) ? Optional.of(root) : Optional.empty();
        } catch (NoSuchFileException none) {
            return Optional.empty();
        } catch (IOException unreadable) {
            throw new ProvisionException(
                    "Cannot read " + root.resolve(MARKER) + ": " + unreadable.getMessage()
                            + ". Let this user read it, or name another cache with -Dmastery.cache=DIRECTORY.",
                    unreadable);
        }
    }

    /**
     * The tree, made if it is not there.
     *
     * @throws ProvisionException when it cannot be made
     */
    public Path make(Maker maker, Progress progress) {
        Optional<Path> ready = ready();
        if (ready.isPresent()) {
            return ready.get();
        }
        try {
            CacheDirectory.makeDirectories(root.getParent());
        } catch (IOException failure) {
            throw ProvisionException.writing(root.getParent(), failure);
        }
        Runnable waits = () -> progress.step("Another build makes " + root.getFileName() + ", waiting for it");
        return SharedLock.holding(lock, waits, () -> ready().orElseGet(() -> makeAlone(maker)));
    }

    private Path makeAlone(Maker maker) {
        // A name of its own: what a killed build started may still be writing to another.
        Path tree = work.resolve("tree." + ProcessHandle.current().pid());
        Path kept = work.resolve("kept");
        try {
            CacheDirectory.makeDirectories(kept);
            clear(kept);
            CacheDirectory.makeDirectories(tree);
            maker.make(tree, kept);
            // Readable by the unprivileged user who runs what is in it, whatever the umask is.
            run(List.of("chmod", "-R", "u+rwX,go+rX,go-w,a-s", tree.toString()));
            Files.writeString(tree.resolve(MARKER), content);
            moveIntoPlace(tree);
            return root;
        } catch (IOException failure) {
            throw ProvisionException.writing(work, failure);
        }
    }

    /** Removes what broken builds left, but for what they fetched. */
    private void clear(Path kept) throws IOException {
        try (Stream<Path> files = Files.list(work)) {
            for (Path leftover : files.toList()) {
                if (!leftover.equals(kept)) {
                    delete(leftover);
                }
            }
        }
    }

    private void moveIntoPlace(Path tree) throws IOException {
        Path old = work.resolve("old." + ProcessHandle.current().pid());
        if (Files.exists(root)) {
            Files.move(root, old);
        }
        Files.move(tree, root, StandardCopyOption.ATOMIC_MOVE);
        delete(work);
    }

    private static void delete(Path directory) throws IOException {
        Command.run(List.of("rm", "-rf", directory.toString()), Map.of(), LIMIT);
    }

    private static void run(List<String> command) throws IOException {
        Command.Result result = Command.run(command, Map.of(), LIMIT);
        if (result.exit() != 0) {
            throw new IOException(command.get(0) + " failed: " + result.errors());
        }
    }
}
