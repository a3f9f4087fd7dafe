package mastery.benchmarks;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.function.ToDoubleFunction;
import java.util.stream.IntStream;
import javax.xml.parsers.DocumentBuilderFactory;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.w3c.dom.Document;
import org.w3c.dom.Element;
import org.w3c.dom.NodeList;

/** Plots are read back as SVG, in which a point is an ellipse, a bar a path, and every letter a path too. */
class PlotTest {

    private static final List<String> PLACES = List.of("1", "100", "10000");
    private static final String FIRST_COLOR = "rgb(0,114,178)";
    private static final String SECOND_COLOR = "rgb(230,159,0)";

    @TempDir
    Path directory;

    @Test
    void logarithmicLinesRiseByTheSameDistanceForTheSameFactor() throws Exception {
        Document svg = written(Plot.lines("Depth", PLACES, "ms")
                .over("page")
                .logarithmic()
                .series("OFFSET", List.of(0.2, 2.0, 20.0))
                .series("keyset", List.of(0.2, 0.2, 0.2)));

        assertThat(svg.getDocumentElement().getNodeName()).isEqualTo("svg");
        // the last ellipse stands in the legend
        List<Double> heights = shapes(svg, "ellipse", FIRST_COLOR, e -> Double.parseDouble(e.getAttribute("cy")));
        assertThat(heights).hasSize(4);
        assertThat(heights.get(0) - heights.get(1))
                .isPositive()
                .isCloseTo(heights.get(1) - heights.get(2), within(0.01));
        assertThat(shapes(svg, "line", SECOND_COLOR, e -> 0)).isNotEmpty();
    }

    @Test
    void barsBeginAtZeroSoThatTheirHeightsAreInProportion() throws Exception {
        Document svg = written(Plot.bars("Ways", PLACES, "rows/s").series("here", List.of(900.0, 1_000.0, 1_200.0)));

        List<Double> heights = shapes(svg, "path", FIRST_COLOR, PlotTest::heightOfPath);
        assertThat(heights).hasSize(3);
        assertThat(heights.get(1) / heights.get(0)).isCloseTo(1_000.0 / 900, within(0.001));
        assertThat(heights.get(2) / heights.get(0)).isCloseTo(1_200.0 / 900, within(0.001));
    }

    @Test
    void linesBeginAtZeroTooSoThatASmallDifferenceLooksSmall() throws Exception {
        Document svg =
                written(Plot.lines("Workers", PLACES, "jobs/s").series("here", List.of(1_000.0, 1_000.0, 2_000.0)));

        List<Double> heights = shapes(svg, "ellipse", FIRST_COLOR, e -> Double.parseDouble(e.getAttribute("cy")));
        Element area = (Element) svg.getElementsByTagName("rect").item(0);
        double bottom = Double.parseDouble(area.getAttribute("y")) + Double.parseDouble(area.getAttribute("height"));
        assertThat(bottom - heights.get(0)).isGreaterThanOrEqualTo(heights.get(0) - heights.get(2));
    }

    @Test
    void titleUnitPlacesAndNamesAreDrawn() throws Exception {
        String plain = text("title", "unit", "place", "what", "name");

        assertThat(plain).isEqualTo(text("title", "unit", "place", "what", "name"));
        assertThat(plain)
                .isNotEqualTo(text("TITLE", "unit", "place", "what", "name"))
                .isNotEqualTo(text("title", "UNIT", "place", "what", "name"))
                .isNotEqualTo(text("title", "unit", "PLACE", "what", "name"))
                .isNotEqualTo(text("title", "unit", "place", "WHAT", "name"))
                .isNotEqualTo(text("title", "unit", "place", "what", "NAME"));
    }

    @Test
    void whatCannotBeShownIsRefusedAndNothingWritten() {
        Plot plot = Plot.bars("Ways", PLACES, "ms");
        Path file = directory.resolve("none.svg");

        assertThatThrownBy(() -> plot.write(file)).hasMessageContaining("at least one series");
        assertThatThrownBy(() -> plot.series("short", List.of(1.0))).hasMessageContaining("1 values for 3 places");
        assertThatThrownBy(() -> plot.series("nan", List.of(1.0, Double.NaN, 1.0)))
                .hasMessageContaining("NaN");
        assertThatThrownBy(() -> plot.series("below", List.of(1.0, -1.0, 1.0))).hasMessageContaining("-1.0");
        plot.series("zero", List.of(1.0, 0.0, 1.0));
        assertThatThrownBy(() -> plot.series("zero", List.of(1.0, 1.0, 1.0))).hasMessageContaining("already");
        assertThatThrownBy(() -> plot.logarithmic().write(file)).hasMessageContaining("no zero");
        assertThatThrownBy(() -> Plot.lines("Ways", List.of(), "ms")).hasMessageContaining("at least one place");
        assertThat(file).doesNotExist();
    }

    private String text(String title, String unit, String place, String placesAre, String name) throws Exception {
        Path file = directory.resolve("words.svg");
        Plot.bars(title, List.of(place), unit)
                .over(placesAre)
                .series(name, List.of(1.0))
                .write(file);
        // the ids of clip paths are made anew each time
        return Files.readString(file).replaceAll("clip-?\\d+", "clip");
    }

    private Document written(Plot plot) throws Exception {
        Path file = directory.resolve("plot.svg");
        plot.write(file);
        DocumentBuilderFactory factory = DocumentBuilderFactory.newInstance();
        // the document names a DTD on the net
        factory.setFeature("http://apache.org/xml/features/nonvalidating/load-external-dtd", false);
        try (InputStream svg = Files.newInputStream(file)) {
            return factory.newDocumentBuilder().parse(svg);
        }
    }

    private static List<Double> shapes(Document svg, String kind, String color, ToDoubleFunction<Element> value) {
        NodeList nodes = svg.getElementsByTagName(kind);
        return IntStream.range(0, nodes.getLength())
                .mapToObj(i -> (Element) nodes.item(i))
                .filter(element -> element.getAttribute("style").contains(color))
                .map(value::applyAsDouble)
                .toList();
    }

    /** From a path of straight lines, {@code M1,2 L3,4 ... Z}: the greatest less the least y. */
    private static double heightOfPath(Element path) {
        double[] heights = Arrays.stream(path.getAttribute("d").split(" "))
                .filter(point -> point.contains(","))
                .mapToDouble(point -> Double.parseDouble(point.substring(point.indexOf(',') + 1)))
                .sorted()
                .toArray();
        return heights[heights.length - 1] - heights[0];
    }
}
