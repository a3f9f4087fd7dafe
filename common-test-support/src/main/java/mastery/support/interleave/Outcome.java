package mastery.support.interleave;

import java.sql.SQLException;
import java.time.Duration;
import java.util.HashSet;
import java.util.Set;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.Predicate;
import org.awaitility.Awaitility;
import org.awaitility.core.ConditionTimeoutException;

/** Waits for what a started step does and holds it against the script. */
final class Outcome<T> {
    private final Session session;
    private final Interleaving play;
    private final String step;
    private final Future<T> started;

    Outcome(Session session, String step, Future<T> started) {
        this.session = session;
        this.play = session.play();
        this.step = step;
        this.started = started;
    }

    /** Polls until the engine shows the wait; the step coming back first fails the script. */
    Set<Session> blocks() {
        Set<Session> blockers = new HashSet<>();
        try {
            Awaitility.await()
                    .pollDelay(Duration.ZERO)
                    .pollInterval(Duration.ofMillis(10))
                    .atMost(play.limit())
                    .until(() -> {
                        // asked first: a step that has come back cannot be seen waiting after it
                        boolean done = started.isDone();
                        blockers.addAll(play.blockersOf(session));
                        return done || !blockers.isEmpty();
                    });
        } catch (ConditionTimeoutException never) {
            String problem = "neither came back nor waited for a session of this script within "
                    + play.limit().toMillis() + " ms; " + othersInTheWay();
            throw play.script().failure(session, step, problem, never);
        }
        if (blockers.isEmpty()) {
            throw notBlocked();
        }
        return blockers;
    }

    private AssertionError notBlocked() {
        try {
            return play.script().failure(session, step, "should wait and " + Script.returned(started.get()), null);
        } catch (ExecutionException e) {
            return play.script().failure(session, step, "should wait and " + Script.failed(e.getCause()), e.getCause());
        } catch (InterruptedException e) {
            throw interrupted(e);
        }
    }

    private String othersInTheWay() {
        try {
            Set<Long> blockers = play.locks().blockersOf(session.id());
            return blockers.isEmpty()
                    ? "the engine shows no lock wait"
                    : "the engine shows a wait for sessions outside of it: " + blockers;
        } catch (SQLException e) {
            return "the lock view cannot be read: " + e.getMessage();
        }
    }

    T returns(String how) {
        try {
            T value = started.get(play.limit().toMillis(), TimeUnit.MILLISECONDS);
            play.script().add(session, step, how + Script.returned(value));
            return value;
        } catch (ExecutionException e) {
            throw play.script()
                    .failure(session, step, "should return and " + Script.failed(e.getCause()), e.getCause());
        } catch (TimeoutException e) {
            throw stuck(e);
        } catch (InterruptedException e) {
            throw interrupted(e);
        }
    }

    SQLException fails(String expected, Predicate<SQLException> expectation) {
        try {
            Object value = started.get(play.limit().toMillis(), TimeUnit.MILLISECONDS);
            throw play.script()
                    .failure(session, step, "should fail with " + expected + " and " + Script.returned(value), null);
        } catch (ExecutionException e) {
            SQLException sql = Script.sqlException(e.getCause());
            if (sql == null || !expectation.test(sql)) {
                throw play.script()
                        .failure(
                                session,
                                step,
                                "should fail with " + expected + " and " + Script.failed(e.getCause()),
                                e.getCause());
            }
            play.script().add(session, step, Script.failed(sql));
            return sql;
        } catch (TimeoutException e) {
            throw stuck(e);
        } catch (InterruptedException e) {
            throw interrupted(e);
        }
    }

    private AssertionError stuck(TimeoutException e) {
        String why;
        try {
            Set<Session> blockers = play.blockersOf(session);
            why = blockers.isEmpty() ? othersInTheWay() : "it waits for " + names(blockers);
        } catch (SQLException view) {
            why = "the lock view cannot be read: " + view.getMessage();
        }
        return play.script()
                .failure(
                        session,
                        step,
                        "did not come back within " + play.limit().toMillis() + " ms; " + why,
                        e);
    }

    private static IllegalStateException interrupted(InterruptedException e) {
        Thread.currentThread().interrupt();
        return new IllegalStateException("The script was interrupted", e);
    }

    static String names(Set<Session> sessions) {
        return String.join(", ", sessions.stream().map(Session::name).sorted().toList());
    }
}
