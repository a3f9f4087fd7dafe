package mastery.support.trace;

import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;

/** SQL as a person reads it: bound values written in their place, no stray indentation. */
final class SqlText {
    /** What may hold a question mark that is no placeholder comes first; then the escaped one; then the placeholder. */
    private static final Pattern PIECE =
            Pattern.compile("'(?:[^'\\\\]|''|\\\\.)*'|\"[^\"]*\"|`[^`]*`|--[^\\n]*|(?s:/\\*.*?\\*/)"
                    + "|(?s:(\\$\\w*\\$).*?\\1)|(\\?\\?)|(\\?)");

    private static final int LONGEST_IN_PLACE = 60;

    private SqlText() {}

    /** The lines of a statement with its bound values in place, or as sent when they do not fit there. */
    static List<String> lines(String sql, List<Object> binds) {
        String shown = inPlace(sql, binds) ? bind(sql, binds) : sql;
        return lines(shown);
    }

    /** The lines of a statement as sent. */
    static List<String> lines(String sql) {
        return sql.strip().equals(sql) || !sql.contains("\n")
                ? sql.strip().lines().map(String::stripTrailing).toList()
                : sql.stripIndent()
                        .lines()
                        .map(String::stripTrailing)
                        .dropWhile(String::isEmpty)
                        .toList();
    }

    /** Whether every placeholder has a value short enough to stand in its place. */
    static boolean inPlace(String sql, List<Object> binds) {
        return placeholders(sql) == binds.size()
                && binds.stream().allMatch(value -> literal(value).length() <= LONGEST_IN_PLACE);
    }

    /** A value as a SQL literal, near enough to be read; a statement is never built from it. */
    static String literal(Object value) {
        if (value == null) {
            return "NULL";
        }
        if (value instanceof Number || value instanceof Boolean) {
            return value.toString();
        }
        if (value instanceof byte[] bytes) {
            return Text.bytes(bytes).startsWith("0x") ? Text.bytes(bytes) : quoted(Text.bytes(bytes));
        }
        return quoted(Text.value(value));
    }

    /** Values of one entry of a batch. */
    static String tuple(List<Object> binds) {
        return binds.stream().map(SqlText::literal).collect(Collectors.joining(", ", "(", ")"));
    }

    private static String quoted(String text) {
        return "'" + text.replace("'", "''") + "'";
    }

    private static long placeholders(String sql) {
        return PIECE.matcher(sql)
                .results()
                .filter(piece -> piece.group(3) != null)
                .count();
    }

    private static String bind(String sql, List<Object> binds) {
        Matcher piece = PIECE.matcher(sql);
        StringBuilder bound = new StringBuilder();
        int next = 0;
        while (piece.find()) {
            String shown =
                    piece.group(3) != null ? literal(binds.get(next++)) : piece.group(2) != null ? "?" : piece.group();
            piece.appendReplacement(bound, Matcher.quoteReplacement(shown));
        }
        return piece.appendTail(bound).toString();
    }
}
