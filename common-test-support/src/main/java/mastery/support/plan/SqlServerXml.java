package mastery.support.plan;

import java.io.IOException;
import java.io.StringReader;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.OptionalLong;
import java.util.function.Consumer;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import javax.xml.XMLConstants;
import javax.xml.parsers.DocumentBuilder;
import javax.xml.parsers.DocumentBuilderFactory;
import javax.xml.parsers.ParserConfigurationException;
import org.w3c.dom.Document;
import org.w3c.dom.Element;
import org.w3c.dom.Node;
import org.xml.sax.InputSource;
import org.xml.sax.SAXException;
import org.xml.sax.SAXParseException;
import org.xml.sax.helpers.DefaultHandler;

/** Reads Showplan XML. */
final class SqlServerXml {
    private static final String ENGINE = "SQL Server";
    private static final String NAMESPACE = "http://schemas.microsoft.com/sqlserver/2004/07/showplan";

    /** Kept by the fields of a node, or by its place in the tree. */
    private static final List<String> TAKEN = List.of("PhysicalOp", "EstimateRows", "NodeId");

    private static final String NAME = "\\[(?:[^\\]]|\\]\\])+\\]";

    /** How the server writes a column of a table with an alias: {@code [db].[dbo].[orders].[id] as [o].[id]}. */
    private static final Pattern ALIASED =
            Pattern.compile("(?:" + NAME + "\\.)+" + NAME + " as (" + NAME + ")\\.(" + NAME + ")");

    private SqlServerXml() {}

    static Plan parse(String xml) {
        Element root = read(xml).getDocumentElement();
        if (!root.getLocalName().equals("ShowPlanXML") || !NAMESPACE.equals(root.getNamespaceURI())) {
            throw new IllegalArgumentException(
                    "Unknown SQL Server plan: the root is " + root.getTagName() + ", not ShowPlanXML of " + NAMESPACE);
        }
        Element plan = below(root, "QueryPlan")
                .filter(candidate -> child(candidate, "RelOp").isPresent())
                .findFirst()
                .orElseThrow(
                        () -> new IllegalArgumentException(
                                "Unknown SQL Server plan: no QueryPlan with a RelOp in it; a statement such as CREATE has none"));
        Map<String, String> ofTheWhole = new LinkedHashMap<>();
        remarks(plan, ofTheWhole);
        return new Plan(ENGINE, node(child(plan, "RelOp").orElseThrow(), ofTheWhole));
    }

    private static Document read(String xml) {
        try {
            DocumentBuilderFactory factory = DocumentBuilderFactory.newInstance();
            factory.setNamespaceAware(true);
            factory.setFeature(XMLConstants.FEATURE_SECURE_PROCESSING, true);
            factory.setFeature("http://apache.org/xml/features/disallow-doctype-decl", true);
            DocumentBuilder builder = factory.newDocumentBuilder();
            // without one, errors go to the standard error stream too
            builder.setErrorHandler(new DefaultHandler());
            return builder.parse(new InputSource(new StringReader(xml)));
        } catch (SAXParseException broken) {
            throw new IllegalArgumentException(
                    "Broken SQL Server plan at line " + broken.getLineNumber() + ", column " + broken.getColumnNumber()
                            + ": " + broken.getMessage(),
                    broken);
        } catch (SAXException | IOException | ParserConfigurationException e) {
            throw new IllegalArgumentException("Broken SQL Server plan: " + e.getMessage(), e);
        }
    }

    private static PlanNode node(Element relOp, Map<String, String> ofTheWhole) {
        List<PlanNode> children = new ArrayList<>();
        relOps(relOp, child -> children.add(node(child, Map.of())));
        Optional<Element> object = own(relOp, "Object").findFirst();
        Runtime runtime = Runtime.of(relOp);
        Map<String, String> details = details(relOp);
        details.putAll(ofTheWhole);
        return new PlanNode(
                operation(relOp),
                object.map(o -> bare(o.getAttribute("Table"))).filter(table -> !table.isEmpty()),
                object.map(o -> bare(o.getAttribute("Index"))).filter(index -> !index.isEmpty()),
                OptionalDouble.of(requiredNumber(relOp, "EstimateRows")),
                runtime.rowsPerExecution(),
                runtime.executions,
                blocks(runtime, children),
                runtime.removedPerExecution(relOp.getAttribute("PhysicalOp"), children),
                details,
                children);
    }

    /** As people and Management Studio say it: a lookup is a seek in the clustered index by another node's key. */
    private static String operation(Element relOp) {
        String physical = relOp.getAttribute("PhysicalOp");
        if (physical.isEmpty()) {
            throw new IllegalArgumentException(
                    "Unknown SQL Server plan at NodeId " + relOp.getAttribute("NodeId") + ": RelOp has no PhysicalOp");
        }
        boolean lookup = child(relOp, "IndexScan")
                .map(scan -> scan.getAttribute("Lookup"))
                .filter(value -> value.equals("1") || value.equals("true"))
                .isPresent();
        return lookup ? "Key Lookup" : physical;
    }

