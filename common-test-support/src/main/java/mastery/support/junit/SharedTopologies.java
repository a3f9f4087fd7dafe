package mastery.support.junit;

import java.lang.annotation.Annotation;
import java.util.HashMap;
import java.util.Map;
import java.util.function.Supplier;
import mastery.support.server.Topology;

/**
 * Topologies that test classes use one after another. One that a test disturbed, by stopping, killing or pausing a
 * node, is ended instead of being handed on.
 */
final class SharedTopologies {

    private static final Map<Annotation, Topology> READY = new HashMap<>();

    private SharedTopologies() {}

    /** The topology that an annotation describes; {@link TopologyLocks} sees to it that one class has it at a time. */
    @SuppressWarnings("unchecked")
    static synchronized <T extends Topology> T take(Annotation description, Supplier<T> start) {
        return (T) READY.computeIfAbsent(description, key -> start.get());
    }

    static synchronized void giveBack(Topology topology) {
        if (topology.isDisturbed()) {
            READY.values().remove(topology);
            topology.close();
        }
    }
}
