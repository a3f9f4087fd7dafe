package mastery.support.provision;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.api.parallel.Isolated;

@Isolated(
        "another thread that starts a program hands it the script that is being written here, which then cannot be run")
@EnabledOnOs(OS.LINUX)
class NpmPackageTest {

    @TempDir
    Path directory;

    private Path work;
    private Path programs;
    private Path tarball;

    @BeforeEach
    void makePackage() throws IOException {
        work = Files.createDirectory(directory.resolve("work"));
        programs = directory.resolve("tree/usr/bin");
        Path dist = Files.createDirectories(directory.resolve("package/dist"));
        Files.writeString(dist.resolve("server"), "#!/bin/sh\necho I serve\n".repeat(20_000));
        Files.writeString(dist.resolve("other"), "not asked for");
        tarball = directory.resolve("package.tgz");
        Command.run(
                List.of("tar", "-c", "-z", "-f", tarball.toString(), "-C", directory.toString(), "package"),
                Map.of(),
                Duration.ofMinutes(1));
    }

    @Test
    void theProgramsThatWereAskedForCanBeRun() throws IOException {
        try (FaultyServer server = new FaultyServer(Files.readAllBytes(tarball))) {
            pinned().unpackInto(programs, work, Progress.SILENT, npm("echo " + server.uri()));
        }
        assertThat(programs).isDirectoryContaining("glob:**/server").isDirectoryNotContaining("glob:**/other");
        assertThat(programs.resolve("server")).isExecutable();
    }

    @Test
    void aDownloadThatTearsGoesOnWhereItTore() throws IOException {
        try (FaultyServer server = new FaultyServer(Files.readAllBytes(tarball)).thenTearAfter(200)) {
            pinned().unpackInto(programs, work, Progress.SILENT, npm("echo " + server.uri()));
            assertThat(server.ranges).containsExactly("whole", "bytes=200-");
        }
        assertThat(programs.resolve("server")).isExecutable();
    }

    @Test
    void aPackageOfOtherBytesIsThrownAway() throws IOException {
        try (FaultyServer server = new FaultyServer("something else".getBytes())) {
            assertThatThrownBy(() -> pinned().unpackInto(programs, work, Progress.SILENT, npm("echo " + server.uri())))
                    .isInstanceOf(ProvisionException.class)
                    .hasMessageContaining("is not what it should be")
                    .hasMessageContaining("thrown away");
        }
        assertThat(programs).doesNotExist();
    }

    @Test
    void aProgramOfOtherBytesIsNotMadeExecutableNorHandedOut() throws IOException {
        NpmPackage other = new NpmPackage(
                "a-server",
                "1.2.3",
                Checksum.sha512("0".repeat(128)).of(tarball),
                Map.of("dist/server", Checksum.sha256("0".repeat(64))));
        try (FaultyServer server = new FaultyServer(Files.readAllBytes(tarball))) {
            assertThatThrownBy(() -> other.unpackInto(programs, work, Progress.SILENT, npm("echo " + server.uri())))
                    .isInstanceOf(ProvisionException.class)
                    .hasMessageContaining("server of a-server 1.2.3 is not what it should be")
                    .hasMessageContaining("not run");
        }
        assertThat(programs).isEmptyDirectory();
    }

    @Test
    void whatNpmSaysAgainstItIsHandedOnWithACure() throws IOException {
        NpmRegistry offline = npm("echo 'npm warn noise' >&2; echo 'npm error code ENOTFOUND' >&2; exit 1");
        assertThatThrownBy(() -> pinned().unpackInto(programs, work, Progress.SILENT, offline))
                .isInstanceOf(ProvisionException.class)
                .hasMessageContaining("a-server@1.2.3")
                .hasMessageContaining("npm says \"npm error code ENOTFOUND\"")
                .hasMessageContaining("Check the network")
                .hasMessageNotContaining("noise");
    }

    @Test
    void anNpmThatCannotBeRunIsNamed() {
        NpmRegistry missing = new NpmRegistry(directory.resolve("no-npm").toString(), work);
        assertThatThrownBy(() -> pinned().unpackInto(programs, work, Progress.SILENT, missing))
                .isInstanceOf(ProvisionException.class)
                .hasMessageContaining("Cannot ask npm");
    }

    @Test
    void npmWritesItsCacheWhereItIsTold() throws IOException {
        try (FaultyServer server = new FaultyServer(Files.readAllBytes(tarball))) {
            pinned().unpackInto(
                            programs,
                            work,
                            Progress.SILENT,
                            npm("echo \"$@\" >> " + work.resolve("asked") + "; echo " + server.uri()));
        }
        assertThat(Files.readAllLines(work.resolve("asked")))
                .allMatch(line -> line.contains("--cache=" + work.resolve("npm")))
                .anyMatch(line -> line.startsWith("view a-server@1.2.3 dist.tarball"));
    }

    private NpmPackage pinned() throws IOException {
        return new NpmPackage(
                "a-server",
                "1.2.3",
                Checksum.sha512("0".repeat(128)).of(tarball),
                Map.of("dist/server", Checksum.sha256("0".repeat(64)).of(directory.resolve("package/dist/server"))));
    }

    /** A program in npm's place. */
    private NpmRegistry npm(String script) throws IOException {
        Path npm = directory.resolve("npm");
        Files.writeString(npm, "#!/bin/sh\n" + script + "\n");
        assertThat(npm.toFile().setExecutable(true)).isTrue();
        return new NpmRegistry(npm.toString(), work.resolve("npm"));
    }
}
