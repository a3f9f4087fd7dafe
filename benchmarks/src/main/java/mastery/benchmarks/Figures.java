package mastery.benchmarks;

import com.fasterxml.jackson.databind.json.JsonMapper;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/**
 * Prints figures as a table of at most 80 columns, and writes them with every single value as JSON.
 *
 * <p>Arguments: a file with one {@link Figure#line} per line, a file with one {@code key<TAB>value} per line that says where the
 * figures were measured, and, if wanted, the JSON file to write.
 */
final class Figures {

    private static final String ROW = "%-43s %8s %8s %8s %4s %s%n";

    private Figures() {}

    public static void main(String[] arguments) throws IOException {
        List<Figure> figures = Files.readAllLines(Path.of(arguments[0])).stream()
                .map(Figure::parse)
                .toList();
        Map<String, String> circumstances = new LinkedHashMap<>();
        for (String line : Files.readAllLines(Path.of(arguments[1]))) {
            String[] parts = line.split("\t", 2);
            circumstances.put(parts[0], parts[1]);
        }
        print(circumstances, figures);
        if (arguments.length > 2) {
            write(circumstances, figures, Path.of(arguments[2]));
        }
    }

    private static void print(Map<String, String> circumstances, List<Figure> figures) {
        circumstances.forEach((key, value) -> System.out.println(key + ": " + value));
        System.out.println();
        System.out.printf(ROW, "", "median", "min", "max", "n", "unit");
        for (Figure figure : figures) {
            System.out.printf(
                    ROW,
                    figure.name(),
                    rounded(figure.median()),
                    rounded(figure.min()),
                    rounded(figure.max()),
                    figure.values().size(),
                    figure.unit());
        }
    }

    /** Three digits at least, and not more behind the point than that needs. */
    private static String rounded(double value) {
        int decimals = value >= 100 ? 0 : value >= 10 ? 1 : 2;
        return String.format(Locale.ROOT, "%." + decimals + "f", value);
    }

    private static void write(Map<String, String> circumstances, List<Figure> figures, Path file) throws IOException {
        Map<String, Object> all = new LinkedHashMap<>(circumstances);
        all.put(
                "figures",
                figures.stream()
                        .map(figure -> {
                            Map<String, Object> one = new LinkedHashMap<>();
                            one.put("name", figure.name());
                            one.put("unit", figure.unit());
                            one.put("median", figure.median());
                            one.put("min", figure.min());
                            one.put("max", figure.max());
                            one.put("n", figure.values().size());
                            one.put("values", figure.values());
                            return one;
                        })
                        .toList());
        Files.writeString(
                file,
                JsonMapper.builder().build().writerWithDefaultPrettyPrinter().writeValueAsString(all) + "\n");
    }
}
