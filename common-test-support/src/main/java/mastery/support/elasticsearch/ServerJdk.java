package mastery.support.elasticsearch;

import java.io.IOException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import mastery.support.server.Programs;

/**
 * The JDK that the server runs on: the one of this build if it serves, else one that is installed. Elasticsearch 8.19 needs
 * 17 and patches the JDK's own classes at its start, so a later one than it was tried with counts as unfit.
 *
 * @param home its directory
 * @param version as its release file has it, such as {@code 17.0.15}
 */
record ServerJdk(Path home, String version) {

    static final int OLDEST = 17;
    static final int NEWEST = 25;

    static final String MISSING = "Elasticsearch 8.19 needs a JDK from " + OLDEST + " to " + NEWEST
            + ", and none is here: this build runs on " + Runtime.version().feature()
            + ", and neither JAVA_HOME nor /usr/lib/jvm has one. Install one, or set JAVA_HOME to one.";

    private static final Path SYSTEM = Path.of("/usr/lib/jvm");
    private static final Pattern VERSION = Pattern.compile("JAVA_VERSION=\"([^\"]+)\"");

    static Optional<ServerJdk> find() {
        return find(candidates(Path.of(System.getProperty("java.home")), System.getenv("JAVA_HOME"), SYSTEM));
    }

    static Optional<ServerJdk> find(List<Path> candidates) {
        return candidates.stream()
                .map(ServerJdk::at)
                .flatMap(Optional::stream)
                .filter(ServerJdk::serves)
                .findFirst();
    }

    static List<Path> candidates(Path own, String javaHome, Path system) {
        List<Path> candidates = new ArrayList<>(List.of(own));
        if (javaHome != null && !javaHome.isBlank()) {
            candidates.add(Path.of(javaHome));
        }
        try (DirectoryStream<Path> installed = Files.newDirectoryStream(system)) {
            List<Path> sorted = new ArrayList<>();
            installed.forEach(sorted::add);
            sorted.sort(null);
            candidates.addAll(sorted);
        } catch (IOException none) {
            return candidates;
        }
        return candidates;
    }

    private static Optional<ServerJdk> at(Path home) {
        try {
            Matcher version = VERSION.matcher(Files.readString(home.resolve("release")));
            return version.find() ? Optional.of(new ServerJdk(home, version.group(1))) : Optional.empty();
        } catch (IOException none) {
            return Optional.empty();
        }
    }

    private boolean serves() {
        return feature() >= OLDEST
                && feature() <= NEWEST
                && Files.isExecutable(home.resolve("bin").resolve("java"))
                // A runtime image without it cannot load the agent that the server attaches to itself.
                && Files.exists(home.resolve("lib").resolve("libinstrument.so"));
    }

    /** The number of the JDK that programs run on, such as 17. */
    static int feature(Programs programs) {
        return at(programs.directory().getParent()).orElseThrow().feature();
    }

    private int feature() {
        String feature = version.replaceFirst("\\D.*", "");
        return feature.isEmpty() ? 0 : Integer.parseInt(feature);
    }
}
