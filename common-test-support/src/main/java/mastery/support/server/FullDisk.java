package mastery.support.server;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;

/** Recognises a full disk behind a failure, so that its cure can be told. */
final class FullDisk {

    /** Servers write at least a megabyte; where less is left, that is why they failed. */
    private static final long TOO_LITTLE = 1 << 20;

    private FullDisk() {}

    /**
     * The cure, as the last line of a message, when the disk is full; else nothing.
     *
     * @param directory where the failed program writes
     * @param said what it printed; a program that failed may have deleted what filled the disk
     */
    static String cure(Path directory, String said) {
        return said.contains("No space left on device") || said.contains("Disk quota exceeded") || isFull(directory)
                ? "\nThe disk of " + directory + " is full. Free some space, or name another place with"
                        + " -Djava.io.tmpdir=DIRECTORY for the servers' data, -Dmastery.cache=DIRECTORY for what is kept."
                : "";
    }

    private static boolean isFull(Path directory) {
        try {
            return Files.getFileStore(directory).getUsableSpace() < TOO_LITTLE;
        } catch (IOException e) {
            return false;
        }
    }
}
