package mastery.support.provision;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.AccessDeniedException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.Map;
import java.util.Properties;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;

class CacheDirectoryTest {

    @Test
    void thePropertyComesBeforeTheVariableBeforeTheSystemsPlace() {
        Properties properties = properties("Linux");
        Map<String, String> environment = Map.of("MASTERY_CACHE", "/variable", "XDG_CACHE_HOME", "/xdg");
        assertThat(CacheDirectory.locate(properties, environment, true)).isEqualTo(Path.of("/variable"));
        properties.setProperty("mastery.cache", "/property");
        assertThat(CacheDirectory.locate(properties, environment, true)).isEqualTo(Path.of("/property"));
    }

    @Test
    void eachSystemHasItsOwnPlace() {
        Properties linux = properties("Linux");
        assertThat(CacheDirectory.locate(linux, Map.of("XDG_CACHE_HOME", "/xdg"), true))
                .isEqualTo(Path.of("/var/cache/database-mastery"));
        assertThat(CacheDirectory.locate(linux, Map.of("XDG_CACHE_HOME", "/xdg"), false))
                .isEqualTo(Path.of("/xdg/database-mastery"));
        assertThat(CacheDirectory.locate(linux, Map.of("XDG_CACHE_HOME", "relative"), false))
                .isEqualTo(Path.of("/home/me/.cache/database-mastery"));
        assertThat(CacheDirectory.locate(properties("Mac OS X"), Map.of(), false))
                .isEqualTo(Path.of("/home/me/Library/Caches/database-mastery"));
        assertThat(CacheDirectory.locate(properties("Windows 11"), Map.of("LOCALAPPDATA", "/local"), false))
                .isEqualTo(Path.of("/local/database-mastery"));
    }

    @Test
    void aFileIsNoCache(@TempDir Path directory) throws IOException {
        Path file = Files.writeString(directory.resolve("file"), "");
        assertThatThrownBy(() -> CacheDirectory.at(file))
                .isInstanceOf(ProvisionException.class)
                .hasMessageContaining("not a directory")
                .hasMessageContaining("mastery.cache");
        assertThatThrownBy(() -> CacheDirectory.at(file.resolve("below")))
                .isInstanceOf(ProvisionException.class)
                .hasMessageContaining("mastery.cache");
    }

    @Test
    void missingPermissionAndFullDiskAreNamed() {
        Path path = Path.of("/cache");
        assertThat(ProvisionException.writing(path, new AccessDeniedException("/cache")))
                .hasMessageContaining("Cannot write /cache: no permission")
                .hasMessageContaining("MASTERY_CACHE");
        assertThat(ProvisionException.writing(path, new IOException("No space left on device")))
                .hasMessageContaining("the disk is full");
    }

    @Test
    @EnabledOnOs({OS.LINUX, OS.MAC})
    void aCacheThatOthersCannotEnterIsRefusedForRoot(@TempDir Path directory) throws IOException {
        Path closed = Files.createDirectory(directory.resolve("closed"));
        Files.setPosixFilePermissions(closed, PosixFilePermissions.fromString("rwx------"));
        CacheDirectory cache = CacheDirectory.at(closed.resolve("cache"));
        assertThatThrownBy(cache::requireReadableByAll)
                .isInstanceOf(ProvisionException.class)
                .hasMessageContaining(closed + " is closed to other users");
    }

    private static Properties properties(String system) {
        Properties properties = new Properties();
        properties.setProperty("os.name", system);
        properties.setProperty("user.home", "/home/me");
        return properties;
    }
}
