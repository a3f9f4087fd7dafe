package mastery.support.redis;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.List;
import java.util.stream.Stream;
import mastery.support.server.Address;
import mastery.support.server.ServerException;
import org.junit.jupiter.api.Test;

class RedisSettingsTest {

    private final RedisSettings settings = new RedisSettings("127.0.0.1", 7000, "/data", "pass\"word\\");

    @Test
    void everySettingHasAReasonBeforeIt() {
        Stream.of(
                        settings.single(),
                        settings.replica("127.0.0.1", 7001),
                        settings.clusterNode(17000),
                        settings.sentinel())
                .map(text -> text.lines().toList())
                .forEach(RedisSettingsTest::alternate);
    }

    private static void alternate(List<String> lines) {
        assertThat(lines.size() % 2).isZero();
        for (int i = 0; i < lines.size(); i += 2) {
            assertThat(lines.get(i)).startsWith("# ");
            assertThat(lines.get(i + 1)).matches("[a-z].*");
        }
    }

    @Test
    void aPasswordIsQuotedAndNeverShown() {
        assertThat(settings.single()).contains("requirepass \"pass\\\"word\\\\\"\n");
        assertThat(settings.toString()).doesNotContain("word");
        assertThat(new RedisEndpoint("127.0.0.1", 7000, "secret").toString()).isEqualTo("127.0.0.1:7000");
    }

    @Test
    void aUrlNamesHostPortUserPasswordAndEncryption() {
        RedisRecipe recipe = new RedisRecipe();
        Address full = recipe.parseUrl("redis://me:secret@db.example:6380");
        assertThat(List.of(full.host(), full.port(), full.user(), full.password()))
                .isEqualTo(List.of("db.example", 6380, "me", "secret"));
        assertThat(recipe.parseUrl(recipe.url(full))).isEqualTo(full);
        Address bare = recipe.parseUrl("redis://db.example");
        assertThat(List.of(bare.port(), bare.user(), bare.password())).isEqualTo(List.of(6379, "default", ""));
        assertThat(RedisEndpoint.of(recipe.parseUrl("rediss://db.example")).tls())
                .isTrue();
        assertThat(RedisEndpoint.of(bare).tls()).isFalse();
    }

    @Test
    void whatIsNoUrlIsRefusedWithAnExample() {
        for (String url : List.of("", "db.example:6379", "http://db.example", "redis://", "redis://a b")) {
            assertThatThrownBy(() -> new RedisRecipe().parseUrl(url))
                    .isInstanceOf(ServerException.class)
                    .hasMessageContaining("redis://default:password@127.0.0.1:6379");
        }
    }
}
