package mastery.design.transactions;

import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Method;
import java.lang.reflect.Proxy;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.Set;
import java.util.concurrent.atomic.AtomicInteger;
import javax.sql.DataSource;

/**
 * Statements and commits of a connection, numbered from 1: a proof can let the world end {@code before 2} or {@code after 2}, without
 * any trace of it in the example.
 */
final class Steps {

    private static final Set<String> STEPS = Set.of("execute", "executeUpdate", "executeQuery", "commit");

    /** Called before and after each step with the text {@code before 1}, {@code after 1} and so on. */
    @FunctionalInterface
    interface Watcher {
        void at(String point) throws Exception;
    }

    private final Watcher watcher;
    private final AtomicInteger count = new AtomicInteger();

    private Steps(Watcher watcher) {
        this.watcher = watcher;
    }

    static Connection watch(Connection connection, Watcher watcher) {
        return new Steps(watcher).proxy(Connection.class, connection);
    }

    /** Watches each connection for itself. */
    static DataSource watch(DataSource dataSource, Watcher watcher) {
        return of(() -> watch(dataSource.getConnection(), watcher));
    }

    /** A data source of a connection that stays open, for a session whose steps a script names. */
    static DataSource staying(Connection connection) {
        Connection open = (Connection) Proxy.newProxyInstance(
                Steps.class.getClassLoader(),
                new Class<?>[] {Connection.class},
                (proxy, method, arguments) ->
                        method.getName().equals("close") ? null : invoke(connection, method, arguments));
        return of(() -> open);
    }

    @FunctionalInterface
    interface Opening {
        Connection open() throws SQLException;
    }

    static DataSource of(Opening opening) {
        return (DataSource) Proxy.newProxyInstance(
                Steps.class.getClassLoader(), new Class<?>[] {DataSource.class}, (proxy, method, arguments) -> {
                    if (method.getName().equals("getConnection") && arguments == null) {
                        return opening.open();
                    }
                    throw new UnsupportedOperationException(method.toString());
                });
    }

    private <T> T proxy(Class<T> type, T real) {
        return type.cast(Proxy.newProxyInstance(
                Steps.class.getClassLoader(),
                new Class<?>[] {type},
                (proxy, method, arguments) -> step(method, real, arguments)));
    }

    private Object step(Method method, Object real, Object[] arguments) throws Throwable {
        if (STEPS.contains(method.getName())) {
            int number = count.incrementAndGet();
            watcher.at("before " + number);
            Object result = invoke(real, method, arguments);
            watcher.at("after " + number);
            return result;
        }
        Object result = invoke(real, method, arguments);
        if (result instanceof PreparedStatement statement) {
            return proxy(PreparedStatement.class, statement);
        }
        return result instanceof Statement statement ? proxy(Statement.class, statement) : result;
    }

    private static Object invoke(Object real, Method method, Object[] arguments) throws Throwable {
        try {
            return method.invoke(real, arguments);
        } catch (InvocationTargetException e) {
            throw e.getCause();
        }
    }
}
