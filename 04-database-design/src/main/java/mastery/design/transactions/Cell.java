package mastery.design.transactions;

import java.util.List;
import java.util.Optional;

/**
 * What a level does about an anomaly.
 *
 * @param level by its letters, such as {@code RC}
 * @param outcome {@code allowed}; or how it is prevented: {@code unseen} (nobody reads or overwrites too early), {@code waits} (somebody waits until it
 *     cannot happen), or the code of the error that ends a transaction
 * @param seen what came of the steps: reads, waits, failures, writes of none or several rows, and at last the rows; commits and writes of one row go
 *     without saying
 */
record Cell(Anomaly anomaly, String level, String outcome, List<String> seen) {

    /** What is different in what the server did, with the step where they part; nothing if it is as expected. */
    static Optional<String> difference(Cell expected, Cell server) {
        if (expected.equals(server)) {
            return Optional.empty();
        }
        int at = 0;
        while (at < expected.seen.size()
                && at < server.seen.size()
                && expected.seen.get(at).equals(server.seen.get(at))) {
            at++;
        }
        StringBuilder text = new StringBuilder();
        text.append(expected.anomaly.code())
                .append(" under ")
                .append(expected.level)
                .append(": expected ");
        text.append(expected.outcome)
                .append(", the server says ")
                .append(server.outcome)
                .append('\n');
        text.append("They part here: expected \"").append(expected.at(at)).append("\", the server says \"");
        text.append(server.at(at)).append("\"\n");
        List<Anomaly.Step> steps = expected.anomaly.steps();
        for (int step = 1; step <= steps.size(); step++) {
            text.append(String.format(
                    "%3d  %s  %s%n",
                    step, steps.get(step - 1).session(), steps.get(step - 1).sql()));
        }
        text.append("expected: ").append(String.join("; ", expected.seen)).append('\n');
        text.append("server:   ").append(String.join("; ", server.seen));
        return Optional.of(text.toString());
    }

    private String at(int event) {
        return event < seen.size() ? seen.get(event) : "nothing more";
    }
}
