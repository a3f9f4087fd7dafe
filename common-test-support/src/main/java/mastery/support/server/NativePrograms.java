package mastery.support.server;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;
import mastery.support.provision.CacheDirectory;
import mastery.support.provision.DebianTree;
import mastery.support.provision.InstalledPrograms;
import mastery.support.provision.Progress;
import mastery.support.provision.ProvisionException;

/** Finds or fetches the programs of an engine: installed ones that are new enough, else distribution packages. */
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
            InstalledPrograms.Finding finding = find(recipe);
            Optional<Programs> installed = usable(recipe, finding);
            return installed.isPresent()
                    ? installed.get()
                    : fromTree(recipe, tree(recipe).install(Progress.terminal()));
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
            InstalledPrograms.Finding finding = find(recipe);
            Optional<Programs> installed = usable(recipe, finding);
            if (installed.isPresent()) {
                return installed.map(programs -> programs.version() + ", " + programs.build());
            }
            notes.add("installed: " + whyNot(recipe, finding));
            return describeTree(recipe, notes);
        } catch (ProvisionException e) {
            notes.add("native: " + e.getMessage());
            return Optional.empty();
        }
    }

    private static Optional<String> describeTree(Recipe recipe, List<String> notes) {
        Optional<DebianTree.Installed> ready = tree(recipe).installed();
        if (ready.isPresent()) {
            Programs programs = fromTree(recipe, ready.get());
            return Optional.of(programs.version() + ", " + programs.build() + ", in the cache");
        }
        Optional<String> obstacle = DebianTree.obstacle();
        if (obstacle.isPresent()) {
            notes.add("packages: " + obstacle.get());
            return Optional.empty();
        }
        return Optional.of("Debian " + recipe.packages().suite() + " packages, to be downloaded at the first use");
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

    private static InstalledPrograms.Finding find(Recipe recipe) {
        return InstalledPrograms.ofThisMachine().find(recipe.sought());
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

    private static DebianTree tree(Recipe recipe) {
        DebianPackages packages = recipe.packages();
        return DebianTree.of(
                CacheDirectory.open(),
                recipe.engine().id(),
                packages.suite(),
                packages.packages().toArray(String[]::new));
    }

    private static Programs fromTree(Recipe recipe, DebianTree.Installed tree) {
        String name = recipe.packages().packages().get(0);
        String version = tree.packageVersions().getOrDefault(name, "0");
        return new Programs(
                tree.root().resolve(recipe.packages().programDirectory()),
                tree.root(),
                // Debian writes EPOCH:VERSION-REVISION.
                version.replaceFirst("^\\d+:", "").replaceFirst("-[^-]*$", ""),
                "Debian " + tree.suite() + " " + version);
    }
}
