package mastery.support.trace;

import java.time.Duration;
import java.util.List;
import java.util.Set;
import java.util.function.Supplier;
import mastery.support.work.RoundTrips;
import mastery.support.work.Traffic;
import redis.clients.jedis.CommandObject;
import redis.clients.jedis.Connection;
import redis.clients.jedis.ConnectionFactory;
import redis.clients.jedis.HostAndPort;
import redis.clients.jedis.JedisClientConfig;
import redis.clients.jedis.JedisSocketFactory;
import redis.clients.jedis.RedisClient;
import redis.clients.jedis.RedisClusterClient;
import redis.clients.jedis.StaticCommandFlagsRegistry;
import redis.clients.jedis.exceptions.JedisException;
import redis.clients.jedis.executors.ClusterCommandExecutor;
import redis.clients.jedis.providers.ClusterConnectionProvider;
import redis.clients.jedis.providers.PooledConnectionProvider;

/** Redis clients whose commands are events of a trace. */
public final class TracedRedis {
    private static final int CLUSTER_ATTEMPTS = 5;
    private static final Duration CLUSTER_LIMIT = Duration.ofSeconds(10);

    private TracedRedis() {}

    /** A client of one server. Pipelines and transactions are traced as what goes over the wire at once. */
    public static RedisClient of(HostAndPort address, JedisClientConfig config, String label, Trace trace) {
        JedisSocketFactory sockets = RoundTrips.create().redis(address, config);
        ConnectionFactory connections = ConnectionFactory.builder()
                .clientConfig(config)
                .socketFactory(sockets)
                .connectionBuilder(
                        new Connection.Builder() {
                            @Override
                            protected Connection createConnection() {
                                return new TracedConnection(this, label, trace);
                            }
                        }.socketFactory(sockets).clientConfig(config))
                .build();
        PooledConnectionProvider provider = new PooledConnectionProvider(connections);
        return RedisClient.builder()
                .hostAndPort(address)
                .clientConfig(config)
                .connectionProvider(provider)
                .build();
    }

    /**
     * A client of a cluster. Each attempt is an event labelled with the port of the node it went to, so redirections
     * show; an attempt is one round trip. Cluster pipelines are not traced.
     */
    public static RedisClusterClient cluster(Set<HostAndPort> nodes, JedisClientConfig config, Trace trace) {
        ClusterConnectionProvider provider = new ClusterConnectionProvider(nodes, config);
        return RedisClusterClient.builder()
                .nodes(nodes)
                .clientConfig(config)
                .connectionProvider(provider)
                .commandExecutor(
                        new ClusterCommandExecutor(
                                provider, CLUSTER_ATTEMPTS, CLUSTER_LIMIT, StaticCommandFlagsRegistry.registry()) {
                            @Override
                            protected <T> T execute(Connection connection, CommandObject<T> command) {
                                String node = String.valueOf(
                                        connection.getHostAndPort().getPort());
                                return traced(node, trace, false, command, () -> super.execute(connection, command));
                            }
                        })
                .build();
    }

    static <T> T traced(String label, Trace trace, boolean counted, CommandObject<T> command, Supplier<T> action) {
        Work work = new Work();
        String text = RedisText.command(command.getArguments());
        try {
            T reply = action.get();
            trace.add(work.done(label, trace, text, RedisText.reply(reply), counted, null));
            return reply;
        } catch (JedisException failure) {
            trace.add(work.done(label, trace, text, null, counted, failure(failure)));
            throw failure;
        }
    }

    /** The first word of a Redis error says its kind, such as WRONGTYPE or MOVED. */
    static TraceEvent.Failure failure(Exception failure) {
        String message = String.valueOf(failure.getMessage());
        int space = message.indexOf(' ');
        String word = space < 0 ? message : message.substring(0, space);
        return word.matches("[A-Z]+")
                ? new TraceEvent.Failure(word, 0, message.substring(Math.min(message.length(), space + 1)))
                : new TraceEvent.Failure(null, 0, message);
    }

    /** Time and round trips from its making on, on the thread that made it. */
    static final class Work {
        private final long nanos = System.nanoTime();
        private final Traffic traffic = RoundTrips.onThisThread();

        TraceEvent.Statement done(
                String label, Trace trace, String text, String reply, boolean counted, TraceEvent.Failure error) {
            long trips = RoundTrips.onThisThread().minus(traffic).roundTrips();
            return new TraceEvent.Statement(
                    "redis",
                    label,
                    trace.session(),
                    text,
                    List.of(),
                    0,
                    null,
                    null,
                    reply,
                    System.nanoTime() - nanos,
                    counted ? trips : 1L,
                    error);
        }
    }
}
