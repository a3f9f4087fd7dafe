package mastery.support.provision;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.UncheckedIOException;
import java.net.URL;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Collectors;

/**
 * Files of Maven repositories, each with the checksum that it must have. As text, a line a file:
 * {@code SHA256 SIZE group:artifact[:extension[:classifier]]:version}; empty lines and those that begin with # are passed
 * over.
 */
public record PinnedArtifacts(List<Pinned> files) {

    /**
     * @param coordinates {@code group:artifact[:extension[:classifier]]:version}
     * @param size bytes
     */
    public record Pinned(String coordinates, Checksum checksum, long size) {}

    public PinnedArtifacts {
        files = List.copyOf(files);
        if (files.isEmpty()) {
            throw new IllegalArgumentException("No file is pinned");
        }
        List<String> names = files.stream().map(Pinned::coordinates).toList();
        List<String> twice = names.stream()
                .filter(name -> names.indexOf(name) != names.lastIndexOf(name))
                .distinct()
                .toList();
        if (!twice.isEmpty()) {
            throw new IllegalArgumentException("Pinned twice: " + twice);
        }
    }

    /** Reads a resource. Throws {@link IllegalArgumentException} with the line that is not of the form. */
    public static PinnedArtifacts read(URL resource) {
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
        return new PinnedArtifacts(files);
    }

    private static Pinned pinned(String line) {
        String[] words = line.strip().split("\\s+");
        if (words.length != 3 || !words[1].matches("\\d{1,12}") || !words[2].matches("[^:]+(:[^:]+){2,4}")) {
            throw new IllegalArgumentException(
                    "Not SHA256 SIZE group:artifact[:extension[:classifier]]:version: " + line);
        }
        return new Pinned(words[2], Checksum.sha256(words[0]), Long.parseLong(words[1]));
    }

    /** Bytes of all files together. */
    public long size() {
        return files.stream().mapToLong(Pinned::size).sum();
    }

    /** The text that {@link #read} reads. */
    public String text() {
        return files.stream()
                .map(file -> file.checksum().hex() + " " + file.size() + " " + file.coordinates() + "\n")
                .collect(Collectors.joining());
    }
}
