package mastery.benchmarks;

import java.awt.BasicStroke;
import java.awt.Color;
import java.io.BufferedOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import org.knowm.xchart.CategoryChart;
import org.knowm.xchart.CategoryChartBuilder;
import org.knowm.xchart.CategorySeries.CategorySeriesRenderStyle;
import org.knowm.xchart.ChartEncoder;
import org.knowm.xchart.style.AxesChartStyler;
import org.knowm.xchart.style.Styler.LegendPosition;

/**
 * A chart as an SVG file: values over a few named places, as lines or as bars. It needs no display.
 *
 * <pre>{@code
 * Plot.bars("Loading 1,000,000 rows", List.of("single", "batch", "COPY"), "rows per second")
 *         .logarithmic()
 *         .series("server on this machine", List.of(9_000.0, 70_000.0, 900_000.0))
 *         .write(Path.of("loading.svg"));
 * }</pre>
 *
 * <p>The places stand at equal distances in the order given, whatever they are called: {@code 1, 100, 10000} too.
 */
final class Plot {

    private static final int WIDTH = 800;
    private static final int HEIGHT = 450;
    /** Told apart by readers who do not see red and green as two, and in print by their lightness. */
    private static final Color[] COLORS = {new Color(0x0072B2), new Color(0xE69F00), new Color(0x009E73), Color.BLACK};

    private final CategorySeriesRenderStyle style;
    private final String title;
    private final List<String> places;
    private final String unit;
    private final Map<String, List<Double>> series = new LinkedHashMap<>();
    private String placesAre = "";
    private boolean logarithmic;

    private Plot(CategorySeriesRenderStyle style, String title, List<String> places, String unit) {
        this.style = style;
        this.title = Objects.requireNonNull(title, "title");
        this.places = List.copyOf(places);
        this.unit = Objects.requireNonNull(unit, "unit");
        if (this.places.isEmpty()) {
            throw new IllegalArgumentException("a plot has at least one place");
        }
    }

    /** Lines: for places that are steps of one quantity, such as 1, 2, 4 and 8 workers. */
    static Plot lines(String title, List<String> places, String unit) {
        return new Plot(CategorySeriesRenderStyle.Line, title, places, unit);
    }

    /** Bars from zero: for places that have nothing between them, such as ways of loading. */
    static Plot bars(String title, List<String> places, String unit) {
        return new Plot(CategorySeriesRenderStyle.Bar, title, places, unit);
    }

    /** What the places are, written below them, such as {@code workers}. */
    Plot over(String placesAre) {
        this.placesAre = placesAre;
        return this;
    }

    /** The values' axis goes by powers of ten: all values must be above zero. */
    Plot logarithmic() {
        logarithmic = true;
        return this;
    }

    /**
     * Adds a line, or a bar at each place.
     *
     * @param values one for each place, not negative
     */
    Plot series(String name, List<Double> values) {
        if (values.size() != places.size()) {
            throw new IllegalArgumentException(
                    name + " has " + values.size() + " values for " + places.size() + " places");
        }
        if (!values.stream().allMatch(value -> Double.isFinite(value) && value >= 0)) {
            throw new IllegalArgumentException(name + " has a value that cannot be shown: " + values);
        }
        if (series.putIfAbsent(name, List.copyOf(values)) != null) {
            throw new IllegalArgumentException("there is a series " + name + " already");
        }
        return this;
    }

    /** Writes the chart as SVG, in place of a file that is there. */
    void write(Path file) throws IOException {
        CategoryChart chart = chart();
        try (OutputStream svg = new BufferedOutputStream(Files.newOutputStream(file))) {
            ChartEncoder.saveChart(chart, svg, "svg");
        }
    }

    private CategoryChart chart() {
        if (series.isEmpty()) {
            throw new IllegalStateException("a plot has at least one series");
        }
        double least = series.values().stream()
                .flatMap(List::stream)
                .min(Double::compare)
                .orElseThrow();
        double greatest = series.values().stream()
                .flatMap(List::stream)
                .max(Double::compare)
                .orElseThrow();
        if (logarithmic && least == 0) {
            throw new IllegalStateException("a logarithmic axis has no zero");
        }
        // fonts are measured, nothing is drawn on a screen
        System.setProperty("java.awt.headless", "true");
        CategoryChart chart = new CategoryChartBuilder()
                .width(WIDTH)
                .height(HEIGHT)
                .title(title)
                .xAxisTitle(placesAre)
                .yAxisTitle(unit)
                .build();
        chart.getStyler().setDefaultSeriesRenderStyle(style).setOverlapped(style == CategorySeriesRenderStyle.Line);
        AxesChartStyler styler = chart.getStyler();
        styler.setYAxisLogarithmic(logarithmic)
                .setYAxisLogarithmicDecadeOnly(true)
                .setPlotGridVerticalLinesVisible(false)
                // a dashed line would be thousands of shapes in the file
                .setPlotGridLinesStroke(new BasicStroke(0.5f))
                .setPlotGridLinesColor(Color.LIGHT_GRAY)
                .setYAxisTickLabelsFormattingFunction(Plot::label)
                // an axis that does not begin at zero makes a small difference look great
                .setYAxisMin(logarithmic ? Math.pow(10, Math.floor(Math.log10(least))) : 0.0)
                .setYAxisMax(logarithmic ? Math.pow(10, Math.ceil(Math.log10(greatest))) : null)
                .setSeriesColors(COLORS)
                .setLegendPosition(LegendPosition.OutsideS)
                .setChartBackgroundColor(Color.WHITE);
        series.forEach((name, values) -> chart.addSeries(name, places, values));
        return chart;
    }

    private static String label(double value) {
        return value == Math.rint(value)
                ? String.format(Locale.ROOT, "%,.0f", value)
                : String.format(Locale.ROOT, "%s", value);
    }
}
