package mastery.support.provision;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;

/**
 * The file {@code .tree} in a finished tree: what was asked for, where it was made, and which package versions it has.
 * Patched programs hold the absolute path of their tree, so a tree that was moved no longer counts as finished.
 */
record TreeMarker(Path root, String suite, List<String> requested, Map<String, String> versions) {

    /** Changes whenever trees are made differently, so that older ones are made again. */
    private static final String FORMAT = "tree 1";

    TreeMarker {
        requested = List.copyOf(requested);
        versions = Map.copyOf(versions);
    }

    void write(Path directory) throws IOException {
        StringBuilder text = new StringBuilder(FORMAT).append('\n');
        text.append("path ").append(root).append('\n');
        text.append("suite ").append(suite).append('\n');
        text.append("requested ").append(String.join(" ", requested)).append('\n');
        new TreeMap<>(versions).forEach((name, version) -> text.append("package %s %s\n".formatted(name, version)));
        Files.writeString(directory.resolve(".tree"), text);
    }

    /** What the marker in {@code root} says; empty when there is none or it is for another tree. */
    static Optional<TreeMarker> read(Path root, String suite, List<String> requested) {
        List<String> lines;
        try {
            lines = Files.readAllLines(root.resolve(".tree"));
        } catch (NoSuchFileException none) {
            return Optional.empty();
        } catch (IOException unreadable) {
            throw new ProvisionException(
                    "Cannot read " + root.resolve(".tree") + ": " + unreadable.getMessage()
                            + ". Let this user read it, or name another cache with -Dmastery.cache=DIRECTORY.",
                    unreadable);
        }
        List<String> head =
                List.of(FORMAT, "path " + root, "suite " + suite, "requested " + String.join(" ", requested));
        if (lines.size() <= head.size() || !lines.subList(0, head.size()).equals(head)) {
            return Optional.empty();
        }
        Map<String, String> versions = new TreeMap<>();
        for (String line : lines.subList(head.size(), lines.size())) {
            String[] words = line.split(" ");
            if (words.length == 3) {
                versions.put(words[1], words[2]);
            }
        }
        return Optional.of(new TreeMarker(root, suite, requested, versions));
    }
}
