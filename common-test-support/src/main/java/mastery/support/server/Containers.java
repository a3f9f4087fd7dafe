package mastery.support.server;

import com.github.dockerjava.api.exception.ConflictException;
import com.github.dockerjava.api.exception.NotFoundException;
import com.github.dockerjava.api.model.Container;
import java.util.List;
import java.util.Map;

/**
 * The containers that were made here, told from others by their labels, so that none is left behind.
 *
 * <p>Labels carry the cache directory too: one engine may serve several users, or a machine and the virtual machines in
 * it, whose process ids say nothing to each other.
 */
final class Containers {

    private static final String CACHE = "mastery.cache";
    private static final String OWNER = "mastery.owner";
    private static final String KEPT = "mastery.kept";

    private Containers() {}

    /** The labels of a container that ends with this JVM. */
    static Map<String, String> ownedLabels() {
        return Map.of(CACHE, cache(), OWNER, OwnerMark.ofThisJvm());
    }

    /** The labels of a container that outlives this JVM. */
    static Map<String, String> keptLabels(Engine engine) {
        return Map.of(CACHE, cache(), KEPT, engine.id());
    }

    private static String cache() {
        return Cache.path().toString();
    }

    /** Removes the containers of JVMs that have ended without removing them. */
    static void sweep() {
        for (Container container : labelled(OWNER)) {
            if (OwnerMark.isDead(container.getLabels().get(OWNER))) {
                remove(container.getId());
            }
        }
    }

    /** Removes the containers of one JVM. */
    static void removeOwned(String owner) {
        for (Container container : labelled(OWNER)) {
            if (owner.equals(container.getLabels().get(OWNER))) {
                remove(container.getId());
            }
        }
    }

    /** Removes what a killed {@code up} left of an engine. */
    static void removeKept(Engine engine) {
        for (Container container : labelled(KEPT)) {
            if (engine.id().equals(container.getLabels().get(KEPT))) {
                remove(container.getId());
            }
        }
    }

    private static List<Container> labelled(String label) {
        return ContainerEngine.client()
                .listContainersCmd()
                .withShowAll(true)
                .withLabelFilter(Map.of(CACHE, cache()))
                .exec()
                .stream()
                .filter(container -> container.getLabels().containsKey(label))
                .toList();
    }

    /** Removes a container with its data; one that is gone, or that another process removes now, does not matter. */
    static void remove(String container) {
        try {
            ContainerEngine.client()
                    .removeContainerCmd(container)
                    .withForce(true)
                    .withRemoveVolumes(true)
                    .exec();
        } catch (NotFoundException | ConflictException e) {
            return;
        } catch (RuntimeException e) {
            throw new ServerException(
                    "Cannot remove the container " + container + ": " + ContainerEngine.reason(e)
                            + ". Start the container engine again, or remove it by hand.",
                    e);
        }
    }
}
