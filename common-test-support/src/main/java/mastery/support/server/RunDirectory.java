package mastery.support.server;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.DirectoryStream;
import java.nio.file.FileVisitResult;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.SimpleFileVisitor;
import java.nio.file.attribute.BasicFileAttributes;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;

/**
 * The directory below {@link RunBase} that holds everything this JVM's servers write.
 *
 * <p>It is removed when the JVM ends. A JVM that was killed cannot do that: whoever starts servers next sweeps the
 * directories whose owner is gone, with every process that still works in them.
 */
final class RunDirectory {

    private static final String PREFIX = "mastery-run-";
    private static final long END_LIMIT_SECONDS = 10;
    private static final AtomicInteger NEXT = new AtomicInteger();
    private static RunDirectory current;

    private final Path path;

    private RunDirectory(Path path) {
        this.path = path;
    }

    /** This JVM's directory; the first call sweeps what killed JVMs left behind. */
    static synchronized RunDirectory current() {
        if (current == null) {
            // Before anything is there: a server that does not start leaves its directory too.
            Started.endWithJvm();
            RunBase.all().forEach(RunDirectory::sweep);
            Path base = RunBase.choose();
            try {
                // Others may pass through but not list: the servers run as another user when the caller is root.
                Path path = Files.createTempDirectory(base, PREFIX + OwnerMark.ofThisJvm() + "-");
                Files.setPosixFilePermissions(path, PosixFilePermissions.fromString("rwx--x--x"));
                current = new RunDirectory(path);
            } catch (IOException e) {
                throw new ServerException(
                        "Cannot create a directory for the servers' data below " + base + ": " + e.getMessage()
                                + ". Free some space, or name another place with -Djava.io.tmpdir=DIRECTORY.",
                        e);
            }
        }
        return current;
    }

    /** A new directory for one node, owned by the server's user. */
    Path newNodeDirectory(Engine engine, String node) {
        return createNodeDirectory(path.resolve(engine.id() + "-" + node + "-" + NEXT.incrementAndGet()));
    }

    /** Creates the directory of a node, readable by the server's user alone. */
    static Path createNodeDirectory(Path directory) {
        try {
            Files.createDirectory(
                    directory, PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rwx------")));
            ServerUser.own(directory);
            return directory;
        } catch (IOException e) {
            throw new ServerException(
                    "Cannot create " + directory + " for a server's data: " + e.getMessage()
                            + ". Free some space, or name another place with -Djava.io.tmpdir=DIRECTORY.",
                    e);
        }
    }

    /** Removes the directory of this JVM. */
    static synchronized void removeCurrent() {
        if (current != null) {
            // Servers that were still starting are none of those that have been ended.
            clear(current.path);
            current = null;
        }
    }

    /** Ends the servers of JVMs that are gone and removes their directories. */
    static void sweep(Path base) {
        try (DirectoryStream<Path> directories = Files.newDirectoryStream(base, PREFIX + "*")) {
            for (Path directory : directories) {
                String mark = directory.getFileName().toString().substring(PREFIX.length());
                if (Files.isWritable(directory) && OwnerMark.isDead(mark)) {
                    clear(directory);
                }
            }
        } catch (IOException | UncheckedIOException e) {
            // Another build sweeps at the same time, or the directory belongs to another user: theirs to clean.
            return;
        }
    }

    /** Ends what works in a directory, and removes it with what its servers left elsewhere. */
    private static void clear(Path directory) {
        endProcessesIn(directory);
        try {
            releaseLeftoversIn(directory);
        } catch (IOException | UncheckedIOException e) {
            // Another build removes it at the same time.
            return;
        }
        remove(directory);
    }

    private static void endProcessesIn(Path directory) {
        List<ProcessHandle> processes = ProcessHandle.allProcesses()
                .filter(process -> worksIn(process.pid(), directory))
                .toList();
        if (!processes.isEmpty()) {
            Commands.signal("KILL", processes.stream().map(ProcessHandle::pid).toList());
            // What a process leaves is released when it has gone.
            processes.forEach(process -> process.onExit()
                    .completeOnTimeout(process, END_LIMIT_SECONDS, TimeUnit.SECONDS)
                    .join());
        }
    }

    private static void releaseLeftoversIn(Path directory) throws IOException {
        try (DirectoryStream<Path> nodes = Files.newDirectoryStream(directory)) {
            for (Path node : nodes) {
                for (Engine engine : Engine.values()) {
                    if (node.getFileName().toString().startsWith(engine.id() + "-")) {
                        Recipes.of(engine).releaseLeftovers(node);
                    }
                }
                AttachSocket.removeLeft(node);
            }
        }
    }

    private static boolean worksIn(long pid, Path directory) {
        try {
            return Files.readSymbolicLink(Path.of("/proc/" + pid + "/cwd")).startsWith(directory);
        } catch (IOException e) {
            return false;
        }
    }

    /** Deletes a directory with all that is in it; what is already gone does not matter. */
    static void remove(Path directory) {
        try {
            Files.walkFileTree(directory, new SimpleFileVisitor<>() {
                @Override
                public FileVisitResult visitFile(Path file, BasicFileAttributes attributes) throws IOException {
                    Files.deleteIfExists(file);
                    return FileVisitResult.CONTINUE;
                }

                @Override
                public FileVisitResult visitFileFailed(Path file, IOException e) throws IOException {
                    if (e instanceof NoSuchFileException) {
                        return FileVisitResult.CONTINUE;
                    }
                    throw e;
                }

                @Override
                public FileVisitResult postVisitDirectory(Path visited, IOException e) throws IOException {
                    Files.deleteIfExists(visited);
                    return FileVisitResult.CONTINUE;
                }
            });
        } catch (IOException e) {
            // A server that is still ending may write once more; the next sweep removes the rest.
            return;
        }
    }
}
