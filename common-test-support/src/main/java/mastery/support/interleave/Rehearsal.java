package mastery.support.interleave;

import java.sql.Connection;
import java.sql.SQLException;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Deque;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import javax.sql.DataSource;

/**
 * A script that is played to find out what it does: its steps are taken in their order, and what came of each is written down.
 *
 * <p>A step of a session that still waits is taken as soon as the session has come back, and the others go on meanwhile. A session that fails is rolled
 * back, and takes no further step.
 */
public final class Rehearsal {

    /** One step: whose it is, what it is called in the script, what it does. */
    public record Line(Session session, String step, Step<?> action) {}

    /** A step of a session that the script itself opens: the name of the session, what the step is called, what it does. */
    public record Cue(String session, String step, Step<?> action) {}

    /** How a session begins, before any step is taken. */
    @FunctionalInterface
    public interface Beginning {
        void begin(Connection connection, String session) throws SQLException;
    }

    /**
     * What came of a line.
     *
     * @param line its number, from 1
     * @param taken false if its session had failed before
     * @param waitedFor the sessions it was first seen waiting for; none if it did not wait
     * @param until the number of the line with which its wait ended; 0 if it did not wait
     * @param value what it returned, {@code null} if it failed
     * @param failure the failure it ended in, or {@code null}
     */
    public record Event(
            int line, boolean taken, Set<String> waitedFor, int until, Object value, SQLException failure) {}

    private final Interleaving play;
    private final List<Line> lines;
    private final Event[] events;
    private final Map<Session, Pending> pending = new LinkedHashMap<>();
    private final Map<Session, Deque<Integer>> postponed = new LinkedHashMap<>();
    private final Set<Session> failed = new HashSet<>();

    private record Pending(int line, Set<String> waitedFor, Observation<?> observation) {}

    private Rehearsal(Interleaving play, List<Line> lines) {
        this.play = play;
        this.lines = List.copyOf(lines);
        this.events = new Event[lines.size()];
    }

    /**
     * Plays the lines, whose sessions are of {@code play} and in a transaction already, if they are to be. Returns an event for each.
     *
     * @throws AssertionError if a session dies, if the script deadlocks itself and the server does not end it, or if it ends while a session waits
     */
    public static List<Event> of(Interleaving play, List<Line> lines) {
        return new Rehearsal(play, lines).events();
    }

    /** The same with sessions of its own on {@code database}, which end with it. */
    public static List<Event> of(LockView locks, DataSource database, Beginning beginning, List<Cue> cues)
            throws SQLException {
        try (Interleaving play = Interleaving.on(locks)) {
            Map<String, Session> sessions = new HashMap<>();
            List<Line> lines = new ArrayList<>();
            for (Cue cue : cues) {
                if (!sessions.containsKey(cue.session())) {
                    Session session = play.session(cue.session(), database);
                    session.does("begins", c -> beginning.begin(c, cue.session()));
                    sessions.put(cue.session(), session);
                }
                lines.add(new Line(sessions.get(cue.session()), cue.step(), cue.action()));
            }
            return of(play, lines);
        }
    }

    private List<Event> events() {
        for (int line = 1; line <= lines.size(); line++) {
            Session session = lines.get(line - 1).session();
            if (pending.containsKey(session)) {
                postponed.computeIfAbsent(session, key -> new ArrayDeque<>()).add(line);
            } else {
                take(line, line);
            }
            goOn(line);
        }
        if (!pending.isEmpty()) {
            throw new AssertionError("The script ends while sessions wait: "
                    + String.join(
                            ", ",
                            new TreeSet<>(
                                    pending.keySet().stream().map(Session::name).toList()))
                    + "\nThe script so far:\n" + play);
        }
        return Arrays.asList(events);
    }

    private void take(int line, int now) {
        Line taken = lines.get(line - 1);
        if (failed.contains(taken.session())) {
            events[line - 1] = new Event(line, false, Set.of(), 0, null, null);
            return;
        }
        Observation<?> observation = taken.session().observes(taken.step(), taken.action());
        Set<String> waitedFor = new TreeSet<>();
        observation.waitsFor().forEach(blocker -> waitedFor.add(blocker.name()));
        Pending step = new Pending(line, waitedFor, observation);
        if (observation.waits()) {
            pending.put(taken.session(), step);
        } else {
            done(step, observation, now);
        }
    }

    /** Those that waited and have come back take what they have postponed, until nobody comes back. */
    private void goOn(int now) {
        boolean again;
        do {
            again = false;
            for (Session session : new ArrayList<>(pending.keySet())) {
                Pending step = pending.get(session);
                Observation<?> observation = step.observation().look();
                if (observation.waits()) {
                    pending.put(session, new Pending(step.line(), step.waitedFor(), observation));
                    continue;
                }
                pending.remove(session);
                done(step, observation, now);
                takePostponed(session, now);
                again = true;
            }
        } while (again);
    }

    private void takePostponed(Session session, int now) {
        Deque<Integer> next = postponed.getOrDefault(session, new ArrayDeque<>());
        while (!next.isEmpty() && !pending.containsKey(session)) {
            take(next.poll(), now);
        }
    }

    private void done(Pending step, Observation<?> observation, int now) {
        SQLException failure = observation.failure().orElse(null);
        int until = step.waitedFor().isEmpty() ? 0 : now;
        events[step.line() - 1] = new Event(step.line(), true, step.waitedFor(), until, observation.value(), failure);
        if (failure != null) {
            Session session = lines.get(step.line() - 1).session();
            failed.add(session);
            session.does("rolls back after it", c -> {
                if (!c.getAutoCommit()) {
                    c.rollback();
                    c.setAutoCommit(true);
                }
            });
        }
    }
}
