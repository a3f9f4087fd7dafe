package mastery.support.trace;

import co.elastic.clients.elasticsearch.ElasticsearchClient;
import com.datastax.oss.driver.api.core.CqlSession;
import com.mongodb.MongoClientSettings;
import com.mongodb.client.MongoClient;
import com.mongodb.client.MongoDatabase;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;
import javax.sql.DataSource;
import mastery.support.cassandra.Cassandra;
import mastery.support.cassandra.CassandraKeyspace;
import mastery.support.cassandra.CassandraRing;
import mastery.support.elasticsearch.Elasticsearch;
import mastery.support.elasticsearch.ElasticsearchCluster;
import mastery.support.elasticsearch.ElasticsearchIndices;
import mastery.support.mongodb.MongoDb;
import mastery.support.mongodb.MongoDbDatabase;
import mastery.support.mongodb.MongoDbReplicaSet;
import mastery.support.mysql.MySql;
import mastery.support.mysql.MySqlDatabase;
import mastery.support.mysql.MySqlReplication;
import mastery.support.postgresql.PostgreSql;
import mastery.support.postgresql.PostgreSqlDatabase;
import mastery.support.postgresql.PostgreSqlReplication;
import mastery.support.postgresql.PostgreSqlServers;
import mastery.support.redis.Redis;
import mastery.support.redis.RedisCluster;
import mastery.support.redis.RedisDatabase;
import mastery.support.redis.RedisEndpoint;
import mastery.support.redis.RedisReplication;
import mastery.support.redis.RedisSentinels;
import mastery.support.server.Node;
import mastery.support.sqlserver.SqlServer;
import mastery.support.sqlserver.SqlServerDatabase;
import redis.clients.jedis.HostAndPort;
import redis.clients.jedis.Jedis;
import redis.clients.jedis.JedisClientConfig;
import redis.clients.jedis.RedisClient;
import redis.clients.jedis.RedisClusterClient;

/** The servers of a story: each is started or found when it is first asked for, and given back at the end. */
final class Stage implements AutoCloseable {
    private final Trace trace;
    private final Deque<AutoCloseable> opened = new ArrayDeque<>();
    private final Set<String> announced = new HashSet<>();
    private DataSource postgresql;
    private DataSource mysql;
    private DataSource sqlserver;
    private RedisClient redis;
    private RedisCluster redisCluster;
    private RedisClusterClient redisClusterClient;
    private MongoDbDatabase mongodb;
    private MongoClient mongodbClient;
    private MongoDbReplicaSet mongodbReplicaSet;
    private ElasticsearchIndices elasticsearchIndices;
    private ElasticsearchClient elasticsearch;
    private ElasticsearchCluster elasticsearchCluster;
    private ElasticsearchClient elasticsearchClusterClient;
    private CqlSession cassandra;
    private CassandraRing cassandraRing;
    private CqlSession cassandraRingSession;
    private String learned = "";

    Stage(Trace trace) {
        this.trace = trace;
    }

    synchronized DataSource postgresql() {
        if (postgresql == null) {
            PostgreSqlDatabase database = opened(PostgreSql.shared().newDatabase());
            announce(database.node(), 1);
            postgresql = TracedDataSource.of(database.dataSource(), null, trace);
        }
        return postgresql;
    }

    synchronized DataSource mysql() {
        if (mysql == null) {
            MySqlDatabase database = opened(MySql.shared().newDatabase());
            announce(database.node(), 1);
            mysql = TracedDataSource.of(database.dataSource(), null, trace);
        }
        return mysql;
    }

    synchronized DataSource sqlserver() {
        if (sqlserver == null) {
            SqlServerDatabase database = opened(SqlServer.shared().newDatabase());
            announce(database.node(), 1);
            sqlserver = TracedDataSource.of(database.dataSource(), null, trace);
        }
        return sqlserver;
    }

    synchronized RedisClient redis() {
        if (redis == null) {
            RedisDatabase database = opened(Redis.shared().newDatabase());
            announce(Redis.shared().node(), 1);
            redis = opened(TracedRedis.of(database.hostAndPort(), database.clientConfig(), null, trace));
        }
        return redis;
    }

    synchronized PostgreSqlReplication postgresqlReplication(int replicas, Map<String, String> settings) {
        PostgreSqlReplication replication = opened(PostgreSqlReplication.start(replicas, settings));
        announce(replication.primary(), 1 + replicas);
        return replication;
    }

    synchronized PostgreSqlServers postgresqlServers(int count, Map<String, String> settings) {
        PostgreSqlServers servers = opened(PostgreSqlServers.start(count, settings));
        servers.nodes().forEach(node -> trace.hide(node.password()));
        announce(servers.nodes().get(0), count);
        return servers;
    }

    synchronized MySqlReplication mysqlReplication(int replicas) {
        MySqlReplication replication = opened(MySqlReplication.start(replicas));
        trace.hide(replication.replicatorPassword());
        announce(replication.source(), 1 + replicas);
        return replication;
    }

    synchronized RedisCluster redisCluster() {
        if (redisCluster == null) {
            redisCluster = opened(RedisCluster.start());
            List<? extends Node> nodes = redisCluster.nodes();
            announce(nodes.get(0), nodes.size());
        }
        return redisCluster;
    }

