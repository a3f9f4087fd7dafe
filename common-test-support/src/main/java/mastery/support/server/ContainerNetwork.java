package mastery.support.server;

import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.stream.IntStream;

/**
 * The network namespace that the containers of one cluster share. A container that does nothing but sleep holds it, and
 * publishes a port for each node on the loopback interface of this machine: so a node has one address and port, for the
 * other nodes as for clients out here, and keeps it while it is stopped, killed and started again.
 */
final class ContainerNetwork implements Disposable {

    private static final int PORT_ATTEMPTS = 5;

    private final String id;
    private final Queue<Integer> ports;

    private ContainerNetwork(String id, Queue<Integer> ports) {
        this.id = id;
        this.ports = ports;
    }

    /**
     * Opens a network whose holder runs the image of an engine, the one image that is here for sure. It is removed when this
     * JVM ends, however it ends.
     *
     * @param nodes how many nodes will join it; a container's ports cannot be published later
     * @throws ServerException if the container engine cannot publish ports here
     */
    static ContainerNetwork open(Engine engine, int nodes) {
        ContainerWatcher.ensureStarted();
        for (int attempt = 1; ; attempt++) {
            Queue<Integer> ports = new ConcurrentLinkedQueue<>(
                    IntStream.range(0, nodes).mapToObj(i -> Ports.free()).toList());
            ContainerNetwork network = new ContainerNetwork(
                    Containers.create(
                            engine,
                            "network",
                            Containers.ownedLabels(),
                            // No entrypoint of the image: it would prepare a server.
                            container -> Containers.publish(container, ports)
                                    .withEntrypoint("sleep")
                                    .withCmd("infinity")),
                    ports);
            try {
                Containers.start(network.id);
                Containers.requirePublished(network.id);
                return network;
            } catch (RuntimeException e) {
                network.dispose();
                if (ports.stream().allMatch(Ports::isFree) || attempt == PORT_ATTEMPTS) {
                    throw new ServerException(
                            "The container engine cannot hold a network for " + nodes + " nodes of " + engine + ": "
                                    + ContainerEngine.reason(e),
                            e);
                }
            }
        }
    }

    /** The container that holds it. */
    String id() {
        return id;
    }

    /** A published port that no node has yet. */
    int nextPort() {
        Integer port = ports.poll();
        if (port == null) {
            throw new IllegalStateException("Every published port of the network has a node already.");
        }
        return port;
    }

    @Override
    public void dispose() {
        Containers.remove(id);
    }
}