    private static OptionalLong blocks(Runtime runtime, List<PlanNode> children) {
        boolean known = runtime.logicalReads.isPresent()
                || children.stream()
                        .anyMatch(child -> child.blocksWithChildren().isPresent());
        return known
                ? OptionalLong.of(runtime.logicalReads.orElse(0)
                        + children.stream()
                                .mapToLong(child -> child.blocksWithChildren().orElse(0))
                                .sum())
                : OptionalLong.empty();
    }

    private static Map<String, String> details(Element relOp) {
        Map<String, String> details = new LinkedHashMap<>();
        attributes(relOp, details);
        TAKEN.forEach(details::remove);
        elements(relOp)
                .filter(operator -> elements(operator).findAny().isPresent()
                        && !List.of("OutputList", "RunTimeInformation", "Warnings", "MemoryFractions")
                                .contains(operator.getLocalName()))
                .forEach(operator -> attributes(operator, details));
        String seek = own(relOp, "SeekKeys").map(SqlServerXml::seek).collect(Collectors.joining(" or "));
        String predicate = own(relOp, "Predicate")
                .flatMap(p -> own(p, "ScalarOperator").limit(1))
                .map(p -> p.getAttribute("ScalarString"))
                .collect(Collectors.joining(" and "));
        put(details, "Seek Keys", seek);
        put(details, "Predicate", predicate);
        put(
                details,
                "Sort Key",
                own(relOp, "OrderByColumn").map(SqlServerXml::sortKey).collect(joined()));
        put(
                details,
                "Group Key",
                own(relOp, "GroupBy")
                        .flatMap(group -> own(group, "ColumnReference"))
                        .map(SqlServerXml::column)
                        .collect(joined()));
        put(details, "condition", shortened(seek.isEmpty() ? predicate : seek));
        remarks(relOp, details);
        return details;
    }

    private static java.util.stream.Collector<CharSequence, ?, String> joined() {
        return Collectors.joining(", ");
    }

    /** One range of a seek: prefix columns that are equal, then bounds of the next column. */
    private static String seek(Element seekKeys) {
        return elements(seekKeys)
                .flatMap(part -> {
                    List<Element> columns = own(part, "RangeColumns")
                            .flatMap(c -> own(c, "ColumnReference"))
                            .toList();
                    List<Element> values = own(part, "RangeExpressions")
                            .flatMap(e ->
                                    elements(e).filter(v -> v.getLocalName().equals("ScalarOperator")))
                            .toList();
                    String sign = sign(part.getAttribute("ScanType"));
                    List<String> conditions = new ArrayList<>();
                    for (int i = 0; i < columns.size(); i++) {
                        String value = i < values.size() ? values.get(i).getAttribute("ScalarString") : "?";
                        conditions.add(column(columns.get(i)) + " " + sign + " " + value);
                    }
                    return conditions.stream();
                })
                .collect(Collectors.joining(" and "));
    }

    private static String sign(String scanType) {
        return switch (scanType) {
            case "EQ" -> "=";
            case "GE" -> ">=";
            case "GT" -> ">";
            case "LE" -> "<=";
            case "LT" -> "<";
            case "NE" -> "<>";
            default -> scanType;
        };
    }

    private static String sortKey(Element orderByColumn) {
        String ascending = orderByColumn.getAttribute("Ascending");
        return own(orderByColumn, "ColumnReference").map(SqlServerXml::column).collect(joined())
                + (ascending.equals("1") || ascending.equals("true") ? "" : " DESC");
    }

    private static String column(Element reference) {
        return bare(reference.getAttribute("Column"));
    }

    /** Warnings and indexes that the server misses, by the names of their elements. */
    private static void remarks(Element holder, Map<String, String> details) {
        child(holder, "Warnings").ifPresent(warnings -> {
            Map<String, String> said = new LinkedHashMap<>();
            attributes(warnings, said);
            elements(warnings).forEach(warning -> {
                Map<String, String> what = new LinkedHashMap<>();
                attributes(warning, what);
                said.put(warning.getLocalName(), what.toString());
            });
            put(details, "Warnings", said.isEmpty() ? "" : said.toString());
        });
        put(
                details,
                "Missing Indexes",
                child(holder, "MissingIndexes").stream()
                        .flatMap(missing -> below(missing, "MissingIndex"))
                        .map(SqlServerXml::missingIndex)
                        .collect(joined()));
        put(
                details,
                "Unmatched Indexes",
                child(holder, "UnmatchedIndexes").stream()
                        .flatMap(unmatched -> below(unmatched, "Object"))
                        .map(index -> bare(index.getAttribute("Index")))
                        .collect(joined()));
    }

    private static String missingIndex(Element index) {
        return bare(index.getAttribute("Table"))
                + elements(index)
                        .map(group -> group.getAttribute("Usage").toLowerCase(java.util.Locale.ROOT) + " "
                                + elements(group)
                                        .map(column -> bare(column.getAttribute("Name")))
                                        .collect(joined()))
                        .collect(Collectors.joining("; ", " (", ")"));
    }

    private static void put(Map<String, String> details, String name, String value) {
        if (!value.isEmpty()) {
            details.put(name, value);
        }
    }

