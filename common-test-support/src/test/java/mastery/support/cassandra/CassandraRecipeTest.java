package mastery.support.cassandra;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

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
}
