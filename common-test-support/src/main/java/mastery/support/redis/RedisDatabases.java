package mastery.support.redis;

import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.UUID;
import java.util.stream.Collectors;
import mastery.support.server.ServerException;
import redis.clients.jedis.Jedis;
import redis.clients.jedis.JedisClientConfig;
import redis.clients.jedis.RedisClient;
import redis.clients.jedis.exceptions.JedisConnectionException;
import redis.clients.jedis.exceptions.JedisDataException;
import redis.clients.jedis.exceptions.JedisException;
import redis.clients.jedis.providers.PooledConnectionProvider;

/**
 * Clean databases on one shared server: each is a numbered database that nobody else uses, empty at the start and at the end.
 *
 * <p>The numbers are leased in a hash of database 0, so that two builds on one server never share one. A lease names the
 * connection of the process that holds it, and the server knows which connections live: a process that was killed has lost its
 * leases at once, one that stands at a breakpoint keeps them, and no clock decides.
 *
 * <p>Only an empty database is taken and only a leased one is emptied, so that data of others on the user's own server stays.
 * Database 0 is never given away. FLUSHALL would also erase the leases and what others do: an example uses FLUSHDB.
 */
public final class RedisDatabases implements AutoCloseable {

    static final String LEASES = "mastery:leases";

    private static final int DEFAULT_DATABASES = 16;

    /** Looks and takes in one round trip, and nobody comes in between. */
    private static final String TAKE = """
            for number = 1, tonumber(ARGV[2]) - 1 do
              if redis.call('HEXISTS', KEYS[1], number) == 0 then
                redis.call('SELECT', number)
                local size = redis.call('DBSIZE')
                redis.call('SELECT', 0)
                if size == 0 then
                  redis.call('HSET', KEYS[1], number, ARGV[1])
                  return number
                end
              end
            end
            return 0""";

    /** Compares, so that nobody empties what has another owner by now. */
    private static final String GIVE_BACK = """
            if redis.call('HGET', KEYS[1], ARGV[1]) ~= ARGV[2] then return 0 end
            redis.call('SELECT', ARGV[1])
            redis.call('FLUSHDB')
            redis.call('SELECT', 0)
            return redis.call('HDEL', KEYS[1], ARGV[1])""";

    private final RedisEndpoint server;
    private final Set<Lease> held = new HashSet<>();
    private Jedis keeper;
    private long keeperId;
    private int databases;

    /** Connects with the first database, not before. */
    public RedisDatabases(RedisEndpoint server) {
        this.server = server;
    }

    /**
     * An empty database that nobody else uses.
     *
     * @throws ServerException when every number is in use, or the server does not answer
     */
    public RedisDatabase newDatabase() {
        Lease lease = lease();
        return new RedisDatabase(server, lease.number, () -> giveBack(lease));
    }

    /**
     * A client in a new database, which is given back when the client is closed.
     *
     * @throws ServerException as {@link #newDatabase()}
     */
    public RedisClient newClient() {
        Lease lease = lease();
        JedisClientConfig config = server.clientConfig(lease.number);
        return RedisClient.builder()
                .hostAndPort(server.hostAndPort())
                .clientConfig(config)
                .connectionProvider(new PooledConnectionProvider(server.hostAndPort(), config) {
                    @Override
                    public void close() {
                        super.close();
                        giveBack(lease);
                    }
                })
                .build();
    }

    /** Gives back every number that is still held. */
    @Override
    public synchronized void close() {
        List.copyOf(held).forEach(this::giveBack);
        disconnect();
    }

    private synchronized Lease lease() {
        try {
            connect();
            String owner = newOwner();
            int number = take(owner);
            if (number == 0) {
                giveBackOfTheDead();
                number = take(owner);
            }
            if (number == 0) {
                throw new ServerException("None of the databases 1 to " + (databases - 1) + " of Redis on " + server
                        + " is empty and free. Close clients that are no longer needed, or empty a database.");
            }
            Lease lease = new Lease(number, owner);
            held.add(lease);
            return lease;
        } catch (JedisException e) {
            throw new ServerException("Cannot get a clean database of Redis on " + server + ": " + e.getMessage(), e);
        }
    }

    private int take(String owner) {
        Object number = keeper.eval(TAKE, List.of(LEASES), List.of(owner, Integer.toString(databases)));
        return Math.toIntExact((Long) number);
    }

    private void giveBackOfTheDead() {
        // Leases first: a process that connects and leases in between is not among them.
        Map<String, String> leases = keeper.hgetAll(LEASES);
        Set<String> living = keeper.clientList()
                .lines()
                .flatMap(line -> Arrays.stream(line.split(" ")))
                .filter(field -> field.startsWith("id="))
                .map(field -> field.substring("id=".length()))
                .collect(Collectors.toSet());
        leases.forEach((number, owner) -> {
            if (!living.contains(owner.substring(0, owner.indexOf(':')))) {
                keeper.eval(GIVE_BACK, List.of(LEASES), List.of(number, owner));
            }
        });
    }

    /** Only once: a client that is closed twice must not empty the database of the next. */
    private synchronized void giveBack(Lease lease) {
        if (!held.contains(lease)) {
            return;
        }
        try {
            connect();
            keeper.eval(GIVE_BACK, List.of(LEASES), List.of(Integer.toString(lease.number), lease.owner));
        } catch (JedisConnectionException e) {
            // The server is gone and nobody can use the database; should it return, the lease is that of a dead
            // connection.
            disconnect();
        }
        held.remove(lease);
    }

    private void connect() {
        if (keeper != null && answers()) {
            return;
        }
        disconnect();
        keeper = server.connect();
        keeperId = keeper.clientId();
        databases = countDatabases();
        // What is held stays held although the connection that it named is lost.
        for (Lease lease : held) {
            lease.owner = newOwner();
            keeper.hset(LEASES, Integer.toString(lease.number), lease.owner);
        }
    }

    private int countDatabases() {
        try {
            return Integer.parseInt(keeper.configGet("databases").get("databases"));
        } catch (JedisDataException e) {
            // A server of the user's may forbid CONFIG; this is how many it has unless it was told otherwise.
            return DEFAULT_DATABASES;
        }
    }

    private String newOwner() {
        return keeperId + ":" + UUID.randomUUID();
    }

    private boolean answers() {
        try {
            return "PONG".equals(keeper.ping());
        } catch (JedisConnectionException e) {
            return false;
        }
    }

    private void disconnect() {
        if (keeper != null) {
            keeper.close();
            keeper = null;
        }
    }

    /** A number and who holds it, as the server was told. */
    private static final class Lease {

        private final int number;
        private String owner;

        Lease(int number, String owner) {
            this.number = number;
            this.owner = owner;
        }
    }
}
