package mastery.support.server;

import java.util.List;

/** Several nodes wired together. Closing it ends them all. */
public interface Topology extends AutoCloseable {

    /** Every node, the first being the one that accepts writes where there is such a one. */
    List<Node> nodes();

    /** True once a node was stopped, killed or paused: the topology is then not handed to another test. */
    default boolean isDisturbed() {
        return nodes().stream().anyMatch(Node::isDisturbed);
    }

    @Override
    void close();
}
