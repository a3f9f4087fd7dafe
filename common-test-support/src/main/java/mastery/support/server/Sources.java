package mastery.support.server;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.Supplier;

/** Chooses, for one engine, the source of a server: the user's own, a kept one, a container, a native process. */
final class Sources {

    private static final int PORT_ATTEMPTS = 5;

    private Sources() {}

    /**
     * A single node of an engine from the best source.
     *
     * @throws ServerException if the server the user named does not answer or is too old
     * @throws EngineUnavailableException if no source can provide the engine
     */
    static Node single(Engine engine) {
        Recipe recipe = Recipes.of(engine);
        Optional<String> url = Settings.url(engine);
        if (url.isPresent()) {
            return External.attach(recipe, url.get());
        }
        List<SourceKind> allowed = Settings.sources();
        Optional<Node> kept = KeptServers.attach(recipe).filter(node -> allowed.contains(node.source()));
        if (kept.isPresent()) {
            return kept.get();
        }
        List<String> reasons = new ArrayList<>();
        Optional<ContainerNode> container =
                container(recipe, allowed, reasons, () -> ContainerNode.start(recipe, NodeSpec.single()));
        if (container.isPresent()) {
            return Started.track(container.get());
        }
        return startNative(recipe, NodeSpec.single(), allowed, reasons);
    }

    /**
     * What runs in a container, if containers are allowed and the engine can run one; else the reason is added and, when a
     * native server takes its place, said in one line.
     */
    static <T> Optional<T> container(Recipe recipe, List<SourceKind> allowed, List<String> reasons, Supplier<T> start) {
        if (!allowed.contains(SourceKind.CONTAINER)) {
            return Optional.empty();
        }
        Optional<String> obstacle = ContainerEngine.obstacle(recipe.engine(), true);
        if (obstacle.isEmpty()) {
            try {
                return Optional.of(start.get());
            } catch (ServerException e) {
                if (!canFallBack(recipe, allowed)) {
                    throw e;
                }
                obstacle = Optional.of(e.getMessage().lines().findFirst().orElseThrow());
            }
        }
        if (ContainerEngine.socket().isPresent() && canFallBack(recipe, allowed)) {
            System.err.println("mastery: " + recipe.engine() + " runs natively: " + obstacle.get());
        }
        reasons.add("container: " + obstacle.get());
        return Optional.empty();
    }

    /** Whether a native server can take the place of a container. */
    private static boolean canFallBack(Recipe recipe, List<SourceKind> allowed) {
        return allowed.contains(SourceKind.NATIVE) && !NativePrograms.neverHas(recipe);
    }

    /**
     * A node of a test's own from the best source that starts servers.
     *
     * @throws EngineUnavailableException if no source can provide the engine
     */
    static Node own(Engine engine, NodeSpec spec) {
        Recipe recipe = Recipes.of(engine);
        List<SourceKind> allowed = Settings.sources();
        List<String> reasons = new ArrayList<>(List.of("external: a server of its own is started here"));
        Optional<ContainerNode> container =
                container(recipe, allowed, reasons, () -> ContainerNode.start(recipe, spec));
        return container.isPresent() ? Started.track(container.get()) : startNative(recipe, spec, allowed, reasons);
    }

    /**
     * Where the nodes of a topology are started, all from one source.
     *
     * @param nodes how many they will be at most
     * @throws EngineUnavailableException if no source can provide the engine
     */
    static NodeGroup group(Engine engine, int nodes) {
        Recipe recipe = Recipes.of(engine);
        List<SourceKind> allowed = Settings.sources();
        List<String> reasons = new ArrayList<>(List.of("external: a topology of several nodes is started here"));
        Optional<ContainerNetwork> network =
                container(recipe, allowed, reasons, () -> ContainerNetwork.open(engine, nodes));
        if (network.isPresent()) {
            ContainerNetwork shared = Started.track(network.get());
            return new NodeGroup(
                    spec -> Started.track(ContainerNode.startIn(shared, recipe, spec)), () -> Started.dispose(shared));
        }
        Programs programs = nativePrograms(recipe, allowed, reasons);
        return new NodeGroup(spec -> Started.track(startOnFreePort(recipe, programs, spec)), () -> {});
    }

    private static Node startNative(Recipe recipe, NodeSpec spec, List<SourceKind> allowed, List<String> reasons) {
        return Started.track(startOnFreePort(recipe, nativePrograms(recipe, allowed, reasons), spec));
    }

    /**
     * The programs of a native server.
     *
     * @param reasons why the other sources do not serve
     * @throws EngineUnavailableException if native servers are not allowed or the programs cannot be had
     */
    static Programs nativePrograms(Recipe recipe, List<SourceKind> allowed, List<String> reasons) {
        if (!allowed.contains(SourceKind.NATIVE)) {
            throw unavailable(recipe, reasons, "native: excluded by mastery.source; allow it");
        }
        try {
            return NativePrograms.provide(recipe);
        } catch (ServerException e) {
            throw unavailable(recipe, reasons, "native: " + e.getMessage());
        }
    }

    /** Another program may take a port between the look and the start: then the next one is tried. */
    private static NativeNode startOnFreePort(Recipe recipe, Programs programs, NodeSpec spec) {
        for (int attempt = 1; ; attempt++) {
            NativeLaunch launch = newLaunch(
                    recipe, programs, spec, RunDirectory.current().newNodeDirectory(recipe.engine(), spec.name()));
            try {
                return NativeNode.start(recipe, launch);
            } catch (ServerDiedException e) {
                boolean portTaken = !Ports.isFree(launch.address().port());
                RunDirectory.remove(launch.directory());
                if (!portTaken || attempt == PORT_ATTEMPTS) {
                    throw e;
                }
            }
        }
    }

    static NativeLaunch newLaunch(Recipe recipe, Programs programs, NodeSpec spec, java.nio.file.Path directory) {
        return new NativeLaunch(
                programs,
                directory,
                Address.loopback(
                        Ports.free(), recipe.administrator(), spec.password().orElseGet(Passwords::generate)),
                spec);
    }

    private static EngineUnavailableException unavailable(Recipe recipe, List<String> reasons, String last) {
        Engine engine = recipe.engine();
        List<String> all = new ArrayList<>(reasons);
        all.add(last);
        return new EngineUnavailableException(
                engine,
                engine + " cannot be had on this machine.\n  " + String.join("\n  ", all) + "\n" + "Cure: "
                        + recipe.cure() + ".");
    }
}
