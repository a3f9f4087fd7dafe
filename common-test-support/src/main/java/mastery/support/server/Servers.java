package mastery.support.server;

import java.nio.file.Path;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import mastery.support.provision.Progress;
import mastery.support.provision.ProvisionException;

/** What a person asks about servers from the command line: which would be used, and keep one running between runs. */
public final class Servers {

    private Servers() {}

    /**
     * Which source would serve an engine here.
     *
     * @param willUse the source, version and build in one line; empty if the engine cannot be had
     * @param notes why not the better sources, one line each
     * @param cure what to do to have the engine, or a better source of it
     */
    public record Diagnosis(Engine engine, Optional<String> willUse, List<String> notes, Optional<String> cure) {}

    /**
     * A server that outlives the JVM that started it.
     *
     * @param pid the server's process; 0 for a container
     * @param answers whether it answered just now
     * @param url with user and password, for a client on this machine
     */
    public record Kept(
            Engine engine,
            String version,
            SourceKind source,
            int port,
            long pid,
            Instant since,
            boolean answers,
            String url) {}

    /** Looks at every source of an engine without starting or downloading anything. */
    public static Diagnosis diagnose(Engine engine) {
        return new Diagnoser(engine).diagnose();
    }

    /**
     * Starts a server that outlives this JVM, or finds the one that is already up.
     *
     * @throws ServerException if the engine cannot be had or does not start
     */
    public static Kept up(Engine engine) {
        return describe(engine, KeptServers.up(engine));
    }

    /** Ends the kept server of an engine; false if none was up. */
    public static boolean down(Engine engine) {
        return KeptServers.down(engine);
    }

    /** The servers that are kept now, in the order of the engines. */
    public static List<Kept> status() {
        return Arrays.stream(Engine.values())
                .map(engine -> KeptServers.state(engine)
                        .map(state -> describe(engine, state))
                        .orElse(null))
                .filter(Objects::nonNull)
                .toList();
    }

    /**
     * Programs that are fetched and kept in the cache.
     *
     * @param root the top of their tree
     * @param build where they come from
     */
    public record Fetched(Engine engine, String version, Path root, String build) {}

    /**
     * Fetches the programs of a native server, whatever else is installed here, and starts nothing.
     *
     * @throws ServerException if they cannot be had
     */
    public static Fetched fetch(Engine engine) {
        try {
            Programs programs = Recipes.of(engine).programs().fetch(Progress.terminal());
            return new Fetched(engine, programs.version(), programs.root(), programs.build());
        } catch (ProvisionException e) {
            throw new ServerException(e.getMessage(), e);
        }
    }

    private static Kept describe(Engine engine, KeptState state) {
        Recipe recipe = Recipes.of(engine);
        return new Kept(
                engine,
                state.version(),
                state.source(),
                state.port(),
                state.pid(),
                Instant.parse(state.since()),
                KeptServers.answers(recipe, state),
                recipe.url(state.address()));
    }

    /** Collects, source by source, why it would not be used, and stops at the first that would. */
    private static final class Diagnoser {

        private final Engine engine;
        private final Recipe recipe;
        private final List<String> notes = new ArrayList<>();

        Diagnoser(Engine engine) {
            this.engine = engine;
            this.recipe = Recipes.of(engine);
        }

        Diagnosis diagnose() {
            Optional<String> url = Settings.url(engine);
            if (url.isPresent()) {
                return external(url.get());
            }
            notes.add("external: mastery." + engine.id() + ".url is not set");
            List<SourceKind> allowed = Settings.sources();
            Optional<Node> kept = KeptServers.attach(recipe).filter(node -> allowed.contains(node.source()));
            if (kept.isPresent()) {
                return found(kept.get().source() + ", " + kept.get().version() + ", kept up on port "
                        + kept.get().port());
            }
            if (allowed.contains(SourceKind.CONTAINER)) {
                Optional<String> obstacle = ContainerEngine.obstacle(engine, false);
                if (obstacle.isEmpty()) {
                    return found("container, " + ContainerEngine.describeImage(engine));
                }
                notes.add("container: " + obstacle.get());
            }
            if (allowed.contains(SourceKind.NATIVE)) {
                Optional<String> programs = NativePrograms.describe(recipe, notes);
                if (programs.isPresent()) {
                    return found("native, " + programs.get());
                }
            }
            return new Diagnosis(engine, Optional.empty(), List.copyOf(notes), Optional.of(recipe.cure()));
        }

        private Diagnosis external(String url) {
            try {
                Node node = External.attach(recipe, url);
                return found("external, " + node.version() + " on " + node.address());
            } catch (ServerException e) {
                notes.add("external: " + e.getMessage().replace("\n", " "));
                return new Diagnosis(
                        engine,
                        Optional.empty(),
                        List.copyOf(notes),
                        Optional.of("correct mastery." + engine.id() + ".url, or leave it out"));
            }
        }

        private Diagnosis found(String what) {
            return new Diagnosis(engine, Optional.of(what), List.copyOf(notes), Optional.empty());
        }
    }
}
