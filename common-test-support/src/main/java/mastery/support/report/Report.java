package mastery.support.report;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import mastery.support.server.Engine;

/** What was proven on which server, what was skipped, and why, as a table of at most 80 columns. */
public final class Report {

    private static final String ROW = "%-13s %-8s %-9s %-24s %8s %6s %6s%n";

    private static final String BELOW = " ".repeat(33) + "%s%n";

    private static final int BUILD_COLUMNS = 24;
    private static final int COLUMNS = 80;

    private Report() {}

    /** The table of a module or of the whole repository, of runs of all names; empty when nothing was recorded. */
    public static String render(Path root) {
        return render(ReportFiles.readAll(root));
    }

    static String render(List<Proof> proofs) {
        if (proofs.isEmpty()) {
            return "";
        }
        StringBuilder text = new StringBuilder();
        text.append(String.format(ROW, "Engine", "Version", "Source", "Build", "Examples", "Claims", "Failed"));
        rows(proofs).values().forEach(row -> text.append(row.render()));
        appendList(text, "Skipped, not proven:", skipped(proofs));
        appendList(
                text,
                "Failed:",
                proofs.stream()
                        .filter(proof -> proof.failed() > 0)
                        .map(Report::failure)
                        .toList());
        return text.toString();
    }

    private static String failure(Proof proof) {
        StringBuilder text = new StringBuilder(proof.testClass());
        if (proof.failures().isEmpty()) {
            text.append(": ").append(proof.reason());
        }
        proof.failures().forEach(claim -> text.append('\n').append(claim));
        return text.toString();
    }

    /** Those with the same reason together. */
    private static List<String> skipped(List<Proof> proofs) {
        Map<String, List<String>> concepts = new LinkedHashMap<>();
        proofs.stream()
                .filter(proof -> proof.skipped() > 0)
                .forEach(proof -> concepts.computeIfAbsent(proof.reason(), reason -> new ArrayList<>())
                        .add(proof.concept()));
        return concepts.entrySet().stream()
                .map(entry -> String.join(", ", entry.getValue()) + ": " + entry.getKey())
                .toList();
    }

    /** True if a recorded claim did not hold. */
    public static boolean anyFailed(Path root) {
        return ReportFiles.readAll(root).stream().anyMatch(proof -> proof.failed() > 0);
    }

    private static Map<String, Row> rows(List<Proof> proofs) {
        Map<String, Row> rows = new LinkedHashMap<>();
        for (Engine engine : Engine.values()) {
            for (Proof proof : proofs) {
                for (Proof.Server server : proof.servers()) {
                    if (server.engine().equals(engine.id()) && !server.version().isEmpty()) {
                        rows.computeIfAbsent(
                                        server.engine() + server.version() + server.build() + server.source(),
                                        key -> new Row(engine, server))
                                .add(proof);
                    }
                }
            }
        }
        return rows;
    }

    private static void appendList(StringBuilder text, String title, List<String> lines) {
        if (!lines.isEmpty()) {
            text.append(String.format("%n%s%n", title));
            lines.forEach(line -> wrapAll(text, line));
        }
    }

    private static void wrapAll(StringBuilder text, String lines) {
        String margin = " ";
        for (String line : lines.lines().toList()) {
            wrap(text, margin, line);
            margin = "   ";
        }
    }

    private static void wrap(StringBuilder text, String margin, String line) {
        StringBuilder current = new StringBuilder(margin);
        for (String word : line.strip().split(" ")) {
            if (current.length() + 1 + word.length() > COLUMNS
                    && !current.toString().isBlank()) {
                text.append(String.format("%s%n", current));
                current = new StringBuilder(margin + "  ");
            }
            current.append(' ').append(word);
        }
        text.append(String.format("%s%n", current));
    }

    private static final class Row {
        private final Engine engine;
        private final Proof.Server server;
        private final Set<String> examples = new TreeSet<>();
        private final List<Proof> proofs = new ArrayList<>();

        Row(Engine engine, Proof.Server server) {
            this.engine = engine;
            this.server = server;
        }

        void add(Proof proof) {
            proofs.add(proof);
            if (proof.isCurriculum() && proof.proven() > 0) {
                examples.add(proof.concept());
            }
        }

        /** A long build goes on below its beginning: what a server really is must not be cut off. */
        String render() {
            List<String> build = broken(server.build());
            StringBuilder lines = new StringBuilder(String.format(
                    ROW,
                    engine.displayName(),
                    server.version(),
                    server.source(),
                    build.get(0),
                    examples.size(),
                    proofs.stream().mapToInt(Proof::proven).sum(),
                    proofs.stream().mapToInt(Proof::failed).sum()));
            build.stream().skip(1).forEach(rest -> lines.append(String.format(BELOW, rest)));
            return lines.toString();
        }

        private static List<String> broken(String text) {
            List<String> lines = new ArrayList<>();
            String rest = text;
            while (rest.length() > BUILD_COLUMNS) {
                int space = rest.lastIndexOf(' ', BUILD_COLUMNS);
                int end = space > 0 ? space : BUILD_COLUMNS;
                lines.add(rest.substring(0, end));
                rest = rest.substring(end).stripLeading();
            }
            lines.add(rest);
            return lines;
        }
    }
}
