package mastery.support.plan;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.OptionalDouble;
import java.util.OptionalLong;
import java.util.Set;
import java.util.function.Function;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import java.util.stream.Stream;

/**
 * Draws a plan as an indented tree of at most 80 columns: operation, target and condition at the left; rows (estimated -> actual, per loop), loops and
 * blocks (with those of the children), or the keys and documents read, at the right; below a node what it did in vain or more than once, where it
 * did. What does not fit is cut and ends in "…".
 */
public final class PlanTree {
    private static final int TERMINAL_COLUMNS = 80;
    private static final int GAP = 2;
    /** Numbers of PostgreSQL that tell work beyond the rows returned, as EXPLAIN writes them: per loop those of rows, over all loops the others. */
    private static final List<String> IN_VAIN = List.of(
            "Rows Removed by Filter",
            "Rows Removed by Join Filter",
            "Rows Removed by Index Recheck",
            "Heap Fetches",
            "Lossy Heap Blocks",
            "Subplans Removed");

    private static final Set<String> EXAMINED = Set.of(MongoDbPlans.KEYS, MongoDbPlans.DOCUMENTS);

    private PlanTree() {}

    /** The tree at 80 columns. */
    public static String render(Plan plan) {
        return render(plan, TERMINAL_COLUMNS);
    }

    /** The tree, one node a line under a line of headings, each line ended by a line feed and at most that wide. */
    public static String render(Plan plan, int columns) {
        List<Column> numbers = numbers(plan);
        List<Row> rows = new ArrayList<>();
        rows.add(new Row(
                plan.engine() + " plan", numbers.stream().map(Column::heading).toList()));
        add(rows, numbers, plan.root(), "", "");
        List<Integer> widths = IntStream.range(0, numbers.size())
                .mapToObj(i -> rows.stream()
                        .filter(row -> !row.isRemark())
                        .mapToInt(row -> row.cells.get(i).length())
                        .max()
                        .orElse(0))
                .toList();
        int right = widths.stream().mapToInt(width -> GAP + width).sum();
        int widest = rows.stream()
                .filter(row -> !row.isRemark())
                .mapToInt(row -> row.label.length())
                .max()
                .orElse(0);
        int left = Math.max(10, Math.min(widest, columns - right));
        StringBuilder drawing = new StringBuilder();
        for (Row row : rows) {
            if (row.isRemark()) {
                drawing.append(cut(row.label, columns)).append('\n');
                continue;
            }
            StringBuilder line = new StringBuilder();
            line.append(padRight(cut(row.label, left), left));
            for (int i = 0; i < numbers.size(); i++) {
                line.append(padLeft(row.cells.get(i), GAP + widths.get(i)));
            }
            drawing.append(line.toString().stripTrailing()).append('\n');
        }
        return drawing.toString();
    }

    private record Row(String label, List<String> cells) {
        static Row remark(String text) {
            return new Row(text, List.of());
        }

        /** It may run on below the numbers, because it has none. */
        boolean isRemark() {
            return cells.isEmpty();
        }
    }

    private record Column(String heading, Function<PlanNode, String> cell) {}

    /** The columns that the engine has numbers for. */
    private static List<Column> numbers(Plan plan) {
        List<Column> columns = new ArrayList<>(List.of(new Column("rows", PlanTree::rowsOf)));
        boolean examined =
                plan.nodes().anyMatch(node -> node.details().keySet().stream().anyMatch(EXAMINED::contains));
        if (examined) {
            // A stage of MongoDB runs once.
            columns.add(new Column("keys", node -> node.details().getOrDefault(MongoDbPlans.KEYS, "")));
            columns.add(new Column("docs", node -> node.details().getOrDefault(MongoDbPlans.DOCUMENTS, "")));
        } else if (plan.analyzed()) {
            columns.add(new Column("loops", node -> text(node.loops())));
        }
        if (plan.nodes().anyMatch(node -> node.blocksWithChildren().isPresent())) {
            columns.add(new Column("blocks", node -> text(node.blocksWithChildren())));
        }
        return columns;
    }

    private static String text(OptionalLong number) {
        return number.isEmpty() ? "" : Long.toString(number.getAsLong());
    }

