package mastery.support.provision;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;

/** A Maven repository on loopback: the files of a directory over HTTP, ranges too, with or without a login. */
final class RepositoryServer implements AutoCloseable {

    /** What was asked for: the request's target as it was sent. */
    final List<String> requests = new CopyOnWriteArrayList<>();

    private final Path files;
    private final String authorization;
    private final HttpServer server;

    /** @param authorization the header that a request must have; empty when none is asked for */
    RepositoryServer(Path files, String authorization) throws IOException {
        this.files = files;
        this.authorization = authorization;
        this.server = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
        server.createContext("/", this::answer);
        server.start();
    }

    int port() {
        return server.getAddress().getPort();
    }

    String url() {
        return "http://127.0.0.1:" + port() + "/maven";
    }

    private void answer(HttpExchange exchange) throws IOException {
        requests.add(exchange.getRequestURI().toString());
        try (exchange) {
            Path file = files.resolve(exchange.getRequestURI().getPath().replaceFirst("^/maven/", ""));
            String range = exchange.getRequestHeaders().getFirst("Range");
            String given = exchange.getRequestHeaders().getFirst("Authorization");
            if (!authorization.isEmpty() && !authorization.equals(given)) {
                exchange.getResponseHeaders().set("WWW-Authenticate", "Basic realm=\"maven\"");
                exchange.sendResponseHeaders(401, -1);
            } else if (!Files.isRegularFile(file)) {
                exchange.sendResponseHeaders(404, -1);
            } else if (exchange.getRequestMethod().equals("HEAD")) {
                exchange.sendResponseHeaders(200, -1);
            } else if (range == null) {
                FaultyServer.whole(exchange, Files.readAllBytes(file));
            } else {
                String[] bounds = range.replace("bytes=", "").split("-");
                byte[] part = Arrays.copyOfRange(
                        Files.readAllBytes(file), Integer.parseInt(bounds[0]), Integer.parseInt(bounds[1]) + 1);
                exchange.sendResponseHeaders(206, part.length);
                exchange.getResponseBody().write(part);
            }
        }
    }

    @Override
    public void close() {
        server.stop(0);
    }
}
