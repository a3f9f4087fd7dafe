package mastery.support.work;

import com.microsoft.sqlserver.jdbc.SQLServerDataSource;
import com.mysql.cj.jdbc.MysqlDataSource;
import java.sql.SQLException;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicLong;
import javax.sql.DataSource;
import org.postgresql.ds.PGSimpleDataSource;
import redis.clients.jedis.HostAndPort;
import redis.clients.jedis.JedisClientConfig;
import redis.clients.jedis.JedisSocketFactory;

/**
 * Counts real network round trips at the socket, below the driver: whatever the driver sends in one go and then waits
 * for is one round trip, however many statements it holds.
 *
 * <p>One instance counts all sockets opened through it, on any thread. {@link #onThisThread()} counts all counted
 * sockets of the calling thread, which attributes work to a statement: the drivers read and write on the thread that
 * calls them.
 *
 * <p>The JDBC drivers put TLS above this socket, so round trips are still counted there (the handshake adds its own)
 * and bytes are the encrypted ones.
 */
public final class RoundTrips {
    /** Connector/J hands unknown connection properties through to the socket factory; this one carries the id. */
    static final String MYSQL_PROPERTY = "masteryRoundTrips";

    private static final Map<String, RoundTrips> BY_ID = new ConcurrentHashMap<>();
    private static final AtomicLong NEXT_ID = new AtomicLong();
    private static final ThreadLocal<long[]> THIS_THREAD = ThreadLocal.withInitial(() -> new long[3]);

    private final String id = "r" + NEXT_ID.incrementAndGet();
    private final AtomicLong roundTrips = new AtomicLong();
    private final AtomicLong bytesSent = new AtomicLong();
    private final AtomicLong bytesReceived = new AtomicLong();

    private RoundTrips() {}

    /** A new counter, at zero. */
    public static RoundTrips create() {
        RoundTrips counter = new RoundTrips();
        BY_ID.put(counter.id, counter);
        return counter;
    }

    /** The counter a driver was told about by its id; a new one when the id is unknown. */
    static RoundTrips byId(String id) {
        RoundTrips counter = id == null ? null : BY_ID.get(id);
        return counter == null ? create() : counter;
    }

    /** All traffic of the calling thread on counted sockets since the thread began. */
    public static Traffic onThisThread() {
        long[] own = THIS_THREAD.get();
        return new Traffic(own[0], own[1], own[2]);
    }

    /** What a driver is given as a string to find this counter again. */
    public String id() {
        return id;
    }

    /** All traffic on sockets of this counter so far. */
    public Traffic traffic() {
        return new Traffic(roundTrips.get(), bytesSent.get(), bytesReceived.get());
    }

    /** Round trips on sockets of this counter so far. */
    public long count() {
        return roundTrips.get();
    }

    /**
     * A data source to the same database whose connections are counted here. The given one is not changed.
     *
     * @param dataSource a {@link PGSimpleDataSource}, a {@link MysqlDataSource}, or a {@link SQLServerDataSource} whose URL
     *     holds all that it needs, the password too: the driver does not hand out one that was set apart
     * @throws IllegalArgumentException for any other kind: count below a pool, not above it
     */
    public DataSource counted(DataSource dataSource) {
        if (dataSource instanceof PGSimpleDataSource given) {
            return countedPostgreSql(given);
        }
        if (dataSource instanceof MysqlDataSource given) {
            return countedMySql(given);
        }
        if (dataSource instanceof SQLServerDataSource given) {
            return countedSqlServer(given);
        }
        throw new IllegalArgumentException("Cannot count the sockets of a "
                + dataSource.getClass().getName() + ": give the driver's own data source, below any pool or proxy.");
    }

    /** Whether {@link #counted(DataSource)} knows this kind of data source. */
    public static boolean canCount(DataSource dataSource) {
        return dataSource instanceof PGSimpleDataSource
                || dataSource instanceof MysqlDataSource
                || dataSource instanceof SQLServerDataSource;
    }

    /** A socket factory for Jedis whose plain (not TLS) sockets are counted here. */
    public JedisSocketFactory redis(HostAndPort address, JedisClientConfig config) {
        return new RedisCountingSocketFactory(this, address, config);
    }

    private DataSource countedPostgreSql(PGSimpleDataSource given) {
        PGSimpleDataSource counted = new PGSimpleDataSource();
        counted.setUrl(given.getUrl());
        counted.setUser(given.getUser());
        counted.setPassword(given.getPassword());
        counted.setSocketFactory(PostgreSqlCountingSocketFactory.class.getName());
        counted.setSocketFactoryArg(id);
        return counted;
    }

    private DataSource countedMySql(MysqlDataSource given) {
        MysqlDataSource counted = new MysqlDataSource();
        String url = given.getUrl();
        counted.setUrl(url + (url.contains("?") ? "&" : "?") + MYSQL_PROPERTY + "=" + id);
        counted.setUser(given.getUser());
        counted.setPassword(given.getPassword());
        try {
            counted.setSocketFactory(MySqlCountingSocketFactory.class.getName());
        } catch (SQLException refused) {
            throw new IllegalStateException(refused);
        }
        return counted;
    }

    private DataSource countedSqlServer(SQLServerDataSource given) {
        SQLServerDataSource counted = new SQLServerDataSource();
        counted.setURL(given.getURL());
        counted.setLoginTimeout(given.getLoginTimeout());
        counted.setSocketFactoryClass(SqlServerCountingSocketFactory.class.getName());
        counted.setSocketFactoryConstructorArg(id);
        return counted;
    }

    void sent(int bytes) {
        bytesSent.addAndGet(bytes);
        THIS_THREAD.get()[1] += bytes;
    }

    void received(int bytes, boolean answer) {
        bytesReceived.addAndGet(bytes);
        long[] own = THIS_THREAD.get();
        own[2] += bytes;
        if (answer) {
            roundTrips.incrementAndGet();
            own[0]++;
        }
    }
}
