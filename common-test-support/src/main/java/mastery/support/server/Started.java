package mastery.support.server;

import java.util.Collection;
import java.util.concurrent.ConcurrentLinkedQueue;

/** What this JVM started and still runs; the last of it ends with the JVM. */
final class Started {

    private static final Collection<Disposable> RUNNING = new ConcurrentLinkedQueue<>();

    static {
        Runtime.getRuntime().addShutdownHook(new Thread(Started::disposeAll, "mastery-shutdown"));
    }

    private Started() {}

    /** Sees to it that what is started from now on ends with this JVM, and that its directory goes. */
    static void endWithJvm() {
        // The first use of this class did it.
    }

    static <D extends Disposable> D track(D started) {
        RUNNING.add(started);
        return started;
    }

    /** Ends something for good and removes its data. */
    static void dispose(Object started) {
        if (started instanceof Disposable disposable && RUNNING.remove(disposable)) {
            disposable.dispose();
        }
    }

    private static void disposeAll() {
        RUNNING.parallelStream().forEach(Disposable::dispose);
        RunDirectory.removeCurrent();
    }
}
