package mastery.support.provision;

import java.io.IOException;
import java.io.InputStream;
import java.net.ConnectException;
import java.net.ProxySelector;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.channels.UnresolvedAddressException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Duration;
import java.util.Set;

/**
 * One attempt to bring the rest of a file here. Bytes are appended to the part file as they come, so whatever ends the
 * attempt, the part file holds a beginning of what the server sent.
 */
final class HttpTransfer {

    /** Worth another attempt: the connection broke, or the server said that it cannot answer now. */
    static final class Interrupted extends IOException {
        Interrupted(String message, Throwable cause) {
            super(message, cause);
        }
    }

    private static final Set<Integer> WORTH_ANOTHER_ATTEMPT = Set.of(408, 425, 429, 500, 502, 503, 504);
    private static final int RANGE_NOT_SATISFIABLE = 416;

    private final HttpClient client;
    private final Duration stall;

    HttpTransfer(ProxySelector proxies, Duration stall) {
        this.client = HttpClient.newBuilder()
                .proxy(proxies)
                .connectTimeout(Duration.ofSeconds(10))
                .followRedirects(HttpClient.Redirect.NORMAL)
                .version(HttpClient.Version.HTTP_1_1)
                .build();
        this.stall = stall;
    }

    /**
     * Fetches what the part file lacks.
     *
     * @throws Interrupted when another attempt may help
     * @throws ProvisionException when none can: the server refuses, or the file cannot be written
     */
    void run(Artifact artifact, Path part, Progress progress) throws Interrupted {
        long present = size(part);
        if (present > 0 && present == artifact.size()) {
            return;
        }
        HttpRequest.Builder request =
                HttpRequest.newBuilder(artifact.source()).timeout(stall).GET();
        if (present > 0) {
            request.header("Range", "bytes=" + present + "-");
        }
        HttpResponse<InputStream> response = send(artifact.source(), request.build());
        try (InputStream body = response.body()) {
            int status = response.statusCode();
            long announced =
                    response.headers().firstValueAsLong("Content-Length").orElse(-1);
            if (status == 206 && startsAt(response, present)) {
                append(artifact, part, present, body, announced, progress);
            } else if (status == 200) {
                // the server sends the whole, asked for the rest or not
                append(artifact, part, 0, body, announced, progress);
            } else if (status == 206 || status == RANGE_NOT_SATISFIABLE && present > 0) {
                delete(part);
                throw new Interrupted("the server has no such range", null);
            } else if (WORTH_ANOTHER_ATTEMPT.contains(status)) {
                throw new Interrupted("the server answers HTTP " + status, null);
            } else {
                throw new ProvisionException("Cannot download " + artifact.fileName() + " from " + artifact.source()
                        + ": the server answers HTTP " + status
                        + ". Check the address and, behind a proxy, that it lets this through.");
            }
        } catch (Interrupted failure) {
            throw failure;
        } catch (IOException closing) {
            throw new Interrupted(reason(artifact.source(), closing), closing);
        }
    }

    private HttpResponse<InputStream> send(URI source, HttpRequest request) throws Interrupted {
        try {
            return client.send(request, HttpResponse.BodyHandlers.ofInputStream());
        } catch (IOException failure) {
            throw new Interrupted(reason(source, failure), failure);
        } catch (InterruptedException stop) {
            Thread.currentThread().interrupt();
            throw new ProvisionException("Stopped while downloading " + source + ".", stop);
        }
    }

    private void append(Artifact artifact, Path part, long from, InputStream body, long announced, Progress progress)
            throws Interrupted {
        long total = artifact.size() >= 0 ? artifact.size() : announced < 0 ? -1 : from + announced;
        long done = from;
        try (FileChannel out = open(part, from);
                Watchdog watchdog = new Watchdog(body, stall)) {
            byte[] buffer = new byte[64 * 1024];
            for (int n = read(artifact, watchdog, buffer); n >= 0; n = read(artifact, watchdog, buffer)) {
                write(out, ByteBuffer.wrap(buffer, 0, n), part);
                done += n;
                if (artifact.size() >= 0 && done > artifact.size()) {
                    return; // more than there may be: the checksum says so, and an endless answer ends here
                }
                if (done != total) {
                    progress.bytes(artifact.fileName(), done, total);
                }
            }
        } catch (Interrupted failure) {
            throw failure;
        } catch (IOException closing) {
            throw ProvisionException.writing(part, closing);
        }
        if (total >= 0 && done < total) {
            throw new Interrupted("the connection ended after " + done + " of " + total + " bytes", null);
        }
    }

    private int read(Artifact artifact, Watchdog body, byte[] buffer) throws Interrupted {
        try {
            return body.read(buffer);
        } catch (IOException failure) {
            throw new Interrupted(reason(artifact.source(), failure), failure);
        }
    }

    private static FileChannel open(Path part, long from) {
        try {
            FileChannel out = FileChannel.open(part, StandardOpenOption.CREATE, StandardOpenOption.WRITE);
            return out.truncate(from).position(from);
        } catch (IOException failure) {
            throw ProvisionException.writing(part, failure);
        }
    }

    private static void write(FileChannel out, ByteBuffer bytes, Path part) {
        try {
            while (bytes.hasRemaining()) {
                out.write(bytes);
            }
        } catch (IOException failure) {
            throw ProvisionException.writing(part, failure);
        }
    }

    private static boolean startsAt(HttpResponse<?> response, long offset) {
        return response.headers().firstValue("Content-Range").orElse("").startsWith("bytes " + offset + "-");
    }

    static long size(Path part) {
        try {
            return Files.exists(part) ? Files.size(part) : 0;
        } catch (IOException failure) {
            throw ProvisionException.writing(part, failure);
        }
    }

    static void delete(Path part) {
        try {
            Files.deleteIfExists(part);
        } catch (IOException failure) {
            throw ProvisionException.writing(part, failure);
        }
    }

    /** The client wraps causes and leaves messages out; this finds what a person can act on. */
    static String reason(URI source, IOException failure) {
        for (Throwable each = failure; each != null; each = each.getCause()) {
            if (each instanceof UnresolvedAddressException) {
                return "the host name " + source.getHost() + " is unknown here";
            }
        }
        if (failure.getMessage() != null) {
            return failure.getMessage();
        }
        return failure instanceof ConnectException
                ? "no connection to " + source.getAuthority()
                : failure.getClass().getSimpleName();
    }
}
