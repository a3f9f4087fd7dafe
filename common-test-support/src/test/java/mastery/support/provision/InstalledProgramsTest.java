package mastery.support.provision;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.File;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.Properties;
import mastery.support.provision.InstalledPrograms.Absent;
import mastery.support.provision.InstalledPrograms.Finding;
import mastery.support.provision.InstalledPrograms.Found;
import mastery.support.provision.InstalledPrograms.PassedOver;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.api.parallel.Isolated;

@EnabledOnOs({OS.LINUX, OS.MAC})
@Isolated("a process that another test starts inherits the file that is being written: text file busy")
class InstalledProgramsTest {

    @TempDir
    Path directory;

    private final Properties properties = new Properties();
    private final SoughtProgram postgresql = here(SoughtProgram.postgresql(Version.of("18")));
    private final SoughtProgram mysql = here(SoughtProgram.mysql(Version.of("9.7")));
    private final SoughtProgram redis = here(SoughtProgram.redis(Version.of("8")));

    @Test
    void theAnswersOfRealServersAreRead() throws IOException {
        Path bin = bin("bin");
        Path postgres = program(bin, "postgres", "postgres (PostgreSQL) 18.6 (Debian 18.6-1)");
        Path mysqld = program(bin, "mysqld", "/usr/sbin/mysqld  Ver 9.7.4-2 for Linux on x86_64 ((Debian))");
        Path server = program(bin, "redis-server", "Redis server v=8.0.2 sha=00000000:0 malloc=jemalloc-5.3.0 bits=64");
        assertThat(find(postgresql, bin)).isEqualTo(new Found(postgres, Version.of("18.6")));
        assertThat(find(mysql, bin)).isEqualTo(new Found(mysqld, Version.of("9.7.4")));
        assertThat(find(redis, bin)).isEqualTo(new Found(server, Version.of("8.0.2")));
    }

    @Test
    void aProgramThatIsTooOldIsPassedOverWithTheReason() throws IOException {
        Path bin = bin("bin");
        Path old = program(bin, "postgres", "postgres (PostgreSQL) 15.18 (Debian 15.18-0+deb12u1)");
        assertThat(find(postgresql, bin))
                .isEqualTo(new PassedOver(
                        old, Optional.of(Version.of("15.18")), "PostgreSQL 15.18 at " + old + " is older than 18"));
    }

    @Test
    void aRecentProgramBehindAnOldOneIsFound() throws IOException {
        Path old = bin("old");
        Path recent = bin("recent");
        program(old, "postgres", "postgres (PostgreSQL) 15.18");
        Path program = program(recent, "postgres", "postgres (PostgreSQL) 18.6");
        assertThat(find(postgresql, old, recent)).isEqualTo(new Found(program, Version.of("18.6")));
    }

    @Test
    void anotherProductOfTheSameNameIsRefused() throws IOException {
        Path bin = bin("bin");
        program(bin, "mysqld", "mysqld  Ver 10.11.6-MariaDB-0+deb12u1 for debian-linux-gnu on x86_64");
        program(bin, "redis-server", "Valkey server v=8.1.1 sha=00000000:0");
        assertThat(reason(find(mysql, bin))).contains("is not MySQL").contains("10.11.6-MariaDB");
        assertThat(reason(find(redis, bin))).contains("is not Redis").contains("Valkey");
    }

    @Test
    void aNamedDirectoryDecidesAlone() throws IOException {
        Path onPath = bin("path");
        program(onPath, "postgres", "postgres (PostgreSQL) 18.6");
        Path home = bin("home");
        properties.setProperty("mastery.postgresql.home", home.toString());
        assertThat(reason(find(postgresql, onPath))).contains("-Dmastery.postgresql.home names " + home);
        Path itself = program(home, "postgres", "postgres (PostgreSQL) 18.1");
        assertThat(find(postgresql, onPath)).isEqualTo(new Found(itself, Version.of("18.1")));
        Path inBin = program(bin("home/bin"), "postgres", "postgres (PostgreSQL) 18.2");
        assertThat(find(postgresql, onPath)).isEqualTo(new Found(inBin, Version.of("18.2")));
    }

    @Test
    void linksAndScriptsAreFollowedToTheInstallation() throws IOException {
        Path real = program(bin("real"), "postgres", "postgres (PostgreSQL) 18.6");
        Path links = bin("links");
        Files.createSymbolicLink(links.resolve("postgres"), real);
        assertThat(find(postgresql, links)).isEqualTo(new Found(real, Version.of("18.6")));
        Path scripts = bin("scripts");
        script(scripts.resolve("postgres"), "exec " + real + " \"$@\"");
        assertThat(find(postgresql, scripts)).isEqualTo(new Found(real, Version.of("18.6")));
    }

    @Test
    void aProgramThatHangsOrFailsIsPassedOver() throws IOException {
        Path hangs = bin("hangs");
        script(hangs.resolve("postgres"), "exec sleep 600");
        assertThat(reason(find(postgresql, hangs))).contains("did not end within");
        Path fails = bin("fails");
        script(fails.resolve("postgres"), "echo cannot load libssl >&2; exit 127");
        assertThat(reason(find(postgresql, fails))).contains("cannot load libssl");
    }

    @Test
    void nothingThereIsAbsent() throws IOException {
        assertThat(find(postgresql, bin("empty"))).isEqualTo(new Absent("no postgres on PATH"));
    }

    private Finding find(SoughtProgram sought, Path... directories) {
        String path = String.join(
                File.pathSeparator,
                List.of(directories).stream().map(Path::toString).toList());
        return new InstalledPrograms(properties, path, Duration.ofSeconds(2)).find(sought);
    }

    private static String reason(Finding finding) {
        assertThat(finding).isInstanceOf(PassedOver.class);
        return ((PassedOver) finding).reason();
    }

    /** Without the usual directories, so that programs of this machine stay out. */
    private static SoughtProgram here(SoughtProgram sought) {
        return new SoughtProgram(
                sought.engine(), sought.product(), sought.program(), sought.answer(), sought.minimum(), List.of());
    }

    private Path bin(String name) throws IOException {
        return Files.createDirectories(directory.toRealPath().resolve(name));
    }

    private static Path program(Path bin, String name, String version) throws IOException {
        return script(bin.resolve(name), "echo '" + version + "'");
    }

    private static Path script(Path file, String text) throws IOException {
        Files.writeString(file, "#!/bin/sh\n" + text + "\n");
        return Files.setPosixFilePermissions(file, PosixFilePermissions.fromString("rwxr-xr-x"));
    }
}
