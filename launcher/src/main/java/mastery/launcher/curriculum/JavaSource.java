package mastery.launcher.curriculum;

import java.util.List;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** What the list needs from a source file, read without compiling it. */
final class JavaSource {

    private static final Pattern MAIN =
            Pattern.compile("\\s*public\\s+static\\s+void\\s+main\\s*\\(\\s*(?:final\\s+)?String\\b");
    private static final List<String> KINDS = List.of("class", "record", "interface", "enum");
    private static final Pattern MODIFIERS = Pattern.compile("(?:(?:public|final|abstract|sealed|non-sealed)\\s+)*");
    private static final Pattern INLINE = Pattern.compile("\\{@(\\w+)\\s*((?:[^{}]|\\{[^{}]*})*)}");
    private static final Pattern ENDS = Pattern.compile("(?m)^\\s*@\\w|<(?:p|ul|ol|pre|h\\d|table|dl)\\b");

    private JavaSource() {}

    /** Whether the class has a {@code public static void main(String...)}. */
    static boolean hasMain(String source) {
        // The file is searched as plain text, a candidate by pattern: every command reads every file.
        for (int at = source.indexOf(" main("); at >= 0; at = source.indexOf(" main(", at + 1)) {
            if (MAIN.matcher(source)
                    .region(startOfLine(source, at), source.length())
                    .lookingAt()) {
                return true;
            }
        }
        return false;
    }

    /** The first sentence of the Javadoc of the class, as plain text on one line; empty when it has none. */
    static String firstSentence(String source, String simpleName) {
        return javadoc(source, simpleName).map(JavaSource::firstSentence).orElse("");
    }

    private static Optional<String> javadoc(String source, String simpleName) {
        int declaration = declaration(source, simpleName);
        int end = source.lastIndexOf("*/", declaration);
        int start = end < 0 ? -1 : source.lastIndexOf("/**", end);
        if (start < 0 || source.substring(end, declaration).contains("import ")) {
            return Optional.empty();
        }
        return Optional.of(source.substring(start + 3, end).replaceAll("(?m)^\\s*\\*(?!/) ?", ""));
    }

    /** Where the line begins that declares the top-level type, -1 when none does. */
    private static int declaration(String source, String simpleName) {
        for (String kind : KINDS) {
            String words = kind + ' ' + simpleName;
            for (int at = source.indexOf(words); at >= 0; at = source.indexOf(words, at + 1)) {
                int start = startOfLine(source, at);
                int next = at + words.length();
                boolean whole = next == source.length() || !Character.isJavaIdentifierPart(source.charAt(next));
                if (whole && MODIFIERS.matcher(source).region(start, at).matches()) {
                    return start;
                }
            }
        }
        return -1;
    }

    private static int startOfLine(String source, int at) {
        return source.lastIndexOf('\n', at) + 1;
    }

    private static String firstSentence(String javadoc) {
        Matcher ends = ENDS.matcher(javadoc);
        String text = ends.find() ? javadoc.substring(0, ends.start()) : javadoc;
        int depth = 0;
        for (int i = 0; i < text.length(); i++) {
            char c = text.charAt(i);
            depth += c == '{' ? 1 : c == '}' ? -1 : 0;
            boolean last = i + 1 == text.length() || Character.isWhitespace(text.charAt(i + 1));
            if (depth == 0 && c == '.' && last) {
                text = text.substring(0, i + 1);
                break;
            }
        }
        Matcher inline = INLINE.matcher(text);
        text = inline.replaceAll(tag -> Matcher.quoteReplacement(inlineText(tag.group(1), tag.group(2))));
        return text.replaceAll("<[a-zA-Z/][^>]*>", "")
                .replace("&lt;", "<")
                .replace("&gt;", ">")
                .replace("&nbsp;", " ")
                .replace("&amp;", "&")
                .replaceAll("\\s+", " ")
                .strip();
    }

    private static String inlineText(String tag, String content) {
        if (!tag.startsWith("link")) {
            return content;
        }
        String[] targetAndLabel = content.strip().split("\\s+", 2);
        return targetAndLabel.length == 2
                ? targetAndLabel[1]
                : targetAndLabel[0].replaceFirst("^#", "").replace('#', '.');
    }
}
