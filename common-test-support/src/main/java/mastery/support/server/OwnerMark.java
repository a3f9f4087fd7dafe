package mastery.support.server;

import java.time.Instant;
import java.util.Optional;

/**
 * Names a process so that it is not mistaken for a later one with the same id: {@code <pid>.<start in epoch seconds>}.
 */
final class OwnerMark {

    private OwnerMark() {}

    static String ofThisJvm() {
        return of(ProcessHandle.current());
    }

    static String of(ProcessHandle process) {
        return process.pid() + "."
                + process.info().startInstant().map(Instant::getEpochSecond).orElse(0L);
    }

    /** True if a mark, perhaps followed by {@code -} and anything, names a process that has ended. */
    static boolean isDead(String mark) {
        String[] parts = mark.split("-")[0].split("\\.");
        if (parts.length != 2) {
            return false;
        }
        try {
            Optional<ProcessHandle> process = ProcessHandle.of(Long.parseLong(parts[0]));
            return process.isEmpty() || !of(process.get()).equals(parts[0] + "." + parts[1]);
        } catch (NumberFormatException e) {
            return false;
        }
    }
}
