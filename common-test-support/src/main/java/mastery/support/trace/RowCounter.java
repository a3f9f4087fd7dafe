package mastery.support.trace;

import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Method;
import java.sql.ResultSet;
import java.util.function.BiConsumer;
import net.ttddyy.dsproxy.proxy.ResultSetProxyLogic;

/** Passes calls to a result and counts the rows read, with the time and the round trips that reading costs. */
final class RowCounter implements ResultSetProxyLogic {
    private final ResultSet rows;
    private final BiConsumer<OpenStatement, Throwable> finished;
    private OpenStatement open;

    RowCounter(ResultSet rows, BiConsumer<OpenStatement, Throwable> finished) {
        this.rows = rows;
        this.finished = finished;
    }

    void countFor(OpenStatement statement) {
        open = statement;
    }

    @Override
    public Object invoke(Object proxy, Method method, Object[] arguments) throws Throwable {
        return switch (method.getName()) {
            case "next" -> next();
            case "close" -> {
                rows.close();
                finish(null);
                yield null;
            }
            case "equals" -> proxy == arguments[0];
            case "hashCode" -> System.identityHashCode(proxy);
            case "getTarget" -> rows;
            default -> call(method, arguments);
        };
    }

    private boolean next() throws Throwable {
        if (open == null) {
            return rows.next();
        }
        long nanos = System.nanoTime();
        long trips = StatementTracer.tripsNow();
        try {
            boolean row = rows.next();
            open.read(row, System.nanoTime() - nanos, StatementTracer.tripsNow() - trips);
            if (!row) {
                finish(null);
            }
            return row;
        } catch (java.sql.SQLException failure) {
            finish(failure);
            throw failure;
        }
    }

    private void finish(Throwable failure) {
        if (open != null) {
            finished.accept(open, failure);
        }
    }

    private Object call(Method method, Object[] arguments) throws Throwable {
        try {
            return method.invoke(rows, arguments);
        } catch (InvocationTargetException failure) {
            throw failure.getTargetException();
        }
    }
}
