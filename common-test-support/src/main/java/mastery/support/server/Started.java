package mastery.support.server;

import java.util.Collection;
import java.util.concurrent.ConcurrentLinkedQueue;

/** The nodes that this JVM started and still runs; the last of them end with it. */
final class Started {

    private static final Collection<Node> NODES = new ConcurrentLinkedQueue<>();

    static {
        Runtime.getRuntime().addShutdownHook(new Thread(Started::disposeAll, "mastery-shutdown"));
    }

    private Started() {}

    /** Sees to it that what is started from now on ends with this JVM, and that its directory goes. */
    static void endWithJvm() {
        // The first use of this class did it.
    }

    static <N extends Node> N track(N node) {
        NODES.add(node);
        return node;
    }

    /** Ends a node for good and removes its data. */
    static void dispose(Node node) {
        if (NODES.remove(node)) {
            end(node);
        }
    }

    private static void disposeAll() {
        NODES.parallelStream().forEach(Started::end);
        RunDirectory.removeCurrent();
    }

    private static void end(Node node) {
        if (node instanceof NativeNode nativeNode) {
            nativeNode.dispose();
        } else if (node instanceof ContainerNode containerNode) {
            containerNode.dispose();
        }
    }
}
