package mastery.support.trace;

import java.lang.reflect.InvocationTargetException;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Savepoint;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.function.Predicate;
import java.util.stream.Collectors;
import java.util.stream.LongStream;
import mastery.support.work.RoundTrips;
import net.ttddyy.dsproxy.ExecutionInfo;
import net.ttddyy.dsproxy.QueryInfo;
import net.ttddyy.dsproxy.listener.MethodExecutionContext;
import net.ttddyy.dsproxy.listener.MethodExecutionListener;
import net.ttddyy.dsproxy.listener.QueryExecutionListener;
import net.ttddyy.dsproxy.proxy.ParameterSetOperation;
import net.ttddyy.dsproxy.proxy.ResultSetProxyLogic;

/** Turns the calls that datasource-proxy reports into events of a trace. */
final class StatementTracer implements QueryExecutionListener, MethodExecutionListener {
    private static final String OPEN = "mastery.open";
    /** Calls that never stand for themselves: they make statements, or only look. */
    private static final Set<String> SILENT = Set.of("close", "createStatement", "prepareStatement", "prepareCall");

    private final Trace trace;
    private final String label;
    private final boolean counted;
    /** Queries whose results are still being read. */
    private final List<OpenStatement> reading = new CopyOnWriteArrayList<>();
    /** The result just made on this thread; the query it belongs to is reported right after. */
    private final ThreadLocal<RowCounter> made = new ThreadLocal<>();

    StatementTracer(Trace trace, String label, boolean counted) {
        this.trace = trace;
        this.label = label;
        this.counted = counted;
    }

    ResultSetProxyLogic rows(ResultSet rows) {
        RowCounter counter = new RowCounter(rows, this::finished);
        made.set(counter);
        return counter;
    }

    @Override
    public void beforeQuery(ExecutionInfo execution, List<QueryInfo> queries) {
        finishReading(open -> open.statement == execution.getStatement());
        made.remove();
        execution.addCustomValue(OPEN, new OpenStatement(counted));
    }

    @Override
    public void afterQuery(ExecutionInfo execution, List<QueryInfo> queries) {
        OpenStatement open = execution.getCustomValue(OPEN, OpenStatement.class);
        open.answered();
        open.text = text(queries);
        open.binds = binds(queries);
        open.connectionId = execution.getConnectionId();
        open.statement = execution.getStatement();
        RowCounter counter = made.get();
        if (execution.getResult() instanceof ResultSet && counter != null) {
            reading.add(open);
            counter.countFor(open);
            return;
        }
        int batchSize = execution.isBatch() ? execution.getBatchSize() : 0;
        Throwable thrown = execution.getThrowable();
        Long affected = thrown == null ? affected(execution) : null;
        trace.add(open.outcome(label, trace.session(), batchSize, false, affected, failure(thrown)));
    }

    @Override
    public void beforeMethod(MethodExecutionContext call) {
        if (call.getTarget() instanceof Connection) {
            call.addCustomValue(OPEN, new OpenStatement(counted));
        }
    }

    @Override
    public void afterMethod(MethodExecutionContext call) {
        String name = call.getMethod().getName();
        if (call.getTarget() instanceof Connection) {
            String connectionId = call.getConnectionInfo().getConnectionId();
            if (name.equals("close") || name.equals("commit") || name.equals("rollback")) {
                finishReading(open -> connectionId.equals(open.connectionId));
            }
            connectionCall(call, name);
        } else if (call.getTarget() instanceof Statement && name.equals("close")) {
            finishReading(open -> open.statement == call.getTarget());
        }
    }

    private void connectionCall(MethodExecutionContext call, String name) {
        OpenStatement open = call.getCustomValue(OPEN, OpenStatement.class);
        Object[] arguments = call.getMethodArgs();
        boolean ends =
                (name.equals("commit") || name.equals("rollback")) && (arguments == null || arguments.length == 0);
        if (open == null || SILENT.contains(name)) {
            return;
        }
        open.answered();
        open.text = ends
                ? name.toUpperCase(Locale.ROOT)
                : savepoint(name, arguments).orElseGet(() -> "-- " + call(name, arguments));
        TraceEvent.Statement event = open.outcome(label, trace.session(), 0, false, null, failure(call.getThrown()));
        boolean worked = event.roundTrips() != null && event.roundTrips() > 0;
        if (ends || worked) {
            trace.add(event);
        }
    }

