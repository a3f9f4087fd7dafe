package mastery.support.mongodb;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.file.Path;
import java.util.Map;
import mastery.support.server.Address;
import mastery.support.server.NativeLaunch;
import mastery.support.server.NodeSpec;
import mastery.support.server.Programs;
import mastery.support.server.ServerException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class MongoDbRecipeTest {

    private final MongoDbRecipe recipe = new MongoDbRecipe();

    @Test
    void aUsersUrlIsKeptWholeAndItsPasswordIsNotShown() {
        String url = "mongodb://ann:p%40ss@db1.test:27018,db2.test/?replicaSet=rs7&tls=true";
        Address address = recipe.parseUrl(url);
        assertThat(address.host()).isEqualTo("db1.test");
        assertThat(address.port()).isEqualTo(27018);
        assertThat(address.user()).isEqualTo("ann");
        assertThat(address.password()).isEqualTo("p@ss");
        assertThat(recipe.url(address)).isEqualTo(url);
        assertThat(address.toString()).isEqualTo("db1.test:27018");
    }

    @ParameterizedTest
    @ValueSource(strings = {"nonsense", "mongodb://", "jdbc:mysql://127.0.0.1/", "mongodb://a:b@127.0.0.1:notaport/"})
    void anythingElseIsRefusedWithAnExample(String url) {
        assertThatThrownBy(() -> recipe.parseUrl(url))
                .isInstanceOf(ServerException.class)
                .hasMessageContaining("is not a MongoDB URL")
                .hasMessageContaining("mongodb://root:password@127.0.0.1:27017/");
    }

    @Test
    void theUrlOfAServerOfOursEscapesWhatAPasswordMayHold() {
        Address address = new Address("127.0.0.1", 27017, "root", "a:b@c/d e", Map.of());
        assertThat(recipe.url(address)).startsWith("mongodb://root:a%3Ab%40c%2Fd%20e@127.0.0.1:27017/");
        assertThat(recipe.parseUrl(recipe.url(address)).password()).isEqualTo("a:b@c/d e");
    }

    @Test
    void noCommandLineShowsThePassword() {
        for (String role : new String[] {"", MongoDbRecipe.MEMBER, MongoDbRecipe.CONFIG_SERVER, MongoDbRecipe.SHARD}) {
            assertThat(recipe.command(launch(Map.of(MongoDbRecipe.ROLE, role))))
                    .contains("--keyFile", "--bind_ip", "127.0.0.1")
                    .noneMatch(word -> word.contains("secret"));
        }
        assertThat(recipe.container(Address.loopback(27017, "root", "secret"), NodeSpec.single())
                        .arguments())
                .noneMatch(argument -> argument.contains("secret"));
    }

    @Test
    void aRouterWithoutItsProgramIsNamedWithTheCure() {
        assertThatThrownBy(() -> recipe.command(launch(Map.of(MongoDbRecipe.ROLE, MongoDbRecipe.ROUTER))))
                .isInstanceOf(ServerException.class)
                .hasMessageContaining("mongos")
                .hasMessageContaining("-Dmastery.mongodb.home=DIRECTORY");
    }

    @Test
    void aPortOnWhichNobodyListensIsToldAtOnce() throws IOException {
        int closed;
        try (ServerSocket socket = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            closed = socket.getLocalPort();
        }
        assertThatThrownBy(() -> recipe.identify(Address.loopback(closed, "root", "x")))
                .isInstanceOf(IOException.class)
                .hasMessageContaining("refused");
    }

    private static NativeLaunch launch(Map<String, String> settings) {
        Path nowhere = Path.of("/nonexistent");
        return new NativeLaunch(
                new Programs(nowhere, nowhere, "8.2.0", "a test"),
                nowhere,
                Address.loopback(27017, "root", "secret"),
                NodeSpec.of("node", settings));
    }
}
