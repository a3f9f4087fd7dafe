package mastery.support.server;

import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.function.Function;

/**
 * Nodes of one topology, all from one source. Each is reached under the same address and port by the others and by
 * clients.
 */
public final class NodeGroup implements AutoCloseable {

    private final Function<NodeSpec, Node> start;
    private final Runnable release;
    private final Collection<Node> started = new ConcurrentLinkedQueue<>();
    private volatile boolean closed;

    /** @param release ends what the nodes shared; called after the last of them has ended */
    NodeGroup(Function<NodeSpec, Node> start, Runnable release) {
        this.start = start;
        this.release = release;
    }

    /**
     * Starts a node and returns when it answers. Several threads may start nodes at the same time.
     *
     * @throws ServerException if it does not start
     */
    public Node start(NodeSpec spec) {
        Node node = start.apply(spec);
        started.add(node);
        if (closed) {
            SharedServers.dispose(node);
            throw new IllegalStateException("The group of '" + spec.name() + "' was closed while it started.");
        }
        return node;
    }

    /**
     * Starts nodes at the same time and returns them in the order of their specifications.
     *
     * @throws ServerException if one of them does not start, after the others have started; {@link #close} ends these
     */
    public List<Node> startAll(List<NodeSpec> specs) {
        ExecutorService threads = Executors.newFixedThreadPool(specs.size());
        List<Future<Node>> starting =
                specs.stream().map(spec -> threads.submit(() -> start(spec))).toList();
        threads.shutdown();
        List<Node> nodes = new ArrayList<>();
        RuntimeException failure = null;
        for (Future<Node> each : starting) {
            try {
                nodes.add(each.get());
            } catch (ExecutionException e) {
                failure = e.getCause() instanceof RuntimeException cause
                        ? cause
                        : new IllegalStateException(e.getCause());
            } catch (InterruptedException e) {
                threads.shutdownNow();
                Thread.currentThread().interrupt();
                throw new ServerException("Interrupted while servers were starting.", e);
            }
        }
        if (failure != null) {
            throw failure;
        }
        return nodes;
    }

    /** Ends every node and removes its data. */
    @Override
    public void close() {
        closed = true;
        started.parallelStream().forEach(SharedServers::dispose);
        release.run();
    }
}
