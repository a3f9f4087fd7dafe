package mastery.support.elasticsearch;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import mastery.support.server.Address;
import mastery.support.server.ServerException;
import org.junit.jupiter.api.Test;

class ElasticsearchRecipeTest {

    private final ElasticsearchRecipe recipe = new ElasticsearchRecipe();

    @Test
    void aUrlIsReadAndWritten() {
        Address plain = recipe.parseUrl("http://search:pass%20word@example.test:9201");
        assertThat(plain.user()).isEqualTo("search");
        assertThat(plain.password()).isEqualTo("pass word");
        assertThat(plain.port()).isEqualTo(9201);
        assertThat(recipe.url(plain)).isEqualTo("http://search:pass%20word@example.test:9201");

        String secure = "https://elastic:x@example.test:9200?fingerprint=" + "a1".repeat(32);
        assertThat(recipe.url(recipe.parseUrl(secure))).isEqualTo(secure);
        assertThat(recipe.parseUrl("http://example.test").user()).isEqualTo("elastic");
        assertThat(recipe.parseUrl("http://example.test").port()).isEqualTo(9200);
    }

    @Test
    void aMalformedUrlIsRefusedWithAnExample() {
        for (String url : List.of(
                "",
                "nonsense",
                "jdbc:postgresql://127.0.0.1/x",
                "http://",
                "http://a b",
                "http://example.test?x=1",
                "http://example.test?fingerprint=" + "a".repeat(64),
                "https://example.test?fingerprint=abc")) {
            assertThatThrownBy(() -> recipe.parseUrl(url))
                    .isInstanceOf(ServerException.class)
                    .hasMessageContaining("http://elastic:password@127.0.0.1:9200");
        }
    }

    @Test
    void settingsAndSecretsAreWrittenAsTheServerReadsThem() {
        byte[] bytes = ServerArguments.bytes(
                Map.of("b", "x".repeat(200), "a", "1é€"), Map.of("secret", "pw"), Path.of("/c"), Path.of("/l"));
        String hex = HexFormat.of().formatHex(bytes);
        String text = new String(bytes, StandardCharsets.ISO_8859_1);
        // a daemon, not quiet, no pid file, then a name of 49 letters
        assertThat(hex).startsWith("01000031").endsWith("022f63022f6c");
        // the secret and the 32 bytes of its digest
        assertThat(text).contains("\6secret\2pw\40");
        // two settings in order; text type 0; 200 letters in two bytes of seven bits; two and three bytes a letter
        assertThat(hex).contains("02" + "0161" + "00" + "03" + "31c3a9e282ac" + "0162" + "00" + "c801" + "7878");
    }
}
