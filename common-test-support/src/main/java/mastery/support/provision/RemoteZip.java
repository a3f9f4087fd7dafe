package mastery.support.provision;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.apache.commons.compress.archivers.zip.ZipArchiveEntry;
import org.apache.commons.compress.archivers.zip.ZipFile;

/**
 * Takes a few files out of a zip file that lies on a web server, without fetching the rest of it: the end of the zip file
 * says where each of its files begins.
 */
public final class RemoteZip {

    private final List<RemoteFile> places;
    private final Duration stall;
    private final Duration backoff;

    /** @param places where the zip file may lie; the first that hands out parts of it is used */
    public RemoteZip(List<RemoteFile> places) {
        this(places, Duration.ofSeconds(30), Duration.ofMillis(500));
    }

    RemoteZip(List<RemoteFile> places, Duration stall, Duration backoff) {
        this.places = List.copyOf(places);
        this.stall = stall;
        this.backoff = backoff;
    }

    /**
     * Brings the pinned files into a directory. Those that are there already with the right bytes are not asked for, so a
     * second call goes on where a first one broke.
     *
     * @param parent the directory in the zip file that holds them, with a slash at its end
     * @param label what the whole is called where progress is shown
     * @throws ProvisionException when one cannot be had or is not what it should be
     */
    public void fetch(PinnedEntries pinned, String parent, Path directory, String label, Progress progress) {
        List<PinnedEntries.Pinned> missing =
                pinned.files().stream().filter(each -> !isHere(each, directory)).toList();
        if (missing.isEmpty()) {
            return;
        }
        List<String> reasons = new ArrayList<>();
        for (RemoteFile place : places) {
            try (RangeChannel channel = new RangeChannel(place, stall, backoff);
                    // The header in front of each file repeats the directory at the end: reading them all reads the
                    // whole.
                    ZipFile zip = ZipFile.builder()
                            .setSeekableByteChannel(channel)
                            .setIgnoreLocalFileHeader(true)
                            .get()) {
                long done = pinned.size()
                        - missing.stream().mapToLong(PinnedEntries.Pinned::size).sum();
                for (PinnedEntries.Pinned each : missing) {
                    extract(zip, place, parent, each, directory);
                    done += each.size();
                    progress.bytes(label, done, pinned.size());
                }
                return;
            } catch (IOException failure) {
                reasons.add(place + ": " + reason(failure));
            }
        }
        throw new ProvisionException("Cannot get " + label + ": "
                + (reasons.isEmpty()
                        ? "Maven is offline, or no repository is asked over HTTP"
                        : String.join("; ", reasons))
                + ". Check the network and Maven's settings (settings.xml: mirrors, proxies, servers); a repository must"
                + " answer range requests. Then run again, what is here is kept.");
    }

    /** The reader of zip files wraps what the channel says. */
    private static String reason(IOException failure) {
        return failure.getMessage().startsWith("Error reading Zip") && failure.getCause() != null
                ? failure.getCause().getMessage()
                : failure.getMessage();
    }

    private static boolean isHere(PinnedEntries.Pinned pinned, Path directory) {
        Path file = directory.resolve(pinned.path());
        try {
            return Files.isRegularFile(file) && pinned.checksum().matches(file);
        } catch (IOException unreadable) {
            return false;
        }
    }

    private static void extract(
            ZipFile zip, RemoteFile place, String parent, PinnedEntries.Pinned pinned, Path directory)
            throws IOException {
        ZipArchiveEntry entry = zip.getEntry(parent + pinned.path());
        if (entry == null) {
            throw new IOException("it holds no " + parent + pinned.path());
        }
        Path file = directory.resolve(pinned.path());
        Path part = file.resolveSibling(file.getFileName() + ".part");
        try (InputStream in = zip.getInputStream(entry);
                OutputStream out = create(part)) {
            copy(in, out, pinned.size(), part);
        }
        Checksum actual = pinned.checksum().of(part);
        if (!actual.equals(pinned.checksum())) {
            Files.delete(part);
            throw new ProvisionException(parent + pinned.path() + " of " + place
                    + " is not what it should be: expected " + pinned.checksum() + ", got " + actual
                    + ". It was thrown away. Run again; if it stays so, a proxy or the mirror changes the file.");
        }
        Files.move(part, file, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
    }

    private static OutputStream create(Path part) {
        try {
            CacheDirectory.makeDirectories(part.getParent());
            return Files.newOutputStream(part);
        } catch (IOException failure) {
            throw ProvisionException.writing(part, failure);
        }
    }

    /** One byte more than there may be is enough for the checksum to say so. */
    private static void copy(InputStream in, OutputStream out, long most, Path part) throws IOException {
        byte[] buffer = new byte[64 * 1024];
        long done = 0;
        for (int n = in.read(buffer); n >= 0 && done <= most; n = in.read(buffer)) {
            try {
                out.write(buffer, 0, n);
            } catch (IOException failure) {
                throw ProvisionException.writing(part, failure);
            }
            done += n;
        }
    }
}
