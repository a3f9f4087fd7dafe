package mastery.support.junit;

import java.sql.Connection;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import javax.sql.DataSource;
import mastery.support.server.ServerException;

/** The objects of one test on a JDBC engine. */
final class JdbcScope implements Fixture.Scope {

    private final Map<Class<?>, Object> objects = new LinkedHashMap<>();
    private final List<Connection> connections = new ArrayList<>();
    private final DataSource dataSource;
    private final AutoCloseable database;

    JdbcScope(DataSource dataSource, AutoCloseable database) {
        this.dataSource = dataSource;
        this.database = database;
        put(DataSource.class, dataSource);
        put(dataSource.getClass(), dataSource);
        put(database.getClass(), database);
    }

    /** Settings as an annotation has them, {@code name=value}. */
    static Map<String, String> settings(String... settings) {
        return Arrays.stream(settings)
                .map(setting -> setting.split("=", 2))
                .collect(Collectors.toMap(nameAndValue -> nameAndValue[0], nameAndValue -> nameAndValue[1]));
    }

    /** Offers an object under a type. */
    JdbcScope put(Class<?> type, Object object) {
        objects.put(type, object);
        return this;
    }

    /** Every {@code Connection} parameter is a session of its own. */
    @Override
    public Object get(Class<?> type) {
        if (type != Connection.class) {
            return objects.get(type);
        }
        try {
            Connection connection = dataSource.getConnection();
            connections.add(connection);
            return connection;
        } catch (SQLException e) {
            throw new ServerException("Cannot connect to a test's database: " + e.getMessage(), e);
        }
    }

    /** Ends the sessions, so that the database can serve as a template. */
    void closeConnections() {
        for (Connection connection : connections) {
            try {
                connection.close();
            } catch (SQLException e) {
                // The test ended this session on purpose, or its server is gone.
                continue;
            }
        }
        connections.clear();
    }

    @Override
    public void close() {
        closeConnections();
        try {
            database.close();
        } catch (RuntimeException e) {
            throw e;
        } catch (Exception e) {
            throw new ServerException("Cannot remove a test's database: " + e.getMessage(), e);
        }
    }
}