    private static String bare(String name) {
        return name.startsWith("[") && name.endsWith("]")
                ? name.substring(1, name.length() - 1).replace("]]", "]")
                : name;
    }

    /** A condition with aliases, but without the names of databases, schemas and tables, which the rest of the line tells. */
    private static String shortened(String condition) {
        return ALIASED.matcher(condition)
                .replaceAll("$1\\\\.$2")
                .replaceAll(NAME + "\\.(?=\\[)", "")
                .replaceAll("\\\\(?=\\.)", "")
                .replaceAll("\\[([^\\]]+)\\]", "$1");
    }

    private static double requiredNumber(Element element, String attribute) {
        String text = element.getAttribute(attribute);
        try {
            return Double.parseDouble(text);
        } catch (NumberFormatException e) {
            throw new IllegalArgumentException(
                    "Unknown SQL Server plan at NodeId " + element.getAttribute("NodeId") + ": " + attribute + " is '"
                            + text + "', not a number",
                    e);
        }
    }

    private static void attributes(Element element, Map<String, String> into) {
        for (int i = 0; i < element.getAttributes().getLength(); i++) {
            Node attribute = element.getAttributes().item(i);
            into.put(attribute.getNodeName(), attribute.getNodeValue());
        }
    }

    private static Stream<Element> elements(Element parent) {
        List<Element> elements = new ArrayList<>();
        for (Node node = parent.getFirstChild(); node != null; node = node.getNextSibling()) {
            if (node instanceof Element element) {
                elements.add(element);
            }
        }
        return elements.stream();
    }

    private static Optional<Element> child(Element parent, String name) {
        return elements(parent)
                .filter(element -> element.getLocalName().equals(name))
                .findFirst();
    }

    /** Elements of a name at any depth, in the order of the document. */
    private static Stream<Element> below(Element parent, String name) {
        return elements(parent)
                .flatMap(element -> Stream.concat(
                        element.getLocalName().equals(name) ? Stream.of(element) : Stream.empty(),
                        below(element, name)));
    }

    /** The same, but for those that belong to another node of the plan. */
    private static Stream<Element> own(Element parent, String name) {
        return elements(parent)
                .filter(element -> !element.getLocalName().equals("RelOp"))
                .flatMap(element -> Stream.concat(
                        element.getLocalName().equals(name) ? Stream.of(element) : Stream.empty(), own(element, name)));
    }

    private static void relOps(Element parent, Consumer<Element> each) {
        elements(parent).forEach(element -> {
            if (element.getLocalName().equals("RelOp")) {
                each.accept(element);
            } else {
                relOps(element, each);
            }
        });
    }

    /** What a node did, summed over its threads; each element is empty where the plan does not say. */
    private static final class Runtime {
        private OptionalLong executions = OptionalLong.empty();
        private OptionalLong rows = OptionalLong.empty();
        private OptionalLong rowsRead = OptionalLong.empty();
        private OptionalLong logicalReads = OptionalLong.empty();

        static Runtime of(Element relOp) {
            Runtime runtime = new Runtime();
            child(relOp, "RunTimeInformation").stream()
                    .flatMap(SqlServerXml::elements)
                    .forEach(thread -> {
                        runtime.executions = plus(runtime.executions, thread, "ActualExecutions");
                        runtime.rows = plus(runtime.rows, thread, "ActualRows");
                        runtime.rowsRead = plus(runtime.rowsRead, thread, "ActualRowsRead");
                        runtime.logicalReads = plus(runtime.logicalReads, thread, "ActualLogicalReads");
                    });
            return runtime;
        }

        private static OptionalLong plus(OptionalLong sum, Element thread, String attribute) {
            String text = thread.getAttribute(attribute);
            if (text.isEmpty()) {
                return sum;
            }
            try {
                return OptionalLong.of(sum.orElse(0) + Long.parseLong(text));
            } catch (NumberFormatException e) {
                throw new IllegalArgumentException(
                        "Unknown SQL Server plan: " + attribute + " is '" + text + "', not a whole number", e);
            }
        }

        OptionalDouble rowsPerExecution() {
            return rows.isPresent() ? OptionalDouble.of(perExecution(rows.getAsLong())) : OptionalDouble.empty();
        }

        /** What a scan or seek read and its condition threw away; of a Filter, what came in less what went out. */
        OptionalDouble removedPerExecution(String physicalOp, List<PlanNode> children) {
            if (rows.isEmpty()) {
                return OptionalDouble.empty();
            }
            if (rowsRead.isPresent()) {
                return OptionalDouble.of(perExecution(rowsRead.getAsLong() - rows.getAsLong()));
            }
            return physicalOp.equals("Filter")
                            && children.size() == 1
                            && children.get(0).loops().isPresent()
                    ? OptionalDouble.of(perExecution(children.get(0).totalRows() - rows.getAsLong()))
                    : OptionalDouble.empty();
        }

        private double perExecution(long total) {
            long times = executions.orElse(1);
            return times == 0 ? 0 : (double) total / times;
        }
    }
}
