package mastery.support.provision;

import java.io.IOException;
import java.net.ProxySelector;
import java.net.URLDecoder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * Debian packages with every library that they need, unpacked into a directory of their own, whose programs run there:
 * without root, without touching the system, whatever release of Debian the machine has.
 *
 * <p>apt resolves and verifies the signed lists, from the mirror that this machine's apt uses. A tree that is there is
 * used as it is, without apt and without network. Parallel builds make a tree once.
 */
public final class DebianTree {

    /**
     * A tree that is ready.
     *
     * @param root the directory that holds {@code usr}
     * @param suite the Debian suite that it comes from, such as sid
     * @param packageVersions version by package name
     */
    public record Installed(Path root, String suite, Map<String, String> packageVersions) {

        public Installed {
            packageVersions = Map.copyOf(packageVersions);
        }

        /** For people: "postgresql-18 18.6-1 from Debian sid". */
        public String describe(String packageName) {
            return packageName + " " + packageVersions.getOrDefault(packageName, "(unknown version)") + " from Debian "
                    + suite;
        }
    }

    private final Path root;
    private final Path work;
    private final Path lock;
    private final String suite;
    private final List<String> packages;
    private final Optional<NpmPackage> npm;

    private DebianTree(
            CacheDirectory cache, String name, String suite, List<String> packages, Optional<NpmPackage> npm) {
        Path trees = cache.resolve("trees");
        this.root = trees.resolve(name);
        this.work = trees.resolve("." + name + ".making");
        this.lock = trees.resolve("." + name + ".lock");
        this.suite = suite;
        this.packages = packages;
        this.npm = npm;
    }

    /**
     * @param name directory below the cache
     * @param suite a Debian suite: trixie, sid
     * @param packages names of binary packages
     */
    public static DebianTree of(CacheDirectory cache, String name, String suite, String... packages) {
        return new DebianTree(cache, name, suite, List.of(packages), Optional.empty());
    }

    /**
     * A tree with the programs of an npm package in it, which run on the libraries of the Debian packages.
     *
     * @param libraries names of binary packages
     */
    public static DebianTree of(
            CacheDirectory cache, String name, NpmPackage npm, String suite, List<String> libraries) {
        return new DebianTree(cache, name, suite, List.copyOf(libraries), Optional.of(npm));
    }

    public Path root() {
        return root;
    }

    /** The tree if it is ready; neither apt nor the network is asked, nothing is written. */
    public Optional<Installed> installed() {
        return TreeMarker.read(root, suite, requested()).map(marker -> new Installed(root, suite, marker.versions()));
    }

    /** What the tree is made of: another list is another tree. */
    private List<String> requested() {
        List<String> all = new ArrayList<>(packages);
        npm.ifPresent(added -> all.add(added.id()));
        return all;
    }

    /** Why this machine cannot make a tree; empty when nothing is known to be in the way. */
    public static Optional<String> obstacle() {
        return AptResolver.obstacle();
    }

    /**
     * The tree, made if it is not ready.
     *
     * @throws ProvisionException when it can neither be found nor made
     */
    public Installed install(Progress progress) {
        Optional<Installed> ready = installed();
        if (ready.isPresent()) {
            return ready.get();
        }
        obstacle().ifPresent(reason -> {
            throw new ProvisionException("Cannot fetch " + label() + ": " + reason
                    + ". Start a container engine, or install the server and name it.");
        });
        try {
            CacheDirectory.makeDirectories(root.getParent());
        } catch (IOException failure) {
            throw ProvisionException.writing(root.getParent(), failure);
        }
        Runnable waits = () -> progress.step("Another build makes " + root.getFileName() + ", waiting for it");
        return SharedLock.holding(lock, waits, () -> installed().orElseGet(() -> make(progress)));
    }

    private Installed make(Progress progress) {
        try {
            // what was downloaded before a build broke is kept; half unpacked trees are not
            TreeBuilder builder = new TreeBuilder(work, root, progress);
            builder.clear();
            progress.step("Resolving " + String.join(", ", packages) + " in Debian " + suite);
            List<Artifact> closure = new AptResolver(work.resolve("apt")).resolve(suite, withPatchelf());
            Map<String, String> versions = versions(closure);
            builder.unpack(builder.fetch(closure, proxiesOf(AptResolver.proxies()), label()));
            npm.ifPresent(added -> {
                added.unpackInto(builder.tree().resolve(NpmPackage.PROGRAMS), work, progress);
                versions.put(added.name(), added.version());
            });
            builder.patch();
            new TreeMarker(root, suite, requested(), versions).write(builder.tree());
            builder.moveIntoPlace();
            return new Installed(root, suite, versions);
        } catch (IOException failure) {
            throw ProvisionException.writing(work, failure);
        }
    }

    private String label() {
        return packages.get(0) + " from Debian " + suite;
    }

    private List<String> withPatchelf() {
        List<String> all = new ArrayList<>(packages);
        all.add("patchelf");
        return all;
    }

    /** The environment of this process, and for what it does not say, the settings of apt. */
    private static ProxySelector proxiesOf(Map<String, String> apt) {
        Map<String, String> environment = new HashMap<>(apt);
        environment.putAll(System.getenv());
        return Proxies.from(System.getProperties(), environment);
    }

    /** Package files are called NAME_VERSION_ARCHITECTURE.deb, the colon of an epoch written %3a. */
    static Map<String, String> versions(List<Artifact> closure) {
        Map<String, String> versions = new HashMap<>();
        for (Artifact artifact : closure) {
            String[] parts = artifact.fileName().split("_");
            versions.put(parts[0], URLDecoder.decode(parts[1].replace("+", "%2b"), StandardCharsets.UTF_8));
        }
        return versions;
    }
}
