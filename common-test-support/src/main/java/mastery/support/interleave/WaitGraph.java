package mastery.support.interleave;

import java.sql.SQLException;
import java.util.HashSet;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.stream.Collectors;

/**
 * Who waits for whom at one moment, as the engine says.
 *
 * @param waits each session with a step that runs: the sessions it waits for, none if it does not wait
 */
record WaitGraph(Map<String, Set<String>> waits) {

    static WaitGraph of(Interleaving play) throws SQLException {
        Map<String, Set<String>> waits = new TreeMap<>();
        for (Session session : play.sessions()) {
            // asked first: a step that has come back cannot be seen waiting after it
            if (session.runs()) {
                Set<String> blockers = new TreeSet<>();
                play.blockersOf(session).forEach(blocker -> blockers.add(blocker.name()));
                waits.put(session.name(), blockers);
            }
        }
        return new WaitGraph(waits);
    }

    /** No step runs. */
    boolean isEmpty() {
        return waits.isEmpty();
    }

    /** Every step that runs waits, and none for itself by way of others. */
    boolean isSettled() {
        return waits.values().stream().noneMatch(Set::isEmpty) && !isDeadlock();
    }

    boolean isDeadlock() {
        return waits.keySet().stream().anyMatch(session -> reachedFrom(session).contains(session));
    }

    private Set<String> reachedFrom(String session) {
        Set<String> reached = new HashSet<>();
        Set<String> next = waits.get(session);
        while (!next.isEmpty()) {
            next = next.stream()
                    .filter(reached::add)
                    .flatMap(name -> waits.getOrDefault(name, Set.of()).stream())
                    .collect(Collectors.toSet());
        }
        return reached;
    }

    String problem() {
        return isDeadlock()
                ? "The script deadlocks itself, and the server has not ended it"
                : "The script does not go on, and no session of it holds it up";
    }

    /** A session a line. */
    @Override
    public String toString() {
        return waits.entrySet().stream()
                .map(wait -> "  " + wait.getKey()
                        + (wait.getValue().isEmpty()
                                ? " runs"
                                : " waits for " + String.join(", ", new TreeSet<>(wait.getValue()))))
                .collect(Collectors.joining("\n"));
    }
}
