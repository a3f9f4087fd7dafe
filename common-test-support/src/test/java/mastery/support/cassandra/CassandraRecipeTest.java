package mastery.support.cassandra;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import mastery.support.server.Address;
import mastery.support.server.NodeSpec;
import mastery.support.server.ServerException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class CassandraRecipeTest {

    private final CassandraRecipe recipe = new CassandraRecipe();

    @TempDir
    Path directory;

    @Test
    void aUrlNamesHostPortUserAndPassword() {
        Address address = recipe.parseUrl("cassandra://ann:s:ecret@db.example:19042");
        assertThat(address).isEqualTo(new Address("db.example", 19042, "ann", "s:ecret", Map.of()));
        assertThat(recipe.parseUrl("cassandra://127.0.0.1"))
                .isEqualTo(new Address("127.0.0.1", 9042, "", "", Map.of()));
        Address own = Address.loopback(20001, "mastery", "x");
        assertThat(recipe.parseUrl(recipe.url(own))).isEqualTo(own);
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "127.0.0.1:9042", "redis://127.0.0.1", "cassandra:", "cassandra://", "cassandra://a b"})
    void whatIsNoUrlIsRefusedWithAnExample(String url) {
        assertThatThrownBy(() -> recipe.parseUrl(url))
                .isInstanceOf(ServerException.class)
                .hasMessageContaining("'" + url + "' is not a Cassandra URL")
                .hasMessageContaining("cassandra://cassandra:password@127.0.0.1:9042");
    }

    @Test
    void tooLittleMemoryIsSaidBeforeANodeStarts() throws IOException {
        Files.writeString(directory.resolve("meminfo"), "MemTotal: 999999 kB\nMemAvailable:     204800 kB\n");
        assertThatThrownBy(() -> CassandraRecipe.requireMemory(NodeSpec.of("node-2", Map.of()), memory()))
                .isInstanceOf(ServerException.class)
                .hasMessageContaining("Cassandra node 'node-2' needs 400 MB of memory, and 200 MB are free")
                .hasMessageContaining("mastery.cassandra.url");
        Files.writeString(directory.resolve("meminfo"), "MemAvailable:     999999 kB\n");
        CassandraRecipe.requireMemory(NodeSpec.single(), memory());
    }

    @Test
    void theLimitOfTheControlGroupCountsToo() throws IOException {
        Files.writeString(directory.resolve("meminfo"), "MemAvailable:     9999999 kB\n");
        Files.writeString(Files.createDirectories(directory.resolve("self")).resolve("cgroup"), "0::/build/7\n");
        Path group = Files.createDirectories(directory.resolve("group/build/7"));
        Files.writeString(group.resolve("memory.max"), "1073741824\n");
        Files.writeString(group.resolve("memory.current"), "1000000000\n");
        assertThat(memory().bytes()).hasValue(73741824);
        Files.writeString(group.resolve("memory.max"), "max\n");
        assertThat(memory().bytes()).hasValue(9999999L * 1024);
    }

    @Test
    void aSystemThatDoesNotTellIsTrusted() {
        assertThat(memory().bytes()).isEmpty();
        CassandraRecipe.requireMemory(NodeSpec.single(), memory());
    }

    @Test
    void theConfigurationIsThatOfTheSpec() {
        NodeSpec spec = NodeSpec.of(
                "node-1", Map.of(CassandraSettings.SEEDS, "127.0.0.1:7", "storage_port", "7", "num_tokens", "1"));
        String yaml = new CassandraSettings(Address.loopback(9, "mastery", "secret"), spec, directory).yaml(5);
        assertThat(yaml.lines())
                .contains(
                        "storage_port: 7",
                        "native_transport_port: 9",
                        "num_tokens: 1",
                        "authenticator: PasswordAuthenticator",
                        "      - seeds: \"127.0.0.1:7\"")
                .noneMatch(line -> line.contains("mastery.") || line.contains("secret"));
        assertThat(new CassandraSettings(Address.loopback(9, "", ""), NodeSpec.single(), directory)
                        .yaml(5)
                        .lines())
                .contains("storage_port: 5", "      - seeds: \"127.0.0.1:5\"");
    }

    private FreeMemory memory() {
        return new FreeMemory(directory, directory.resolve("group"));
    }
}
