package mastery.support.trace;

import java.util.HashSet;
import java.util.List;
import java.util.Set;

/**
 * Hands each event to all readers, one event at a time, and counts statements. While it is quiet, statements are counted
 * and not handed on.
 */
public final class Trace {
    /** How many entries of a batch keep their bound values. */
    public static final int BINDS_KEPT = 20;

    private final List<TraceReader> readers;
    private final Thread owner = Thread.currentThread();
    private final Set<String> secrets = new HashSet<>();
    private int quiet;
    private long statements;
    private long roundTrips;
    private boolean roundTripsKnown;
    private long nanos;

    /** A trace whose own session is the calling thread. */
    public Trace(TraceReader... readers) {
        this.readers = List.of(readers);
    }

    /** From now on this text is shown as {@code ********} wherever a statement or its values contain it. */
    public synchronized void hide(String secret) {
        if (!secret.isEmpty()) {
            secrets.add(secret);
        }
    }

    /** Hands one event to all readers. */
    public synchronized void add(TraceEvent event) {
        if (event instanceof TraceEvent.Statement statement) {
            count(statement);
            if (quiet > 0) {
                return;
            }
            TraceEvent shown = masked(statement);
            readers.forEach(reader -> reader.read(shown));
        } else {
            readers.forEach(reader -> reader.read(event));
        }
    }

    private TraceEvent masked(TraceEvent.Statement statement) {
        if (secrets.isEmpty()) {
            return statement;
        }
        return new TraceEvent.Statement(
                statement.language(),
                statement.label(),
                statement.session(),
                mask(statement.text()),
                statement.binds().stream()
                        .map(values -> values.stream()
                                .map(value -> value instanceof String text ? mask(text) : value)
                                .toList())
                        .toList(),
                statement.batchSize(),
                statement.rowsReturned(),
                statement.rowsAffected(),
                mask(statement.reply()),
                statement.nanos(),
                statement.roundTrips(),
                statement.error());
    }

    private String mask(String text) {
        String masked = text;
        for (String secret : secrets) {
            masked = masked == null ? null : masked.replace(secret, "********");
        }
        return masked;
    }

    /** From now on statements are counted and not handed on, until {@link #loud} is called as often. */
    public synchronized void quiet() {
        quiet++;
    }

    /** The end of {@link #quiet}. */
    public synchronized void loud() {
        quiet--;
    }

    /** All work so far. */
    public synchronized TraceEvent.Counters counters(String caption) {
        return new TraceEvent.Counters(caption, statements, roundTripsKnown ? roundTrips : null, nanos);
    }

    /** The work since {@code earlier}. */
    public TraceEvent.Counters countersSince(TraceEvent.Counters earlier, String caption) {
        TraceEvent.Counters now = counters(caption);
        Long trips = now.roundTrips();
        if (trips != null && earlier.roundTrips() != null) {
            trips -= earlier.roundTrips();
        }
        return new TraceEvent.Counters(
                caption, now.statements() - earlier.statements(), trips, now.nanos() - earlier.nanos());
    }

    /** Tells all readers that the story is over. */
    public synchronized void end() {
        readers.forEach(TraceReader::end);
    }

    /** The name of the calling thread, or {@code null} on the trace's own. */
    String session() {
        Thread current = Thread.currentThread();
        return current == owner ? null : current.getName();
    }

    private void count(TraceEvent.Statement statement) {
        statements++;
        nanos += statement.nanos();
        if (statement.roundTrips() != null) {
            roundTripsKnown = true;
            roundTrips += statement.roundTrips();
        }
    }
}
