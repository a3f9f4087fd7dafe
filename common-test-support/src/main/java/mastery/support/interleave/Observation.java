package mastery.support.interleave;

import java.sql.SQLException;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Future;

/** What came of a step that was watched, not foretold: it returned, it failed, or it waits. */
public final class Observation<T> {
    private final Session session;
    private final String step;
    private final Future<T> started;
    private final Set<Session> blockers;
    private final boolean done;
    private final T value;
    private final SQLException failure;

    Observation(Session session, String step, Future<T> started) {
        this(session, step, started, Set.of(), false, null, null);
    }

    private Observation(
            Session session,
            String step,
            Future<T> started,
            Set<Session> blockers,
            boolean done,
            T value,
            SQLException failure) {
        this.session = session;
        this.step = step;
        this.started = started;
        this.blockers = Set.copyOf(blockers);
        this.done = done;
        this.value = value;
        this.failure = failure;
    }

    /** The sessions it waits for; none if it has come back. */
    public Set<Session> waitsFor() {
        return blockers;
    }

    public boolean waits() {
        return !done;
    }

    /** What the step returned, {@code null} if it failed or waits. */
    public T value() {
        return value;
    }

    /** The failure it ended in, if it did. */
    public Optional<SQLException> failure() {
        return Optional.ofNullable(failure);
    }

    /** What has become of it since other sessions went on. Returns this observation itself if nothing has. */
    public Observation<T> look() {
        if (done) {
            return this;
        }
        Interleaving play = session.play();
        play.settle();
        if (!started.isDone()) {
            return waiting(play);
        }
        String goesOn = blockers.isEmpty() ? "" : "goes on and ";
        try {
            T returned = started.get();
            play.script().add(session, step, goesOn + Script.returned(returned));
            return new Observation<>(session, step, started, Set.of(), true, returned, null);
        } catch (ExecutionException e) {
            SQLException sql = Script.sqlException(e.getCause());
            if (sql == null) {
                throw play.script().failure(session, step, Script.failed(e.getCause()), e.getCause());
            }
            // a conflict or a constraint does not end the session
            boolean harmless = sql.getSQLState() != null && sql.getSQLState().matches("(23|40).*");
            if (!harmless && !session.lives()) {
                throw play.script()
                        .failure(session, step, "ended with its session, which is dead: " + Script.failed(sql), sql);
            }
            play.script().add(session, step, goesOn + Script.failed(sql));
            return new Observation<>(session, step, started, Set.of(), true, null, sql);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IllegalStateException("The script was interrupted", e);
        }
    }

    private Observation<T> waiting(Interleaving play) {
        try {
            Set<Session> now = play.blockersOf(session);
            if (now.equals(blockers)) {
                return this;
            }
            play.script()
                    .add(session, step, (blockers.isEmpty() ? "waits for " : "waits now for ") + Outcome.names(now));
            return new Observation<>(session, step, started, now, false, null, null);
        } catch (SQLException e) {
            throw new IllegalStateException("The lock view cannot be read: " + e.getMessage(), e);
        }
    }
}
