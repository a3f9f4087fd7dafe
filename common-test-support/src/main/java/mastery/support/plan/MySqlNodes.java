package mastery.support.plan;

import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.OptionalLong;

/** Makes nodes of what MySQL's JSON and tree say alike. */
final class MySqlNodes {
    private MySqlNodes() {}

    static PlanNode node(
            MySqlOperation words,
            Optional<String> target,
            OptionalDouble estimatedRows,
            OptionalDouble actualRows,
            OptionalLong loops,
            Map<String, String> details,
            List<PlanNode> children) {
        return new PlanNode(
                words.operation(),
                target,
                words.index(),
                estimatedRows,
                actualRows,
                loops,
                OptionalLong.empty(),
                removed(words, actualRows, loops, children),
                details,
                children);
    }

    // the server does not count removed rows: a Filter has one input, and what does not come out was removed
    private static OptionalDouble removed(
            MySqlOperation words, OptionalDouble rows, OptionalLong loops, List<PlanNode> children) {
        boolean counted = words.operation().equals("Filter")
                && loops.orElse(0) > 0
                && !children.isEmpty()
                && children.get(0).loops().isPresent();
        if (!counted) {
            return OptionalDouble.empty();
        }
        double read = (double) children.get(0).totalRows() / loops.getAsLong();
        return OptionalDouble.of(Math.max(0, read - rows.orElse(0)));
    }
}
