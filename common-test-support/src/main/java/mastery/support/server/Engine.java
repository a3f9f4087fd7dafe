package mastery.support.server;

import java.util.Arrays;
import java.util.Locale;
import java.util.stream.Collectors;

/** A database engine of the curriculum, with the oldest version that its examples run on. */
public enum Engine {
    POSTGRESQL("postgresql", "PostgreSQL", "18"),
    MYSQL("mysql", "MySQL", "9.0"),
    REDIS("redis", "Redis", "7.4"),
    MONGODB("mongodb", "MongoDB", "8.0"),
    ELASTICSEARCH("elasticsearch", "Elasticsearch", "8.19"),
    CASSANDRA("cassandra", "Cassandra", "5.0"),
    SQLSERVER("sqlserver", "SQL Server", "2022");

    private final String id;
    private final String displayName;
    private final String minimumVersion;

    Engine(String id, String displayName, String minimumVersion) {
        this.id = id;
        this.displayName = displayName;
        this.minimumVersion = minimumVersion;
    }

    /** The name used in system properties, file names and on the command line, such as {@code postgresql}. */
    public String id() {
        return id;
    }

    /** The name as its makers write it. */
    public String displayName() {
        return displayName;
    }

    /** The oldest version that has what the examples use. */
    public String minimumVersion() {
        return minimumVersion;
    }

    /**
     * Finds an engine by its {@link #id()}.
     *
     * @throws ServerException if there is no such engine; the message lists the valid names
     */
    public static Engine named(String id) {
        return Arrays.stream(values())
                .filter(engine -> engine.id.equals(id.toLowerCase(Locale.ROOT)))
                .findFirst()
                .orElseThrow(() -> new ServerException("There is no engine '" + id + "'. The engines are: "
                        + Arrays.stream(values()).map(Engine::id).collect(Collectors.joining(", ")) + "."));
    }

    @Override
    public String toString() {
        return displayName;
    }
}
