package mastery.support.plan;

import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.OptionalLong;
import java.util.stream.Stream;

/**
 * One operation of a plan, the same for every engine.
 *
 * <p>A value is empty where the engine does not tell it: the actual ones in a plan that was not run, the blocks in every MySQL plan.
 *
 * @param operation what the server calls it: {@code Index Scan} (the Node Type of PostgreSQL), {@code Index lookup} (MySQL),
 *     {@code Index Seek} (the PhysicalOp of SQL Server, where a lookup in the clustered index is a {@code Key Lookup})
 * @param target the relation it works on; its alias in a plan read from MySQL's tree text, which tells nothing else
 * @param index the index it uses
 * @param estimatedRows rows the planner expects per loop
 * @param actualRows rows returned per loop, a mean over the loops; 0 where the node never ran
 * @param loops how often the node ran; 0 where it never ran
 * @param blocksWithChildren shared blocks read, in the cache or not (hit + read), over all loops, those of the children included;
 *     for SQL Server the logical reads of its pages
 * @param removedByFilter rows read and thrown away by a condition, per loop; for MySQL the rows of the child less its own
 * @param details everything else the plan says, by the server's own names, in its order
 * @param children the nodes that feed this one, in the plan's order
 */
public record PlanNode(
        String operation,
        Optional<String> target,
        Optional<String> index,
        OptionalDouble estimatedRows,
        OptionalDouble actualRows,
        OptionalLong loops,
        OptionalLong blocksWithChildren,
        OptionalDouble removedByFilter,
        Map<String, String> details,
        List<PlanNode> children) {

    public PlanNode {
        details = Collections.unmodifiableMap(new LinkedHashMap<>(details));
        children = List.copyOf(children);
    }

    /** This node and all below it, depth first, in the plan's order. */
    public Stream<PlanNode> nodes() {
        return Stream.concat(Stream.of(this), children.stream().flatMap(PlanNode::nodes));
    }

    /** True if the node was meant to run and the statement did not need it; false too in a plan that was not run. */
    public boolean neverExecuted() {
        return loops.isPresent() && loops.getAsLong() == 0;
    }

    /**
     * Rows returned over all loops, rounded, because the engines give a mean per loop.
     *
     * @throws IllegalStateException if the plan was not run
     */
    public long totalRows() {
        return overAllLoops(actualRows);
    }

    /**
     * Rows thrown away by a condition over all loops; 0 where no condition removes any.
     *
     * @throws IllegalStateException if the plan was not run
     */
    public long totalRemovedByFilter() {
        return overAllLoops(removedByFilter.isPresent() ? removedByFilter : OptionalDouble.of(0));
    }

    /**
     * Shared blocks read by this node alone: its own number less those of its children, never below zero.
     *
     * <p>A CTE or an InitPlan is counted twice by the server, where it hangs and where it is read; there this number is a bound only.
     *
     * @throws IllegalStateException if the plan has no block numbers
     */
    public long ownBlocks() {
        long all = blocksWithChildren.orElseThrow(() -> new IllegalStateException(
                operation + " has no block numbers: PostgreSQL and SQL Server give them when a plan is"
                        + " analyzed, MySQL never"));
        long below = children.stream()
                .mapToLong(child -> child.blocksWithChildren.orElse(0))
                .sum();
        return Math.max(0, all - below);
    }

    /**
     * A number that one engine alone gives, by the server's own name: {@code Heap Fetches}, {@code Index Searches}, {@code Lossy Heap Blocks},
     * {@code Subplans Removed}. Empty where the node does not tell it.
     *
     * @throws IllegalStateException if the node tells a text by that name
     */
    public OptionalDouble number(String name) {
        String text = details.get(name);
        try {
            return text == null ? OptionalDouble.empty() : OptionalDouble.of(Double.parseDouble(text));
        } catch (NumberFormatException e) {
            throw new IllegalStateException(operation + " tells \"" + text + "\" as " + name + ", no number", e);
        }
    }

    private long overAllLoops(OptionalDouble perLoop) {
        if (loops.isEmpty() || perLoop.isEmpty()) {
            throw new IllegalStateException(operation + " was not run: take the plan with analyze, not with explain");
        }
        return Math.round(perLoop.getAsDouble() * loops.getAsLong());
    }
}
