package mastery.support.work;

import com.mongodb.event.CommandFailedEvent;
import com.mongodb.event.CommandListener;
import com.mongodb.event.CommandStartedEvent;
import com.mongodb.event.CommandSucceededEvent;
import java.util.HashMap;
import java.util.Map;
import java.util.Set;
import org.bson.BsonDocument;
import org.bson.BsonValue;

/**
 * Counts the commands of every client that was given this listener, on any thread: {@code settings.addCommandListener(commands)}.
 * What the driver sends by itself, to watch servers and to log in, is no command of the client.
 */
public final class MongoDbCommands implements CommandListener {

    private static final Set<String> HOUSEKEEPING = Set.of("endSessions");

    private final Map<String, Long> calls = new HashMap<>();
    private long failed;
    private long documents;

    /** Runs the action and returns what was sent meanwhile. */
    public MongoDbWork measure(Action action) throws Exception {
        MongoDbWork before = soFar();
        action.run();
        MongoDbWork after = soFar();
        return new MongoDbWork(
                Counters.less(after.calls(), before.calls()),
                after.failed() - before.failed(),
                after.documents() - before.documents());
    }

    /** Everything since the listener was made. */
    public synchronized MongoDbWork soFar() {
        return new MongoDbWork(calls, failed, documents);
    }

    @Override
    public synchronized void commandStarted(CommandStartedEvent event) {
        if (!HOUSEKEEPING.contains(event.getCommandName())) {
            calls.merge(event.getCommandName(), 1L, Long::sum);
        }
    }

    @Override
    public synchronized void commandSucceeded(CommandSucceededEvent event) {
        documents += documents(event.getResponse());
    }

    @Override
    public synchronized void commandFailed(CommandFailedEvent event) {
        failed++;
    }

    /** Documents in the batch of a cursor; 0 in any other answer. */
    static long documents(BsonDocument response) {
        BsonValue cursor = response.get("cursor");
        if (cursor == null || !cursor.isDocument()) {
            return 0;
        }
        for (String batch : new String[] {"firstBatch", "nextBatch"}) {
            if (cursor.asDocument().isArray(batch)) {
                return cursor.asDocument().getArray(batch).size();
            }
        }
        return 0;
    }
}
