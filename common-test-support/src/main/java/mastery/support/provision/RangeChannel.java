package mastery.support.provision;

import java.io.IOException;
import java.io.InputStream;
import java.net.http.HttpClient;
import java.net.http.HttpResponse;
import java.nio.ByteBuffer;
import java.nio.channels.ClosedChannelException;
import java.nio.channels.NonWritableChannelException;
import java.nio.channels.SeekableByteChannel;
import java.time.Duration;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * A file of a web server as a channel: what is read is asked for by HTTP range requests, a window at a time, and nothing
 * else of the file comes over the network. What breaks on the way is asked for again.
 *
 * <p>Source: RFC 9110, "Range Requests".
 */
final class RangeChannel implements SeekableByteChannel {

    /** The server will not hand out parts of this file, however often it is asked. */
    static final class Refused extends IOException {
        Refused(String message) {
            super(message);
        }
    }

    static final int WINDOW = 1 << 20;
    private static final int ATTEMPTS = 5;
    private static final Set<Integer> WORTH_ANOTHER_ATTEMPT = Set.of(408, 425, 429, 500, 502, 503, 504);
    private static final Pattern CONTENT_RANGE = Pattern.compile("bytes (\\d+)-(\\d+)/(\\d+)");

    private final RemoteFile file;
    private final HttpClient client;
    private final Duration stall;
    private final Duration backoff;
    private final long size;
    private long position;
    private long windowStart;
    private byte[] window = new byte[0];
    private boolean closed;

    /**
     * Asks for the first byte, to learn how long the file is.
     *
     * @param stall how long nothing may come before an answer counts as broken
     * @param backoff the pause before the second attempt; each later one is twice as long
     * @throws Refused when the file is not there or the server sends no ranges
     * @throws IOException when the server does not answer
     */
    RangeChannel(RemoteFile file, Duration stall, Duration backoff) throws IOException {
        this.file = file;
        this.client = file.newClient();
        this.stall = stall;
        this.backoff = backoff;
        this.size = fetch(0, 1).total();
    }

    @Override
    public int read(ByteBuffer target) throws IOException {
        if (closed) {
            throw new ClosedChannelException();
        }
        if (position >= size) {
            return -1;
        }
        if (position < windowStart || position >= windowStart + window.length) {
            // At multiples of its length, so that reading backwards does not ask for each byte.
            windowStart = position - position % WINDOW;
            window = new byte[0];
            window = fetch(windowStart, (int) Math.min(WINDOW, size - windowStart))
                    .bytes();
        }
        int from = (int) (position - windowStart);
        int count = Math.min(target.remaining(), window.length - from);
        target.put(window, from, count);
        position += count;
        return count;
    }

    private record Part(byte[] bytes, long total) {}

    private Part fetch(long from, int count) throws IOException {
        for (int attempt = 1; ; attempt++) {
            try {
                return fetchOnce(from, count);
            } catch (Refused refusal) {
                throw refusal;
            } catch (IOException failure) {
                if (attempt == ATTEMPTS) {
                    throw new IOException(failure.getMessage() + " (" + ATTEMPTS + " attempts)", failure);
                }
                pause(backoff.multipliedBy(1L << (attempt - 1)));
            }
        }
    }

    private Part fetchOnce(long from, int count) throws IOException {
        HttpResponse<InputStream> response;
        try {
            response = client.send(
                    file.newRequest()
                            .timeout(stall)
                            .header("Range", "bytes=" + from + "-" + (from + count - 1))
                            .build(),
                    HttpResponse.BodyHandlers.ofInputStream());
        } catch (InterruptedException stop) {
            throw stopped(stop);
        } catch (IOException failure) {
            throw new IOException(HttpTransfer.reason(file.uri(), failure), failure);
        }
        try (InputStream body = response.body();
                Watchdog watchdog = new Watchdog(body, stall)) {
            long total = total(response, from, count);
            return new Part(exactly(count, watchdog), total);
        }
    }

    private long total(HttpResponse<?> response, long from, int count) throws IOException {
        int status = response.statusCode();
        if (WORTH_ANOTHER_ATTEMPT.contains(status)) {
            throw new IOException("the server answers HTTP " + status);
        }
        if (status == 200) {
            throw new Refused("the server sends the whole file where a part is asked for (no range requests)");
        }
        if (status != 206) {
            throw new Refused("the server answers HTTP " + status);
        }
        String range = response.headers().firstValue("Content-Range").orElse("");
        Matcher matcher = CONTENT_RANGE.matcher(range);
        if (!matcher.matches()
                || Long.parseLong(matcher.group(1)) != from
                || Long.parseLong(matcher.group(2)) != from + count - 1) {
            throw new Refused("the server sends another range than the bytes from " + from + ": " + range);
        }
        long total = Long.parseLong(matcher.group(3));
        if (size != 0 && total != size) {
            throw new Refused("the file changed while it was read, from " + size + " to " + total + " bytes");
        }
        return total;
    }

    private static byte[] exactly(int count, Watchdog body) throws IOException {
        byte[] bytes = new byte[count];
        byte[] buffer = new byte[Math.min(count, 64 * 1024)];
        int done = 0;
        while (done < count) {
            int n = body.read(buffer);
            if (n < 0) {
                throw new IOException("the connection ended after " + done + " of " + count + " bytes");
            }
            int kept = Math.min(n, count - done);
            System.arraycopy(buffer, 0, bytes, done, kept);
            done += kept;
        }
        return bytes;
    }

    private void pause(Duration duration) {
        try {
            Thread.sleep(duration.toMillis());
        } catch (InterruptedException stop) {
            throw stopped(stop);
        }
    }

    private ProvisionException stopped(InterruptedException stop) {
        Thread.currentThread().interrupt();
        return new ProvisionException("Stopped while reading " + file + ".", stop);
    }

    @Override
    public long position() {
        return position;
    }

    @Override
    public SeekableByteChannel position(long newPosition) {
        if (newPosition < 0) {
            throw new IllegalArgumentException("Before the beginning: " + newPosition);
        }
        position = newPosition;
        return this;
    }

    @Override
    public long size() {
        return size;
    }

    @Override
    public boolean isOpen() {
        return !closed;
    }

    @Override
    public void close() {
        closed = true;
    }

    @Override
    public int write(ByteBuffer source) {
        throw new NonWritableChannelException();
    }

    @Override
    public SeekableByteChannel truncate(long newSize) {
        throw new NonWritableChannelException();
    }
}
