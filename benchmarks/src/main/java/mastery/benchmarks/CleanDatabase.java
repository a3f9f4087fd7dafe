package mastery.benchmarks;

import co.elastic.clients.elasticsearch.ElasticsearchClient;
import com.datastax.oss.driver.api.core.CqlSession;
import com.mongodb.client.MongoClient;
import java.io.IOException;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Supplier;
import javax.sql.DataSource;
import mastery.support.cassandra.Cassandra;
import mastery.support.cassandra.CassandraKeyspace;
import mastery.support.elasticsearch.Elasticsearch;
import mastery.support.elasticsearch.ElasticsearchIndices;
import mastery.support.mongodb.MongoDb;
import mastery.support.mongodb.MongoDbDatabase;
import mastery.support.mysql.MySql;
import mastery.support.mysql.MySqlDatabase;
import mastery.support.postgresql.PostgreSql;
import mastery.support.postgresql.PostgreSqlDatabase;
import mastery.support.redis.Redis;
import mastery.support.redis.RedisDatabase;
import org.bson.Document;
import redis.clients.jedis.RedisClient;

/**
 * What a clean database costs a test on the shared server: from asking for it to the answer to a first statement in a session of its
 * own, and, apart from that, removing it.
 *
 * <p>Argument: how many databases of each engine; the first {@value #WARM_UP} more are not counted.
 */
final class CleanDatabase {

    private static final int WARM_UP = 10;

    private CleanDatabase() {}

    /** A database in which a first statement was answered, and the session that asked. */
    private record Used(AutoCloseable session, AutoCloseable database) {}

    public static void main(String[] arguments) throws Exception {
        int count = Integer.parseInt(arguments[0]);
        measure("PostgreSQL", count, CleanDatabase::postgresql);
        measure("MySQL", count, CleanDatabase::mysql);
        measure("Redis", count, CleanDatabase::redis);
        measure("MongoDB", count, CleanDatabase::mongodb);
        measure("Elasticsearch", count, CleanDatabase::elasticsearch);
        measure("Cassandra", count, CleanDatabase::cassandra);
        // Drivers may have left threads behind.
        System.exit(0);
    }

    private static void measure(String engine, int count, Supplier<Used> provide) throws Exception {
        List<Double> created = new ArrayList<>();
        List<Double> dropped = new ArrayList<>();
        for (int i = -WARM_UP; i < count; i++) {
            Used[] used = new Used[1];
            double create = Stopwatch.millis(() -> used[0] = provide.get());
            used[0].session().close();
            double drop = Stopwatch.millis(used[0].database()::close);
            if (i >= 0) {
                created.add(create);
                dropped.add(drop);
            }
        }
        System.out.println(new Figure(engine + ": a clean database", "ms", created).line());
        System.out.println(new Figure(engine + ": drop it", "ms", dropped).line());
    }

    private static Used postgresql() {
        PostgreSqlDatabase database = PostgreSql.shared().newDatabase();
        return new Used(firstUse(database.dataSource()), database);
    }

    private static Used mysql() {
        MySqlDatabase database = MySql.shared().newDatabase();
        return new Used(firstUse(database.dataSource()), database);
    }

    private static Used redis() {
        RedisDatabase database = Redis.shared().newDatabase();
        RedisClient client = database.newClient();
        client.ping();
        return new Used(client, database);
    }

    /** A database comes into being with its first document. */
    private static Used mongodb() {
        MongoDbDatabase database = MongoDb.shared().newDatabase();
        MongoClient client = database.newClient();
        client.getDatabase(database.name()).getCollection("t").insertOne(new Document("v", 42));
        return new Used(client, database);
    }

    private static Used cassandra() {
        CassandraKeyspace keyspace = Cassandra.shared().newKeyspace();
        CqlSession session = keyspace.newSession();
        session.execute("SELECT release_version FROM system.local");
        return new Used(session, keyspace);
    }

    /** Names of its own with a first index: nothing less keeps a test's documents apart. */
    private static Used elasticsearch() {
        ElasticsearchIndices indices = Elasticsearch.shared().newIndices();
        ElasticsearchClient client = indices.newClient();
        try {
            client.indices().create(c -> c.index(indices.name("t")).settings(s -> s.numberOfReplicas("0")));
            return new Used(client, indices);
        } catch (IOException e) {
            throw new IllegalStateException(e);
        }
    }

    private static Connection firstUse(DataSource dataSource) {
        try {
            Connection connection = dataSource.getConnection();
            try (Statement statement = connection.createStatement()) {
                statement.execute("SELECT 1");
            }
            return connection;
        } catch (SQLException e) {
            throw new IllegalStateException(e);
        }
    }
}
