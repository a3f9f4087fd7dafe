package mastery.support.server;

import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.Supplier;

/** Servers that outlive the JVM that started them, until {@code mastery down}. */
final class KeptServers {

    private static final long STOP_LIMIT_SECONDS = 30;

    private KeptServers() {}

    /** The kept server of an engine as a node, if one is up and answers. */
    static Optional<Node> attach(Recipe recipe) {
        return state(recipe.engine())
                .filter(state -> answers(recipe, state))
                .map(state -> new AttachedNode(
                        recipe.engine(), state.address(), state.identity(), state.build(), state.source()));
    }

    static Optional<KeptState> state(Engine engine) {
        return KeptState.read(file(engine));
    }

    static boolean answers(Recipe recipe, KeptState state) {
        if (state.processIsGone()) {
            return false;
        }
        try {
            recipe.identify(state.address());
            return true;
        } catch (Exception e) {
            return false;
        }
    }

    /** Finds or starts the kept server of an engine. */
    static KeptState up(Engine engine) {
        Recipe recipe = Recipes.of(engine);
        return locked(engine, () -> {
            Optional<KeptState> old = state(engine);
            if (old.isPresent() && answers(recipe, old.get())) {
                return old.get();
            }
            old.ifPresent(state -> remove(engine, state));
            KeptState state = start(recipe);
            state.write(file(engine));
            return state;
        });
    }

    /** Ends the kept server of an engine; false if there was none. */
    static boolean down(Engine engine) {
        return locked(engine, () -> {
            Optional<KeptState> state = state(engine);
            state.ifPresent(found -> remove(engine, found));
            return state.isPresent();
        });
    }

    private static KeptState start(Recipe recipe) {
        Engine engine = recipe.engine();
        List<SourceKind> allowed = Settings.sources();
        List<String> reasons = new ArrayList<>();
        Optional<ContainerNode> container =
                Sources.container(recipe, allowed, reasons, () -> ContainerNode.startKept(recipe));
        if (container.isPresent()) {
            return describe(container.get(), 0, "", container.get().containerId(), "");
        }
        Programs programs = Sources.nativePrograms(recipe, allowed, reasons);
        Path directory = directory().resolve(engine.id() + "-data");
        RunDirectory.remove(directory);
        NativeLaunch launch =
                Sources.newLaunch(recipe, programs, NodeSpec.single(), RunDirectory.createNodeDirectory(directory));
        try {
            NativeNode node = NativeNode.startDetached(recipe, launch);
            ProcessHandle process = node.process().toHandle();
            return describe(node, process.pid(), OwnerMark.of(process), "", directory.toString());
        } catch (RuntimeException e) {
            RunDirectory.remove(directory);
            throw e;
        }
    }

    private static KeptState describe(Node node, long pid, String owner, String container, String directory) {
        return new KeptState(
                node.engine().id(),
                node.source(),
                node.version(),
                node.identity().build(),
                node.build(),
                node.port(),
                node.user(),
                node.password(),
                pid,
                owner,
                container,
                directory,
                Instant.now().toString());
    }

    private static void remove(Engine engine, KeptState state) {
        if (!state.container().isEmpty()) {
            Containers.remove(state.container());
        } else if (!state.processIsGone()) {
            end(engine, state.pid());
        }
        try {
            Files.deleteIfExists(file(engine));
        } catch (IOException e) {
            throw new ServerException("Cannot delete " + file(engine) + ": " + e.getMessage() + ".", e);
        }
        if (!state.directory().isEmpty()) {
            Path directory = Path.of(state.directory());
            Recipes.of(engine).releaseLeftovers(directory);
            AttachSocket.removeLeft(directory);
            RunDirectory.remove(directory);
        }
    }

    private static void end(Engine engine, long pid) {
        ProcessHandle process = ProcessHandle.of(pid).orElseThrow();
        Commands.signal(Recipes.of(engine).stopSignal(), List.of(pid));
        try {
            process.onExit().get(STOP_LIMIT_SECONDS, TimeUnit.SECONDS);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        } catch (ExecutionException | TimeoutException e) {
            Commands.signal("KILL", List.of(pid));
        }
    }

    /** One change at a time on this machine: two builds that call {@code up} get the same server. */
    private static <T> T locked(Engine engine, Supplier<T> action) {
        Path lock = directory().resolve(engine.id() + ".lock");
        try (FileChannel channel = FileChannel.open(lock, StandardOpenOption.CREATE, StandardOpenOption.WRITE);
                FileLock held = channel.lock()) {
            assert held.isValid();
            return action.get();
        } catch (IOException e) {
            throw new ServerException(
                    "Cannot lock " + lock + ": " + e.getMessage()
                            + ". Make it writable, or name another cache with -Dmastery.cache=DIRECTORY.",
                    e);
        }
    }

    private static Path file(Engine engine) {
        return Cache.path().resolve("kept").resolve(engine.id() + ".json");
    }

    private static Path directory() {
        Path directory = Cache.path().resolve("kept");
        try {
            Files.createDirectories(directory);
            Files.setPosixFilePermissions(directory, PosixFilePermissions.fromString("rwx--x--x"));
            return directory;
        } catch (IOException e) {
            throw new ServerException(
                    "Cannot create " + directory + ": " + e.getMessage()
                            + ". Make it writable, or name another cache with -Dmastery.cache=DIRECTORY.",
                    e);
        }
    }
}
