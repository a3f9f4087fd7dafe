package mastery.support.server;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;
import mastery.support.provision.InstalledPrograms;
import mastery.support.provision.Progress;
import mastery.support.provision.ProvisionException;

/** Finds or fetches the programs of an engine: installed ones that are new enough, else what its recipe fetches. */
final class NativePrograms {

    private static final List<String> NEEDED = List.of("setpriv", "setsid");

    private NativePrograms() {}

    /**
     * The programs, downloaded if they are not here yet.
     *
     * @throws ServerException if this machine cannot run them or they cannot be had
     */
    static synchronized Programs provide(Recipe recipe) {
        obstacle().ifPresent(reason -> {
            throw new ServerException(reason);
        });
        try {
            Optional<Programs> installed = find(recipe).flatMap(finding -> usable(recipe, finding));
            return installed.isPresent() ? installed.get() : recipe.programs().fetch(Progress.terminal());
        } catch (ProvisionException e) {
            throw new ServerException(e.getMessage(), e);
        }
    }

    /** What {@link #provide} would use, in one line, without downloading; empty if it could not. Adds why not better. */
    static Optional<String> describe(Recipe recipe, List<String> notes) {
        Optional<String> obstacle = obstacle();
        if (obstacle.isPresent()) {
            notes.add("native: " + obstacle.get());
            return Optional.empty();
        }
        try {
            Optional<InstalledPrograms.Finding> finding = find(recipe);
            Optional<Programs> installed = finding.flatMap(found -> usable(recipe, found));
            if (installed.isPresent()) {
                return installed.map(programs -> programs.version() + ", " + programs.build());
            }
            finding.ifPresent(found -> notes.add("installed: " + whyNot(recipe, found)));
            return describeFetched(recipe.programs(), notes);
        } catch (ProvisionException e) {
            notes.add("native: " + e.getMessage());
            return Optional.empty();
        }
    }

    /** True of an engine that runs natively nowhere: no program is looked for, and none is fetched. */
    static boolean neverHas(Recipe recipe) {
        ProgramSource source = recipe.programs();
        return recipe.sought().isEmpty()
                && source.ready().isEmpty()
                && source.obstacle().isPresent();
    }

    private static Optional<String> describeFetched(ProgramSource source, List<String> notes) {
        Optional<Programs> ready = source.ready();
        if (ready.isPresent()) {
            return ready.map(programs -> programs.version() + ", " + programs.build() + ", in the cache");
        }
        Optional<String> obstacle = source.obstacle();
        if (obstacle.isPresent()) {
            notes.add(obstacle.get());
            return Optional.empty();
        }
        return Optional.of(source.name() + ", to be downloaded at the first use");
    }

    /** Why no native server runs on this machine. */
    private static Optional<String> obstacle() {
        if (!System.getProperty("os.name").equals("Linux")) {
            return Optional.of("native servers run on Linux only");
        }
        List<String> missing = NEEDED.stream()
                .filter(program ->
                        Stream.of("/usr/bin", "/bin").noneMatch(d -> Files.isExecutable(Path.of(d, program))))
                .toList();
        return missing.isEmpty()
                ? Optional.empty()
                : Optional.of(String.join(" and ", missing) + " of util-linux is missing; install util-linux");
    }

    private static Optional<InstalledPrograms.Finding> find(Recipe recipe) {
        return recipe.sought().map(InstalledPrograms.ofThisMachine()::find);
    }

    private static Optional<Programs> usable(Recipe recipe, InstalledPrograms.Finding finding) {
        if (!(finding instanceof InstalledPrograms.Found found)
                || missingCompanion(recipe, found).isPresent()) {
            return Optional.empty();
        }
        Path directory = found.path().getParent();
        return Optional.of(new Programs(
                directory, directory.getParent(), found.version().toString(), "installed in " + directory));
    }

    private static Optional<String> missingCompanion(Recipe recipe, InstalledPrograms.Found found) {
        return recipe.companions().stream()
                .filter(companion -> !Files.isExecutable(found.path().resolveSibling(companion)))
                .findFirst();
    }

    private static String whyNot(Recipe recipe, InstalledPrograms.Finding finding) {
        if (finding instanceof InstalledPrograms.PassedOver passedOver) {
            return passedOver.reason();
        }
        if (finding instanceof InstalledPrograms.Found found) {
            return found.path() + " has no " + missingCompanion(recipe, found).orElseThrow() + " beside it";
        }
        return ((InstalledPrograms.Absent) finding).reason();
    }
}
