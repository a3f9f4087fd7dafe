package mastery.support.plan;

import java.util.List;
import java.util.NoSuchElementException;
import java.util.Objects;
import java.util.Optional;
import java.util.stream.Stream;

/**
 * The plan of one statement as a tree of nodes.
 *
 * @param engine the server's name as a person writes it: {@code PostgreSQL}, {@code MySQL}, {@code SQL Server}, {@code MongoDB}
 * @param root the node that gives the result
 */
public record Plan(String engine, PlanNode root) {

    public Plan {
        Objects.requireNonNull(engine, "engine");
        Objects.requireNonNull(root, "root");
    }

    /** All nodes, depth first, in the plan's order. */
    public Stream<PlanNode> nodes() {
        return root.nodes();
    }

    /** True if a node does {@code operation}, compared as a whole: "Index Scan" is not "Index Only Scan". */
    public boolean has(String operation) {
        return first(operation).isPresent();
    }

    /** The first node, depth first, that does {@code operation}. */
    public Optional<PlanNode> first(String operation) {
        return nodes().filter(node -> node.operation().equals(operation)).findFirst();
    }

    /**
     * The only node that does {@code operation}.
     *
     * @throws NoSuchElementException if none or several do; the message shows the plan
     */
    public PlanNode find(String operation) {
        List<PlanNode> found =
                nodes().filter(node -> node.operation().equals(operation)).toList();
        if (found.size() != 1) {
            throw new NoSuchElementException((found.isEmpty() ? "No" : found.size() + " nodes, not one,") + " \""
                    + operation + "\" in the plan\n" + this);
        }
        return found.get(0);
    }

    /** True if the statement was run and the nodes have actual rows and loops. */
    public boolean analyzed() {
        return nodes().anyMatch(node -> node.loops().isPresent());
    }

    /**
     * Rows that left the leaves of the plan over all loops: what the statement took out of tables and indexes, without what scans threw away.
     *
     * @throws IllegalStateException if the plan was not run
     */
    public long rowsFromLeaves() {
        return nodes().filter(node -> node.children().isEmpty())
                .mapToLong(PlanNode::totalRows)
                .sum();
    }

    /**
     * Shared blocks the whole statement read, in the cache or not.
     *
     * @throws IllegalStateException if the plan has no block numbers
     */
    public long blocks() {
        return root.blocksWithChildren()
                .orElseThrow(() -> new IllegalStateException(
                        "This plan has no block numbers: PostgreSQL and SQL Server give them when a plan is"
                                + " analyzed, MySQL never"));
    }

    /** The plan as an indented tree, see {@link PlanTree}. */
    @Override
    public String toString() {
        return PlanTree.render(this);
    }
}
