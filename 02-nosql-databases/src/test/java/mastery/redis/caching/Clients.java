package mastery.redis.caching;

import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Proxy;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import javax.sql.DataSource;
import mastery.support.redis.RedisEndpoint;
import mastery.support.server.Node;
import redis.clients.jedis.CommandObject;
import redis.clients.jedis.DefaultJedisClientConfig;
import redis.clients.jedis.HostAndPort;
import redis.clients.jedis.JedisClientConfig;
import redis.clients.jedis.Protocol;
import redis.clients.jedis.RedisClient;
import redis.clients.jedis.executors.CommandExecutor;
import redis.clients.jedis.executors.DefaultCommandExecutor;
import redis.clients.jedis.providers.PooledConnectionProvider;

/** Clients as the proofs need them. */
final class Clients {

    private Clients() {}

    static RedisClient of(RedisEndpoint endpoint) {
        return RedisClient.builder()
                .hostAndPort(endpoint.hostAndPort())
                .clientConfig(endpoint.clientConfig())
                .build();
    }

    /** A client that waits for an answer for this long only. */
    static RedisClient impatient(Node node, int millis) {
        RedisEndpoint endpoint = RedisEndpoint.of(node);
        DefaultJedisClientConfig config = DefaultJedisClientConfig.builder()
                .from(endpoint.clientConfig())
                .connectionTimeoutMillis(millis)
                .socketTimeoutMillis(millis)
                .build();
        return RedisClient.builder()
                .hostAndPort(endpoint.hostAndPort())
                .clientConfig(config)
                .build();
    }

    /** A client that lets something happen before the first command of this name that it sends. */
    static RedisClient before(Protocol.Command name, Runnable action, Node node) {
        return before(name, action, RedisEndpoint.of(node));
    }

    static RedisClient before(Protocol.Command name, Runnable action, RedisEndpoint endpoint) {
        HostAndPort address = endpoint.hostAndPort();
        JedisClientConfig config = endpoint.clientConfig();
        AtomicBoolean happened = new AtomicBoolean();
        PooledConnectionProvider connections = new PooledConnectionProvider(address, config);
        CommandExecutor executor = new DefaultCommandExecutor(connections);
        return RedisClient.builder()
                .hostAndPort(address)
                .clientConfig(config)
                .connectionProvider(connections)
                .commandExecutor(new CommandExecutor() {
                    @Override
                    public <T> T executeCommand(CommandObject<T> command) {
                        if (command.getArguments().getCommand() == name && happened.compareAndSet(false, true)) {
                            action.run();
                        }
                        return executor.executeCommand(command);
                    }

                    @Override
                    public void close() {
                        connections.close();
                    }
                })
                .build();
    }

    /** What may fail as JDBC does, as a {@link Runnable}. */
    static Runnable unchecked(Action action) {
        return () -> {
            try {
                action.run();
            } catch (Exception e) {
                throw new AssertionError(e);
            }
        };
    }

    interface Action {
        void run() throws Exception;
    }

    /** The same store; counts how often a connection is asked for. */
    static DataSource counting(DataSource store, AtomicInteger connections) {
        return (DataSource) Proxy.newProxyInstance(
                DataSource.class.getClassLoader(), new Class<?>[] {DataSource.class}, (proxy, method, arguments) -> {
                    if (method.getName().equals("getConnection")) {
                        connections.incrementAndGet();
                    }
                    try {
                        return method.invoke(store, arguments);
                    } catch (InvocationTargetException e) {
                        throw e.getCause();
                    }
                });
    }
}
