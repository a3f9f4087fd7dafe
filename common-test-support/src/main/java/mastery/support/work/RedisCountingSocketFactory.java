package mastery.support.work;

import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.Socket;
import redis.clients.jedis.HostAndPort;
import redis.clients.jedis.JedisClientConfig;
import redis.clients.jedis.JedisSocketFactory;
import redis.clients.jedis.exceptions.JedisConnectionException;

/** Opens plain counted sockets for Jedis. */
record RedisCountingSocketFactory(RoundTrips counter, HostAndPort address, JedisClientConfig config)
        implements JedisSocketFactory {
    @Override
    public Socket createSocket() {
        Socket socket = new CountingSocket(counter);
        try {
            socket.setTcpNoDelay(true);
            socket.connect(
                    new InetSocketAddress(address.getHost(), address.getPort()), config.getConnectionTimeoutMillis());
            socket.setSoTimeout(config.getSocketTimeoutMillis());
            return socket;
        } catch (IOException failure) {
            closeQuietly(socket);
            throw new JedisConnectionException("Failed to connect to " + address, failure);
        }
    }

    private static void closeQuietly(Socket socket) {
        try {
            socket.close();
        } catch (IOException ignored) {
            // the connect failure is the one to report
        }
    }
}
