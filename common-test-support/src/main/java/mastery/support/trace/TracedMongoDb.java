package mastery.support.trace;

import com.mongodb.MongoClientSettings;
import com.mongodb.MongoCommandException;
import com.mongodb.client.MongoClient;
import com.mongodb.client.MongoClients;
import com.mongodb.event.CommandEvent;
import com.mongodb.event.CommandFailedEvent;
import com.mongodb.event.CommandListener;
import com.mongodb.event.CommandStartedEvent;
import com.mongodb.event.CommandSucceededEvent;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;
import org.bson.BsonDocument;
import org.bson.BsonInt32;
import org.bson.BsonString;
import org.bson.BsonValue;

/** MongoDB clients whose commands are events of a trace. A command is one round trip. */
public final class TracedMongoDb implements CommandListener {

    /** {@code explain} is shown as a plan, the rest is the driver's own. */
    private static final Set<String> NOT_SHOWN = Set.of("explain", "endSessions", "killCursors");

    private final Trace trace;
    private final boolean severalNodes;
    private final Map<Integer, String> open = new ConcurrentHashMap<>();

    private TracedMongoDb(Trace trace, boolean severalNodes) {
        this.trace = trace;
        this.severalNodes = severalNodes;
    }

    /**
     * A client with these settings; the caller closes it.
     *
     * @param severalNodes whether each event is labelled with the port of the node it went to
     */
    public static MongoClient of(MongoClientSettings.Builder settings, boolean severalNodes, Trace trace) {
        return MongoClients.create(settings.addCommandListener(new TracedMongoDb(trace, severalNodes))
                .build());
    }

    @Override
    public void commandStarted(CommandStartedEvent event) {
        if (!NOT_SHOWN.contains(event.getCommandName())) {
            // The document is only valid now.
            open.put(event.getRequestId(), MongoDbText.command(event.getCommandName(), event.getCommand()));
        }
    }

    @Override
    public void commandSucceeded(CommandSucceededEvent event) {
        BsonDocument answer = event.getResponse();
        add(event, answer, event.getElapsedTime(TimeUnit.NANOSECONDS), writeError(answer));
    }

    @Override
    public void commandFailed(CommandFailedEvent event) {
        Throwable cause = event.getThrowable();
        TraceEvent.Failure failure = cause instanceof MongoCommandException refused
                ? new TraceEvent.Failure(refused.getErrorCodeName(), refused.getErrorCode(), refused.getErrorMessage())
                : new TraceEvent.Failure(cause.getClass().getSimpleName(), 0, String.valueOf(cause.getMessage()));
        add(event, new BsonDocument(), event.getElapsedTime(TimeUnit.NANOSECONDS), failure);
    }

    private void add(CommandEvent event, BsonDocument answer, long nanos, TraceEvent.Failure failure) {
        String text = open.remove(event.getRequestId());
        if (text == null) {
            return;
        }
        Integer port = event.getConnectionDescription().getServerAddress().getPort();
        trace.add(new TraceEvent.Statement(
                "mongodb",
                severalNodes ? port.toString() : null,
                trace.session(),
                text,
                List.of(),
                0,
                returned(answer),
                changed(event.getCommandName(), answer),
                reply(answer),
                nanos,
                1L,
                failure));
    }

    private static Long returned(BsonDocument answer) {
        if (!answer.isDocument("cursor")) {
            return null;
        }
        BsonDocument cursor = answer.getDocument("cursor");
        String batch = cursor.containsKey("firstBatch") ? "firstBatch" : "nextBatch";
        return cursor.isArray(batch) ? (long) cursor.getArray(batch).size() : null;
    }

    private static Long changed(String command, BsonDocument answer) {
        if (command.equals("update") && answer.isNumber("nModified")) {
            long upserted =
                    answer.isArray("upserted") ? answer.getArray("upserted").size() : 0;
            return answer.getNumber("nModified").longValue() + upserted;
        }
        boolean writes = Set.of("insert", "delete").contains(command);
        return writes && answer.isNumber("n") ? answer.getNumber("n").longValue() : null;
    }

    /** What is neither documents nor a number of them: the document of findAndModify, the values of distinct, a count. */
    private static String reply(BsonDocument answer) {
        List<String> parts = new ArrayList<>();
        for (String field : List.of("value", "values")) {
            if (answer.containsKey(field)) {
                parts.add(MongoDbText.value(answer.get(field)));
            }
        }
        return parts.isEmpty() ? null : String.join(", ", parts);
    }

    /** A write that was refused is a part of an answer that is otherwise fine. */
    private static TraceEvent.Failure writeError(BsonDocument answer) {
        Map<String, BsonValue> error = new HashMap<>();
        if (answer.isArray("writeErrors") && !answer.getArray("writeErrors").isEmpty()) {
            error = answer.getArray("writeErrors").get(0).asDocument();
        } else if (answer.isDocument("writeConcernError")) {
            error = answer.getDocument("writeConcernError");
        }
        if (error.isEmpty()) {
            return null;
        }
        int code = error.getOrDefault("code", new BsonInt32(0)).asNumber().intValue();
        BsonValue message = error.getOrDefault("errmsg", new BsonString(""));
        return new TraceEvent.Failure(null, code, message.asString().getValue());
    }
}
