package mastery.support.interleave;

import java.sql.SQLException;
import java.util.ArrayList;
import java.util.List;

/** The steps so far with their outcomes: shown when a step does not do what the script says. */
final class Script {
    private static final int LONGEST_VALUE = 60;

    private final List<String> lines = new ArrayList<>();

    void add(Session session, String step, String outcome) {
        lines.add(String.format("%2d  %s: %s - %s", lines.size() + 1, session.name(), step, outcome));
    }

    AssertionError failure(Session session, String step, String problem, Throwable cause) {
        add(session, step, problem);
        return new AssertionError(
                session.name() + ": \"" + step + "\" " + problem + "\nThe script so far:\n" + this, cause);
    }

    static String returned(Object value) {
        if (value == null) {
            return "returned";
        }
        String text = value.toString().replace('\n', ' ');
        return "returned " + (text.length() <= LONGEST_VALUE ? text : text.substring(0, LONGEST_VALUE - 1) + "…");
    }

    static String failed(Throwable failure) {
        SQLException sql = sqlException(failure);
        return sql == null
                ? "failed with " + failure
                : "failed with SQLSTATE " + sql.getSQLState() + ", vendor code " + sql.getErrorCode() + ": "
                        + sql.getMessage();
    }

    /** The first SQLException in the chain of causes, or null. */
    static SQLException sqlException(Throwable failure) {
        for (Throwable cause = failure; cause != null; cause = cause.getCause()) {
            if (cause instanceof SQLException sql) {
                return sql;
            }
        }
        return null;
    }

    @Override
    public String toString() {
        return String.join("\n", lines);
    }
}
