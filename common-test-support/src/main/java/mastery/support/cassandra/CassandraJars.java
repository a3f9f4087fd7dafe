package mastery.support.cassandra;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.Optional;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import mastery.support.provision.CacheDirectory;
import mastery.support.provision.CachedDirectory;
import mastery.support.provision.JavaHomes;
import mastery.support.provision.JavaHomes.Java;
import mastery.support.provision.MavenRepository;
import mastery.support.provision.PinnedArtifacts;
import mastery.support.provision.Progress;
import mastery.support.provision.ProvisionException;
import mastery.support.server.ProgramSource;
import mastery.support.server.Programs;

/**
 * Cassandra's own jars from the Maven repositories of this user's builds, every one with its checksum pinned, and a Java
 * that they run on.
 *
 * <p>Source: Cassandra documentation, "Installing Cassandra", prerequisites: Java 11 or 17.
 */
public final class CassandraJars implements ProgramSource {

    /** Names the Java that the server runs on. */
    static final String JAVA_SETTING = "mastery.cassandra.java";

    private static final List<Integer> JAVA_VERSIONS = List.of(17, 11);

    private final PinnedArtifacts pinned =
            PinnedArtifacts.read(CassandraJars.class.getResource("cassandra-all.sha256"));
    private final JavaHomes javaHomes;

    CassandraJars(JavaHomes javaHomes) {
        this.javaHomes = javaHomes;
    }

    @Override
    public String name() {
        return "Maven " + artifact() + " and its " + (pinned.files().size() - 1) + " dependencies, "
                + pinned.size() / 1_000_000 + " MB, on "
                + java().map(Java::toString).orElse("no JDK");
    }

    @Override
    public Optional<Programs> ready() {
        CachedDirectory directory = directory(CacheDirectory.open());
        return java().filter(found -> directory.isReady()).map(found -> programs(directory.path(), found));
    }

    @Override
    public Optional<String> obstacle() {
        List<String> notes = new ArrayList<>();
        return javaHomes.find(JAVA_SETTING, JAVA_VERSIONS, notes).isPresent()
                ? Optional.empty()
                : Optional.of(noJava(notes));
    }

    @Override
    public Programs fetch(Progress progress) {
        List<String> notes = new ArrayList<>();
        Java java = javaHomes
                .find(JAVA_SETTING, JAVA_VERSIONS, notes)
                .orElseThrow(() -> new ProvisionException(noJava(notes)));
        Path directory = directory(CacheDirectory.open()).orMake(progress, part -> copyJars(part, progress));
        return programs(directory, java);
    }

    private void copyJars(Path directory, Progress progress) {
        try (MavenRepository repository = MavenRepository.open(progress)) {
            for (Path jar : repository.fetch(pinned, "Cassandra " + version())) {
                // not linked: root's servers run as another user, and the local repository may change
                Files.copy(jar, directory.resolve(jar.getFileName()));
            }
        } catch (IOException failure) {
            throw new UncheckedIOException(failure);
        }
    }

    private Optional<Java> java() {
        return javaHomes.find(JAVA_SETTING, JAVA_VERSIONS, new ArrayList<>());
    }

    private static String noJava(List<String> notes) {
        return "Cassandra runs on JDK 17 or 11 only, and none is found: "
                + (notes.isEmpty() ? "no JDK is installed where they usually are" : String.join("; ", notes))
                + ". Install one beside the JDK of the build (openjdk-17-jre-headless is enough), or name its directory"
                + " with -D" + JAVA_SETTING + "=DIRECTORY or JAVA17_HOME";
    }

    private CachedDirectory directory(CacheDirectory cache) {
        return CachedDirectory.of(cache, "cassandra-" + version() + "-" + digest(pinned.text()));
    }

    private Programs programs(Path jars, Java java) {
        return new Programs(
                java.program().getParent(), jars, version(), "Maven " + artifact() + " " + version() + " on " + java);
    }

    private String artifact() {
        return pinned.files().get(0).coordinates().split(":")[1];
    }

    private String version() {
        String[] coordinates = pinned.files().get(0).coordinates().split(":");
        return coordinates[coordinates.length - 1];
    }

    /** The class path: the order of names, so that an archive of classes fits. */
    static String classPath(Programs programs) {
        try (Stream<Path> files = Files.list(programs.root())) {
            return files.map(Path::toString)
                    .filter(name -> name.endsWith(".jar"))
                    .sorted()
                    .collect(Collectors.joining(":"));
        } catch (IOException failure) {
            throw new ProvisionException(
                    "Cannot read " + programs.root() + ": " + failure.getMessage() + ". Delete it and run again.",
                    failure);
        }
    }

    static String digest(String text) {
        try {
            byte[] digest = MessageDigest.getInstance("SHA-256").digest(text.getBytes(StandardCharsets.UTF_8));
            return HexFormat.of().formatHex(digest, 0, 6);
        } catch (NoSuchAlgorithmException impossible) {
            throw new IllegalStateException("SHA-256 is part of every JDK", impossible);
        }
    }
}
