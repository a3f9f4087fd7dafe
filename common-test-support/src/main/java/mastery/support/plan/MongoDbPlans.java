package mastery.support.plan;

import com.mongodb.ExplainVerbosity;
import com.mongodb.client.AggregateIterable;
import com.mongodb.client.FindIterable;
import com.mongodb.client.MongoDatabase;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.OptionalLong;
import java.util.Set;
import java.util.stream.Collectors;
import org.bson.Document;

/**
 * Takes and reads the plans of MongoDB, 8.0 or later (verified with 8.2).
 *
 * <p>A node's operation is the stage as the server calls it: {@code IXSCAN}, {@code FETCH}, {@code SORT}, {@code $group}. Its
 * details hold {@value #KEYS} and {@value #DOCUMENTS} where the stage reads index keys or documents, and {@code bounds} of an
 * index scan. The server estimates no rows.
 *
 * <p>Source: MongoDB manual, "Explain Results" and "Interpret Explain Plan Results".
 */
public final class MongoDbPlans {

    /** The detail that says how many index keys a stage read. */
    public static final String KEYS = "keysExamined";

    /** The detail that says how many documents a stage read. */
    public static final String DOCUMENTS = "docsExamined";

    private static final String ENGINE = "MongoDB";
    private static final String TOTAL_KEYS = "totalKeysExamined";
    private static final String TOTAL_DOCUMENTS = "totalDocsExamined";

    /** What is a component of the node, holds other nodes, or says how the server went about it and not what it did. */
    private static final Set<String> LEFT_OUT = Set.of(
            "stage",
            "planNodeId",
            "indexName",
            "nReturned",
            "inputStage",
            "inputStages",
            "shards",
            "indexBounds",
            "isCached",
            "executionTimeMillis",
            "executionTimeMillisEstimate",
            "totalChildMillis",
            "works",
            "advanced",
            "needTime",
            "needYield",
            "saveState",
            "restoreState",
            "isEOF",
            "alreadyHasObj",
            "multiKeyPaths",
            "indexVersion",
            "memLimit");

    private static final Set<String> SCANS = Set.of("IXSCAN", "COLLSCAN", "COUNT_SCAN", "DISTINCT_SCAN");

    private MongoDbPlans() {}

    /** The plan the server would take for a command such as {@code find} or {@code aggregate}. It is not run. */
    public static Plan explain(MongoDatabase database, Document command) {
        return parse(database.runCommand(new Document("explain", command).append("verbosity", "queryPlanner")));
    }

    /** The plan with what each stage read and returned. The command is run; what it would write is not written. */
    public static Plan analyze(MongoDatabase database, Document command) {
        return parse(database.runCommand(new Document("explain", command).append("verbosity", "executionStats")));
    }

    /** The same for a query of the driver. */
    public static Plan analyze(FindIterable<?> query) {
        return parse(query.explain(ExplainVerbosity.EXECUTION_STATS));
    }

    /** The same for a pipeline of the driver. */
    public static Plan analyze(AggregateIterable<?> pipeline) {
        return parse(pipeline.explain(ExplainVerbosity.EXECUTION_STATS));
    }

    /**
     * Index keys that the whole command read.
     *
     * @throws IllegalStateException if the plan was not run
     */
    public static long keysExamined(Plan plan) {
        return total(plan, TOTAL_KEYS);
    }

    /**
     * Documents that the whole command read.
     *
     * @throws IllegalStateException if the plan was not run
     */
    public static long documentsExamined(Plan plan) {
        return total(plan, TOTAL_DOCUMENTS);
    }

    private static long total(Plan plan, String name) {
        List<String> found = plan.nodes()
                .map(node -> node.details().get(name))
                .filter(value -> value != null)
                .toList();
        if (found.isEmpty()) {
            throw new IllegalStateException("This plan was not run: take it with analyze, not with explain");
        }
        return Long.parseLong(found.get(0));
    }

    /**
     * Reads what {@code explain} answers.
     *
     * @throws IllegalArgumentException if it is no such answer; the message says where
     */
    public static Plan parse(Document explained) {
        return new Plan(ENGINE, part(explained, "$"));
    }

