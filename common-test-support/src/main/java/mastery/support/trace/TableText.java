package mastery.support.trace;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.stream.IntStream;

/** Aligned tables: numbers to the right, everything else to the left, nothing wider than the page. */
final class TableText {
    static final int MOST_ROWS = 20;
    private static final int GAP = 2;
    private static final int NARROWEST = 6;

    private TableText() {}

    /** The lines of a table, header first; a row alone that is too wide stands upright. */
    static List<String> lines(Table table, int width) {
        return lines(table, width, false);
    }

    /** The same, with the colours of the values that have one. */
    static List<String> lines(Table table, int width, boolean colour) {
        if (table.rows().isEmpty()) {
            return List.of("(no rows)");
        }
        int columns = table.columns().size();
        List<List<String>> cells = new ArrayList<>();
        boolean named = table.columns().stream().anyMatch(name -> !name.isEmpty());
        if (named) {
            cells.add(table.columns().stream().map(TableText::words).toList());
        }
        table.rows().stream()
                .limit(MOST_ROWS)
                .forEach(row -> cells.add(row.stream().map(Text::value).toList()));
        int[] widths = IntStream.range(0, columns)
                .map(column -> cells.stream()
                        .mapToInt(row -> row.get(column).length())
                        .max()
                        .orElse(0))
                .toArray();
        if (named && table.rows().size() == 1 && total(widths) > width) {
            return upright(cells.get(0), cells.get(1), width);
        }
        shrink(widths, width);
        return aligned(table, cells, widths, named, colour);
    }

    private static List<String> aligned(
            Table table, List<List<String>> cells, int[] widths, boolean named, boolean colour) {
        List<String> lines = new ArrayList<>();
        for (int at = 0; at < cells.size(); at++) {
            List<String> row = cells.get(at);
            int tableRow = named ? at - 1 : at;
            StringBuilder line = new StringBuilder();
            for (int column = 0; column < widths.length; column++) {
                String cell = Text.cut(row.get(column), widths[column]);
                String space = " ".repeat(widths[column] - cell.length());
                line.append(column == 0 ? "" : " ".repeat(GAP));
                Object value = tableRow < 0 ? null : table.rows().get(tableRow).get(column);
                String shown = value instanceof Tinted tinted ? tinted.style().on(cell, colour) : cell;
                line.append(numeric(table, column) ? space + shown : shown + space);
            }
            lines.add(line.toString().stripTrailing());
        }
        if (named) {
            StringBuilder rule = new StringBuilder();
            for (int width : widths) {
                rule.append(rule.isEmpty() ? "" : " ".repeat(GAP)).append("-".repeat(width));
            }
            lines.add(1, rule.toString());
        }
        int hidden = table.rows().size() - MOST_ROWS;
        if (hidden > 0) {
            lines.add("… " + Text.count(hidden, "more row"));
        }
        return lines;
    }

    private static List<String> upright(List<String> names, List<String> values, int width) {
        int widest = names.stream().mapToInt(String::length).max().orElse(0);
        List<String> lines = new ArrayList<>();
        for (int i = 0; i < names.size(); i++) {
            String name = names.get(i) + " ".repeat(widest - names.get(i).length() + GAP);
            lines.add(name + Text.cut(values.get(i), Math.max(NARROWEST, width - name.length())));
        }
        return lines;
    }

    /** Takes from the widest column until the table fits. */
    private static void shrink(int[] widths, int width) {
        while (total(widths) > width) {
            int widest = 0;
            for (int column = 1; column < widths.length; column++) {
                widest = widths[column] > widths[widest] ? column : widest;
            }
            if (widths[widest] <= NARROWEST) {
                return;
            }
            widths[widest]--;
        }
    }

    private static int total(int[] widths) {
        return IntStream.of(widths).sum() + GAP * (widths.length - 1);
    }

    private static boolean numeric(Table table, int column) {
        return table.rows().stream().allMatch(row -> row.get(column) == null || row.get(column) instanceof Number);
    }

    /** "publishedAt" reads "published at". */
    static String words(String name) {
        return name.replaceAll("(\\p{Ll}|\\d)(\\p{Lu})", "$1 $2").toLowerCase(Locale.ROOT);
    }
}
