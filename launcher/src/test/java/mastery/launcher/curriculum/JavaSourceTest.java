package mastery.launcher.curriculum;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class JavaSourceTest {

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            quoteCharacter = '~',
            value = {
                "Pages by key. Costs little.                   | Pages by key.",
                "Version 18.6 pages by key. More.              | Version 18.6 pages by key.",
                "No full stop                                  | No full stop",
                "A {@code SELECT a. b} stays whole. More.      | A SELECT a. b stays whole.",
                "Braces in {@code {tag}} stay.                 | Braces in {tag} stay.",
                "See {@link java.util.List#of its factory}.    | See its factory.",
                "See {@link List#of}.                          | See List.of.",
                "<b>Bold</b> &lt;T&gt; &amp; more.             | Bold <T> & more.",
                "Title without stop <p>Second paragraph.       | Title without stop",
            })
    void theFirstSentenceIsPlainText(String javadoc, String sentence) {
        String source = "package x;\n\n/** " + javadoc + " */\n@Deprecated\npublic final class Here {}\n";

        assertThat(JavaSource.firstSentence(source, "Here")).isEqualTo(sentence);
    }

    @Test
    void aSentenceOverSeveralLinesBecomesOne() {
        String source = """
                package x;

                /** Another class. */
                class Other {}

                /**
                 * A page is found
                 * by its key.
                 *
                 * @see Other
                 */
                public class Here {}
                """;

        assertThat(JavaSource.firstSentence(source, "Here")).isEqualTo("A page is found by its key.");
    }

    @Test
    void aLicenceAtTheTopIsNotAClaim() {
        String source = "/** Licence. */\npackage x;\n\nimport java.util.List;\n\npublic class Here {}\n";

        assertThat(JavaSource.firstSentence(source, "Here")).isEmpty();
    }

    @Test
    void onlyAPublicStaticMainMakesAnExample() {
        assertThat(JavaSource.hasMain("    public static void main(String[] a) {"))
                .isTrue();
        assertThat(JavaSource.hasMain("    public static void main(final String... a) {"))
                .isTrue();
        assertThat(JavaSource.hasMain("    // public static void main(String[] a) {"))
                .isFalse();
        assertThat(JavaSource.hasMain("    void main() {")).isFalse();
        assertThat(JavaSource.hasMain(" * The main(String[]) below\n    public static void main(String[] a) {"))
                .isTrue();
    }

    @Test
    void aTypeWhoseNameOnlyBeginsTheSameIsAnother() {
        String source = "/** Longer. */\nclass HereAndThere {}\n\n/** Exact. */\nclass Here {}\n";

        assertThat(JavaSource.firstSentence(source, "Here")).isEqualTo("Exact.");
    }
}
