package mastery.design.transactions;

import java.util.List;
import java.util.Locale;
import java.util.stream.Collectors;

/** The matrix drawn: as tables in Markdown and as a heat map in SVG. */
final class MatrixPicture {

    /**
     * The cells of one engine.
     *
     * @param proven false if they are from documentation, not from a server
     */
    record Part(EngineLevels engine, List<Cell> cells, boolean proven) {

        /** What is expected of an engine that no server of this project has shown. */
        static Part unproven(EngineLevels engine) {
            return new Part(engine, engine.expected(), false);
        }

        static Part proven(EngineLevels engine, List<Cell> cells) {
            return new Part(engine, List.copyOf(cells), true);
        }

        String title() {
            return engine.engine() + (proven ? "" : " (not proven here)");
        }

        Cell cell(Anomaly anomaly, EngineLevels.Level level) {
            return cells.stream()
                    .filter(cell -> cell.anomaly() == anomaly && cell.level().equals(level.letters()))
                    .findFirst()
                    .orElseThrow();
        }
    }

    private static final int LEFT = 130;
    private static final int TOP = 92;
    private static final int CELL_WIDTH = 62;
    private static final int CELL_HEIGHT = 28;
    private static final int GAP = 14;

    private MatrixPicture() {}

    /** A table for each engine. */
    static String markdown(List<Part> parts) {
        StringBuilder text = new StringBuilder();
        for (Part part : parts) {
            List<EngineLevels.Level> levels = part.engine().levels();
            text.append(text.isEmpty() ? "" : "\n")
                    .append("### ")
                    .append(part.title())
                    .append("\n\n");
            text.append("| Anomaly |");
            levels.forEach(level -> text.append(' ').append(level).append(" |"));
            text.append("\n|---|").append("---|".repeat(levels.size())).append('\n');
            for (Anomaly anomaly : Anomaly.values()) {
                text.append("| ").append(anomaly.code()).append(" |");
                for (EngineLevels.Level level : levels) {
                    String outcome = part.cell(anomaly, level).outcome();
                    text.append(outcome.equals("allowed") ? " **allowed** |" : ' ' + outcome + " |");
                }
                text.append('\n');
            }
        }
        return text.toString();
    }

    /** All engines side by side. Each cell says its outcome in words, so that the colour only repeats it. */
    static String svg(List<Part> parts) {
        int columns =
                parts.stream().mapToInt(part -> part.engine().levels().size()).sum();
        int width = LEFT + columns * CELL_WIDTH + parts.size() * GAP;
        int height = TOP + Anomaly.values().length * CELL_HEIGHT + 56;
        StringBuilder svg = new StringBuilder();
        line(
                svg,
                "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 %d %d\" width=\"%d\" height=\"%d\"",
                width,
                height,
                width,
                height);
        line(svg, "  role=\"img\" aria-labelledby=\"title desc\" font-family=\"sans-serif\" font-size=\"12\">");
        line(svg, "<title id=\"title\">Which isolation level allows which anomaly</title>");
        line(svg, "<desc id=\"desc\">%s</desc>", escaped(description(parts)));
        line(svg, "<rect width=\"%d\" height=\"%d\" fill=\"#ffffff\"/>", width, height);
        line(
                svg,
                "<text x=\"10\" y=\"26\" font-size=\"17\" font-weight=\"bold\">Which isolation level allows which anomaly</text>");
        for (Anomaly anomaly : Anomaly.values()) {
            int y = TOP + anomaly.ordinal() * CELL_HEIGHT;
            line(
                    svg,
                    "<text x=\"10\" y=\"%d\">%s<title>%s</title></text>",
                    y + 18,
                    escaped(anomaly.code()),
                    escaped(anomaly.meaning()));
        }
        int x = LEFT;
        for (Part part : parts) {
            line(svg, "<text x=\"%d\" y=\"58\" font-weight=\"bold\">%s</text>", x, escaped(part.title()));
            for (EngineLevels.Level level : part.engine().levels()) {
                line(
                        svg,
                        "<text x=\"%d\" y=\"80\" text-anchor=\"middle\">%s<title>%s</title></text>",
                        x + CELL_WIDTH / 2,
                        level.letters(),
                        level);
                for (Anomaly anomaly : Anomaly.values()) {
                    cell(svg, x, TOP + anomaly.ordinal() * CELL_HEIGHT, part, level, part.cell(anomaly, level));
                }
                x += CELL_WIDTH;
            }
            x += GAP;
        }
        legend(svg, height - 26);
        return line(svg, "</svg>").toString();
    }

    private static void cell(StringBuilder svg, int x, int y, Part part, EngineLevels.Level level, Cell cell) {
        Look look = Look.of(cell.outcome());
        String stroke = part.proven() ? "" : " stroke=\"#000000\" stroke-dasharray=\"2 3\"";
        line(
                svg,
                "<rect x=\"%d\" y=\"%d\" width=\"%d\" height=\"%d\" fill=\"%s\"%s/>",
                x + 1,
                y + 1,
                CELL_WIDTH - 2,
                CELL_HEIGHT - 2,
                look.fill,
                stroke);
        line(
                svg,
                "<text x=\"%d\" y=\"%d\" text-anchor=\"middle\" fill=\"%s\">%s<title>%s</title></text>",
                x + CELL_WIDTH / 2,
                y + 18,
                look.ink,
                escaped(cell.outcome()),
                escaped(cell.anomaly().code() + ", " + part.title() + " " + level + ": "
                        + String.join("; ", cell.seen())));
    }

    private static void legend(StringBuilder svg, int y) {
        int x = 10;
        for (Look look : Look.values()) {
            line(svg, "<rect x=\"%d\" y=\"%d\" width=\"14\" height=\"14\" fill=\"%s\"/>", x, y, look.fill);
            line(svg, "<text x=\"%d\" y=\"%d\">%s</text>", x + 20, y + 12, escaped(look.words));
            x += 34 + look.words.length() * 6;
        }
    }

    private static String description(List<Part> parts) {
        return parts.stream()
                .map(part -> part.title() + ": "
                        + part.engine().levels().stream()
                                .map(level -> level + " allows " + allowed(part, level))
                                .collect(Collectors.joining("; ")))
                .collect(Collectors.joining(". "));
    }

    private static String allowed(Part part, EngineLevels.Level level) {
        String codes = part.cells().stream()
                .filter(cell ->
                        cell.level().equals(level.letters()) && cell.outcome().equals("allowed"))
                .map(cell -> cell.anomaly().code())
                .collect(Collectors.joining(", "));
        return codes.isEmpty() ? "none" : codes;
    }

    private static StringBuilder line(StringBuilder svg, String format, Object... values) {
        return svg.append(String.format(Locale.ROOT, format, values)).append('\n');
    }

    private static String escaped(String text) {
        return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;");
    }

    /** Colours that are told apart without seeing red or green, and by their brightness. */
    private enum Look {
        ALLOWED("#d55e00", "#ffffff", "allowed: it happens"),
        UNSEEN("#a6d8f5", "#000000", "unseen: the old version is read"),
        WAITS("#f0e442", "#000000", "waits: somebody waits until it cannot happen"),
        ABORTED("#00497a", "#ffffff", "a number: the error that ends a transaction");

        private final String fill;
        private final String ink;
        private final String words;

        Look(String fill, String ink, String words) {
            this.fill = fill;
            this.ink = ink;
            this.words = words;
        }

        static Look of(String outcome) {
            return switch (outcome) {
                case "allowed" -> ALLOWED;
                case "unseen" -> UNSEEN;
                case "waits" -> WAITS;
                default -> ABORTED;
            };
        }
    }
}