    /** What a call about a savepoint is in SQL; a savepoint that the driver names itself stands without its name. */
    private static Optional<String> savepoint(String name, Object[] arguments) {
        Object savepoint = arguments == null || arguments.length == 0 ? "" : arguments[0];
        String sql = switch (name) {
            case "setSavepoint" -> "SAVEPOINT ";
            case "rollback" -> "ROLLBACK TO SAVEPOINT ";
            case "releaseSavepoint" -> "RELEASE SAVEPOINT ";
            default -> null;
        };
        return Optional.ofNullable(sql).map(command -> (command + savepointName(savepoint)).strip());
    }

    private static String savepointName(Object savepoint) {
        try {
            return savepoint instanceof Savepoint given ? given.getSavepointName() : String.valueOf(savepoint);
        } catch (SQLException unnamed) {
            return "";
        }
    }

    private static String call(String name, Object[] arguments) {
        return name
                + (arguments == null
                        ? "()"
                        : Arrays.stream(arguments).map(String::valueOf).collect(Collectors.joining(", ", "(", ")")));
    }

    private void finishReading(Predicate<OpenStatement> which) {
        reading.stream().filter(which).forEach(open -> finished(open, null));
    }

    /** Reports a query once, whichever comes first: the last row, the close of its result, or of what made it. */
    private void finished(OpenStatement open, Throwable thrown) {
        if (reading.remove(open)) {
            trace.add(open.outcome(label, trace.session(), 0, true, null, failure(thrown)));
        }
    }

    private static Long affected(ExecutionInfo execution) {
        Object result = execution.getResult();
        if (result instanceof int[] counts) {
            return sum(Arrays.stream(counts).asLongStream().toArray());
        }
        if (result instanceof long[] counts) {
            return sum(counts);
        }
        if (result instanceof Number count) {
            return count.longValue();
        }
        return null;
    }

    /** Nothing when the driver does not know: it has put several entries of the batch into one statement. */
    private static Long sum(long[] counts) {
        boolean known = LongStream.of(counts).noneMatch(count -> count == Statement.SUCCESS_NO_INFO);
        return known ? LongStream.of(counts).filter(count -> count > 0).sum() : null;
    }

    private static TraceEvent.Failure failure(Throwable thrown) {
        Throwable cause = thrown instanceof InvocationTargetException wrapped ? wrapped.getCause() : thrown;
        if (cause == null) {
            return null;
        }
        String message = String.valueOf(cause.getMessage());
        return cause instanceof SQLException sql
                ? new TraceEvent.Failure(sql.getSQLState(), sql.getErrorCode(), message)
                : new TraceEvent.Failure(null, 0, cause.getClass().getSimpleName() + ": " + message);
    }

    private static String text(List<QueryInfo> queries) {
        return queries.stream().limit(Trace.BINDS_KEPT).map(QueryInfo::getQuery).collect(Collectors.joining(";\n"));
    }

    private static List<List<Object>> binds(List<QueryInfo> queries) {
        return queries.stream()
                .flatMap(query -> query.getParametersList().stream())
                .filter(entry -> !entry.isEmpty())
                .limit(Trace.BINDS_KEPT)
                .map(StatementTracer::values)
                .toList();
    }

    private static List<Object> values(List<ParameterSetOperation> operations) {
        List<Object> values = new ArrayList<>();
        operations.stream()
                .filter(operation -> operation.getArgs()[0] instanceof Integer)
                .sorted(Comparator.comparingInt(operation -> (Integer) operation.getArgs()[0]))
                .forEach(operation -> values.add(
                        ParameterSetOperation.isSetNullParameterOperation(operation)
                                ? null
                                : operation.getArgs()[1]));
        return values;
    }

    static long tripsNow() {
        return RoundTrips.onThisThread().roundTrips();
    }
}
