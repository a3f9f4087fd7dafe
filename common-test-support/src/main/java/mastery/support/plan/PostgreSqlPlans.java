package mastery.support.plan;

import com.fasterxml.jackson.databind.JsonNode;
import java.sql.Connection;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.List;
import java.util.OptionalDouble;
import java.util.OptionalLong;
import java.util.Set;

/**
 * Takes and reads the plans of PostgreSQL, 14 or later (verified with 18).
 *
 * <p>Source: PostgreSQL manual, EXPLAIN, and "Using EXPLAIN": rows are a mean per loop, the blocks of a node include those of its children.
 */
public final class PostgreSqlPlans {
    private static final String ENGINE = "PostgreSQL";
    /**
     * Not the block numbers: the sum says how much was touched, the parts how warm the cache was; nor the rows removed by a filter, which are read with
     * their like by name.
     */
    private static final Set<String> TAKEN =
            Set.of("Node Type", "Relation Name", "Index Name", "Plan Rows", "Actual Rows", "Actual Loops", "Plans");

    private PostgreSqlPlans() {}

    /** The plan the server would take. The statement is not run. */
    public static Plan explain(Connection connection, String sql, Object... binds) throws SQLException {
        return parse(PlanQuery.text(connection, "EXPLAIN (FORMAT JSON) " + sql, binds));
    }

    /** The plan with actual rows, loops and blocks. The statement is run: what it writes is written, unless the caller rolls back. */
    public static Plan analyze(Connection connection, String sql, Object... binds) throws SQLException {
        return parse(PlanQuery.text(connection, "EXPLAIN (ANALYZE, BUFFERS, TIMING OFF, FORMAT JSON) " + sql, binds));
    }

    /**
     * Reads the text of EXPLAIN (FORMAT JSON), with or without ANALYZE.
     *
     * @throws IllegalArgumentException if the text is no such plan; the message says where
     */
    public static Plan parse(String json) {
        JsonNode document = PlanJson.read(ENGINE, json);
        JsonNode root = document.path(0).path("Plan");
        if (!root.isObject()) {
            throw PlanJson.unknown(ENGINE, "$[0]", "no object \"Plan\" in " + PlanJson.shortened(document));
        }
        return new Plan(ENGINE, node(root, "$[0].Plan"));
    }

    private static PlanNode node(JsonNode json, String place) {
        OptionalLong hit = PlanJson.whole(ENGINE, json, "Shared Hit Blocks", place);
        OptionalLong read = PlanJson.whole(ENGINE, json, "Shared Read Blocks", place);
        OptionalDouble removed = PlanJson.number(ENGINE, json, "Rows Removed by Filter", place);
        return new PlanNode(
                PlanJson.requiredText(ENGINE, json, "Node Type", place),
                PlanJson.text(json, "Relation Name").or(() -> PlanJson.text(json, "CTE Name")),
                PlanJson.text(json, "Index Name"),
                PlanJson.number(ENGINE, json, "Plan Rows", place),
                PlanJson.number(ENGINE, json, "Actual Rows", place),
                PlanJson.whole(ENGINE, json, "Actual Loops", place),
                hit.isPresent() && read.isPresent()
                        ? OptionalLong.of(hit.getAsLong() + read.getAsLong())
                        : OptionalLong.empty(),
                removed,
                PlanJson.details(json, TAKEN),
                children(json, place));
    }

    private static List<PlanNode> children(JsonNode json, String place) {
        List<PlanNode> children = new ArrayList<>();
        for (JsonNode child : json.path("Plans")) {
            children.add(node(child, place + ".Plans[" + children.size() + "]"));
        }
        return children;
    }
}
