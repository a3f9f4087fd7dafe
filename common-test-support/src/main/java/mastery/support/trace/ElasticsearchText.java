package mastery.support.trace;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.net.URLDecoder;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Collectors;

/** Requests to Elasticsearch as a person writes them, answers as a person reads them. */
final class ElasticsearchText {

    /** What came of a request: in a few words, or why it failed. */
    record Answer(String reply, TraceEvent.Failure error) {}

    private static final ObjectMapper JSON = new ObjectMapper();
    private static final int LINE = 72;
    private static final int INDENT = 2;

    /** How the client asks for types by name; nothing that a person would write. */
    private static final String TYPED_KEYS = "typed_keys";

    private ElasticsearchText() {}

    /** Method and path, and below them the body: objects that fit stay on one line. */
    static String request(String method, String path, Map<String, String> parameters, byte[] body, String prefix) {
        Map<String, String> shown = new TreeMap<>(parameters);
        shown.remove(TYPED_KEYS);
        String query = shown.entrySet().stream()
                .map(each -> each.getValue() == null || each.getValue().isEmpty()
                        ? each.getKey()
                        : each.getKey() + "=" + each.getValue())
                .collect(Collectors.joining("&"));
        StringBuilder text = new StringBuilder(method)
                .append(' ')
                .append(URLDecoder.decode(path.replace("+", "%2b"), StandardCharsets.UTF_8));
        if (!query.isEmpty()) {
            text.append('?').append(query);
        }
        for (JsonNode document : documents(body)) {
            if (!document.isEmpty()) {
                text.append('\n').append(json(document, 0));
            }
        }
        return prefix.isEmpty() ? text.toString() : text.toString().replace(prefix, "");
    }

    /** Status, and what the body says about time and size. */
    static Answer answer(int status, byte[] body, String prefix) {
        List<JsonNode> documents = documents(body);
        JsonNode answer = documents.isEmpty() ? JSON.createObjectNode() : documents.get(0);
        JsonNode error = answer.path("error");
        if (error.isObject()) {
            JsonNode cause =
                    error.path("caused_by").isMissingNode() || error.has("reason") ? error : error.path("caused_by");
            return new Answer(
                    null,
                    new TraceEvent.Failure(
                            error.path("type").asText(),
                            status,
                            cause.path("reason").asText().replace(prefix, "")));
        }
        List<String> words = new ArrayList<>(List.of(Integer.toString(status)));
        if (answer.has("took")) {
            words.add("took " + answer.path("took").asLong() + " ms");
        }
        JsonNode total = answer.path("hits").path("total").path("value");
        if (total.isNumber()) {
            words.add(count(answer.path("hits").path("hits").size()) + " of " + Text.count(total.asLong(), "hit"));
        }
        if (answer.path("items").isArray()) {
            words.add(Text.count(answer.path("items").size(), "item")
                    + (answer.path("errors").asBoolean() ? ", some failed" : ""));
        }
        if (answer.path("tokens").isArray()) {
            words.add(Text.count(answer.path("tokens").size(), "token"));
        }
        return new Answer(String.join(", ", words), null);
    }

    private static String count(long number) {
        return String.format(Locale.ROOT, "%,d", number);
    }

    /** The JSON values of a body, one after another as in a bulk request; none when it is no JSON. */
    private static List<JsonNode> documents(byte[] body) {
        try (var values = JSON.readerFor(JsonNode.class).<JsonNode>readValues(body)) {
            return body.length == 0 ? List.of() : values.readAll();
        } catch (IOException notJson) {
            return List.of();
        }
    }

    private static String json(JsonNode node, int indent) {
        String line = line(node);
        if (indent + line.length() <= LINE || isFlat(node)) {
            return line;
        }
        String margin = " ".repeat(indent + INDENT);
        List<String> parts = new ArrayList<>();
        if (node.isArray()) {
            node.forEach(each -> parts.add(margin + json(each, indent + INDENT)));
        } else {
            Iterator<Map.Entry<String, JsonNode>> fields = node.properties().iterator();
            while (fields.hasNext()) {
                Map.Entry<String, JsonNode> field = fields.next();
                parts.add(margin + '"' + field.getKey() + "\": " + json(field.getValue(), indent + INDENT));
            }
        }
        String end = "\n" + " ".repeat(indent);
        return (node.isArray() ? "[\n" : "{\n") + String.join(",\n", parts) + end + (node.isArray() ? "]" : "}");
    }

    /** A value, or a list of values only, which the terminal breaks as it breaks a sentence. */
    private static boolean isFlat(JsonNode node) {
        if (node.isArray()) {
            for (JsonNode each : node) {
                if (each.isContainerNode()) {
                    return false;
                }
            }
            return true;
        }
        return node.isEmpty();
    }

    private static String line(JsonNode node) {
        if (node.isArray()) {
            List<String> parts = new ArrayList<>();
            node.forEach(each -> parts.add(line(each)));
            return "[" + String.join(", ", parts) + "]";
        }
        if (node.isObject()) {
            List<String> parts = new ArrayList<>();
            node.properties().forEach(field -> parts.add('"' + field.getKey() + "\": " + line(field.getValue())));
            return "{" + String.join(", ", parts) + "}";
        }
        return node.toString();
    }
}
