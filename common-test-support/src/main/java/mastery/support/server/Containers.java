package mastery.support.server;

import com.github.dockerjava.api.command.CreateContainerCmd;
import com.github.dockerjava.api.command.InspectContainerResponse;
import com.github.dockerjava.api.exception.ConflictException;
import com.github.dockerjava.api.exception.NotFoundException;
import com.github.dockerjava.api.model.Container;
import com.github.dockerjava.api.model.ExposedPort;
import com.github.dockerjava.api.model.HealthCheck;
import com.github.dockerjava.api.model.HostConfig;
import com.github.dockerjava.api.model.PortBinding;
import com.github.dockerjava.api.model.Ports.Binding;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.UnaryOperator;

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

    /** The part that the container plays, for a person who looks at the list of containers. */
    private static final String NODE = "mastery.node";

    /**
     * Instead of the image's own, which asks on its usual port, every few seconds in every container of a cluster: whether a
     * node answers is asked from here.
     */
    private static final HealthCheck NO_CHECK = new HealthCheck().withTest(List.of("NONE"));

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

    /**
     * Creates a container of an engine's image, which does not run yet.
     *
     * @param part that it plays, such as {@code primary}
     * @return its id
     * @throws ServerException if the container engine refuses
     */
    static String create(
            Engine engine, String part, Map<String, String> labels, UnaryOperator<CreateContainerCmd> configuration) {
        Map<String, String> all = new HashMap<>(labels);
        all.put(NODE, part);
        String image = ContainerEngine.image(engine);
        try {
            return configuration
                    .apply(ContainerEngine.client()
                            .createContainerCmd(image)
                            .withLabels(all)
                            .withHealthcheck(NO_CHECK))
                    .exec()
                    .getId();
        } catch (RuntimeException e) {
            throw new ServerException(
                    "The container engine does not create a container of " + image + ": " + ContainerEngine.reason(e),
                    e);
        }
    }

    static void start(String container) {
        ContainerEngine.client().startContainerCmd(container).exec();
    }

    /**
     * Refuses a running container whose ports are not published: an engine without a bridge starts one all the same, and
     * nobody reaches it. One that has ended already is left to whoever tells of its end.
     *
     * @throws ServerException if nothing is published
     */
    static void requirePublished(String container) {
        InspectContainerResponse started =
                ContainerEngine.client().inspectContainerCmd(container).exec();
        boolean published = started.getNetworkSettings().getPorts().getBindings().values().stream()
                .anyMatch(bindings -> bindings != null && bindings.length > 0);
        if (!published && Boolean.TRUE.equals(started.getState().getRunning())) {
            throw new ServerException("The container engine publishes no port here: it has no network for containers."
                    + " Start it with one, such as its bridge, which is there by default.");
        }
    }

    /** Publishes ports of a container under the same numbers, on the loopback interface of this machine alone. */
    static CreateContainerCmd publish(CreateContainerCmd container, Collection<Integer> ports) {
        return container
                .withExposedPorts(ports.stream().map(ExposedPort::tcp).toList())
                .withHostConfig(HostConfig.newHostConfig()
                        .withPortBindings(ports.stream()
                                .map(port -> new PortBinding(
                                        Binding.bindIpAndPort(Address.LOOPBACK, port), ExposedPort.tcp(port)))
                                .toList()));
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
        labelled(OWNER).parallelStream()
                .filter(container -> owner.equals(container.getLabels().get(OWNER)))
                .forEach(container -> remove(container.getId()));
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
