package mastery.support.trace;

import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import mastery.support.plan.PlanTree;

/** Writes events as a transcript of at most 80 columns: steps to the left, what happened indented below them. */
public final class TerminalReader implements TraceReader {
    private static final int WIDTH = 80;
    private static final String MARGIN = "   ";
    private static final int MOST_LINES = 40;
    private static final int BATCH_SHOWN = 3;

    private final PrintStream out;
    private final boolean colour;
    private boolean gap;

    /**
     * A reader that writes to {@code out} in UTF-8.
     *
     * @param colour whether to use ANSI colours
     */
    public TerminalReader(PrintStream out, boolean colour) {
        this.out = new PrintStream(out, true, StandardCharsets.UTF_8);
        this.colour = colour;
    }

    /** Standard output, with colour if that is a terminal and NO_COLOR is not set. */
    public static TerminalReader standard() {
        return new TerminalReader(System.out, Style.wanted());
    }

    @Override
    public void read(TraceEvent event) {
        if (event instanceof TraceEvent.Title title) {
            line(Style.BOLD, title.example());
            wrapped(Style.PLAIN, "", title.claim());
            gap = true;
        } else if (event instanceof TraceEvent.Server server) {
            server(server);
        } else if (event instanceof TraceEvent.Step step) {
            step(step);
        } else if (event instanceof TraceEvent.Statement statement) {
            statement(statement);
        } else if (event instanceof TraceEvent.Result result) {
            result(result);
        } else if (event instanceof TraceEvent.PlanShown shown) {
            plan(shown);
        } else if (event instanceof TraceEvent.Counters counters) {
            counters(counters);
        } else if (event instanceof TraceEvent.Note note) {
            paragraph();
            wrapped(Style.PLAIN, MARGIN, note.text());
        } else if (event instanceof TraceEvent.Learned learned) {
            line(Style.PLAIN, "");
            wrapped(Style.GOOD, "", "Learned: " + learned.oneLine());
        }
        out.flush();
    }

    private void server(TraceEvent.Server server) {
        String nodes = server.nodes() > 1 ? ", " + server.nodes() + " nodes" : "";
        wrapped(
                Style.FAINT,
                "",
                server.engine() + " " + server.version() + nodes + " (" + server.source() + ", " + server.build()
                        + ")");
        gap = true;
    }

    private void step(TraceEvent.Step step) {
        line(Style.PLAIN, "");
        String number = step.number() + (step.number() < 10 ? "  " : " ");
        List<String> lines = Text.wrap(step.sentence(), WIDTH - MARGIN.length(), 0);
        for (int i = 0; i < lines.size(); i++) {
            line(Style.BOLD, (i == 0 ? number : MARGIN) + lines.get(i));
        }
        gap = false;
    }

    private void statement(TraceEvent.Statement statement) {
        paragraph();
        String who = who(statement);
        String margin = MARGIN + " ".repeat(who.length());
        boolean sql = statement.language().equals("sql");
        List<Object> binds = statement.binds().size() == 1 ? statement.binds().get(0) : List.of();
        List<String> lines = sql
                ? SqlText.lines(statement.text(), binds)
                : statement.text().lines().toList();
        List<String> shown = lines.stream()
                .limit(MOST_LINES)
                .flatMap(line -> Text.wrap(Text.oneLine(line), WIDTH - margin.length(), 4).stream())
                .toList();
        for (int i = 0; i < shown.size(); i++) {
            line(Style.PLAIN, i == 0 ? MARGIN + Style.BOLD.on(who, colour) + shown.get(0) : margin + shown.get(i));
        }
        if (lines.size() > MOST_LINES) {
            line(Style.FAINT, margin + "… " + Text.count(lines.size() - MOST_LINES, "more line"));
        }
        binds(statement, binds, margin);
        if (statement.error() == null) {
            outcome(statement, margin);
        } else {
            failure(statement, margin);
        }
    }

    private static String who(TraceEvent.Statement statement) {
        String session = statement.session() == null ? "" : statement.session();
        String label = statement.label() == null ? "" : statement.label();
        String both = (session + " " + label).strip();
        return both.isEmpty() ? "" : Text.cut(both, 20) + "  ";
    }

    private void binds(TraceEvent.Statement statement, List<Object> binds, String margin) {
        if (statement.binds().size() > 1) {
            List<String> tuples = new ArrayList<>();
            statement.binds().stream().limit(BATCH_SHOWN).forEach(entry -> tuples.add(SqlText.tuple(entry)));
            int more = statement.batchSize() - tuples.size();
            String rest = more > 0 ? " … " + String.format(Locale.ROOT, "%,d more", more) : "";
            wrapped(Style.BOUND, margin, Text.cut("bound: " + String.join(", ", tuples), 200) + rest);
        } else if (!binds.isEmpty() && !SqlText.inPlace(statement.text(), binds)) {
            wrapped(Style.BOUND, margin, Text.cut("bound: " + SqlText.tuple(binds), 300));
        }
    }

