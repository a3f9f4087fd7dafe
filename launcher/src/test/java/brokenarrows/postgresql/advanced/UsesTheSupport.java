package brokenarrows.postgresql.advanced;

import brokenarrows.support.trace.Tale;
import java.util.List;

/** Wrong: uses the support in every place but main. */
public final class UsesTheSupport {

    static Tale hasIt;

    private UsesTheSupport() {}

    static void callsIt() {
        Tale.tell(() -> {});
    }

    static Runnable callsItInALambda() {
        return () -> Tale.tell(() -> {});
    }

    static void takesIt(Tale[] tales) {}

    static void takesSeveral(List<Tale> tales) {}

    static Class<?> namesIt() {
        return Tale.class;
    }
}
