package mastery.design.transactions;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.StringReader;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import javax.xml.parsers.DocumentBuilderFactory;
import mastery.design.transactions.EngineLevels.Level;
import mastery.design.transactions.MatrixPicture.Part;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.parallel.Isolated;
import org.w3c.dom.Document;
import org.w3c.dom.Element;
import org.w3c.dom.NodeList;
import org.xml.sax.InputSource;

/** What a reader finds in the drawing. That the drawing of this topic is up to date is said by AnomalyMatrixTest. */
@Isolated("sets the default locale")
class MatrixPictureTest {

    private final List<Part> parts = AnomalyMatrix.known();
    private final Document svg = parsed(parts);

    @Test
    void aTableHasARowForEachAnomalyAndAColumnForEachLevelAndWhatIsAllowedIsBold() {
        String[] tables = MatrixPicture.markdown(parts).split("\n\n(?=### )");

        assertThat(tables).hasSameSizeAs(parts);
        for (int i = 0; i < tables.length; i++) {
            Part part = parts.get(i);
            List<Level> levels = part.engine().levels();
            List<List<String>> lines =
                    tables[i].lines().skip(2).map(MatrixPictureTest::columns).toList();
            assertThat(tables[i].lines()).startsWith("### " + part.title(), "");
            assertThat(lines).hasSize(2 + Anomaly.values().length);
            assertThat(lines.get(0).subList(1, levels.size() + 1))
                    .isEqualTo(levels.stream().map(Level::name).toList());
            assertThat(lines.get(1)).hasSameSizeAs(lines.get(0)).containsOnly("---");
            for (Anomaly anomaly : Anomaly.values()) {
                List<String> row = new ArrayList<>(List.of(anomaly.code()));
                for (Level level : levels) {
                    String outcome = expected(part, anomaly, level).outcome();
                    row.add(outcome.equals("allowed") ? "**allowed**" : outcome);
                }
                assertThat(lines.get(2 + anomaly.ordinal())).isEqualTo(row);
            }
        }
    }

    @Test
    void eachCellStandsUnderItsLevelBesideItsAnomalyAndSaysItsOutcomeAndWhatWasSeen() {
        forEachCell((part, cell, level, word, box) -> {
            assertThat(text(word)).isEqualTo(cell.outcome());
            assertThat(word.getElementsByTagName("title").item(0).getTextContent())
                    .isEqualTo(cell.anomaly().code() + ", " + part.title() + " " + level + ": "
                            + String.join("; ", cell.seen()));
        });
    }

    @Test
    void onlyTheCellsThatNoServerHasProvenAreDashed() {
        assertThat(parts.stream().map(Part::title))
                .containsExactly("PostgreSQL", "MySQL", "SQL Server (not proven here)");
        assertThat(texts().stream().map(MatrixPictureTest::text))
                .containsAll(parts.stream().map(Part::title).toList());
        forEachCell((part, cell, level, word, box) -> assertThat(box.hasAttribute("stroke-dasharray"))
                .as(cell.toString())
                .isEqualTo(!part.proven()));
    }

    @Test
    void eachKindOfOutcomeHasAColourThatTheLegendExplainsAndThatDiffersInBrightness() {
        Map<String, String> legend = new TreeMap<>();
        for (Element text : texts()) {
            if (text(text).matches("(allowed|unseen|waits|a number): .*")) {
                legend.put(
                        text(text).replaceFirst(":.*", ""),
                        boxAt(x(text) - 13, y(text) - 5).getAttribute("fill"));
            }
        }
        assertThat(legend.keySet()).containsExactly("a number", "allowed", "unseen", "waits");
        List<String> fills = List.copyOf(legend.values());
        for (int i = 0; i < fills.size(); i++) {
            for (String other : fills.subList(i + 1, fills.size())) {
                assertThat(contrast(fills.get(i), other)).isGreaterThan(1.1);
            }
        }
        forEachCell((part, cell, level, word, box) -> {
            String kind = cell.outcome().matches("\\d+") ? "a number" : cell.outcome();
            assertThat(box.getAttribute("fill")).as(cell.toString()).isEqualTo(legend.get(kind));
            assertThat(contrast(box.getAttribute("fill"), word.getAttribute("fill")))
                    .as("it can be read")
                    .isGreaterThan(3);
        });
    }

