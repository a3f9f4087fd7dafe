package mastery.support.redis;

import mastery.support.server.Engine;
import mastery.support.server.Node;
import mastery.support.server.ServerException;
import mastery.support.server.SharedServers;
import redis.clients.jedis.RedisClient;

/** The Redis server of this JVM, and clean databases on it. */
public final class Redis {

    private static Redis shared;

    private final Node node;
    private final RedisDatabases databases;

    private Redis(Node node) {
        this.node = node;
        this.databases = new RedisDatabases(RedisEndpoint.of(node));
    }

    /**
     * The shared server, started at its first use.
     *
     * @throws ServerException if Redis cannot be had here
     */
    public static Redis shared() {
        Node node = SharedServers.single(Engine.REDIS);
        synchronized (Redis.class) {
            if (shared == null) {
                shared = new Redis(node);
            }
            return shared;
        }
    }

    public Node node() {
        return node;
    }

    /** An empty numbered database that nobody else uses. */
    public RedisDatabase newDatabase() {
        return databases.newDatabase();
    }

    /** A client in a new empty database, which is given back when the client is closed. */
    public RedisClient newClient() {
        return databases.newClient();
    }
}
