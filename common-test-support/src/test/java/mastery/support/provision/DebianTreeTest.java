package mastery.support.provision;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class DebianTreeTest {

    @TempDir
    Path directory;

    private CacheDirectory cache;
    private DebianTree tree;

    @BeforeEach
    void makeTree() throws IOException {
        cache = CacheDirectory.at(directory.resolve("cache"));
        tree = DebianTree.of(cache, "server", "sid", "postgresql-18");
        Files.createDirectories(tree.root());
        new TreeMarker(tree.root(), "sid", List.of("postgresql-18"), Map.of("postgresql-18", "18.6-1"))
                .write(tree.root());
    }

    @Test
    void aReadyTreeIsUsedAsItIs() throws IOException {
        DebianTree.Installed installed = tree.install(Progress.SILENT);
        assertThat(installed.root()).isEqualTo(tree.root());
        assertThat(installed.describe("postgresql-18")).isEqualTo("postgresql-18 18.6-1 from Debian sid");
        // neither a lock nor apt's lists: a cache without write permission serves too
        assertThat(tree.root().getParent()).isDirectoryNotContaining("glob:**.lock");
    }

    @Test
    void aTreeForOtherPackagesOrAnotherSuiteIsNotReady() {
        assertThat(tree.installed()).isPresent();
        assertThat(DebianTree.of(cache, "server", "trixie", "postgresql-18").installed())
                .isEmpty();
        assertThat(DebianTree.of(cache, "server", "sid", "postgresql-18", "more")
                        .installed())
                .isEmpty();
    }

    @Test
    void aTreeThatWasMovedIsNotReady() throws IOException {
        Path moved = directory.resolve("moved");
        Files.move(cache.path(), moved);
        assertThat(DebianTree.of(CacheDirectory.at(moved), "server", "sid", "postgresql-18")
                        .installed())
                .isEmpty();
    }

    @Test
    void aTreeWithoutMarkerIsNotReady() throws IOException {
        Files.delete(tree.root().resolve(".tree"));
        assertThat(tree.installed()).isEmpty();
    }

    @Test
    void versionsAreReadFromFileNames() {
        List<Artifact> closure =
                List.of(deb("libcrypt1_1%3a4.5.2+20251210-1_amd64.deb"), deb("postgresql-18_18.6-1_amd64.deb"));
        assertThat(DebianTree.versions(closure))
                .containsOnly(Map.entry("libcrypt1", "1:4.5.2+20251210-1"), Map.entry("postgresql-18", "18.6-1"));
    }

    private static Artifact deb(String name) {
        return new Artifact(name, URI.create("http://localhost/x"), Checksum.sha256("0".repeat(64)), 1);
    }
}
