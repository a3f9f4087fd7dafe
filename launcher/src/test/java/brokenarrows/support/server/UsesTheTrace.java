package brokenarrows.support.server;

import brokenarrows.support.trace.Tale;

/** Wrong: the server is below the trace. */
public final class UsesTheTrace {

    private UsesTheTrace() {}

    public static void start() {
        Tale.tell(() -> {});
    }
}