    private static void add(List<Row> rows, List<Column> columns, PlanNode node, String branch, String below) {
        rows.add(new Row(
                branch + label(node),
                columns.stream().map(column -> column.cell.apply(node)).toList()));
        int last = node.children().size() - 1;
        String beyond = beyondItsRows(node);
        if (!beyond.isEmpty()) {
            rows.add(Row.remark(below + (last < 0 ? "  " : "│ ") + beyond));
        }
        for (int i = 0; i <= last; i++) {
            add(
                    rows,
                    columns,
                    node.children().get(i),
                    below + (i < last ? "├ " : "└ "),
                    below + (i < last ? "│ " : "  "));
        }
    }

    private static String beyondItsRows(PlanNode node) {
        Stream<String> inVain =
                IN_VAIN.stream().filter(name -> node.number(name).orElse(0) > 0);
        boolean searchedAgain =
                node.number("Index Searches").orElse(0) > node.loops().orElse(0);
        return Stream.concat(inVain, searchedAgain ? Stream.of("Index Searches") : Stream.empty())
                .map(name -> name + ": " + number(node.number(name)))
                .collect(Collectors.joining(", "));
    }

    private static String rowsOf(PlanNode node) {
        String estimated = node.estimatedRows().isPresent() ? number(node.estimatedRows()) : "";
        if (node.actualRows().isEmpty()) {
            return estimated;
        }
        return estimated
                + (estimated.isEmpty() ? "-> " : " -> ")
                + (node.neverExecuted() ? "never" : number(node.actualRows()));
    }

    private static String number(OptionalDouble value) {
        double rows = Math.round(value.getAsDouble() * 10) / 10.0;
        return rows == Math.rint(rows) || rows >= 100
                ? String.format(Locale.ROOT, "%.0f", rows)
                : String.format(Locale.ROOT, "%.1f", rows);
    }

    private static String label(PlanNode node) {
        StringBuilder label = new StringBuilder(title(node));
        node.target().ifPresent(target -> label.append(" on ").append(target));
        node.index().ifPresent(index -> label.append(" using ").append(index));
        String condition = condition(node.details());
        if (!condition.isEmpty()) {
            label.append(condition.startsWith("(") || condition.startsWith("over ") ? " " : ": ")
                    .append(condition);
        }
        return label.toString().replace('\n', ' ');
    }

    // what the text form of EXPLAIN says in the node's first line and the JSON form in fields of their own
    private static String title(PlanNode node) {
        Map<String, String> details = node.details();
        String title = node.operation();
        String join = details.getOrDefault("Join Type", "Inner");
        if (title.equals("ModifyTable")) {
            title = details.getOrDefault("Operation", title);
        } else if (title.equals("Aggregate")) {
            title = switch (details.getOrDefault("Strategy", "")) {
                case "Hashed" -> "HashAggregate";
                case "Sorted" -> "GroupAggregate";
                case "Mixed" -> "MixedAggregate";
                default -> title;
            };
        } else if (!join.equals("Inner")) {
            title = title.replace(" Join", "") + " " + join + " Join";
        }
        String part = details.getOrDefault("Partial Mode", "Simple");
        return (part.equals("Simple") ? "" : part + " ")
                + (details.getOrDefault("Parallel Aware", "false").equals("true") ? "Parallel " : "")
                + title
                + (details.getOrDefault("Scan Direction", "").equals("Backward") ? " Backward" : "");
    }

    private static String condition(Map<String, String> details) {
        return Stream.of(
                        "condition",
                        "Index Cond",
                        "Hash Cond",
                        "Merge Cond",
                        "Filter",
                        "Sort Key",
                        "Group Key",
                        "lookup_condition",
                        "ranges",
                        "bounds",
                        "filter",
                        "sortPattern")
                .map(details::get)
                .filter(text -> text != null && !text.isEmpty())
                .findFirst()
                .orElse("");
    }

    private static String cut(String text, int width) {
        return text.length() <= width ? text : text.substring(0, width - 1) + "…";
    }

    private static String padRight(String text, int width) {
        return text + " ".repeat(width - text.length());
    }

    private static String padLeft(String text, int width) {
        return " ".repeat(width - text.length()) + text;
    }
}