    @Test
    void nothingCoversAnythingElseOrLiesOutsideAndEnginesStandApart() {
        int width = number(svg.getDocumentElement(), "width");
        int height = number(svg.getDocumentElement(), "height");
        List<Element> boxes = boxes();
        for (int i = 0; i < boxes.size(); i++) {
            Element box = boxes.get(i);
            assertThat(right(box)).isLessThan(width);
            assertThat(y(box) + number(box, "height")).isLessThan(height);
            for (Element other : boxes.subList(i + 1, boxes.size())) {
                assertThat(x(box) < right(other)
                                && x(other) < right(box)
                                && y(box) < y(other) + number(other, "height")
                                && y(other) < y(box) + number(box, "height"))
                        .isFalse();
            }
        }
        List<Element> firstRow = boxes.stream()
                .filter(box -> y(box) == y(boxes.get(0)))
                .sorted((a, b) -> x(a) - x(b))
                .toList();
        Map<Integer, Long> gaps = IntStream.range(1, firstRow.size())
                .mapToObj(i -> x(firstRow.get(i)) - right(firstRow.get(i - 1)))
                .collect(Collectors.groupingBy(gap -> gap, TreeMap::new, Collectors.counting()));
        assertThat(gaps.values()).containsExactly((long) firstRow.size() - parts.size(), parts.size() - 1L);
    }

    @Test
    void whoCannotSeeItIsToldWhatEachLevelAllows() {
        String told = svg.getElementsByTagName("desc").item(0).getTextContent();
        Map<String, List<String>> allowed = new LinkedHashMap<>();
        for (Part part : parts) {
            for (Level level : part.engine().levels()) {
                allowed.put(part.title() + " " + level, new ArrayList<>());
            }
        }
        forEachCell((part, cell, level, word, box) -> {
            if (text(word).equals("allowed")) {
                allowed.get(part.title() + " " + level).add(cell.anomaly().code());
            }
        });
        List<String> sentences = new ArrayList<>();
        for (Part part : parts) {
            sentences.add(part.title() + ": "
                    + part.engine().levels().stream()
                            .map(level -> level + " allows " + listed(allowed.get(part.title() + " " + level)))
                            .collect(Collectors.joining("; ")));
        }
        assertThat(told).isEqualTo(String.join(". ", sentences));
    }

    @Test
    void signsThatMeanSomethingInXmlAreOnlySigns() {
        String hostile = "A & B </text> &lt;C>";
        StringBuilder lines = new StringBuilder();
        for (Anomaly anomaly : Anomaly.values()) {
            lines.append(anomaly.code())
                    .append(" | S | unseen | 1 reads ")
                    .append(hostile)
                    .append('\n');
        }
        EngineLevels engine = new EngineLevels(
                hostile,
                List.of(new Level("serializable", "S", List.of(), "")),
                Map.of(),
                e -> "",
                Set.of(),
                lines.toString());

        String drawn = MatrixPicture.svg(List.of(Part.unproven(engine)));

        assertThat(parsed(drawn).getElementsByTagName("desc").item(0).getTextContent())
                .isEqualTo(hostile + " (not proven here): serializable allows none");
        assertThat(drawn).contains("A &amp; B &lt;/text&gt; &amp;lt;C&gt;").doesNotContain(hostile);
    }

    @Test
    void theDrawingIsTheSameInACountryOfOtherDigits() {
        Locale before = Locale.getDefault();
        String here = MatrixPicture.svg(parts);
        try {
            Locale.setDefault(Locale.forLanguageTag("ar-EG-u-nu-arab"));
            assertThat(String.format("%d", 1)).isNotEqualTo("1");
            assertThat(MatrixPicture.svg(parts)).isEqualTo(here);
        } finally {
            Locale.setDefault(before);
        }
    }

    @FunctionalInterface
    private interface Look {
        void at(Part part, Cell cell, Level level, Element word, Element box);
    }

