package mastery.support.provision;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.net.http.HttpResponse;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Properties;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class MavenRepositoryTest {

    private static final String LOGIN = new RemoteFile.Login("reader", "secret/1").basic();
    private static final String SERVER = """
            <servers><server><id>mirror</id><username>reader</username><password>secret/1</password>
              <configuration><httpHeaders><property><name>X-Build</name><value>mastery</value></property></httpHeaders>
              </configuration></server></servers>
            """;

    @TempDir
    Path directory;

    private Path remote;
    private Path home;
    private RepositoryServer server;

    @BeforeEach
    void start() throws IOException {
        remote = directory.resolve("remote");
        home = Files.createDirectories(directory.resolve("home"));
        publish("top", "1.0", dependency("middle", "2.0", "") + dependency("checker", "9", "<scope>test</scope>"));
        publish(
                "middle",
                "2.0",
                dependency("bottom", "3.0", "<scope>runtime</scope>")
                        + dependency("extra", "9", "<optional>true</optional>"));
        publish("bottom", "3.0", "");
        Files.writeString(remote.resolve("example/middle/2.0/middle-2.0-native.zip"), "a zip of middle");
        server = new RepositoryServer(remote, "");
    }

    @AfterEach
    void stop() {
        server.close();
    }

    @Test
    void filesComeThroughTheMirrorOfTheSettings() throws IOException {
        settings(mirror());
        PinnedArtifacts pinned = new PinnedArtifacts(List.of(pinned("example:bottom:3.0"), pinned("example:top:1.0")));
        assertThat(fetch(pinned))
                .extracting(file -> Files.readString(file))
                .containsExactly("the jar of bottom", "the jar of top");
        assertThat(server.requests).contains("/maven/example/top/1.0/top-1.0.jar");
    }

    @Test
    void aFileThatIsHereIsNotAskedForAgain() throws IOException {
        settings(mirror());
        PinnedArtifacts pinned = new PinnedArtifacts(List.of(pinned("example:top:1.0")));
        fetch(pinned);
        int asked = server.requests.size();
        assertThat(fetch(pinned)).hasSize(1);
        assertThat(server.requests).hasSize(asked);
    }

    @Test
    void theLoginOfTheSettingsIsUsed() throws IOException {
        server.close();
        server = new RepositoryServer(remote, LOGIN);
        PinnedArtifacts pinned = new PinnedArtifacts(List.of(pinned("example:top:1.0")));
        settings(mirror());
        assertThatThrownBy(() -> fetch(pinned))
                .isInstanceOf(ProvisionException.class)
                .hasMessageContaining("Cannot get example:top:1.0 from [" + server.url())
                .hasMessageContaining("401")
                .hasMessageContaining("settings.xml");
        settings(mirror() + SERVER);
        assertThat(fetch(pinned)).hasSize(1);
    }

    @Test
    void aChangedFileIsRefusedAndNamed() throws IOException {
        settings(mirror());
        PinnedArtifacts pinned = new PinnedArtifacts(List.of(pinned("example:top:1.0")));
        Files.writeString(remote.resolve("example/top/1.0/top-1.0.jar"), "another jar");
        assertThatThrownBy(() -> fetch(pinned))
                .isInstanceOf(ProvisionException.class)
                .hasMessageContaining(
                        home.resolve("repository/example/top/1.0/top-1.0.jar") + " is not what it should be")
                .hasMessageContaining("11 bytes, 14 expected")
                .hasMessageContaining("Delete it");
    }

    @Test
    void aMissingFileIsNamedWithTheRepositoriesThatWereAsked() throws IOException {
        settings(mirror());
        PinnedArtifacts pinned = new PinnedArtifacts(List.of(
                pinned("example:top:1.0"),
                new PinnedArtifacts.Pinned("example:none:1.0", Checksum.sha256("0".repeat(64)), 5),
                new PinnedArtifacts.Pinned("example:none:2.0", Checksum.sha256("0".repeat(64)), 5)));
        assertThatThrownBy(() -> fetch(pinned))
                .isInstanceOf(ProvisionException.class)
                .hasMessageContaining("Cannot get 2 files, such as example:none:1.0, from [" + server.url() + "]");
    }

    @Test
    void offlineOnlyTheLocalRepositoryServes() throws IOException {
        settings(mirror());
        PinnedArtifacts here = new PinnedArtifacts(List.of(pinned("example:top:1.0")));
        PinnedArtifacts notHere = new PinnedArtifacts(List.of(pinned("example:bottom:3.0")));
        fetch(here);
        int asked = server.requests.size();
        settings(mirror() + "<offline>true</offline>");
        assertThat(fetch(here)).hasSize(1);
        assertThatThrownBy(() -> fetch(notHere))
                .isInstanceOf(ProvisionException.class)
                .hasMessageContaining("example:bottom:3.0")
                .hasMessageContaining("Maven is offline");
        settings(mirror());
        assertThatThrownBy(() -> fetch(notHere, Map.of("MASTERY_MAVEN_OFFLINE", "offline:true")))
                .hasMessageContaining("Maven is offline");
        assertThat(server.requests).hasSize(asked);
    }

    @Test
    void whatIsNeededAtRunTimeIsFoundAndNothingElse() throws IOException {
        settings(mirror());
        try (MavenRepository repository = open(Map.of())) {
            PinnedArtifacts closure = repository.pin("example:top:1.0");
            assertThat(closure.files())
                    .containsExactly(
                            pinned("example:top:1.0"), pinned("example:middle:2.0"), pinned("example:bottom:3.0"));
            Path list = Files.writeString(directory.resolve("list"), "# a comment\n\n" + closure.text());
            assertThat(PinnedArtifacts.read(list.toUri().toURL())).isEqualTo(closure);
        }
    }

    @Test
    void aLocationServesBytesOfAFileWithLoginAndHeaders() throws Exception {
        server.close();
        server = new RepositoryServer(remote, LOGIN);
        settings(mirror() + SERVER);
        try (MavenRepository repository = open(Map.of())) {
            List<RemoteFile> locations = repository.locations("example:middle:zip:native:2.0");
            assertThat(locations).hasSize(1);
            RemoteFile file = locations.get(0);
            assertThat(file.uri()).hasToString(server.url() + "/example/middle/2.0/middle-2.0-native.zip");
            assertThat(file.headers()).containsEntry("X-Build", "mastery").containsEntry("Authorization", LOGIN);
            assertThat(file.toString()).doesNotContain("secret");
            HttpResponse<String> response = file.newClient()
                    .send(file.newRequest().header("Range", "bytes=2-4").build(), HttpResponse.BodyHandlers.ofString());
            assertThat(response.statusCode()).isEqualTo(206);
            assertThat(response.body()).isEqualTo("zip");
        }
        settings(mirror() + "<offline>true</offline>");
        try (MavenRepository repository = open(Map.of())) {
            assertThat(repository.locations("example:top:1.0")).isEmpty();
        }
    }

    @Test
    void theProxyOfTheSettingsIsUsedUnlessItIsSwitchedOff() throws Exception {
        try (RepositoryServer proxy = new RepositoryServer(remote, "")) {
            String mirror = "<mirrors><mirror><id>mirror</id><url>http://repository.invalid/maven</url>"
                    + "<mirrorOf>*</mirrorOf></mirror></mirrors>";
            settings(mirror + proxy(proxy.port(), true));
            try (MavenRepository repository = open(Map.of())) {
                RemoteFile file = repository.locations("example:top:1.0").get(0);
                HttpResponse<String> response =
                        file.newClient().send(file.newRequest().build(), HttpResponse.BodyHandlers.ofString());
                assertThat(response.body()).isEqualTo("the jar of top");
                assertThat(proxy.requests)
                        .containsExactly("http://repository.invalid/maven/example/top/1.0/top-1.0.jar");
            }
            assertThat(fetch(new PinnedArtifacts(List.of(pinned("example:bottom:3.0")))))
                    .hasSize(1);
            settings(mirror() + proxy(1, false));
            assertThat(fetch(new PinnedArtifacts(List.of(pinned("example:top:1.0")))))
                    .hasSize(1);
        }
    }

    @Test
    void brokenSettingsAreSaidToBeBroken() throws IOException {
        settings("<mirrors><mirror>");
        assertThatThrownBy(() -> open(Map.of()))
                .isInstanceOf(ProvisionException.class)
                .hasMessageContaining("Maven's settings cannot be read")
                .hasMessageContaining(home.resolve("settings.xml").toString());
    }

    @Test
    void theSettingsOfTheInstallationOnPathAreRead() throws IOException {
        Path maven = directory.resolve("maven");
        Path program = Files.createDirectories(maven.resolve("bin")).resolve("mvn");
        Files.writeString(program, "#!/bin/sh\n");
        assertThat(program.toFile().setExecutable(true)).isTrue();
        Path link = Files.createSymbolicLink(
                Files.createDirectories(directory.resolve("bin")).resolve("mvn"), program);
        Files.writeString(
                Files.createDirectories(maven.resolve("conf")).resolve("settings.xml"),
                "<settings>" + mirror() + "</settings>");
        Files.delete(Files.writeString(home.resolve("settings.xml"), ""));
        PinnedArtifacts pinned = new PinnedArtifacts(List.of(pinned("example:top:1.0")));
        assertThat(fetch(pinned, Map.of("PATH", link.getParent().toString()))).hasSize(1);
    }

    @Test
    void anExpressionThatTheBuildDidNotReplaceSaysNothing() throws IOException {
        settings(mirror());
        PinnedArtifacts pinned = new PinnedArtifacts(List.of(pinned("example:top:1.0")));
        assertThat(fetch(
                        pinned,
                        Map.of(
                                "MASTERY_MAVEN_GLOBAL_SETTINGS",
                                "file:${session.request.globalSettingsFile}",
                                "MASTERY_MAVEN_OFFLINE",
                                "offline:${session.request.offline}")))
                .hasSize(1);
    }

    @Test
    void progressIsShownForDownloadsOnly() throws IOException {
        settings(mirror());
        PinnedArtifacts pinned = new PinnedArtifacts(List.of(pinned("example:bottom:3.0"), pinned("example:top:1.0")));
        List<String> told = new ArrayList<>();
        Progress progress = new Progress() {
            @Override
            public void bytes(String what, long done, long total) {
                told.add(what + " " + done + "/" + total);
            }

            @Override
            public void step(String what) {
                told.add(what);
            }
        };
        try (MavenRepository repository = MavenRepository.open(settings(Map.of()), progress)) {
            repository.fetch(pinned, "both");
            assertThat(told).last().isEqualTo("both 31/31");
            told.clear();
            repository.fetch(pinned, "both");
            assertThat(told).isEmpty();
        }
    }

    @Test
    void aListThatIsNotOfTheFormIsRefused() throws IOException {
        String sha = "0".repeat(64);
        for (String line :
                List.of(sha + " x:y:1", sha + " 5 x:y", sha + " -5 x:y:1", "abc 5 x:y:1", sha + " 5 x y 1")) {
            Path list = Files.writeString(directory.resolve("list"), line);
            assertThatThrownBy(() -> PinnedArtifacts.read(list.toUri().toURL()))
                    .as(line)
                    .isInstanceOf(IllegalArgumentException.class);
        }
        Path twice = Files.writeString(directory.resolve("list"), (sha + " 5 x:y:1\n").repeat(2));
        assertThatThrownBy(() -> PinnedArtifacts.read(twice.toUri().toURL())).hasMessageContaining("Pinned twice");
        Path empty = Files.writeString(directory.resolve("list"), "# nothing\n");
        assertThatThrownBy(() -> PinnedArtifacts.read(empty.toUri().toURL())).hasMessageContaining("No file");
    }

    private List<Path> fetch(PinnedArtifacts pinned) {
        return fetch(pinned, Map.of());
    }

    private List<Path> fetch(PinnedArtifacts pinned, Map<String, String> environment) {
        try (MavenRepository repository = open(environment)) {
            return repository.fetch(pinned, "test");
        }
    }

    private MavenRepository open(Map<String, String> environment) {
        return MavenRepository.open(settings(environment), Progress.SILENT);
    }

    private MavenSettings settings(Map<String, String> environment) {
        Properties properties = new Properties();
        properties.setProperty("user.home", directory.resolve("nobody").toString());
        properties.setProperty("maven.repo.local", home.resolve("repository").toString());
        properties.setProperty("mastery.maven.settings", "file:" + home.resolve("settings.xml"));
        return new MavenSettings(properties, environment);
    }

    private void settings(String content) throws IOException {
        Files.writeString(home.resolve("settings.xml"), "<settings>" + content + "</settings>");
    }

    private String mirror() {
        return "<mirrors><mirror><id>mirror</id><url>" + server.url()
                + "</url><mirrorOf>*</mirrorOf></mirror></mirrors>";
    }

    private static String proxy(int port, boolean active) {
        return "<proxies><proxy><active>" + active + "</active><protocol>http</protocol><host>127.0.0.1</host><port>"
                + port + "</port></proxy></proxies>";
    }

    private static String dependency(String name, String version, String rest) {
        return "<dependency><groupId>example</groupId><artifactId>" + name + "</artifactId><version>" + version
                + "</version>" + rest + "</dependency>";
    }

    private void publish(String name, String version, String dependencies) throws IOException {
        Path files =
                Files.createDirectories(remote.resolve("example").resolve(name).resolve(version));
        Files.writeString(files.resolve(name + "-" + version + ".jar"), "the jar of " + name);
        Files.writeString(
                files.resolve(name + "-" + version + ".pom"),
                "<project><modelVersion>4.0.0</modelVersion><groupId>example</groupId><artifactId>" + name
                        + "</artifactId><version>" + version + "</version><dependencies>" + dependencies
                        + "</dependencies></project>");
    }

    private PinnedArtifacts.Pinned pinned(String coordinates) throws IOException {
        String[] parts = coordinates.split(":");
        Path file = remote.resolve("example/" + parts[1] + "/" + parts[2] + "/" + parts[1] + "-" + parts[2] + ".jar");
        return new PinnedArtifacts.Pinned(
                coordinates, Checksum.sha256("0".repeat(64)).of(file), Files.size(file));
    }
}
