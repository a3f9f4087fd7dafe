package mastery.support.provision;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpHandler;
import com.sun.net.httpserver.HttpServer;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.URI;
import java.util.List;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;

/** A web server on loopback that answers each request as told, and with the file once nothing more is told. */
final class FaultyServer implements AutoCloseable {

    final List<String> ranges = new CopyOnWriteArrayList<>();

    private final byte[] file;
    private final Queue<HttpHandler> answers = new ConcurrentLinkedQueue<>();
    private final ExecutorService threads = Executors.newCachedThreadPool();
    private final HttpServer server;

    FaultyServer(byte[] file) throws IOException {
        this.file = file;
        this.server = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
        server.setExecutor(threads);
        server.createContext("/", this::answer);
        server.start();
    }

    URI uri() {
        return URI.create("http://127.0.0.1:" + server.getAddress().getPort() + "/file.bin");
    }

    FaultyServer then(HttpHandler answer) {
        answers.add(answer);
        return this;
    }

    /** Announces everything, sends the first bytes of it and breaks the connection. */
    FaultyServer thenTearAfter(int bytes) {
        return then(exchange -> {
            exchange.sendResponseHeaders(200, file.length);
            exchange.getResponseBody().write(file, 0, bytes);
            exchange.getResponseBody().flush();
        });
    }

    FaultyServer thenStatus(int status) {
        return then(exchange -> exchange.sendResponseHeaders(status, -1));
    }

    FaultyServer thenSend(byte[] other) {
        return then(exchange -> whole(exchange, other));
    }

    static void whole(HttpExchange exchange, byte[] bytes) throws IOException {
        exchange.sendResponseHeaders(200, bytes.length);
        exchange.getResponseBody().write(bytes);
    }

    private void answer(HttpExchange exchange) throws IOException {
        String range = exchange.getRequestHeaders().getFirst("Range");
        ranges.add(range == null ? "whole" : range);
        try (exchange) {
            HttpHandler told = answers.poll();
            if (told != null) {
                told.handle(exchange);
            } else if (range == null) {
                whole(exchange, file);
            } else {
                int from = Integer.parseInt(range.replaceAll("\\D", ""));
                exchange.getResponseHeaders()
                        .set("Content-Range", "bytes " + from + "-" + (file.length - 1) + "/" + file.length);
                exchange.sendResponseHeaders(206, file.length - from);
                exchange.getResponseBody().write(file, from, file.length - from);
            }
        }
    }

    @Override
    public void close() {
        server.stop(0);
        threads.shutdownNow();
    }
}
