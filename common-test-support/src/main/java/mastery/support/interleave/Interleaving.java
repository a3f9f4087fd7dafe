package mastery.support.interleave;

import java.sql.Connection;
import java.sql.SQLException;
import java.time.Duration;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;
import javax.sql.DataSource;
import org.awaitility.Awaitility;
import org.awaitility.core.ConditionTimeoutException;

/**
 * A concurrent scene as a script: named sessions take named steps in the order they are written, and a step that has to wait is said to wait.
 *
 * <pre>{@code
 * try (Interleaving play = Interleaving.on(LockView.mySql(dataSource))) {
 *     Session a = play.session("A", dataSource);
 *     Session b = play.session("B", dataSource);
 *     a.begins();
 *     a.returns("locks the range", c -> lockRange(c, 10, 20));
 *     Blocked<Integer> insert = b.blocks("inserts into the gap", c -> insert(c, 15));
 *     assertThat(insert.waitsFor()).isSameAs(a);
 *     a.commits();
 *     insert.returns();
 * }
 * }</pre>
 *
 * <p>Nothing rests on time: {@link Session#blocks} polls the engine's lock view until the session waits there for another session of the script. A
 * step that takes another course fails the script with an AssertionError that shows all steps so far. The limit of 30 seconds is there for a broken
 * script only. One thread writes the script.
 *
 * <p>Where it is the question what a step does, {@link Session#observes} tells it, and {@link Rehearsal} plays a whole script so.
 */
public final class Interleaving implements AutoCloseable {
    private static final Duration LIMIT = Duration.ofSeconds(30);

    private final LockView locks;
    private final Duration limit;
    private final Script script = new Script();
    private final Map<String, Session> sessions = new LinkedHashMap<>();

    private Interleaving(LockView locks, Duration limit) {
        this.locks = locks;
        this.limit = limit;
    }

    /** A scene without sessions. It closes {@code locks} at its end. */
    public static Interleaving on(LockView locks) {
        return on(locks, LIMIT);
    }

    /** The same with another limit, after which a script that does not go on fails. */
    public static Interleaving on(LockView locks, Duration limit) {
        return new Interleaving(locks, limit);
    }

    /**
     * A new session with a thread and a connection of its own. The connection is as {@code dataSource} gives it, in autocommit as a rule; a transaction
     * starts by {@link Session#begins()}.
     *
     * @throws IllegalArgumentException if the name is taken
     */
    public Session session(String name, DataSource dataSource) throws SQLException {
        if (sessions.containsKey(name)) {
            throw new IllegalArgumentException("There is a session \"" + name + "\" already");
        }
        Connection connection = dataSource.getConnection();
        try {
            Session session = new Session(name, connection, this);
            sessions.put(name, session);
            return session;
        } catch (SQLException | RuntimeException e) {
            connection.close();
            throw e;
        }
    }

    LockView locks() {
        return locks;
    }

    Duration limit() {
        return limit;
    }

    Script script() {
        return script;
    }

    Collection<Session> sessions() {
        return sessions.values();
    }

    /**
     * Returns when nothing more happens unless the script goes on: each step that runs waits for a session that has none running, by two looks alike.
     * Sessions that wait for each other are left to the server, which has to end one of them.
     */
    void settle() {
        WaitGraph[] seen = {null};
        try {
            Awaitility.await()
                    .pollDelay(Duration.ZERO)
                    .pollInterval(Duration.ofMillis(10))
                    .atMost(limit)
                    .until(() -> {
                        WaitGraph before = seen[0];
                        seen[0] = WaitGraph.of(this);
                        return seen[0].isEmpty() || (seen[0].isSettled() && seen[0].equals(before));
                    });
        } catch (ConditionTimeoutException never) {
            throw new AssertionError(
                    seen[0].problem() + " within " + limit.toMillis() + " ms:\n" + seen[0] + "\nThe script so far:\n"
                            + this,
                    never);
        }
    }

    /** The sessions of this script that {@code waiting} waits for now, as the engine says. */
    Set<Session> blockersOf(Session waiting) throws SQLException {
        Set<Long> ids = locks.blockersOf(waiting.id());
        return sessions.values().stream().filter(s -> ids.contains(s.id())).collect(Collectors.toSet());
    }

    /** The steps so far, one a line, with what came of each. */
    @Override
    public String toString() {
        return script.toString();
    }

    /**
     * Ends the scene whatever its state: cancels steps that still run, rolls every session back, ends its thread and its connection.
     *
     * @throws IllegalStateException if a session cannot be ended; all others are
     */
    @Override
    public void close() {
        RuntimeException failure = null;
        for (Session session : sessions.values()) {
            try {
                session.end();
            } catch (RuntimeException e) {
                failure = collect(failure, e);
            }
        }
        try {
            locks.close();
        } catch (SQLException e) {
            failure = collect(
                    failure,
                    new IllegalStateException("The lock view's connection cannot be closed: " + e.getMessage(), e));
        }
        if (failure != null) {
            throw failure;
        }
    }

    private static RuntimeException collect(RuntimeException first, RuntimeException next) {
        if (first == null) {
            return next;
        }
        first.addSuppressed(next);
        return first;
    }
}
