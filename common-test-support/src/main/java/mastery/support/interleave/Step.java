package mastery.support.interleave;

import java.sql.Connection;

/** What a session does in one step, on its own thread and connection, and the value it returns. */
@FunctionalInterface
public interface Step<T> {
    T run(Connection connection) throws Exception;
}
