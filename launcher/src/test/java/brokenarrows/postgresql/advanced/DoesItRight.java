package brokenarrows.postgresql.advanced;

import brokenarrows.support.trace.Tale;

/** Right: only main, and the lambdas in it, use the support. */
public final class DoesItRight {

    private DoesItRight() {}

    public static void main(String[] arguments) {
        Tale.tell(() -> Tale.tell(() -> answer()));
    }

    public static int answer() {
        return 42;
    }
}
