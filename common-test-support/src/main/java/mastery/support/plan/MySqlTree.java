package mastery.support.plan;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.OptionalDouble;
import java.util.OptionalLong;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** Reads the text of MySQL's EXPLAIN FORMAT=TREE and EXPLAIN ANALYZE FORMAT=TREE: one node a line, four blanks a level. */
final class MySqlTree {
    private static final String NUMBER = "\\d+(?:\\.\\d+)?(?:e[+-]?\\d+)?";
    private static final Pattern LINE = Pattern.compile("(?<indent> *)-> (?<words>.+?)"
            + "(?:\\s+\\(cost=(?:(?<firstcost>N)\\.\\.)?(?<cost>N)(?: rows=(?<estimated>N))?\\))?".replace("N", NUMBER)
            + "(?:\\s+\\((?:actual time=(?<first>N)\\.\\.(?<last>N) rows=(?<rows>N) loops=(?<loops>N)|(?<never>never executed))\\))?\\s*"
                    .replace("N", NUMBER));
    private static final Pattern BROKEN_NUMBERS = Pattern.compile("\\s\\((?:cost=|actual |never )[^']*$");
    // lines that only head the node below them; the JSON plan keeps them as its "heading"
    private static final Pattern HEADING = Pattern.compile("Hash|Repeat until convergence|Select #\\d+ \\(.*\\)");

    private MySqlTree() {}

    static Plan parse(String text) {
        List<Draft> roots = new ArrayList<>();
        List<Draft> open = new ArrayList<>();
        List<String> lines = text.lines().toList();
        for (int i = 0; i < lines.size(); i++) {
            if (lines.get(i).isBlank()) {
                continue;
            }
            Draft draft = draft(lines.get(i), i + 1);
            if (draft.level > open.size()) {
                throw broken(i + 1, lines.get(i), "indented deeper than one level below its parent");
            }
            open.subList(draft.level, open.size()).clear();
            (open.isEmpty() ? roots : open.get(open.size() - 1).children).add(draft);
            open.add(draft);
        }
        if (roots.isEmpty()) {
            throw new IllegalArgumentException("Unknown MySQL plan at line 1: nothing in it");
        }
        // subqueries of the select list stand beside the first root; in the JSON plan they are its children
        Draft root = roots.remove(0);
        root.children.addAll(roots);
        return new Plan("MySQL", root.node());
    }

    private static Draft draft(String line, int number) {
        Matcher parts = LINE.matcher(line);
        if (!parts.matches()) {
            throw broken(number, line, "a node starts with \"-> \"");
        }
        if (BROKEN_NUMBERS.matcher(parts.group("words")).find()) {
            throw broken(number, line, "the costs or the actual numbers cannot be read");
        }
        int indent = parts.group("indent").length();
        if (indent % 4 != 0) {
            throw broken(number, line, "a level is four blanks, here are " + indent);
        }
        return new Draft(indent / 4, parts);
    }

    private static IllegalArgumentException broken(int number, String line, String problem) {
        return new IllegalArgumentException("Broken MySQL plan at line " + number + ": " + problem + ": " + line);
    }

    private static final class Draft {
        final int level;
        final Matcher parts;
        final List<Draft> children = new ArrayList<>();

        Draft(int level, Matcher parts) {
            this.level = level;
            this.parts = parts;
        }

        PlanNode node() {
            return node(null);
        }

        private PlanNode node(String heading) {
            String said = parts.group("words");
            if (children.size() == 1 && HEADING.matcher(said).matches()) {
                return children.get(0).node(said);
            }
            MySqlOperation words = MySqlOperation.parse(said);
            Map<String, String> details = new LinkedHashMap<>();
            putIfPresent(details, "heading", heading);
            putIfPresent(details, "condition", words.rest().isEmpty() ? null : words.rest());
            putIfPresent(details, "estimated_first_row_cost", parts.group("firstcost"));
            putIfPresent(details, "estimated_total_cost", parts.group("cost"));
            putIfPresent(details, "actual_first_row_ms", parts.group("first"));
            putIfPresent(details, "actual_last_row_ms", parts.group("last"));
            boolean never = parts.group("never") != null;
            OptionalDouble loops = never ? OptionalDouble.of(0) : number("loops");
            return MySqlNodes.node(
                    words,
                    words.target(),
                    number("estimated"),
                    never ? OptionalDouble.of(0) : number("rows"),
                    loops.isPresent() ? OptionalLong.of(Math.round(loops.getAsDouble())) : OptionalLong.empty(),
                    details,
                    children.stream().map(Draft::node).toList());
        }

        private OptionalDouble number(String group) {
            String digits = parts.group(group);
            return digits == null ? OptionalDouble.empty() : OptionalDouble.of(Double.parseDouble(digits));
        }

        private static void putIfPresent(Map<String, String> details, String name, String value) {
            if (value != null) {
                details.put(name, value);
            }
        }
    }
}
