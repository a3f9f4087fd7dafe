package mastery.support.server;

import java.util.EnumMap;
import java.util.Map;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.FutureTask;

/** One server for each engine in this JVM, started at its first use; different engines start in parallel. */
public final class SharedServers {

    private static final Map<Engine, FutureTask<Node>> NODES = new EnumMap<>(Engine.class);

    private SharedServers() {}

    /**
     * The shared single node of an engine.
     *
     * @throws ServerException if it cannot be had; the same reason is given to every later caller
     */
    public static Node single(Engine engine) {
        FutureTask<Node> start;
        boolean first;
        synchronized (NODES) {
            first = !NODES.containsKey(engine);
            start = NODES.computeIfAbsent(engine, key -> new FutureTask<>(() -> Sources.single(key)));
        }
        if (first) {
            start.run();
        }
        try {
            return start.get();
        } catch (ExecutionException e) {
            if (e.getCause() instanceof RuntimeException cause) {
                throw cause;
            }
            throw new IllegalStateException(e.getCause());
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new ServerException("Interrupted while " + engine + " was starting.", e);
        }
    }

    /**
     * Starts a node of the caller's own, which knows no other; end it with {@link #dispose}.
     *
     * @throws EngineUnavailableException if the engine cannot be had here
     */
    public static Node start(Engine engine, NodeSpec spec) {
        return Sources.own(engine, spec);
    }

    /**
     * Where the nodes of a topology are started, so that they reach each other and are reached under the same addresses.
     *
     * @param nodes how many they will be at most
     * @throws EngineUnavailableException if the engine cannot be had here
     */
    public static NodeGroup group(Engine engine, int nodes) {
        return Sources.group(engine, nodes);
    }

    /** Ends a node that was started here and removes its data. */
    public static void dispose(Node node) {
        Started.dispose(node);
    }
}
