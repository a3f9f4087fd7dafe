package mastery.design.transactions;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicBoolean;

/** A wire to a server that can break at the worst moment: when the server has done what it was asked, and says so. */
final class CutWire implements AutoCloseable {

    private final ServerSocket entrance;
    private final String host;
    private final int port;
    private final AtomicBoolean loseNextAnswer = new AtomicBoolean();
    private final Set<Socket> open = ConcurrentHashMap.newKeySet();

    CutWire(String host, int port) throws IOException {
        this.host = host;
        this.port = port;
        this.entrance = new ServerSocket(0, 50, InetAddress.getLoopbackAddress());
        start(this::accept);
    }

    /** Where a client connects to instead of the server. */
    int port() {
        return entrance.getLocalPort();
    }

    /** The first bytes that come from the server now do not arrive, and their connection breaks. */
    void loseNextAnswer() {
        loseNextAnswer.set(true);
    }

    private void accept() throws IOException {
        while (true) {
            Socket client = entrance.accept();
            Socket server = new Socket(host, port);
            open.add(client);
            open.add(server);
            start(() -> pass(client, server, false));
            start(() -> pass(server, client, true));
        }
    }

    private void pass(Socket from, Socket to, boolean answers) throws IOException {
        byte[] buffer = new byte[8192];
        try (from;
                to) {
            InputStream in = from.getInputStream();
            OutputStream out = to.getOutputStream();
            for (int count = in.read(buffer); count >= 0; count = in.read(buffer)) {
                if (answers && loseNextAnswer.getAndSet(false)) {
                    return;
                }
                out.write(buffer, 0, count);
            }
        } finally {
            open.remove(from);
            open.remove(to);
        }
    }

    private interface Job {
        void run() throws IOException;
    }

    private static void start(Job job) {
        Thread thread = new Thread(
                () -> {
                    try {
                        job.run();
                    } catch (IOException broken) {
                        return; // one end is gone: the wire's work is done
                    }
                },
                "wire");
        thread.setDaemon(true);
        thread.start();
    }

    @Override
    public void close() throws IOException {
        entrance.close();
        for (Socket socket : open) {
            socket.close();
        }
    }
}
