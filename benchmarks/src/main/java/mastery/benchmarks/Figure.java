package mastery.benchmarks;

import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.stream.Collectors;

/**
 * One thing measured several times.
 *
 * @param name what was measured
 * @param unit of every value, such as {@code ms}
 * @param values in the order of measurement, at least one
 */
record Figure(String name, String unit, List<Double> values) {

    Figure {
        if (values.isEmpty()) {
            throw new IllegalArgumentException("nothing was measured for " + name);
        }
        values = List.copyOf(values);
    }

    /** The middle value; of an even number, the mean of the two in the middle. */
    double median() {
        double[] sorted = sorted();
        int middle = sorted.length / 2;
        return sorted.length % 2 == 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
    }

    double min() {
        return sorted()[0];
    }

    double max() {
        return sorted()[values.size() - 1];
    }

    private double[] sorted() {
        double[] sorted = values.stream().mapToDouble(Double::doubleValue).toArray();
        Arrays.sort(sorted);
        return sorted;
    }

    /** One line for {@link Figures}: name, unit and values, between tabs and blanks. */
    String line() {
        return name + "\t" + unit + "\t"
                + values.stream()
                        .map(value -> String.format(Locale.ROOT, "%.3f", value))
                        .collect(Collectors.joining(" "));
    }

    /** Reads what {@link #line} wrote. */
    static Figure parse(String line) {
        String[] parts = line.split("\t");
        return new Figure(
                parts[0],
                parts[1],
                Arrays.stream(parts[2].trim().split(" +")).map(Double::valueOf).toList());
    }
}
