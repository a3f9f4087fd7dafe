package mastery.support.plan;

import com.datastax.oss.driver.api.core.CqlSession;
import com.datastax.oss.driver.api.core.cql.QueryTrace;
import com.datastax.oss.driver.api.core.cql.Statement;
import com.datastax.oss.driver.api.core.cql.TraceEvent;
import java.net.InetSocketAddress;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.OptionalLong;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Reads Cassandra's query traces as plans (verified with 5.0): what each node did for a request. There is no EXPLAIN: a
 * statement is traced while it runs.
 *
 * <p>The root is the request; below it stands a {@code Node} for each that took part, the coordinator first, its target
 * {@code host:port} of the storage port; below that what it did: {@code Single-partition query}, {@code Range scan},
 * {@code Index read}, {@code Range requests}, {@code Memtable write}, {@code Commit log append}, {@code Message sent},
 * {@code Digest mismatch}. A read has the live rows, and {@code tombstones} among its details.
 *
 * <p>Source: Cassandra documentation, "CQL: tracing" (cqlsh, TRACING ON).
 */
public final class CassandraPlans {
    private static final String ENGINE = "Cassandra";
    private static final Pattern ROWS = Pattern.compile("Read (\\d+) live rows? and (\\d+) tombstone cells?.*");

    /** What an activity is called in the plan; the groups {@code target}, {@code index} and {@code detail} are optional. */
    private enum Kind {
        SINGLE_PARTITION("Single-partition query", true, "Executing single-partition query on (?<target>\\S+)"),
        RANGE_SCAN("Range scan", true, "Executing seq scan across (?<detail>\\d+) sstables? for .*"),
        INDEX_READ("Index read", true, "Executing read on \\S+\\.(?<target>\\S+) using index(?:es)? (?<index>\\S+).*"),
        RANGE_REQUESTS("Range requests", false, "Submitting range requests on (?<detail>\\d+) ranges .*"),
        MEMTABLE("Memtable write", false, "Adding to (?<target>\\S+) memtable"),
        COMMIT_LOG("Commit log append", false, "Appending to commitlog"),
        MESSAGE("Message sent", false, "Sending (?<detail>\\S+) message to /?(?<target>[^ ,]+).*"),
        DIGEST("Digest mismatch", false, "Digest mismatch.*");

        private final String operation;
        private final boolean reads;
        private final Pattern activity;

        Kind(String operation, boolean reads, String activity) {
            this.operation = operation;
            this.reads = reads;
            this.activity = Pattern.compile(activity, Pattern.DOTALL);
        }
    }

    private CassandraPlans() {}

    /** Runs the statement with tracing and reads the trace: what it writes is written. */
    public static Plan trace(CqlSession session, Statement<?> statement) {
        return parse(
                session.execute(statement.setTracing(true)).getExecutionInfo().getQueryTrace());
    }

    /** The plan of a trace. Activities that are none of those above are left out. */
    public static Plan parse(QueryTrace trace) {
        Map<String, List<Step>> nodes = new LinkedHashMap<>();
        nodes.put(address(trace.getCoordinatorAddress()), new ArrayList<>());
        for (TraceEvent event : trace.getEvents()) {
            read(
                    event.getActivity(),
                    nodes.computeIfAbsent(address(event.getSourceAddress()), key -> new ArrayList<>()));
        }
        List<PlanNode> children = new ArrayList<>();
        nodes.forEach((address, steps) -> children.add(node(
                "Node",
                Optional.of(address),
                Optional.empty(),
                OptionalDouble.empty(),
                Map.of(),
                steps.stream().map(Step::node).toList())));
        return new Plan(
                ENGINE,
                node(
                        trace.getRequestType(),
                        Optional.empty(),
                        Optional.empty(),
                        OptionalDouble.empty(),
                        trace.getParameters(),
                        children));
    }

    private static void read(String activity, List<Step> steps) {
        Matcher rows = ROWS.matcher(activity);
        if (rows.matches()) {
            // an index read looks into partitions of its own before it says what it found
            steps.stream().filter(Step::isOpen).findFirst().ifPresent(step -> {
                step.rows = OptionalDouble.of(Double.parseDouble(rows.group(1)));
                step.details.put("tombstones", rows.group(2));
            });
            steps.forEach(step -> step.closed = true);
            return;
        }
        for (Kind kind : Kind.values()) {
            Matcher matcher = kind.activity.matcher(activity);
            if (matcher.matches()) {
                steps.add(new Step(kind, matcher));
                return;
            }
        }
    }

    private static String address(InetSocketAddress address) {
        return address == null ? "unknown" : address.getHostString() + ":" + address.getPort();
    }

    private static PlanNode node(
            String operation,
            Optional<String> target,
            Optional<String> index,
            OptionalDouble rows,
            Map<String, String> details,
            List<PlanNode> children) {
        return new PlanNode(
                operation,
                target,
                index,
                OptionalDouble.empty(),
                rows,
                rows.isPresent() ? OptionalLong.of(1) : OptionalLong.empty(),
                OptionalLong.empty(),
                OptionalDouble.empty(),
                details,
                children);
    }

    private static final class Step {
        private final Kind kind;
        private final Optional<String> target;
        private final Optional<String> index;
        private final Map<String, String> details = new LinkedHashMap<>();
        private OptionalDouble rows = OptionalDouble.empty();
        private boolean closed;

        Step(Kind kind, Matcher matcher) {
            this.kind = kind;
            this.target = group(matcher, "target");
            this.index = group(matcher, "index");
            group(matcher, "detail")
                    .ifPresent(detail -> details.put(
                            switch (kind) {
                                case RANGE_SCAN -> "sstables";
                                case RANGE_REQUESTS -> "ranges";
                                default -> "message";
                            },
                            detail));
        }

        private static Optional<String> group(Matcher matcher, String name) {
            return matcher.pattern().pattern().contains("(?<" + name + ">")
                    ? Optional.ofNullable(matcher.group(name))
                    : Optional.empty();
        }

        boolean isOpen() {
            return kind.reads && !closed;
        }

        PlanNode node() {
            return CassandraPlans.node(kind.operation, target, index, rows, details, List.of());
        }
    }
}
