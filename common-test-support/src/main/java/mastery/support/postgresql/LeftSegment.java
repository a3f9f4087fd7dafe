package mastery.support.postgresql;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import mastery.support.server.ServerException;

/**
 * The System V shared memory segment by which a PostgreSQL server sees that its data directory is in use. The kernel
 * keeps it when the server is killed (manual, "Shared Memory and Semaphores").
 */
final class LeftSegment {

    private static final Path SEGMENTS = Path.of("/proc/sysvipc/shm");
    private static final int KEY_AND_ID_LINE = 6;

    private LeftSegment() {}

    /** Removes the segment named in the lock file of a data directory, if its server is gone and nobody uses it. */
    static void remove(Path data) {
        try {
            List<String> lock = Files.readAllLines(data.resolve("postmaster.pid"));
            String[] keyAndId = lock.get(KEY_AND_ID_LINE).trim().split("\\s+");
            if (isLeft(keyAndId[0], keyAndId[1], lock.get(0).trim())) {
                new ProcessBuilder("ipcrm", "-m", keyAndId[1])
                        .redirectErrorStream(true)
                        .redirectOutput(ProcessBuilder.Redirect.DISCARD)
                        .start()
                        .waitFor();
            }
        } catch (IOException | IndexOutOfBoundsException e) {
            // No lock file: the server ended in order and removed its segment itself.
            return;
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new ServerException("Interrupted while cleaning up after PostgreSQL.", e);
        }
    }

    /** Columns: key, id, permissions, size, creator, last user, number of attached processes (proc(5)). */
    private static boolean isLeft(String key, String id, String creator) throws IOException {
        return Files.readAllLines(SEGMENTS).stream()
                .map(line -> line.trim().split("\\s+"))
                .anyMatch(column -> column[0].equals(key)
                        && column[1].equals(id)
                        && column[4].equals(creator)
                        && column[6].equals("0"));
    }
}
