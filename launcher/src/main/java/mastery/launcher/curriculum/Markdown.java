package mastery.launcher.curriculum;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** The few forms of Markdown that carry the reading order: a title, tables whose rows begin with a link, lists of links. */
final class Markdown {

    private static final Pattern ROW = Pattern.compile("\\|\\s*\\[([^]]+)]\\(([^)]+)\\)\\s*\\|\\s*(.*?)\\s*\\|?");
    private static final Pattern ITEM = Pattern.compile("(?:\\d+[.)]|[-*])\\s+\\[([^]]+)]\\(([^)]+)\\)[\\s:.,-]*(.*)");
    private static final Pattern RULE = Pattern.compile("\\|[\\s:|-]+\\|");

    /**
     * A link and what stands beside it.
     *
     * @param section the last heading of second level above it, empty when there is none
     */
    record Link(String section, String text, String target, String beside) {}

    private final List<String> lines;

    private Markdown(List<String> lines) {
        this.lines = lines;
    }

    /** Reads a file; one that does not exist is empty. */
    static Markdown read(Path file) {
        try {
            return new Markdown(Files.exists(file) ? Files.readAllLines(file) : List.of());
        } catch (IOException e) {
            throw new UncheckedIOException(file + " cannot be read", e);
        }
    }

    /** The text of the first heading of first level. */
    Optional<String> title() {
        return lines.stream()
                .filter(line -> line.startsWith("# "))
                .map(line -> line.substring(2).strip())
                .findFirst();
    }

    /** The first paragraph below the title, on one line; empty when there is none. */
    String introduction() {
        StringBuilder text = new StringBuilder();
        for (String line : lines) {
            if (line.startsWith("# ") && text.isEmpty()) {
                continue;
            }
            if (line.startsWith("#") || line.startsWith("|") || (line.isBlank() && !text.isEmpty())) {
                break;
            }
            text.append(text.isEmpty() ? "" : " ").append(line.strip());
        }
        return text.toString().strip();
    }

    /** Rows of the table with exactly these two column headers. */
    List<Link> table(String first, String second) {
        Pattern header =
                Pattern.compile("\\|\\s*" + Pattern.quote(first) + "\\s*\\|\\s*" + Pattern.quote(second) + "\\s*\\|");
        List<Link> rows = new ArrayList<>();
        boolean inside = false;
        for (String raw : lines) {
            String line = raw.strip();
            if (header.matcher(line).matches()) {
                inside = true;
            } else if (inside && !line.startsWith("|")) {
                inside = false;
            } else if (inside && !RULE.matcher(line).matches()) {
                Matcher row = ROW.matcher(line);
                if (row.matches()) {
                    rows.add(new Link("", plain(row.group(1)), row.group(2), plain(row.group(3))));
                }
            }
        }
        return rows;
    }

    /** Items of the lists, ordered or not, that begin with a link. */
    List<Link> items() {
        List<Link> items = new ArrayList<>();
        String section = "";
        for (String raw : lines) {
            String line = raw.strip();
            if (line.startsWith("## ")) {
                section = line.substring(3).strip();
            }
            Matcher item = ITEM.matcher(line);
            if (item.matches()) {
                items.add(new Link(section, plain(item.group(1)), item.group(2), plain(item.group(3))));
            }
        }
        return items;
    }

    private static String plain(String text) {
        return text.replace("`", "").replace("\\|", "|").strip();
    }
}
