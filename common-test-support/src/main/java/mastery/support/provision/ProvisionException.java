package mastery.support.provision;

import java.io.IOException;
import java.nio.file.AccessDeniedException;
import java.nio.file.FileSystemException;
import java.nio.file.Path;
import java.util.Locale;

/** A program could not be provided. The message says what happened, why, and what to do about it. */
public class ProvisionException extends RuntimeException {

    public ProvisionException(String message) {
        super(message);
    }

    public ProvisionException(String message, Throwable cause) {
        super(message, cause);
    }

    /** A write below {@code path} failed: names a full disk and a missing permission as what they are. */
    static ProvisionException writing(Path path, IOException failure) {
        String reason = reason(failure);
        String cure = "choose another directory with -Dmastery.cache=DIRECTORY or MASTERY_CACHE";
        if (isDiskFull(failure)) {
            return new ProvisionException(
                    "Cannot write " + path + ": the disk is full. Free some space, or " + cure + ".", failure);
        }
        if (failure instanceof AccessDeniedException || reason.contains("Permission denied")) {
            return new ProvisionException(
                    "Cannot write " + path + ": no permission. Give this user the right to write there, or " + cure
                            + ".",
                    failure);
        }
        return new ProvisionException(
                "Cannot write " + path + ": " + reason + ". Cure this, or " + cure + ".", failure);
    }

    static boolean isDiskFull(IOException failure) {
        return isDiskFull(reason(failure));
    }

    /** Linux and macOS, a quota, Windows: the operating system's own words are all that Java hands on. */
    static boolean isDiskFull(String message) {
        String text = message.toLowerCase(Locale.ROOT);
        return text.contains("no space left on device")
                || text.contains("disk quota exceeded")
                || text.contains("not enough space on the disk");
    }

    private static String reason(IOException failure) {
        if (failure instanceof FileSystemException file && file.getReason() != null) {
            return file.getReason();
        }
        return failure.getMessage() == null ? failure.getClass().getSimpleName() : failure.getMessage();
    }
}
