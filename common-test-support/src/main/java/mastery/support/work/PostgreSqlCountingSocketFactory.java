package mastery.support.work;

import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.Socket;
import javax.net.SocketFactory;

/**
 * Named in pgjdbc's connection property {@code socketFactory}; {@code socketFactoryArg} is the id of a
 * {@link RoundTrips}. pgjdbc makes it by reflection, so it is public and takes one string.
 */
public final class PostgreSqlCountingSocketFactory extends SocketFactory {
    private final RoundTrips counter;

    /** @param id {@link RoundTrips#id()} */
    public PostgreSqlCountingSocketFactory(String id) {
        counter = RoundTrips.byId(id);
    }

    @Override
    public Socket createSocket() {
        return new CountingSocket(counter);
    }

    @Override
    public Socket createSocket(String host, int port) throws IOException {
        return connected(new InetSocketAddress(host, port), null);
    }

    @Override
    public Socket createSocket(String host, int port, InetAddress localHost, int localPort) throws IOException {
        return connected(new InetSocketAddress(host, port), new InetSocketAddress(localHost, localPort));
    }

    @Override
    public Socket createSocket(InetAddress host, int port) throws IOException {
        return connected(new InetSocketAddress(host, port), null);
    }

    @Override
    public Socket createSocket(InetAddress host, int port, InetAddress localHost, int localPort) throws IOException {
        return connected(new InetSocketAddress(host, port), new InetSocketAddress(localHost, localPort));
    }

    private Socket connected(InetSocketAddress remote, InetSocketAddress local) throws IOException {
        Socket socket = new CountingSocket(counter);
        socket.bind(local);
        socket.connect(remote);
        return socket;
    }
}
