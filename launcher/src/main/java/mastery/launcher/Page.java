package mastery.launcher;

import java.io.PrintWriter;
import picocli.CommandLine;

/** Writes text for a person: never wider than 80 columns where words allow it, bold only on a terminal that wants it. */
final class Page {

    private static final int WIDTH = 80;

    private final PrintWriter out;
    private final boolean styled;

    /** Writes to the standard output of the command. */
    Page(CommandLine command) {
        this(command.getOut(), command.getColorScheme().ansi().enabled());
    }

    Page(PrintWriter out, boolean styled) {
        this.out = out;
        this.styled = styled;
    }

    /** A heading and a plain remark behind it, which may be empty. */
    void heading(int indent, String text, String remark) {
        out.println(" ".repeat(indent) + bold(text) + (remark.isEmpty() ? "" : " " + remark));
    }

    void blank() {
        out.println();
    }

    /** A paragraph. */
    void text(int indent, String text) {
        entry(0, "", indent, text);
    }

    /** A label and, from the given column on, a text; the text begins below the label if the label reaches into its column. */
    void entry(int indent, String label, int column, String text) {
        StringBuilder line = new StringBuilder(" ".repeat(indent));
        int length = indent + label.length();
        line.append(bold(label));
        if (length > column || (length == column && !label.isEmpty())) {
            out.println(line);
            line.setLength(0);
            length = 0;
        }
        boolean empty = true;
        for (String word : text.strip().split("\\s+")) {
            if (!empty && length + 1 + word.length() > WIDTH) {
                out.println(line);
                line.setLength(0);
                length = 0;
                empty = true;
            }
            String gap = empty ? " ".repeat(column - length) : " ";
            line.append(gap).append(word);
            length += gap.length() + word.length();
            empty = false;
        }
        out.println(line.toString().stripTrailing());
    }

    /** A line for a script, however long. */
    void line(String text) {
        out.println(text);
    }

    void flush() {
        out.flush();
    }

    private String bold(String text) {
        return styled && !text.isEmpty() ? "\u001b[1m" + text + "\u001b[0m" : text;
    }
}
