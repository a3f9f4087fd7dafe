package mastery.support.provision;

import java.io.IOException;
import java.io.InputStream;
import java.time.Duration;
import java.util.concurrent.ScheduledFuture;
import java.util.concurrent.ScheduledThreadPoolExecutor;
import java.util.concurrent.TimeUnit;

/** Reads a stream and closes it when no byte comes for a while: a request's own timeout ends with its headers. */
final class Watchdog implements AutoCloseable {

    private static final ScheduledThreadPoolExecutor TIMER = timer();

    private final InputStream in;
    private final Duration stall;
    private final ScheduledFuture<?> check;
    private volatile long lastByte = System.nanoTime();
    private volatile boolean stalled;

    Watchdog(InputStream in, Duration stall) {
        this.in = in;
        this.stall = stall;
        long period = Math.max(1, stall.toMillis() / 4);
        this.check = TIMER.scheduleWithFixedDelay(this::look, period, period, TimeUnit.MILLISECONDS);
    }

    int read(byte[] buffer) throws IOException {
        int n;
        try {
            n = in.read(buffer);
        } catch (IOException closed) {
            throw stalled ? stall(closed) : closed;
        }
        if (stalled) {
            throw stall(null);
        }
        lastByte = System.nanoTime();
        return n;
    }

    private IOException stall(IOException cause) {
        return new IOException("no byte came for " + stall.toMillis() / 1000.0 + " s", cause);
    }

    private void look() {
        if (System.nanoTime() - lastByte > stall.toNanos()) {
            stalled = true;
            try {
                in.close();
            } catch (IOException alreadyClosed) {
                // the reader is awake, which is all that this is for
            }
        }
    }

    @Override
    public void close() {
        check.cancel(false);
    }

    private static ScheduledThreadPoolExecutor timer() {
        ScheduledThreadPoolExecutor timer = new ScheduledThreadPoolExecutor(1, task -> {
            Thread thread = new Thread(task, "download-watchdog");
            thread.setDaemon(true);
            return thread;
        });
        timer.setRemoveOnCancelPolicy(true);
        return timer;
    }
}
