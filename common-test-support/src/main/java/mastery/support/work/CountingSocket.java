package mastery.support.work;

import java.io.FilterInputStream;
import java.io.FilterOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.Socket;

/** A plain socket that reports what it sends and receives; one kind serves all three drivers. */
final class CountingSocket extends Socket {
    private final RoundTrips counter;

    /** Written since the last read: the next byte that arrives completes a round trip. */
    private volatile boolean waiting;

    CountingSocket(RoundTrips counter) {
        this.counter = counter;
    }

    @Override
    public InputStream getInputStream() throws IOException {
        return new Received(super.getInputStream());
    }

    @Override
    public OutputStream getOutputStream() throws IOException {
        return new Sent(super.getOutputStream());
    }

    private void received(int bytes) {
        if (bytes > 0) {
            counter.received(bytes, waiting);
            waiting = false;
        }
    }

    private void sent(int bytes) {
        counter.sent(bytes);
        waiting = true;
    }

    private final class Received extends FilterInputStream {
        Received(InputStream in) {
            super(in);
        }

        @Override
        public int read() throws IOException {
            int value = in.read();
            received(value < 0 ? 0 : 1);
            return value;
        }

        @Override
        public int read(byte[] buffer, int offset, int length) throws IOException {
            int count = in.read(buffer, offset, length);
            received(count);
            return count;
        }
    }

    private final class Sent extends FilterOutputStream {
        Sent(OutputStream out) {
            super(out);
        }

        @Override
        public void write(int value) throws IOException {
            out.write(value);
            sent(1);
        }

        @Override
        public void write(byte[] buffer, int offset, int length) throws IOException {
            out.write(buffer, offset, length);
            sent(length);
        }
    }
}