    private static PlanNode part(Document explained, String place) {
        if (explained.containsKey("stages")) {
            return pipeline(explained.getList("stages", Document.class), place + ".stages");
        }
        if (explained.get("shards") instanceof Document shards) {
            return merged(shards, place + ".shards");
        }
        Document planner = required(explained, "queryPlanner", place);
        Document winner = required(planner, "winningPlan", place + ".queryPlanner");
        Document executed = explained.get("executionStats", Document.class);
        String collection = String.valueOf(planner.get("namespace")).replaceFirst("^[^.]*\\.", "");
        PlanNode root;
        if (winner.get("queryPlan") instanceof Document plan) {
            root = new Reader(collection, byPlanNode(executed)).node(plan, place + ".queryPlan");
        } else if (executed != null) {
            Document stages = required(executed, "executionStages", place + ".executionStats");
            root = new Reader(collection, Map.of()).node(stages, place + ".executionStages");
        } else {
            root = new Reader(collection, Map.of()).node(winner, place + ".winningPlan");
        }
        return executed == null ? root : withTotals(root, executed);
    }

    /** Stages of a pipeline that the query engine below did not take over: each is fed by the one before it. */
    private static PlanNode pipeline(List<Document> stages, String place) {
        PlanNode fed = null;
        for (int i = 0; i < stages.size(); i++) {
            Document stage = stages.get(i);
            String operation = stage.keySet().iterator().next();
            if (operation.equals("$cursor")) {
                fed = part(stage.get("$cursor", Document.class), place + "[" + i + "].$cursor");
                continue;
            }
            Map<String, String> details = new LinkedHashMap<>();
            details.put("condition", text(stage.get(operation)));
            details.putAll(details(stage, Set.of(operation)));
            fed = node(operation, Optional.empty(), stage, details, fed == null ? List.of() : List.of(fed));
        }
        if (fed == null) {
            throw unknown(place, "no stage");
        }
        return fed;
    }

    /** A pipeline in a sharded cluster: one plan for each shard. */
    private static PlanNode merged(Document shards, String place) {
        List<PlanNode> children = new ArrayList<>();
        long keys = 0;
        long documents = 0;
        boolean run = false;
        for (String shard : shards.keySet()) {
            PlanNode child = part(shards.get(shard, Document.class), place + "." + shard);
            run |= child.nodes().anyMatch(node -> node.details().containsKey(TOTAL_KEYS));
            keys += sum(child, TOTAL_KEYS);
            documents += sum(child, TOTAL_DOCUMENTS);
            children.add(new PlanNode(
                    "SHARD",
                    Optional.of(shard),
                    Optional.empty(),
                    OptionalDouble.empty(),
                    child.actualRows(),
                    child.loops(),
                    OptionalLong.empty(),
                    OptionalDouble.empty(),
                    Map.of(),
                    List.of(child)));
        }
        Map<String, String> totals =
                run ? Map.of(TOTAL_KEYS, Long.toString(keys), TOTAL_DOCUMENTS, Long.toString(documents)) : Map.of();
        return node("SHARD_MERGE", Optional.empty(), new Document(), totals, children);
    }

    private static long sum(PlanNode node, String detail) {
        return node.nodes()
                .mapToLong(each -> Long.parseLong(each.details().getOrDefault(detail, "0")))
                .sum();
    }

    /** What the other of the two query engines did, by the number of the plan's node that it did it for. */
    private static Map<Integer, Document> byPlanNode(Document executed) {
        Map<Integer, Document> all = new HashMap<>();
        if (executed != null && executed.get("executionStages") instanceof Document stages) {
            collect(stages, all);
        }
        return all;
    }

    private static void collect(Document stage, Map<Integer, Document> all) {
        Integer number = stage.getInteger("planNodeId");
        if (number != null) {
            // The outermost stage says what left the node.
            Document node = all.computeIfAbsent(
                    number,
                    first -> stage.containsKey("nReturned")
                            ? new Document("nReturned", stage.get("nReturned"))
                            : new Document());
            for (String counter : List.of(KEYS, "usedDisk")) {
                if (stage.containsKey(counter)) {
                    node.put(counter, stage.get(counter));
                }
            }
            if (Set.of("scan", "seek").contains(stage.getString("stage")) && stage.containsKey("numReads")) {
                node.put(DOCUMENTS, stage.get("numReads"));
            }
        }
        stage.values().forEach(value -> {
            if (value instanceof Document inner && inner.containsKey("stage")) {
                collect(inner, all);
            } else if (value instanceof List<?> list) {
                list.stream()
                        .filter(Document.class::isInstance)
                        .map(Document.class::cast)
                        .forEach(inner -> collect(inner, all));
            }
        });
    }

