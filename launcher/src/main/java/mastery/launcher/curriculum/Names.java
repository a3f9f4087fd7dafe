package mastery.launcher.curriculum;

import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.function.Function;
import java.util.stream.Stream;

/** Finds what a person means by a name. */
public final class Names {

    private static final int SUGGESTIONS = 3;

    private Names() {}

    /**
     * The examples with that name: a simple name, a path as {@code postgresql/advanced/KeysetPagination} or the end of one, a fully
     * qualified class name, or the path of the source file. A name in the wrong case counts when nothing has it in the right one.
     */
    public static List<Example> examples(List<Example> all, String name) {
        String wanted = name.replaceFirst("\\.java$", "").replace('\\', '.').replace('/', '.');
        List<Example> exact = all.stream()
                .filter(example -> sameEnd(example.className(), wanted))
                .toList();
        return !exact.isEmpty()
                ? exact
                : all.stream()
                        .filter(example -> sameEnd(lower(example.className()), lower(wanted)))
                        .toList();
    }

    /** The topics at that path ({@code postgresql/advanced}), below it ({@code postgresql}), or else with that last name ({@code advanced}). */
    public static List<Topic> topics(List<Topic> all, String name) {
        String wanted = lower(
                        name.replace('\\', '/').replaceFirst("^mastery[./]", "").replace('.', '/'))
                .replaceFirst("/$", "");
        List<Topic> below = all.stream()
                .filter(topic -> topic.path().equals(wanted) || topic.path().startsWith(wanted + '/'))
                .toList();
        return !below.isEmpty()
                ? below
                : all.stream().filter(topic -> topic.lastName().equals(wanted)).toList();
    }

    /** At most three of the known names that the unknown one may stand for, the nearest first. */
    public static List<String> nearest(Stream<String> known, String unknown) {
        String wanted = lower(unknown.substring(unknown.lastIndexOf('/') + 1));
        return known.distinct()
                .map(name -> new Candidate(name, distance(lower(name), wanted)))
                .filter(candidate -> candidate.distance <= Math.max(2, wanted.length() / 3))
                .sorted(Comparator.comparingInt(Candidate::distance).thenComparing(Candidate::name))
                .limit(SUGGESTIONS)
                .map(Candidate::name)
                .toList();
    }

    /** The names of the examples nearest to the unknown one. */
    public static List<String> nearest(List<Example> all, String unknown) {
        return nearest(all.stream().map(Example::simpleName), unknown);
    }

    /** Candidates as {@code run} takes them. */
    public static <T> String listed(List<T> candidates, Function<T, String> name) {
        StringBuilder lines = new StringBuilder();
        candidates.forEach(candidate -> lines.append("\n  ").append(name.apply(candidate)));
        return lines.toString();
    }

    private static boolean sameEnd(String className, String wanted) {
        return className.equals(wanted) || className.endsWith('.' + wanted) || wanted.endsWith('.' + className);
    }

    private static String lower(String text) {
        return text.toLowerCase(Locale.ROOT);
    }

    private record Candidate(String name, int distance) {}

    /**
     * Edits (insert, delete, replace, swap two neighbours) between the names. A part of the known name that the person typed in full is as
     * near as one edit: {@code keyset} means {@code KeysetPagination}.
     */
    private static int distance(String known, String wanted) {
        if (wanted.length() >= 3 && known.contains(wanted)) {
            return 1;
        }
        int[][] edits = new int[known.length() + 1][wanted.length() + 1];
        for (int i = 0; i <= known.length(); i++) {
            for (int j = 0; j <= wanted.length(); j++) {
                if (i == 0 || j == 0) {
                    edits[i][j] = i + j;
                    continue;
                }
                boolean same = known.charAt(i - 1) == wanted.charAt(j - 1);
                int edit =
                        Math.min(Math.min(edits[i - 1][j], edits[i][j - 1]) + 1, edits[i - 1][j - 1] + (same ? 0 : 1));
                if (i > 1
                        && j > 1
                        && known.charAt(i - 1) == wanted.charAt(j - 2)
                        && known.charAt(i - 2) == wanted.charAt(j - 1)) {
                    edit = Math.min(edit, edits[i - 2][j - 2] + 1);
                }
                edits[i][j] = edit;
            }
        }
        return edits[known.length()][wanted.length()];
    }
}
