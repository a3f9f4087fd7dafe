package mastery.support.trace;

import co.elastic.clients.elasticsearch.ElasticsearchClient;
import co.elastic.clients.elasticsearch.core.SearchResponse;
import com.datastax.oss.driver.api.core.CqlSession;
import com.datastax.oss.driver.api.core.cql.Statement;
import com.mongodb.ExplainVerbosity;
import com.mongodb.MongoClientSettings;
import com.mongodb.client.AggregateIterable;
import com.mongodb.client.FindIterable;
import com.mongodb.client.MongoClient;
import com.mongodb.client.MongoDatabase;
import java.sql.Connection;
import java.sql.SQLException;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import javax.sql.DataSource;
import mastery.support.cassandra.CassandraRing;
import mastery.support.elasticsearch.ElasticsearchCluster;
import mastery.support.mongodb.MongoDbReplicaSet;
import mastery.support.mysql.MySqlReplication;
import mastery.support.plan.CassandraPlans;
import mastery.support.plan.ElasticsearchPlans;
import mastery.support.plan.MongoDbPlans;
import mastery.support.plan.MySqlPlans;
import mastery.support.plan.Plan;
import mastery.support.plan.PostgreSqlPlans;
import mastery.support.plan.SqlServerPlans;
import mastery.support.postgresql.PostgreSqlReplication;
import mastery.support.postgresql.PostgreSqlServers;
import mastery.support.redis.RedisCluster;
import mastery.support.redis.RedisReplication;
import mastery.support.redis.RedisSentinels;
import mastery.support.server.Node;
import mastery.support.work.Action;
import org.bson.BsonDocument;
import org.bson.Document;
import redis.clients.jedis.Jedis;
import redis.clients.jedis.RedisClient;
import redis.clients.jedis.RedisClusterClient;

/**
 * What an example's {@code main} tells: it starts or finds the server, gives a clean database, and shows every statement
 * with its binds, rows, time and round trips.
 *
 * <p>The transcript goes to standard output; with the system property {@code mastery.json} the same events go to that
 * file (see {@link JsonReader}).
 */
public final class Story {
    private final Trace trace;
    private final Stage stage;
    private int steps;

    Story(Trace trace, Stage stage) {
        this.trace = trace;
        this.stage = stage;
    }

    /**
     * Runs the story of an example and closes everything it opened. When it fails, says why in plain words on standard
     * error and ends the JVM with status 1; with the system property {@code mastery.embedded=true} the exception is
     * thrown instead.
     */
    public static void tell(Class<?> example, Script script) {
        StoryTeller.tell(example, script);
    }

    /** A clean PostgreSQL database, traced. */
    public DataSource postgresql() {
        return stage.postgresql();
    }

    /** A clean MySQL database, traced. */
    public DataSource mysql() {
        return stage.mysql();
    }

    /** A clean SQL Server database, traced. */
    public DataSource sqlserver() {
        return stage.sqlserver();
    }

    /** A client of an empty Redis database, traced. */
    public RedisClient redis() {
        return stage.redis();
    }

    /** A client of the Elasticsearch server, traced; what it makes is named with {@link #elasticsearchName}. */
    public ElasticsearchClient elasticsearch() {
        return stage.elasticsearch();
    }

    /**
     * The full name of an index, alias, template or pipeline of this story. What it adds to the name is left out where
     * requests are shown. After {@link #elasticsearchCluster} it belongs to the cluster.
     */
    public String elasticsearchName(String name) {
        return stage.elasticsearchName(name);
    }

    /** An Elasticsearch cluster of its own. */
    public ElasticsearchCluster elasticsearchCluster(int nodes) {
        return stage.elasticsearchCluster(nodes);
    }

    /** A client of {@link #elasticsearchCluster}, traced: it goes to another node when one does not answer. */
    public ElasticsearchClient elasticsearchClusterClient() {
        return stage.elasticsearchClusterClient();
    }

    /** A session in an empty Cassandra keyspace, traced. */
    public CqlSession cassandra() {
        return stage.cassandra();
    }

    /** A Cassandra ring of three nodes. */
    public CassandraRing cassandraRing() {
        return stage.cassandraRing();
    }

    /**
     * A session on {@link #cassandraRing()} in an empty keyspace of three replicas, traced: each request shows the port of
     * its coordinator.
     */
    public CqlSession cassandraRingSession() {
        return stage.cassandraRingSession();
    }

    /** A PostgreSQL primary with streaming replicas; trace its data sources with {@link #traced}. */
    public PostgreSqlReplication postgresqlReplication(int replicas) {
        return stage.postgresqlReplication(replicas, Map.of());
    }

    /** The same with settings of every node, such as {@code max_wal_size} to {@code 32MB}. */
    public PostgreSqlReplication postgresqlReplication(int replicas, Map<String, String> settings) {
        return stage.postgresqlReplication(replicas, settings);
    }

    /** PostgreSQL servers that know nothing of each other; trace their data sources with {@link #traced}. */
    public PostgreSqlServers postgresqlServers(int servers, Map<String, String> settings) {
        return stage.postgresqlServers(servers, settings);
    }

    /** A MySQL source with replicas; trace its data sources with {@link #traced}. */
    public MySqlReplication mysqlReplication(int replicas) {
        return stage.mysqlReplication(replicas);
    }

