package mastery.support.server;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.concurrent.TimeUnit;

/** Reads what a process prints, so that it never waits for a reader, and keeps the end of it. */
final class LastLines {

    private static final long END_LIMIT_SECONDS = 2;

    private final Deque<String> lines = new ArrayDeque<>();
    private final int count;
    private final Thread reader;

    LastLines(InputStream output, int count) {
        this.count = count;
        this.reader = new Thread(() -> read(output), "mastery-output");
        reader.setDaemon(true);
        reader.start();
    }

    private void read(InputStream output) {
        try (BufferedReader text = new BufferedReader(new InputStreamReader(output, StandardCharsets.UTF_8))) {
            text.lines().forEach(this::keep);
        } catch (IOException | UncheckedIOException e) {
            // The process was ended: what it said before counts.
            return;
        }
    }

    private synchronized void keep(String line) {
        lines.addLast(line);
        if (lines.size() > count) {
            lines.removeFirst();
        }
    }

    /** The last lines; call it after the process has ended. A child that outlives it is not waited for. */
    String text() throws InterruptedException {
        reader.join(TimeUnit.SECONDS.toMillis(END_LIMIT_SECONDS));
        synchronized (this) {
            return String.join("\n", lines);
        }
    }
}