    private void outcome(TraceEvent.Statement statement, String margin) {
        List<String> parts = new ArrayList<>();
        if (statement.batchSize() > 0) {
            parts.add("batch of " + String.format(Locale.ROOT, "%,d", statement.batchSize()));
        }
        if (statement.reply() != null) {
            parts.add(Text.cut(Text.oneLine(statement.reply()), 200));
        }
        String row = statement.language().equals("mongodb") ? "document" : "row";
        if (statement.rowsReturned() != null) {
            parts.add(Text.count(statement.rowsReturned(), row));
        }
        if (statement.rowsAffected() != null) {
            parts.add(Text.count(statement.rowsAffected(), row) + " affected");
        }
        parts.add(Text.time(statement.nanos()));
        roundTrips(parts, statement.roundTrips());
        wrapped(Style.FAINT, margin, "-> " + String.join(", ", parts));
    }

    private void failure(TraceEvent.Statement statement, String margin) {
        TraceEvent.Failure error = statement.error();
        String code = error.vendorCode() == 0 ? "" : " (" + error.vendorCode() + ")";
        String state = error.sqlState() == null ? "" : " " + error.sqlState();
        ("-> failed" + state + code + ": " + error.message())
                .lines()
                .forEach(line -> wrapped(
                        Style.BAD,
                        margin + (line.startsWith("->") ? "" : "   "),
                        Text.oneLine(line).strip()));
    }

    private void result(TraceEvent.Result result) {
        paragraph();
        List<Table> tables = result.tables();
        boolean scalar = tables.size() == 1
                && tables.get(0).rows().size() == 1
                && tables.get(0).columns().equals(List.of(""));
        if (scalar) {
            Object value = tables.get(0).rows().get(0).get(0);
            wrapped(Style.PLAIN, MARGIN, result.caption() + ": " + Text.value(value));
            return;
        }
        wrapped(Style.BOLD, MARGIN, result.caption());
        for (Table table : tables) {
            if (tables.size() > 1 && table.title().isEmpty()) {
                scalars(table);
                continue;
            }
            if (!table.title().isEmpty()) {
                line(Style.PLAIN, MARGIN + TableText.words(table.title()) + ":");
            }
            TableText.lines(table, WIDTH - MARGIN.length(), colour).forEach(line -> line(Style.PLAIN, MARGIN + line));
        }
    }

    /** The single values of a record that has tables too. */
    private void scalars(Table table) {
        for (int column = 0; column < table.columns().size(); column++) {
            String value = Text.value(table.rows().get(0).get(column));
            wrapped(Style.PLAIN, MARGIN, TableText.words(table.columns().get(column)) + ": " + value);
        }
    }

    private void plan(TraceEvent.PlanShown shown) {
        paragraph();
        SqlText.lines(shown.sql(), shown.binds()).stream()
                .flatMap(line -> Text.wrap(Text.oneLine(line), WIDTH - MARGIN.length(), 4).stream())
                .forEach(line -> line(Style.PLAIN, MARGIN + line));
        line(Style.FAINT, MARGIN + "-> plan");
        PlanTree.render(shown.plan(), WIDTH - MARGIN.length())
                .lines()
                .forEach(line -> line(Style.PLAIN, MARGIN + line.stripTrailing()));
    }

    private void counters(TraceEvent.Counters counters) {
        List<String> parts = new ArrayList<>(List.of(Text.count(counters.statements(), "statement")));
        roundTrips(parts, counters.roundTrips());
        parts.add(Text.time(counters.nanos()));
        String work = String.join(", ", parts);
        if (counters.caption().isEmpty()) {
            line(Style.PLAIN, "");
            wrapped(Style.FAINT, "", work);
        } else {
            paragraph();
            wrapped(Style.FAINT, MARGIN, counters.caption() + ": " + work);
        }
    }

    private static void roundTrips(List<String> parts, Long roundTrips) {
        if (roundTrips != null) {
            parts.add(Text.count(roundTrips, "round trip"));
        }
    }

    /** An empty line between the parts of a step, none after its heading. */
    private void paragraph() {
        if (gap) {
            out.println();
        }
        gap = true;
    }

    private void wrapped(Style style, String margin, String text) {
        if (!text.isEmpty()) {
            Text.wrap(text, WIDTH - margin.length(), margin.isEmpty() ? 0 : 3)
                    .forEach(part -> line(style, margin + part));
        }
    }

    private void line(Style style, String text) {
        out.println(style.on(text, colour));
    }
}