    /** A Redis Cluster of three masters and three replicas. */
    public RedisCluster redisCluster() {
        return stage.redisCluster();
    }

    /** A client of {@link #redisCluster()}, traced: each command shows the port of the node it went to. */
    public RedisClusterClient redisClusterClient() {
        return stage.redisClusterClient();
    }

    /** A Redis primary with replicas. */
    public RedisReplication redisReplication(int replicas) {
        return stage.redisReplication(replicas);
    }

    /** A Redis primary with two replicas, watched by three sentinels. */
    public RedisSentinels redisSentinels() {
        return stage.redisSentinels();
    }

    /** A connection to one Redis node of a topology, traced: each command shows the port of the node. Closed at the end. */
    public Jedis redisConnection(Node node) {
        return stage.redisConnection(node);
    }

    /** A MongoDB database that holds nothing, traced. */
    public MongoDatabase mongodb() {
        return stage.mongodb();
    }

    /** The client of {@link #mongodb()}, for sessions and transactions. */
    public MongoClient mongodbClient() {
        return stage.mongodbClient();
    }

    /** A MongoDB replica set of three; trace its clients with {@link #traced(MongoClientSettings)}. */
    public MongoDbReplicaSet mongodbReplicaSet() {
        return stage.mongodbReplicaSet();
    }

    /** A MongoDB client with these settings: each command shows the port of the node it went to. Closed at the end. */
    public MongoClient traced(MongoClientSettings settings) {
        return stage.mongodbClient(settings);
    }

    /**
     * A data source to the same database whose statements are shown.
     *
     * @param label names it in the transcript, such as {@code replica}
     */
    public DataSource traced(String label, DataSource dataSource) {
        return TracedDataSource.of(dataSource, label, trace);
    }

    /** The same database without a trace: for what looks on, and would only be in the way of what it looks at. */
    public DataSource untraced(DataSource dataSource) {
        return TracedDataSource.untraced(dataSource);
    }

    /** A heading before the statements that follow. */
    public void step(String sentence) {
        trace.add(new TraceEvent.Step(++steps, sentence));
    }

    /** Long set-up: its statements are counted, not shown. */
    public void quietly(String sentence, Action action) throws Exception {
        TraceEvent.Counters before = trace.counters("");
        trace.quiet();
        try {
            action.run();
        } finally {
            trace.loud();
        }
        trace.add(trace.countersSince(before, sentence));
    }

    /** Shows a value as a table (see {@link Tables#of}) and returns it. */
    public <T> T show(String caption, T result) {
        trace.add(new TraceEvent.Result(caption, Tables.of(result)));
        return result;
    }

    /** A remark. */
    public void note(String text) {
        trace.add(new TraceEvent.Note(text));
    }

    /**
     * Runs EXPLAIN ANALYZE, or what the engine has for it, and shows the plan as a tree. The statement really runs; it is not counted.
     *
     * @throws SQLException if the statement fails, or the connection is to none of the JDBC engines
     */
    public void plan(Connection connection, String sql, Object... binds) throws SQLException {
        Connection untraced = connection.unwrap(Connection.class);
        String product = untraced.getMetaData().getDatabaseProductName();
        Plan plan = switch (product) {
            case "PostgreSQL" -> PostgreSqlPlans.analyze(untraced, sql, binds);
            case "MySQL" -> MySqlPlans.analyze(untraced, sql, binds);
            case "Microsoft SQL Server" -> SqlServerPlans.analyze(untraced, sql, binds);
            default -> throw new SQLException("No plan reader for " + product);
        };
        List<Object> values = Arrays.asList(binds);
        trace.add(new TraceEvent.PlanShown(sql, values, plan));
    }

    /** Explains a query of MongoDB and shows the plan as a tree. The query really runs; it is not counted. */
    public void plan(FindIterable<?> query) {
        planOf(query.explain(ExplainVerbosity.EXECUTION_STATS));
    }

    /** Explains a pipeline of MongoDB and shows the plan as a tree. The pipeline really runs; it is not counted. */
    public void plan(AggregateIterable<?> pipeline) {
        planOf(pipeline.explain(ExplainVerbosity.EXECUTION_STATS));
    }

    private void planOf(Document explained) {
        BsonDocument command = explained.get("command", Document.class).toBsonDocument();
        String text = MongoDbText.command(command.getFirstKey(), command);
        trace.add(new TraceEvent.PlanShown(text, List.of(), MongoDbPlans.parse(explained)));
    }

    /**
     * Shows the profile of an Elasticsearch search as a tree.
     *
     * @throws IllegalArgumentException if the search was not made with {@code profile(true)}
     */
    public void plan(SearchResponse<?> response) {
        trace.add(new TraceEvent.PlanShown("profile", List.of(), ElasticsearchPlans.of(response)));
    }

    /**
     * Runs a CQL statement with tracing and shows what the nodes did as a tree. The statement really runs; it is not counted. */
    public void plan(CqlSession session, Statement<?> statement) {
        CqlText text = CqlText.of(statement);
        Plan plan = CassandraPlans.trace(TracedCassandra.untraced(session), statement);
        trace.add(new TraceEvent.PlanShown(text.text(), text.binds(), plan));
    }

    /** What the story taught, in one line; it is shown at the end. */
    public void learned(String oneLine) {
        stage.learned(oneLine);
    }
}
