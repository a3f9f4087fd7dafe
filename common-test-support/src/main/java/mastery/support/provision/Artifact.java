package mastery.support.provision;

import java.net.URI;
import java.util.Locale;

/**
 * A file to download, known before it is fetched.
 *
 * @param fileName what it is called in the cache
 * @param source an http or https address
 * @param checksum what its bytes must hash to
 * @param size bytes, or {@link #UNKNOWN_SIZE}
 */
public record Artifact(String fileName, URI source, Checksum checksum, long size) {

    public static final long UNKNOWN_SIZE = -1;

    public Artifact {
        if (fileName.isBlank() || fileName.startsWith(".") || fileName.contains("/") || fileName.contains("\\")) {
            throw new IllegalArgumentException("Not a plain file name: \"" + fileName + "\"");
        }
        String scheme = String.valueOf(source.getScheme()).toLowerCase(Locale.ROOT);
        if (!scheme.equals("http") && !scheme.equals("https")) {
            throw new IllegalArgumentException("Only http and https can be fetched, not " + source);
        }
    }

    /** Named after the last part of the address. */
    public static Artifact at(URI source, Checksum checksum) {
        return at(source, checksum, UNKNOWN_SIZE);
    }

    public static Artifact at(URI source, Checksum checksum, long size) {
        String path = source.getPath();
        return new Artifact(path.substring(path.lastIndexOf('/') + 1), source, checksum, size);
    }
}
