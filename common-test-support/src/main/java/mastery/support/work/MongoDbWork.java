package mastery.support.work;

import java.util.Collections;
import java.util.Map;
import java.util.TreeMap;

/**
 * Which commands the clients of one {@link MongoDbCommands} sent while an action ran, and what came back. Every command is one
 * round trip.
 *
 * @param calls commands by their name: {@code find}, {@code insert}, {@code getMore}
 * @param failed how many of them were answered with an error or not at all
 * @param documents documents in the batches of cursors
 */
public record MongoDbWork(Map<String, Long> calls, long failed, long documents) {

    public MongoDbWork {
        calls = Collections.unmodifiableMap(new TreeMap<>(calls));
    }

    /** Calls of one command, 0 if there were none. */
    public long calls(String command) {
        return calls.getOrDefault(command, 0L);
    }

    /** Calls of all commands. */
    public long total() {
        return calls.values().stream().mapToLong(Long::longValue).sum();
    }
}
