package mastery.support.trace;

import com.datastax.oss.driver.api.core.cql.BatchStatement;
import com.datastax.oss.driver.api.core.cql.BatchableStatement;
import com.datastax.oss.driver.api.core.cql.BoundStatement;
import com.datastax.oss.driver.api.core.cql.SimpleStatement;
import com.datastax.oss.driver.api.core.cql.Statement;
import java.util.ArrayList;
import java.util.List;

/**
 * A statement as a person reads it.
 *
 * @param text as sent, placeholders and all; a batch as one text
 * @param binds the values, in the order of the placeholders
 * @param consistency what the statement asks for; empty when it leaves that to the session
 */
record CqlText(String text, List<Object> binds, String consistency) {

    /** What stands for a value that a bound statement leaves as it is on the server. */
    private static final String UNSET = "UNSET";

    static CqlText of(Statement<?> statement) {
        String consistency = statement.getConsistencyLevel() == null
                ? ""
                : statement.getConsistencyLevel().name();
        if (statement instanceof BatchStatement batch) {
            StringBuilder text = new StringBuilder("BEGIN "
                    + switch (batch.getBatchType().toString()) {
                        case "UNLOGGED" -> "UNLOGGED ";
                        case "COUNTER" -> "COUNTER ";
                        default -> "";
                    }
                    + "BATCH\n");
            List<Object> binds = new ArrayList<>();
            for (BatchableStatement<?> each : batch) {
                CqlText one = of(each);
                SqlText.lines(one.text)
                        .forEach(line -> text.append("  ").append(line).append('\n'));
                text.insert(text.length() - 1, ';');
                binds.addAll(one.binds);
            }
            return new CqlText(text.append("APPLY BATCH").toString(), binds, consistency);
        }
        if (statement instanceof BoundStatement bound) {
            List<Object> binds = new ArrayList<>();
            for (int i = 0; i < bound.size(); i++) {
                binds.add(bound.isSet(i) ? bound.getObject(i) : UNSET);
            }
            return new CqlText(bound.getPreparedStatement().getQuery(), binds, consistency);
        }
        if (statement instanceof SimpleStatement simple) {
            List<Object> binds = new ArrayList<>(simple.getPositionalValues());
            binds.addAll(simple.getNamedValues().values());
            return new CqlText(simple.getQuery(), binds, consistency);
        }
        return new CqlText(statement.toString(), List.of(), consistency);
    }
}
