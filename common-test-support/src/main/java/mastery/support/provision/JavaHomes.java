package mastery.support.provision;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermission;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Properties;
import java.util.stream.Stream;

/**
 * Finds a Java of a certain version on this machine, for a server that does not run on the one that runs the build.
 *
 * <p>In this order: the directory that the user names; the running Java; {@code JAVA17_HOME}, {@code JAVA_HOME_17},
 * {@code JAVA_HOME_17_X64} and their like; {@code JAVA_HOME}; the directories in which packages and the usual tools
 * install.
 */
public final class JavaHomes {

    /**
     * A Java that runs here.
     *
     * @param home the directory that holds {@code bin/java}
     * @param version such as 17.0.15
     */
    public record Java(Path home, Version version) {

        /** The program. */
        public Path program() {
            return home.resolve("bin").resolve("java");
        }

        @Override
        public String toString() {
            return "JDK " + version + " in " + home;
        }
    }

    private final Properties properties;
    private final Map<String, String> environment;
    private final Path root;
    private final boolean forOtherUser;

    JavaHomes(Properties properties, Map<String, String> environment, Path root, boolean forOtherUser) {
        this.properties = properties;
        this.environment = environment;
        this.root = root;
        this.forOtherUser = forOtherUser;
    }

    public static JavaHomes ofThisMachine() {
        return new JavaHomes(System.getProperties(), System.getenv(), Path.of("/"), CacheDirectory.isRoot());
    }

    /**
     * A Java whose first number is one of those wanted, the first of them preferred. Where the user names a directory,
     * that one and no other.
     *
     * @param setting the property that names a directory, such as {@code mastery.cassandra.java}; also the environment
     *     variable in capitals with underscores
     * @param majors such as 17 and 11
     * @param notes gets a line for each Java that was looked at and does not do
     */
    public Optional<Java> find(String setting, List<Integer> majors, List<String> notes) {
        String variable = setting.toUpperCase(Locale.ROOT).replace('.', '_');
        String named = properties.getProperty(setting, environment.getOrDefault(variable, ""));
        Map<Path, String> candidates = new LinkedHashMap<>();
        if (!named.isBlank()) {
            candidates.put(Path.of(named), "-D" + setting);
        } else {
            majors.forEach(major -> collect(major, candidates));
        }
        List<Java> found = new ArrayList<>();
        candidates.forEach(
                (home, origin) -> examine(home, origin, majors, notes).ifPresent(found::add));
        return found.stream().min(Comparator.comparingInt(java -> majors.indexOf(major(java.version()))));
    }

    private void collect(int major, Map<Path, String> candidates) {
        add(candidates, properties.getProperty("java.home", ""), "the running Java");
        for (String name : List.of(
                "JAVA" + major + "_HOME",
                "JAVA_HOME_" + major,
                "JAVA_" + major + "_HOME",
                "JDK" + major + "_HOME",
                "JAVA_HOME_" + major + "_X64",
                "JAVA_HOME_" + major + "_ARM64",
                "JAVA_HOME")) {
            add(candidates, environment.getOrDefault(name, ""), name);
        }
        String user = properties.getProperty("user.home", "/nonexistent");
        Stream.of(
                        root.resolve("usr/lib/jvm"),
                        root.resolve("usr/java"),
                        root.resolve("usr/local/java"),
                        root.resolve("opt"),
                        root.resolve("opt/java"),
                        root.resolve("opt/jdk"),
                        root.resolve("usr/local/openjdk-" + major),
                        Path.of(user, ".sdkman/candidates/java"),
                        Path.of(user, ".jdks"),
                        Path.of(user, ".gradle/jdks"),
                        Path.of(user, ".asdf/installs/java"),
                        Path.of(user, ".local/share/mise/installs/java"))
                .flatMap(JavaHomes::withChildren)
                .forEach(home -> add(candidates, home.toString(), "installed"));
    }

    private static Stream<Path> withChildren(Path directory) {
        try (Stream<Path> children = Files.list(directory)) {
            return Stream.concat(Stream.of(directory), children.sorted().toList().stream());
        } catch (IOException none) {
            return Stream.empty();
        }
    }

    private static void add(Map<Path, String> candidates, String home, String origin) {
        if (home.isBlank()) {
            return;
        }
        try {
            // what is installed under several names is one
            candidates.putIfAbsent(Path.of(home).toRealPath(), origin);
        } catch (IOException missing) {
            if (!origin.equals("installed")) {
                candidates.putIfAbsent(Path.of(home), origin);
            }
        }
    }

    private Optional<Java> examine(Path home, String origin, List<Integer> majors, List<String> notes) {
        boolean installed = origin.equals("installed");
        if (!Files.isExecutable(home.resolve("bin/java"))) {
            if (!installed) {
                notes.add(origin + " is " + home + ", which has no bin/java");
            }
            return Optional.empty();
        }
        Optional<Version> version = version(home);
        if (version.isEmpty()) {
            notes.add(home + " does not tell its version in the file release");
            return Optional.empty();
        }
        Java java = new Java(home, version.get());
        if (!majors.contains(major(java.version()))) {
            notes.add(home + " is " + version.get());
            return Optional.empty();
        }
        Optional<Path> closed = forOtherUser ? closed(home.resolve("bin/java")) : Optional.empty();
        if (closed.isPresent()) {
            notes.add(home + " is " + version.get() + ", but root's servers run as an unprivileged user, to whom "
                    + closed.get() + " is closed");
            return Optional.empty();
        }
        return Optional.of(java);
    }

    /**
     * The number by which a Java is known, such as 17; 8 for 1.8.
     *
     * @param home the directory that holds {@code bin/java}
     * @throws ProvisionException if its file {@code release} does not tell it
     */
    public static int major(Path home) {
        return version(home)
                .map(JavaHomes::major)
                .orElseThrow(() -> new ProvisionException(
                        home + " does not tell its version in the file release. Name another Java."));
    }

    private static int major(Version version) {
        int first = version.parts().get(0);
        return first == 1 ? version.parts().get(1) : first;
    }

    private static Optional<Version> version(Path home) {
        Properties release = new Properties();
        try (var lines = Files.newBufferedReader(home.resolve("release"))) {
            release.load(lines);
            return Optional.of(
                    Version.of(release.getProperty("JAVA_VERSION", "").replace("\"", "")));
        } catch (IOException | IllegalArgumentException unreadable) {
            return Optional.empty();
        }
    }

    /** The first part of the path that other users cannot pass. */
    private static Optional<Path> closed(Path program) {
        try {
            for (Path each = program.toRealPath(); each != null; each = each.getParent()) {
                if (!Files.getPosixFilePermissions(each).contains(PosixFilePermission.OTHERS_EXECUTE)) {
                    return Optional.of(each);
                }
            }
            return Optional.empty();
        } catch (IOException | UnsupportedOperationException unknown) {
            return Optional.empty();
        }
    }
}
