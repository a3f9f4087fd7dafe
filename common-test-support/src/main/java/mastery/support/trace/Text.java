package mastery.support.trace;

import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.time.OffsetDateTime;
import java.time.temporal.Temporal;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.OptionalLong;
import java.util.stream.Collectors;

/** Plain text: counts with their noun, times a person can compare, lines that fit, values as a person writes them. */
final class Text {
    private Text() {}

    /** "1 row", "2,000 rows". */
    static String count(long number, String noun) {
        return String.format(Locale.ROOT, "%,d %s%s", number, noun, number == 1 ? "" : "s");
    }

    /** "0.4 ms", "85 ms", "1.2 s": two or three digits that mean something. */
    static String time(long nanos) {
        double millis = nanos / 1e6;
        if (millis < 9.95) {
            return String.format(Locale.ROOT, "%.1f ms", millis);
        }
        return millis < 999.5
                ? String.format(Locale.ROOT, "%.0f ms", millis)
                : String.format(Locale.ROOT, "%.1f s", millis / 1e3);
    }

    /** At most {@code width} characters, the last one "…" if something is missing. */
    static String cut(String text, int width) {
        return text.length() <= width ? text : text.substring(0, Math.max(0, width - 1)) + "…";
    }

    /**
     * Breaks a line at spaces so that each part has at most {@code width} characters. A word longer than that is broken
     * within. Parts after the first are indented by {@code hang} more than the line itself.
     */
    static List<String> wrap(String line, int width, int hang) {
        List<String> parts = new ArrayList<>();
        int indent = indent(line);
        String rest = line;
        String margin = " ".repeat(Math.min(indent + hang, width / 2));
        while (rest.length() > width) {
            int at = rest.lastIndexOf(' ', width);
            boolean word = at <= indent(rest);
            int end = word ? width : at;
            parts.add(rest.substring(0, end).stripTrailing());
            rest = margin + rest.substring(end).stripLeading();
        }
        parts.add(rest);
        return parts;
    }

    /** A value in a table cell or a reply. */
    static String value(Object value) {
        if (value == null) {
            return "null";
        }
        if (value instanceof Optional<?> optional) {
            return optional.map(Text::value).orElse("none");
        }
        if (value instanceof OptionalDouble number) {
            return number.isPresent() ? String.valueOf(number.getAsDouble()) : "none";
        }
        if (value instanceof OptionalLong number) {
            return number.isPresent() ? String.valueOf(number.getAsLong()) : "none";
        }
        if (value.equals(OffsetDateTime.MAX) || value.equals(OffsetDateTime.MIN)) {
            // As PostgreSQL's driver sends them.
            return value.equals(OffsetDateTime.MAX) ? "infinity" : "-infinity";
        }
        if (value instanceof Temporal) {
            return value.toString().replace('T', ' ');
        }
        if (value instanceof byte[] bytes) {
            return oneLine(bytes(bytes));
        }
        if (value instanceof Duration duration) {
            return time(duration.toNanos());
        }
        if (value instanceof Record record) {
            return Tables.values(record).stream().map(Text::value).collect(Collectors.joining(", ", "(", ")"));
        }
        if (value instanceof Map<?, ?> map) {
            return map.entrySet().stream()
                    .map(entry -> value(entry.getKey()) + "=" + value(entry.getValue()))
                    .collect(Collectors.joining(", ", "{", "}"));
        }
        List<?> elements = Tables.elements(value);
        String text = elements == null
                ? value.toString()
                : elements.stream().map(Text::value).collect(Collectors.joining(", ", "[", "]"));
        return oneLine(text);
    }

    /** Text if the bytes are printable UTF-8, otherwise hexadecimal. */
    static String bytes(byte[] bytes) {
        String text = new String(bytes, StandardCharsets.UTF_8);
        boolean printable = text.codePoints().allMatch(c -> c != 0xFFFD && (c >= ' ' || c == '\n' || c == '\t'));
        return printable ? text : "0x" + HexFormat.of().formatHex(bytes);
    }

    /** Tabs and line ends as a space, other control characters as "·", so that a value cannot move the cursor. */
    static String oneLine(String text) {
        StringBuilder line = new StringBuilder(text.length());
        text.chars()
                .forEach(c -> line.append(c == '\n' || c == '\t' ? ' ' : Character.isISOControl(c) ? '·' : (char) c));
        return line.toString();
    }

    private static int indent(String line) {
        return line.length() - line.stripLeading().length();
    }
}
