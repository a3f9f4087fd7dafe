package mastery.support.redis;

import redis.clients.jedis.HostAndPort;
import redis.clients.jedis.JedisClientConfig;
import redis.clients.jedis.RedisClient;

/** A numbered database of its own for one test or story, emptied and given back when it is closed. */
public final class RedisDatabase implements AutoCloseable {

    private final RedisEndpoint server;
    private final int number;
    private final Runnable giveBack;

    RedisDatabase(RedisEndpoint server, int number, Runnable giveBack) {
        this.server = server;
        this.number = number;
        this.giveBack = giveBack;
    }

    /** What SELECT would be given. */
    public int number() {
        return number;
    }

    /** The server that holds the database. */
    public HostAndPort hostAndPort() {
        return server.hostAndPort();
    }

    /** User, password and number, for a client of one's own. */
    public JedisClientConfig clientConfig() {
        return server.clientConfig(number);
    }

    /** A pooled client in this database; the caller closes it before the database. */
    public RedisClient newClient() {
        return RedisClient.builder()
                .hostAndPort(hostAndPort())
                .clientConfig(clientConfig())
                .build();
    }

    /** Removes every key and lets others have the number. */
    @Override
    public void close() {
        giveBack.run();
    }
}
