package mastery.support.provision;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.UncheckedIOException;
import java.net.URL;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;

/**
 * Files inside of an archive, each with the checksum that it must have. As text, a line a file: {@code SHA256 SIZE path};
 * empty lines and those that begin with # are passed over.
 */
public record PinnedEntries(List<Pinned> files) {

    /**
     * @param path as in the archive, below the directory that is asked for
     * @param size bytes, unpacked
     */
    public record Pinned(String path, Checksum checksum, long size) {
        public Pinned {
            if (path.startsWith("/") || List.of(path.split("/")).contains("..") || path.contains("\\")) {
                throw new IllegalArgumentException("Not a path below a directory: " + path);
            }
        }
    }

    public PinnedEntries {
        files = List.copyOf(files);
        if (files.isEmpty()) {
            throw new IllegalArgumentException("No file is pinned");
        }
    }

    /** Reads a resource. Throws {@link IllegalArgumentException} with the line that is not of the form. */
    public static PinnedEntries read(URL resource) {
        List<Pinned> files = new ArrayList<>();
        try (BufferedReader lines =
                new BufferedReader(new InputStreamReader(resource.openStream(), StandardCharsets.UTF_8))) {
            for (String line = lines.readLine(); line != null; line = lines.readLine()) {
                if (!line.isBlank() && !line.startsWith("#")) {
                    files.add(pinned(line));
                }
            }
        } catch (IOException failure) {
            throw new UncheckedIOException("Cannot read " + resource, failure);
        }
        return new PinnedEntries(files);
    }

    private static Pinned pinned(String line) {
        String[] words = line.strip().split("\\s+");
        if (words.length != 3 || !words[1].matches("\\d{1,12}")) {
            throw new IllegalArgumentException("Not SHA256 SIZE path: " + line);
        }
        return new Pinned(words[2], Checksum.sha256(words[0]), Long.parseLong(words[1]));
    }

    /** Bytes of all files together, unpacked. */
    public long size() {
        return files.stream().mapToLong(Pinned::size).sum();
    }
}
