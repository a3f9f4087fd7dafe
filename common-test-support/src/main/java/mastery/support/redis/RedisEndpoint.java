package mastery.support.redis;

import mastery.support.server.Address;
import mastery.support.server.Node;
import redis.clients.jedis.DefaultJedisClientConfig;
import redis.clients.jedis.HostAndPort;
import redis.clients.jedis.Jedis;
import redis.clients.jedis.JedisClientConfig;
import redis.clients.jedis.SslOptions;

/**
 * Where a Redis process listens and who may enter: all that the wiring needs to know of a node.
 *
 * @param host name or address, as the other nodes can reach it
 * @param port the port for clients
 * @param user the ACL user, {@code default} on servers started here
 * @param password of that user; empty when the server asks for none
 * @param tls whether the connection is encrypted
 */
public record RedisEndpoint(String host, int port, String user, String password, boolean tls) {

    /** The user that a server has from the start. */
    static final String DEFAULT_USER = "default";

    /** The name of the driver parameter that asks for TLS. */
    static final String TLS = "tls";

    private static final int CONNECT_LIMIT_MILLIS = 8_000;

    /** The default user, without TLS. */
    public RedisEndpoint(String host, int port, String password) {
        this(host, port, DEFAULT_USER, password, false);
    }

    /** Where a node listens. */
    public static RedisEndpoint of(Node node) {
        return of(node.address());
    }

    static RedisEndpoint of(Address address) {
        return new RedisEndpoint(
                address.host(),
                address.port(),
                address.user(),
                address.password(),
                address.parameters().containsKey(TLS));
    }

    /** A connection of its own, without a pool; the caller closes it. */
    public Jedis connect() {
        return new Jedis(hostAndPort(), clientConfig());
    }

    /** The address in the driver's type. */
    public HostAndPort hostAndPort() {
        return new HostAndPort(host, port);
    }

    /** The driver's settings for this endpoint, in database 0. */
    public JedisClientConfig clientConfig() {
        return clientConfig(0);
    }

    /** The driver's settings for this endpoint, in a numbered database. */
    public JedisClientConfig clientConfig(int database) {
        DefaultJedisClientConfig.Builder config = DefaultJedisClientConfig.builder()
                .connectionTimeoutMillis(CONNECT_LIMIT_MILLIS)
                .socketTimeoutMillis(CONNECT_LIMIT_MILLIS)
                .database(database);
        if (tls) {
            config.sslOptions(SslOptions.defaults());
        }
        if (!password.isEmpty()) {
            config.user(user).password(password);
        }
        return config.build();
    }

    /** Host and port; the password is never shown. */
    @Override
    public String toString() {
        return host + ":" + port;
    }
}
