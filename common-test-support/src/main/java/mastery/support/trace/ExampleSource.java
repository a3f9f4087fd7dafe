package mastery.support.trace;

import java.io.IOException;
import java.net.URISyntaxException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** Reads the claim of an example from its source. */
final class ExampleSource {
    private static final Pattern JAVADOC = Pattern.compile("(?s)/\\*\\*((?:(?!\\*/).)*)\\*/\\s*(?:@\\S+\\s+)*public ");
    private static final Pattern INLINE_TAG = Pattern.compile("\\{@\\w+\\s+([^{}]*(?:\\{[^{}]*}[^{}]*)*)}");
    private static final Pattern SENTENCE = Pattern.compile("(?s)(.*?[.!?:])(?=\\s*$|\\s+[\\p{Lu}<{]|\\s*<p>)");

    private ExampleSource() {}

    /** The first sentence of the class's Javadoc; empty when the source does not lie beside the compiled class. */
    static String claim(Class<?> example) {
        try {
            Path classes = Path.of(
                    example.getProtectionDomain().getCodeSource().getLocation().toURI());
            // Maven and the IDEs compile MODULE/src/main/java to MODULE/target/classes.
            Path source = classes.resolve("../../src/main/java")
                    .resolve(example.getName().replace('.', '/') + ".java")
                    .normalize();
            return Files.isRegularFile(source) ? firstSentence(Files.readString(source)) : "";
        } catch (IOException | URISyntaxException unreadable) {
            return "";
        }
    }

    static String firstSentence(String source) {
        Matcher javadoc = JAVADOC.matcher(source);
        if (!javadoc.find()) {
            return "";
        }
        String text = javadoc.group(1).replaceAll("(?m)^\\s*\\* ?", "").strip();
        int paragraph = text.indexOf("\n\n");
        String first = paragraph < 0 ? text : text.substring(0, paragraph);
        Matcher sentence = SENTENCE.matcher(first.replaceAll("\\s+", " "));
        String claim = sentence.find() ? sentence.group(1) : first.replaceAll("\\s+", " ");
        String plain = INLINE_TAG.matcher(claim).replaceAll("$1").replaceAll("</?[a-z]+>", "");
        return plain.replace("&lt;", "<")
                .replace("&gt;", ">")
                .replace("&amp;", "&")
                .strip();
    }
}
