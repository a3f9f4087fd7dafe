package mastery.support.server;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;

/**
 * Where the servers' throw-away data lies: in memory where the system has a file system for that with room, else in the
 * temp directory.
 *
 * <p>A clean PostgreSQL database is 300 small files, made for each test and deleted again. A disk's file system slows
 * down under that; one in memory does not. Who names a temp directory with {@code -Djava.io.tmpdir} has decided.
 */
final class RunBase {

    private static final Path SYSTEM_TEMP = Path.of("/tmp");
    private static final Path SHARED_MEMORY = Path.of("/dev/shm");

    /** Far more than one build needs, so that memory is never what runs short. */
    private static final long ROOM = 4L << 30;

    private RunBase() {}

    static Path choose() {
        return choose(temp(), SYSTEM_TEMP, SHARED_MEMORY, ROOM);
    }

    /** Every place where an earlier run may have left something. */
    static Set<Path> all() {
        return new LinkedHashSet<>(List.of(temp(), SHARED_MEMORY));
    }

    static Path choose(Path temp, Path systemTemp, Path memory, long room) {
        return temp.equals(systemTemp) && hasRoom(memory, room) ? memory : temp;
    }

    private static Path temp() {
        return Path.of(System.getProperty("java.io.tmpdir"));
    }

    private static boolean hasRoom(Path memory, long room) {
        try {
            return Files.isWritable(memory)
                    && Files.getFileStore(memory).type().equals("tmpfs")
                    && Files.getFileStore(memory).getUsableSpace() >= room;
        } catch (IOException e) {
            return false;
        }
    }
}