    synchronized RedisClusterClient redisClusterClient() {
        if (redisClusterClient == null) {
            List<? extends Node> nodes = redisCluster().nodes();
            Set<HostAndPort> addresses = nodes.stream()
                    .map(node -> new HostAndPort(node.host(), node.port()))
                    .collect(Collectors.toSet());
            JedisClientConfig config = RedisEndpoint.of(nodes.get(0)).clientConfig();
            redisClusterClient = opened(TracedRedis.cluster(addresses, config, trace));
        }
        return redisClusterClient;
    }

    synchronized RedisReplication redisReplication(int replicas) {
        RedisReplication replication = opened(RedisReplication.start(replicas));
        announce(replication.primary(), 1 + replicas);
        return replication;
    }

    synchronized RedisSentinels redisSentinels() {
        RedisSentinels sentinels = opened(RedisSentinels.start());
        announce(sentinels.data().get(0), sentinels.nodes().size());
        return sentinels;
    }

    synchronized Jedis redisConnection(Node node) {
        RedisEndpoint endpoint = RedisEndpoint.of(node);
        String label = Integer.toString(node.port());
        RedisClient client = opened(TracedRedis.of(endpoint.hostAndPort(), endpoint.clientConfig(), label, trace));
        return opened(new Jedis(client.getPool().getResource()));
    }

    synchronized MongoClient mongodbClient() {
        if (mongodbClient == null) {
            mongodb = opened(MongoDb.shared().newDatabase());
            announce(MongoDb.shared().node(), 1);
            mongodbClient = opened(TracedMongoDb.of(mongodb.settings(), false, trace));
        }
        return mongodbClient;
    }

    synchronized MongoDatabase mongodb() {
        return mongodbClient().getDatabase(mongodb.name());
    }

    synchronized MongoDbReplicaSet mongodbReplicaSet() {
        if (mongodbReplicaSet == null) {
            mongodbReplicaSet = opened(MongoDbReplicaSet.start());
            List<? extends Node> nodes = mongodbReplicaSet.nodes();
            announce(nodes.get(0), nodes.size());
        }
        return mongodbReplicaSet;
    }

    synchronized MongoClient mongodbClient(MongoClientSettings settings) {
        return opened(TracedMongoDb.of(MongoClientSettings.builder(settings), true, trace));
    }

    synchronized ElasticsearchClient elasticsearch() {
        if (elasticsearch == null) {
            elasticsearchIndices = opened(Elasticsearch.shared().newIndices());
            announce(Elasticsearch.shared().node(), 1);
            elasticsearch = opened(TracedElasticsearch.of(
                    elasticsearchIndices.endpoint().newHttpClient(), elasticsearchIndices.prefix(), null, trace));
        }
        return elasticsearch;
    }

    synchronized String elasticsearchName(String name) {
        if (elasticsearchIndices == null) {
            elasticsearch();
        }
        return elasticsearchIndices.name(name);
    }

    synchronized ElasticsearchCluster elasticsearchCluster(int nodes) {
        if (elasticsearchCluster == null) {
            elasticsearchCluster = opened(ElasticsearchCluster.start(nodes));
            announce(elasticsearchCluster.nodes().get(0), nodes);
            elasticsearchIndices = elasticsearchCluster.newIndices();
        }
        return elasticsearchCluster;
    }

    synchronized ElasticsearchClient elasticsearchClusterClient() {
        if (elasticsearchCluster == null) {
            throw new IllegalStateException("Start the cluster first: story.elasticsearchCluster(3)");
        }
        if (elasticsearchClusterClient == null) {
            elasticsearchClusterClient = opened(TracedElasticsearch.of(
                    elasticsearchIndices.endpoint().newHttpClient(), elasticsearchIndices.prefix(), null, trace));
        }
        return elasticsearchClusterClient;
    }

    synchronized CqlSession cassandra() {
        if (cassandra == null) {
            CassandraKeyspace keyspace = opened(Cassandra.shared().newKeyspace());
            announce(keyspace.node(), 1);
            cassandra = TracedCassandra.of(opened(keyspace.newSession()), null, trace);
        }
        return cassandra;
    }

    synchronized CassandraRing cassandraRing() {
        if (cassandraRing == null) {
            cassandraRing = opened(CassandraRing.start());
            announce(cassandraRing.nodes().get(0), cassandraRing.nodes().size());
        }
        return cassandraRing;
    }

    synchronized CqlSession cassandraRingSession() {
        if (cassandraRingSession == null) {
            // the keyspace goes with its ring: with nodes down it could not be dropped
            CassandraKeyspace keyspace = cassandraRing().newKeyspace();
            cassandraRingSession = TracedCassandra.of(opened(keyspace.newSession()), null, trace);
        }
        return cassandraRingSession;
    }

    void learned(String oneLine) {
        learned = oneLine;
    }

    String learned() {
        return learned;
    }

    /** Gives everything back, the last first; what cannot be closed does not keep the rest open. */
    @Override
    public synchronized void close() {
        while (!opened.isEmpty()) {
            try {
                opened.pop().close();
            } catch (Exception failure) {
                trace.add(new TraceEvent.Note("Could not close: " + failure.getMessage()));
            }
        }
    }

    private <T extends AutoCloseable> T opened(T resource) {
        opened.push(resource);
        return resource;
    }

    private void announce(Node node, int nodes) {
        trace.hide(node.password());
        if (announced.add(node.engine().id() + nodes)) {
            trace.add(new TraceEvent.Server(
                    node.engine().displayName(), node.version(), node.source().toString(), node.build(), nodes));
        }
    }
}
