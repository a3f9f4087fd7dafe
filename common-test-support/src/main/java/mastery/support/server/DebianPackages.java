package mastery.support.server;

import java.util.List;
import java.util.Optional;
import mastery.support.provision.CacheDirectory;
import mastery.support.provision.DebianTree;
import mastery.support.provision.Progress;

/**
 * The distribution packages that hold an engine's programs.
 *
 * @param engine whose programs they are
 * @param suite the Debian suite, such as {@code trixie}
 * @param packages the packages to unpack with everything they need; the first one's version is that of the engine
 * @param programDirectory where the programs lie below the root of the unpacked tree, such as {@code usr/sbin}
 */
public record DebianPackages(Engine engine, String suite, List<String> packages, String programDirectory)
        implements ProgramSource {

    @Override
    public String name() {
        return "Debian " + suite + " packages";
    }

    @Override
    public Optional<Programs> ready() {
        return tree().installed().map(this::programs);
    }

    @Override
    public Optional<String> obstacle() {
        return DebianTree.obstacle().map(reason -> "packages: " + reason);
    }

    @Override
    public Programs fetch(Progress progress) {
        return programs(tree().install(progress));
    }

    private DebianTree tree() {
        return DebianTree.of(CacheDirectory.open(), engine.id(), suite, packages.toArray(String[]::new));
    }

    private Programs programs(DebianTree.Installed tree) {
        String version = tree.packageVersions().getOrDefault(packages.get(0), "0");
        return new Programs(
                tree.root().resolve(programDirectory),
                tree.root(),
                // Debian writes EPOCH:VERSION-REVISION.
                version.replaceFirst("^\\d+:", "").replaceFirst("-[^-]*$", ""),
                "Debian " + tree.suite() + " " + version);
    }
}
