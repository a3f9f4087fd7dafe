package mastery.support.mongodb;

import com.mongodb.MongoTimeoutException;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import mastery.support.server.Engine;
import mastery.support.server.Node;
import mastery.support.server.NodeSpec;
import mastery.support.server.ServerException;
import mastery.support.server.SharedServers;

/** Starts several nodes of a topology at once, and all of them or none. */
final class Members {

    private Members() {}

    /** The nodes in the order of their specifications. If one fails the others are ended, and it is thrown. */
    static List<Node> start(List<NodeSpec> specs) {
        return inParallel(specs.stream()
                .map(spec -> (Callable<Node>) () -> SharedServers.start(Engine.MONGODB, spec))
                .toList());
    }

    private static List<Node> inParallel(List<Callable<Node>> starts) {
        ExecutorService threads = Executors.newFixedThreadPool(starts.size());
        List<Future<Node>> started = starts.stream().map(threads::submit).toList();
        threads.shutdown();
        List<Node> nodes = new ArrayList<>();
        RuntimeException failure = null;
        for (Future<Node> node : started) {
            try {
                nodes.add(node.get());
            } catch (ExecutionException e) {
                failure = e.getCause() instanceof RuntimeException cause ? cause : new IllegalStateException(e);
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
                failure = new ServerException("Interrupted while MongoDB was starting.", e);
            }
        }
        if (failure != null) {
            nodes.forEach(SharedServers::dispose);
            throw failure;
        }
        return nodes;
    }

    /** A server that refuses to answer may be asked again; one that is not there may not. */
    static boolean refused(Throwable failure) {
        return !(failure instanceof MongoTimeoutException);
    }
}
