package mastery.support.plan;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.OptionalLong;
import java.util.Set;

/** Reads fields of a JSON plan and says where one is wrong. */
final class PlanJson {
    private static final ObjectMapper MAPPER =
            new ObjectMapper().enable(DeserializationFeature.FAIL_ON_TRAILING_TOKENS);

    private PlanJson() {}

    static JsonNode read(String engine, String text) {
        try {
            return MAPPER.readTree(text);
        } catch (JsonProcessingException broken) {
            throw new IllegalArgumentException(
                    "Broken " + engine + " plan at line " + broken.getLocation().getLineNr() + ", column "
                            + broken.getLocation().getColumnNr() + ": " + broken.getOriginalMessage(),
                    broken);
        }
    }

    static IllegalArgumentException unknown(String engine, String place, String problem) {
        return new IllegalArgumentException("Unknown " + engine + " plan at " + place + ": " + problem);
    }

    static String requiredText(String engine, JsonNode node, String field, String place) {
        JsonNode value = node.path(field);
        if (!value.isTextual()) {
            throw unknown(engine, place, "no text \"" + field + "\" in " + shortened(node));
        }
        return value.textValue();
    }

    static Optional<String> text(JsonNode node, String field) {
        return node.path(field).isTextual() ? Optional.of(node.path(field).textValue()) : Optional.empty();
    }

    static OptionalDouble number(String engine, JsonNode node, String field, String place) {
        JsonNode value = node.path(field);
        if (value.isMissingNode() || value.isNull()) {
            return OptionalDouble.empty();
        }
        if (!value.isNumber()) {
            throw unknown(engine, place + "." + field, "a number is expected, not " + shortened(value));
        }
        return OptionalDouble.of(value.doubleValue());
    }

    static OptionalLong whole(String engine, JsonNode node, String field, String place) {
        OptionalDouble number = number(engine, node, field, place);
        return number.isPresent() ? OptionalLong.of(Math.round(number.getAsDouble())) : OptionalLong.empty();
    }

    /** The fields that are not in {@code taken} and hold no nodes, as text. */
    static Map<String, String> details(JsonNode node, Set<String> taken) {
        Map<String, String> details = new LinkedHashMap<>();
        node.properties().forEach(field -> {
            JsonNode value = field.getValue();
            if (!taken.contains(field.getKey()) && !value.isNull()) {
                details.put(field.getKey(), value.isValueNode() ? value.asText() : listed(value));
            }
        });
        return details;
    }

    private static String listed(JsonNode value) {
        if (!value.isArray()) {
            return value.toString();
        }
        StringBuilder list = new StringBuilder();
        for (JsonNode item : value) {
            list.append(list.isEmpty() ? "" : ", ").append(item.isValueNode() ? item.asText() : item.toString());
        }
        return list.toString();
    }

    static String shortened(JsonNode node) {
        String text = node.toString();
        return text.length() <= 120 ? text : text.substring(0, 117) + "...";
    }
}
