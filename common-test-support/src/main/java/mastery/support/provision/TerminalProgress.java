package mastery.support.provision;

import java.io.IOException;
import java.io.PrintStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.Locale;
import java.util.Map;
import java.util.function.LongSupplier;

/** Progress as text: a rewritten line every tenth of a second, or a line of its own every three seconds. */
final class TerminalProgress implements Progress {

    static final Progress STANDARD_ERROR = new TerminalProgress(System.err, isTerminal(), System::nanoTime);

    private static final long MILLISECOND = 1_000_000;

    private final PrintStream out;
    private final boolean rewrites;
    private final LongSupplier nanoTime;
    private final Map<String, Long> lastShown = new HashMap<>();
    private int openLine;

    TerminalProgress(PrintStream out, boolean rewrites, LongSupplier nanoTime) {
        this.out = out;
        this.rewrites = rewrites;
        this.nanoTime = nanoTime;
    }

    @Override
    public synchronized void bytes(String what, long done, long total) {
        long now = nanoTime.getAsLong();
        boolean last = done == total;
        Long shown = lastShown.putIfAbsent(what, now);
        long pause = (rewrites ? 100 : 3000) * MILLISECOND;
        boolean due = shown == null ? rewrites : now - shown >= pause;
        if (last) {
            lastShown.remove(what);
        } else if (due) {
            lastShown.put(what, now);
        }
        if (due || last) {
            show(what + ": " + amount(done, total), last);
        }
    }

    @Override
    public synchronized void step(String what) {
        show(what, true);
    }

    private void show(String line, boolean last) {
        if (!rewrites) {
            out.println(line);
            return;
        }
        // spaces wipe what a longer line before left behind
        out.print("\r" + line + " ".repeat(Math.max(0, openLine - line.length())));
        openLine = last ? 0 : line.length();
        if (last) {
            out.println();
        }
        out.flush();
    }

    private static String amount(long done, long total) {
        return total < 0
                ? String.format(Locale.ROOT, "%.1f MB", done / 1e6)
                : String.format(Locale.ROOT, "%.1f of %.1f MB (%d%%)", done / 1e6, total / 1e6, percent(done, total));
    }

    private static long percent(long done, long total) {
        return total == 0 ? 100 : 100 * done / total;
    }

    /** {@code System.console()} answers for input and output together, and differently since Java 22. */
    private static boolean isTerminal() {
        Path standardError = Path.of("/proc/self/fd/2");
        if (Files.isSymbolicLink(standardError)) {
            try {
                String target = Files.readSymbolicLink(standardError).toString();
                return target.startsWith("/dev/pts/") || target.startsWith("/dev/tty");
            } catch (IOException unreadable) {
                return false;
            }
        }
        return System.console() != null && System.getenv("CI") == null;
    }
}
