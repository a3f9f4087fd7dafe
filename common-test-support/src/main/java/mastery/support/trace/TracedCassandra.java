package mastery.support.trace;

import com.datastax.oss.driver.api.core.AllNodesFailedException;
import com.datastax.oss.driver.api.core.CqlSession;
import com.datastax.oss.driver.api.core.DriverException;
import com.datastax.oss.driver.api.core.cql.AsyncResultSet;
import com.datastax.oss.driver.api.core.cql.ExecutionInfo;
import com.datastax.oss.driver.api.core.cql.ResultSet;
import com.datastax.oss.driver.api.core.cql.Statement;
import com.datastax.oss.driver.api.core.metadata.Node;
import com.datastax.oss.driver.api.core.session.Request;
import com.datastax.oss.driver.api.core.type.reflect.GenericType;
import com.datastax.oss.driver.internal.core.session.SessionWrapper;
import java.net.InetSocketAddress;
import java.util.List;
import java.util.concurrent.CompletionException;
import java.util.concurrent.CompletionStage;
import java.util.stream.Collectors;

/** Cassandra sessions whose requests are events of a trace. */
public final class TracedCassandra {

    private TracedCassandra() {}

    /**
     * The session, with an event for each statement that it executes, in the caller's thread or not. The rows of an event
     * are those of the first page. Preparing a statement is part of its first use and no event of its own.
     *
     * @param label names the session in the transcript; {@code null} for the story's only one
     */
    public static CqlSession of(CqlSession session, String label, Trace trace) {
        return new TracedSession(session, label, trace);
    }

    /** The session below the trace, for what is no part of the story. */
    static CqlSession untraced(CqlSession session) {
        return session instanceof TracedSession traced ? (CqlSession) traced.getDelegate() : session;
    }

    private static final class TracedSession extends SessionWrapper implements CqlSession {

        private final String label;
        private final Trace trace;

        TracedSession(CqlSession session, String label, Trace trace) {
            super(session);
            this.label = label;
            this.trace = trace;
        }

        @Override
        public <RequestT extends Request, ResultT> ResultT execute(RequestT request, GenericType<ResultT> resultType) {
            if (!(request instanceof Statement<?> statement)) {
                return super.execute(request, resultType);
            }
            Call call = new Call(CqlText.of(statement), trace.session(), System.nanoTime());
            try {
                ResultT result = super.execute(request, resultType);
                if (result instanceof ResultSet rows) {
                    add(call, rows.getExecutionInfo(), returned(rows), null);
                } else if (result instanceof CompletionStage<?> stage) {
                    stage.whenComplete((answer, failure) -> {
                        if (answer instanceof AsyncResultSet rows) {
                            add(call, rows.getExecutionInfo(), returned(rows), null);
                        } else if (failure != null) {
                            add(call, null, null, failure(failure));
                        }
                    });
                }
                return result;
            } catch (DriverException failure) {
                add(call, null, null, failure(failure));
                throw failure;
            }
        }

        private void add(Call call, ExecutionInfo info, Long rows, TraceEvent.Failure failure) {
            trace.add(new TraceEvent.Statement(
                    "cql",
                    label,
                    call.session,
                    call.text.text(),
                    call.text.binds().isEmpty() ? List.of() : List.of(call.text.binds()),
                    0,
                    rows,
                    null,
                    reply(call.text, info),
                    System.nanoTime() - call.nanos,
                    1L,
                    failure));
        }

        /** How the request was answered, where that is a choice: at which consistency, and by which of several nodes. */
        private String reply(CqlText text, ExecutionInfo info) {
            if (info == null || getMetadata().getNodes().size() < 2) {
                return null;
            }
            Node coordinator = info.getCoordinator();
            String by = coordinator != null && coordinator.getEndPoint().resolve() instanceof InetSocketAddress address
                    ? "coordinator " + address.getPort()
                    : "";
            return (text.consistency().isEmpty() ? "" : text.consistency() + ", ") + by;
        }

        private static Long returned(ResultSet rows) {
            return rows.getColumnDefinitions().size() == 0 ? null : (long) rows.getAvailableWithoutFetching();
        }

        private static Long returned(AsyncResultSet rows) {
            return rows.getColumnDefinitions().size() == 0 ? null : (long) rows.remaining();
        }
    }

    /** The driver's exceptions have no number: their names are what the protocol's error codes are called. */
    private static TraceEvent.Failure failure(Throwable failure) {
        Throwable cause =
                failure instanceof CompletionException && failure.getCause() != null ? failure.getCause() : failure;
        String message = String.valueOf(cause.getMessage());
        if (cause instanceof AllNodesFailedException all) {
            // around what the nodes said the driver writes a page of its own
            message = all.getAllErrors().values().stream()
                    .flatMap(List::stream)
                    .map(error -> name(error) + ": " + error.getMessage())
                    .distinct()
                    .collect(Collectors.joining("; "));
        }
        return new TraceEvent.Failure(name(cause), 0, message);
    }

    private static String name(Throwable failure) {
        return failure.getClass().getSimpleName().replaceFirst("Exception$", "");
    }

    private record Call(CqlText text, String session, long nanos) {}
}
