package mastery.support.server;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;

/**
 * The socket by which tools attach to a JVM. It lies in {@code /tmp} whatever {@code java.io.tmpdir} says (HotSpot,
 * {@code os::get_temp_directory}), and a JVM that is killed leaves it there. Elasticsearch attaches to itself at each start.
 */
final class AttachSocket {

    private static final Path TEMP = Path.of("/tmp");
    private static final String PIDS = "pids";

    private AttachSocket() {}

    /** Notes in the directory of a node which process it is, for whoever removes that directory. */
    static void note(Path directory, long pid) {
        try {
            Files.writeString(
                    directory.resolve(PIDS), pid + "\n", StandardOpenOption.CREATE, StandardOpenOption.APPEND);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** Removes what the noted processes left, where they have ended and no other process has their ids now. */
    static void removeLeft(Path directory) {
        removeLeft(directory, TEMP);
    }

    static void removeLeft(Path directory, Path temp) {
        try {
            for (String pid : Files.readAllLines(directory.resolve(PIDS))) {
                Path socket = temp.resolve(".java_pid" + pid);
                if (hasEnded(Long.parseLong(pid))
                        && Files.exists(socket, LinkOption.NOFOLLOW_LINKS)
                        && ownerOf(socket).equals(ownerOf(directory))) {
                    Files.deleteIfExists(socket);
                }
            }
        } catch (NoSuchFileException e) {
            // No process was started there, or another sweep came first.
            return;
        } catch (IOException | NumberFormatException e) {
            // A note that was not finished, or another user's directory: no more can be told.
            return;
        }
    }

    /** A zombie has: it only waits for its parent to ask how it ended, and that of an orphan may take seconds. By proc(5). */
    private static boolean hasEnded(long pid) {
        try {
            String stat = Files.readString(Path.of("/proc/" + pid + "/stat"));
            // behind the name, which is in brackets
            return stat.startsWith("Z", stat.lastIndexOf(')') + 2);
        } catch (IOException none) {
            return true;
        }
    }

    private static Object ownerOf(Path path) throws IOException {
        return Files.getAttribute(path, "unix:uid", LinkOption.NOFOLLOW_LINKS);
    }
}
