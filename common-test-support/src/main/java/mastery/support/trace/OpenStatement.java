package mastery.support.trace;

import java.util.List;
import mastery.support.work.RoundTrips;

/** A statement whose outcome is not known yet. Its connection is used by one thread at a time. */
final class OpenStatement {
    private final long startNanos = System.nanoTime();
    private final long startTrips = RoundTrips.onThisThread().roundTrips();
    private final boolean counted;
    private long nanos;
    private long trips;
    private long rows;

    String text = "";
    List<List<Object>> binds = List.of();
    String connectionId;
    Object statement;

    OpenStatement(boolean counted) {
        this.counted = counted;
    }

    /** The server has answered. */
    void answered() {
        nanos = System.nanoTime() - startNanos;
        trips = RoundTrips.onThisThread().roundTrips() - startTrips;
    }

    /** More work for the same statement: a row was read. */
    void read(boolean row, long moreNanos, long moreTrips) {
        rows += row ? 1 : 0;
        nanos += moreNanos;
        trips += moreTrips;
    }

    TraceEvent.Statement outcome(
            String label, String session, int batchSize, boolean returned, Long affected, TraceEvent.Failure error) {
        return new TraceEvent.Statement(
                "sql",
                label,
                session,
                text,
                binds,
                batchSize,
                returned ? rows : null,
                affected,
                null,
                nanos,
                counted ? trips : null,
                error);
    }
}
