package mastery.support.trace;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;
import org.bson.BsonArray;
import org.bson.BsonDocument;
import org.bson.BsonValue;

/** MongoDB's commands and answers as a person types and reads them. */
final class MongoDbText {

    /** What the driver adds to each command, and what says nothing by its value. */
    private static final Set<String> ADDED =
            Set.of("$db", "$clusterTime", "$readPreference", "lsid", "txnNumber", "autocommit", "apiVersion");

    private static final int ELEMENTS_SHOWN = 3;
    private static final int LONGEST_TEXT = 120;

    private MongoDbText() {}

    /** The command with its collection in a line, then a line for each of its fields. */
    static String command(String name, BsonDocument command) {
        List<String> lines = new ArrayList<>();
        BsonValue target = command.get(name);
        lines.add(name
                + (target != null && target.isString() ? " " + target.asString().getValue() : ""));
        command.forEach((field, value) -> {
            boolean says = !field.equals(name) && !ADDED.contains(field) && !isDefault(field, value);
            if (says) {
                lines.add("  " + field + ": " + value(value));
            }
        });
        return String.join("\n", lines);
    }

    private static boolean isDefault(String field, BsonValue value) {
        return (field.equals("ordered")
                        && value.isBoolean()
                        && value.asBoolean().getValue())
                || (field.equals("maxTimeMS")
                        && value.isNumber()
                        && value.asNumber().intValue() == 0)
                || (field.equals("cursor")
                        && value.isDocument()
                        && value.asDocument().isEmpty());
    }

    static String value(BsonValue value) {
        return switch (value.getBsonType()) {
            case DOCUMENT -> document(value.asDocument());
            case ARRAY -> array(value.asArray());
            case STRING -> '"' + Text.cut(Text.oneLine(value.asString().getValue()), LONGEST_TEXT) + '"';
            case INT32 -> Integer.toString(value.asInt32().getValue());
            case INT64 -> Long.toString(value.asInt64().getValue());
            case DOUBLE -> Double.toString(value.asDouble().getValue());
            case DECIMAL128 -> value.asDecimal128().getValue().toString();
            case BOOLEAN -> Boolean.toString(value.asBoolean().getValue());
            case NULL -> "null";
            case OBJECT_ID -> "ObjectId(" + value.asObjectId().getValue().toHexString() + ")";
            case DATE_TIME ->
                java.time.Instant.ofEpochMilli(value.asDateTime().getValue()).toString();
            case BINARY -> "binary of " + Text.count(value.asBinary().getData().length, "byte");
            default -> Text.cut(Text.oneLine(value.toString()), LONGEST_TEXT);
        };
    }

    private static String document(BsonDocument document) {
        return document.isEmpty()
                ? "{}"
                : document.entrySet().stream().map(MongoDbText::field).collect(Collectors.joining(", ", "{ ", " }"));
    }

    private static String field(Map.Entry<String, BsonValue> field) {
        String name = field.getKey();
        return (name.matches("[$\\w]+") ? name : '"' + Text.oneLine(name) + '"') + ": " + value(field.getValue());
    }

    private static String array(BsonArray array) {
        int more = array.size() - ELEMENTS_SHOWN;
        String shown =
                array.stream().limit(ELEMENTS_SHOWN).map(MongoDbText::value).collect(Collectors.joining(", "));
        return "[" + shown + (more > 0 ? ", … " + String.format(java.util.Locale.ROOT, "%,d", more) + " more" : "")
                + "]";
    }
}
