package mastery.support.server;

import java.util.Map;
import java.util.Optional;

/**
 * What a node is to be.
 *
 * @param name the part it plays, such as {@code replica-1}
 * @param settings server settings by their own names, added to those of the recipe
 * @param password of the administrator; a new one is generated where it is empty
 * @param upstream the node that this one copies and follows, for a replica
 */
public record NodeSpec(String name, Map<String, String> settings, Optional<String> password, Optional<Node> upstream) {

    /** A node on its own. */
    public static NodeSpec single() {
        return new NodeSpec("single", Map.of(), Optional.empty(), Optional.empty());
    }

    /** A node with settings of its own. */
    public static NodeSpec of(String name, Map<String, String> settings) {
        return new NodeSpec(name, Map.copyOf(settings), Optional.empty(), Optional.empty());
    }

    /** A node of a topology whose nodes share a password. */
    public static NodeSpec member(String name, Map<String, String> settings, String password) {
        return new NodeSpec(name, Map.copyOf(settings), Optional.of(password), Optional.empty());
    }

    /** A node that follows another. Its data is a copy, and so is its password. */
    public static NodeSpec replicaOf(Node upstream, String name, Map<String, String> settings) {
        return new NodeSpec(name, Map.copyOf(settings), Optional.of(upstream.password()), Optional.of(upstream));
    }
}
