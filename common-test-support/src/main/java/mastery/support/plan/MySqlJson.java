package mastery.support.plan;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.OptionalDouble;
import java.util.OptionalLong;
import java.util.Set;

/** Reads MySQL's JSON plan of version 2. */
final class MySqlJson {
    private static final String ENGINE = "MySQL";
    private static final Set<String> TAKEN =
            Set.of("operation", "table_name", "index_name", "estimated_rows", "actual_rows", "actual_loops");

    private MySqlJson() {}

    static Plan parse(String json) {
        JsonNode document = PlanJson.read(ENGINE, json);
        if (document.has("query_block")) {
            throw PlanJson.unknown(
                    ENGINE, "$.query_block", "JSON of version 1; SET explain_json_format_version = 2 gives version 2");
        }
        JsonNode root = document.path("query_plan");
        if (!root.isObject()) {
            throw PlanJson.unknown(ENGINE, "$", "no object \"query_plan\" in " + PlanJson.shortened(document));
        }
        return new Plan(ENGINE, node(root, "$.query_plan"));
    }

    private static PlanNode node(JsonNode json, String place) {
        String said = PlanJson.requiredText(ENGINE, json, "operation", place);
        MySqlOperation words = MySqlOperation.parse(said);
        List<PlanNode> children = new ArrayList<>();
        Set<String> taken = new HashSet<>(TAKEN);
        json.properties().forEach(field -> {
            if (holdsNodes(field.getValue())) {
                taken.add(field.getKey());
                int i = 0;
                for (JsonNode child : field.getValue()) {
                    children.add(node(child, place + "." + field.getKey() + "[" + i++ + "]"));
                }
            }
        });
        OptionalDouble rows = PlanJson.number(ENGINE, json, "actual_rows", place);
        OptionalLong loops = PlanJson.whole(ENGINE, json, "actual_loops", place);
        // null, not absent: the statement ran and did not need this node
        boolean neverExecuted = json.path("actual_loops").isNull();
        Map<String, String> details = PlanJson.details(json, taken);
        if (!words.rest().isEmpty()) {
            details.putIfAbsent("condition", words.rest());
        }
        return MySqlNodes.node(
                words,
                PlanJson.text(json, "table_name").or(words::target),
                PlanJson.number(ENGINE, json, "estimated_rows", place),
                neverExecuted ? OptionalDouble.of(0) : rows,
                neverExecuted ? OptionalLong.of(0) : loops,
                details,
                children);
    }

    // "inputs", "inputs_from_select_list" and the like: every list of objects is a list of nodes or an error there
    private static boolean holdsNodes(JsonNode value) {
        return value.isArray() && !value.isEmpty() && value.path(0).isObject();
    }
}