    private record Reader(String collection, Map<Integer, Document> executed) {

        PlanNode node(Document stage, String place) {
            if (!(stage.get("stage") instanceof String operation)) {
                throw unknown(place, "no text \"stage\"");
            }
            Document all = new Document(stage);
            all.putAll(executed.getOrDefault(stage.getInteger("planNodeId", -1), new Document()));
            Map<String, String> details = new LinkedHashMap<>();
            if (all.get("indexBounds") instanceof Document bounds) {
                details.put("bounds", bounds(bounds));
            }
            details.putAll(details(all, LEFT_OUT));
            boolean scans = SCANS.contains(operation) || operation.startsWith("EXPRESS_");
            return MongoDbPlans.node(
                    operation,
                    scans ? Optional.of(collection) : Optional.empty(),
                    all,
                    details,
                    children(stage, place));
        }

        private List<PlanNode> children(Document stage, String place) {
            List<PlanNode> children = new ArrayList<>();
            if (stage.get("inputStage") instanceof Document child) {
                children.add(node(child, place + ".inputStage"));
            }
            for (Document child : stage.getList("inputStages", Document.class, List.of())) {
                children.add(node(child, place + ".inputStages[" + children.size() + "]"));
            }
            for (Document shard : stage.getList("shards", Document.class, List.of())) {
                String where = place + ".shards[" + children.size() + "]";
                Document plan = shard.containsKey("executionStages")
                        ? shard.get("executionStages", Document.class)
                        : required(shard, "winningPlan", where);
                PlanNode child = node(plan, where);
                children.add(MongoDbPlans.node(
                        "SHARD", Optional.of(shard.getString("shardName")), shard, Map.of(), List.of(child)));
            }
            return children;
        }
    }

    private static PlanNode node(
            String operation,
            Optional<String> target,
            Document stage,
            Map<String, String> details,
            List<PlanNode> children) {
        boolean run = stage.get("nReturned") instanceof Number;
        double returned = run ? stage.get("nReturned", Number.class).doubleValue() : 0;
        boolean filters = run && stage.containsKey("filter") && details.containsKey(DOCUMENTS);
        return new PlanNode(
                operation,
                target,
                Optional.ofNullable(stage.getString("indexName")),
                OptionalDouble.empty(),
                run ? OptionalDouble.of(returned) : OptionalDouble.empty(),
                run ? OptionalLong.of(1) : OptionalLong.empty(),
                OptionalLong.empty(),
                filters
                        ? OptionalDouble.of(Double.parseDouble(details.get(DOCUMENTS)) - returned)
                        : OptionalDouble.empty(),
                details,
                children);
    }

    private static PlanNode withTotals(PlanNode root, Document executed) {
        Map<String, String> details = new LinkedHashMap<>(root.details());
        details.put(TOTAL_KEYS, text(executed.get(TOTAL_KEYS)));
        details.put(TOTAL_DOCUMENTS, text(executed.get(TOTAL_DOCUMENTS)));
        return new PlanNode(
                root.operation(),
                root.target(),
                root.index(),
                root.estimatedRows(),
                root.actualRows(),
                root.loops(),
                root.blocksWithChildren(),
                root.removedByFilter(),
                details,
                root.children());
    }

    private static Map<String, String> details(Document stage, Set<String> leftOut) {
        Map<String, String> details = new LinkedHashMap<>();
        stage.forEach((name, value) -> {
            if (!leftOut.contains(name) && value != null) {
                details.put(name, text(value));
            }
        });
        return details;
    }

    /** {@code a: [3, 3], b: [MinKey, MaxKey]}. */
    private static String bounds(Document bounds) {
        return bounds.entrySet().stream()
                .map(field -> field.getKey() + ": "
                        + (field.getValue() instanceof List<?> ranges
                                ? ranges.stream().map(String::valueOf).collect(Collectors.joining(" "))
                                : text(field.getValue())))
                .collect(Collectors.joining(", "));
    }

    private static String text(Object value) {
        return value instanceof Document document ? document.toJson() : String.valueOf(value);
    }

    private static Document required(Document document, String field, String place) {
        if (document.get(field) instanceof Document found) {
            return found;
        }
        throw unknown(place, "no document \"" + field + "\" among " + document.keySet());
    }

    private static IllegalArgumentException unknown(String place, String problem) {
        return PlanJson.unknown(ENGINE, place, problem);
    }
}