    /** Looks where the row of an anomaly and the column of a level meet. */
    private void forEachCell(Look look) {
        List<Integer> columns = new ArrayList<>();
        int heads = texts().stream()
                .filter(text -> text(text).equals("SER"))
                .mapToInt(MatrixPictureTest::y)
                .findFirst()
                .orElseThrow();
        texts().stream().filter(text -> y(text) == heads).forEach(text -> columns.add(x(text)));
        int column = 0;
        for (Part part : parts) {
            for (Level level : part.engine().levels()) {
                int x = columns.get(column++);
                for (Anomaly anomaly : Anomaly.values()) {
                    int y = texts().stream()
                            .filter(text -> text(text).equals(anomaly.code()))
                            .mapToInt(MatrixPictureTest::y)
                            .findFirst()
                            .orElseThrow();
                    List<Element> words = texts().stream()
                            .filter(text -> x(text) == x && y(text) == y)
                            .toList();
                    assertThat(words).as(anomaly.code() + " under " + level).hasSize(1);
                    look.at(part, expected(part, anomaly, level), level, words.get(0), boxAt(x, y - 4));
                }
            }
        }
        assertThat(columns).hasSize(column);
    }

    private static Cell expected(Part part, Anomaly anomaly, Level level) {
        return part.engine().expected(new Cell(anomaly, level.letters(), "", List.of()));
    }

    private Element boxAt(int x, int y) {
        List<Element> here = boxes().stream()
                .filter(box -> x(box) <= x && x < right(box) && y(box) <= y && y < y(box) + number(box, "height"))
                .toList();
        assertThat(here).as("boxes at " + x + ", " + y).hasSize(1);
        return here.get(0);
    }

    /** Without the background. */
    private List<Element> boxes() {
        return elements("rect").stream().filter(box -> box.hasAttribute("x")).toList();
    }

    private List<Element> texts() {
        return elements("text");
    }

    private List<Element> elements(String name) {
        NodeList nodes = svg.getElementsByTagName(name);
        return IntStream.range(0, nodes.getLength())
                .mapToObj(i -> (Element) nodes.item(i))
                .toList();
    }

    private static String text(Element element) {
        return element.getFirstChild() == null ? "" : element.getFirstChild().getTextContent();
    }

    private static int x(Element element) {
        return number(element, "x");
    }

    private static int y(Element element) {
        return number(element, "y");
    }

    private static int right(Element box) {
        return x(box) + number(box, "width");
    }

    private static int number(Element element, String attribute) {
        return Integer.parseInt(element.getAttribute(attribute));
    }

    private static String listed(List<String> codes) {
        return codes.isEmpty() ? "none" : String.join(", ", codes);
    }

    private static List<String> columns(String line) {
        return List.of(line.replaceAll("^\\|\\s*|\\s*\\|$", "").split("\\s*\\|\\s*"));
    }

    /** The contrast of two colours as WCAG defines it, from 1 to 21. */
    private static double contrast(String one, String other) {
        double lighter = Math.max(luminance(one), luminance(other));
        return (lighter + 0.05) / (Math.min(luminance(one), luminance(other)) + 0.05);
    }

    private static double luminance(String colour) {
        double sum = 0;
        double[] weights = {0.2126, 0.7152, 0.0722};
        for (int i = 0; i < 3; i++) {
            double value = Integer.parseInt(colour.substring(1 + 2 * i, 3 + 2 * i), 16) / 255.0;
            sum += weights[i] * (value <= 0.03928 ? value / 12.92 : Math.pow((value + 0.055) / 1.055, 2.4));
        }
        return sum;
    }

    private static Document parsed(List<Part> parts) {
        return parsed(MatrixPicture.svg(parts));
    }

    private static Document parsed(String svg) {
        try {
            return DocumentBuilderFactory.newInstance()
                    .newDocumentBuilder()
                    .parse(new InputSource(new StringReader(svg)));
        } catch (Exception e) {
            throw new AssertionError("not XML: " + e.getMessage(), e);
        }
    }
}
