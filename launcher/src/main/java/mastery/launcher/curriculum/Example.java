package mastery.launcher.curriculum;

import java.nio.file.Path;
import java.util.Locale;

/**
 * A class of the curriculum that can be run.
 *
 * @param className fully qualified, {@code mastery.postgresql.advanced.KeysetPagination}
 * @param claim first sentence of the class Javadoc, empty when there is none
 * @param question the question it answers, from its topic's README; empty when the README does not list it
 * @param source its source file
 */
public record Example(String className, String claim, String question, Path source) {

    /** {@code KeysetPagination}. */
    public String simpleName() {
        return className.substring(className.lastIndexOf('.') + 1);
    }

    /** {@code postgresql/advanced/KeysetPagination}: what {@code run} takes when the simple name is not enough. */
    public String path() {
        return className.substring(className.indexOf('.') + 1).replace('.', '/');
    }

    /** Whether the name, the claim or the question contains the word, in any case. */
    boolean mentions(String word) {
        String wanted = word.toLowerCase(Locale.ROOT);
        return (path() + ' ' + claim + ' ' + question).toLowerCase(Locale.ROOT).contains(wanted);
    }
}
