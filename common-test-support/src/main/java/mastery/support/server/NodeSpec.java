package mastery.support.server;

import java.util.Map;
import java.util.Optional;

/**
 * What a node is to be.
 *
 * @param name the part it plays, such as {@code replica-1}
 * @param settings server settings by their own names, added to those of the recipe
 * @param upstream the node that this one copies and follows, for a replica
 */
public record NodeSpec(String name, Map<String, String> settings, Optional<Node> upstream) {

    /** A setting for the fixtures, not the server: the password that all nodes of a topology share. */
    public static final String PASSWORD = "mastery.password";

    /** A node on its own. */
    public static NodeSpec single() {
        return new NodeSpec("single", Map.of(), Optional.empty());
    }

    /** A node with settings of its own. */
    public static NodeSpec of(String name, Map<String, String> settings) {
        return new NodeSpec(name, Map.copyOf(settings), Optional.empty());
    }

    /** A node that follows another. */
    public static NodeSpec replicaOf(Node upstream, String name, Map<String, String> settings) {
        return new NodeSpec(name, Map.copyOf(settings), Optional.of(upstream));
    }
}
