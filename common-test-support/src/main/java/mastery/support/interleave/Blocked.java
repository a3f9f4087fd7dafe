package mastery.support.interleave;

import java.sql.SQLException;
import java.util.Set;
import java.util.concurrent.Future;

/** A step that waits for a lock. It ends by what other sessions do, and the script says how. */
public final class Blocked<T> {
    private final Session session;
    private final String step;
    private final Future<T> started;
    private final Set<Session> blockers;

    Blocked(Session session, String step, Future<T> started, Set<Session> blockers) {
        this.session = session;
        this.step = step;
        this.started = started;
        this.blockers = Set.copyOf(blockers);
    }

    /**
     * The session it was seen waiting for.
     *
     * @throws AssertionError if it waits for several
     */
    public Session waitsFor() {
        if (blockers.size() != 1) {
            throw session.play().script().failure(session, step, "waits for several: " + Outcome.names(blockers), null);
        }
        return blockers.iterator().next();
    }

    /** All sessions of the script it was seen waiting for: those that hold the lock and, in PostgreSQL, those ahead in the queue. */
    public Set<Session> waitsForAll() {
        return blockers;
    }

    /** Step: it waits still (or again), after other sessions went on. Returns the waiting step with the sessions it waits for now. */
    public Blocked<T> stillBlocks() {
        Set<Session> now = session.outcome(step, started).blocks();
        session.play().script().add(session, step, "still waits for " + Outcome.names(now));
        return new Blocked<>(session, step, started, now);
    }

    /** Step: the lock comes free and the step comes back. Returns its value. */
    public T returns() {
        return session.outcome(step, started).returns("goes on and ");
    }

    /** Step: the wait ends in a failure with the SQLSTATE, such as 40001 or 40P01. Returns the failure. */
    public SQLException failsWith(String sqlState) {
        return session.outcome(step, started).fails("SQLSTATE " + sqlState, e -> sqlState.equals(e.getSQLState()));
    }

    /** Step: the wait ends in a failure with the vendor code, such as MySQL's 1205 or 1213. Returns the failure. */
    public SQLException failsWith(int vendorCode) {
        return session.outcome(step, started).fails("vendor code " + vendorCode, e -> vendorCode == e.getErrorCode());
    }
}
