package mastery.support.server;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.parallel.Isolated;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

@Isolated("system properties belong to the whole JVM")
class ImagesTest {

    private static final List<String> NAMES = Stream.concat(
                    Stream.of(Images.KIND),
                    Arrays.stream(Engine.values()).map(engine -> "mastery." + engine.id() + ".image"))
            .toList();

    private final Map<String, String> before = new HashMap<>();

    @BeforeEach
    void unset() {
        NAMES.forEach(name -> before.put(name, System.clearProperty(name)));
    }

    @AfterEach
    void restore() {
        before.forEach((name, value) -> {
            System.clearProperty(name);
            if (value != null) {
                System.setProperty(name, value);
            }
        });
    }

    @ParameterizedTest
    @EnumSource(Engine.class)
    void everyEngineHasAPinnedOfficialImage(Engine engine) {
        assertThat(Images.of(engine))
                .isEqualTo(Images.official(engine))
                .matches("[a-z0-9./]+:[A-Za-z0-9._-]*\\d[A-Za-z0-9._-]*(@sha256:[0-9a-f]{64})?")
                .doesNotContain("latest");
    }

    @Test
    void standInsAreUsedOnlyWhereTheyAreAskedForAndNeverForSqlServer() {
        System.setProperty(Images.KIND, "stand-in");
        assertThat(Images.of(Engine.REDIS)).isEqualTo("database-mastery/stand-in-redis");
        assertThat(Images.isBuiltHere(Images.of(Engine.REDIS))).isTrue();
        assertThat(Images.of(Engine.SQLSERVER)).isEqualTo(Images.official(Engine.SQLSERVER));

        System.setProperty(Images.KIND, "official");
        assertThat(Images.of(Engine.REDIS)).startsWith("redis:");
        assertThat(Images.isBuiltHere(Images.of(Engine.REDIS))).isFalse();
    }

    @Test
    void anImageOfTheUsersComesFirst() {
        System.setProperty(Images.KIND, "stand-in");
        System.setProperty("mastery.redis.image", "mirror.example:5000/redis:8.10.2");
        assertThat(Images.of(Engine.REDIS)).isEqualTo("mirror.example:5000/redis:8.10.2");
        assertThat(Images.of(Engine.MYSQL)).isEqualTo("database-mastery/stand-in-mysql");
    }

    @Test
    void anotherKindIsRefusedWithTheValidOnes() {
        System.setProperty(Images.KIND, "fake");
        assertThatThrownBy(() -> Images.of(Engine.REDIS))
                .isInstanceOf(ServerException.class)
                .hasMessageContaining("'fake'")
                .hasMessageContaining("official or stand-in");
    }

    @Test
    void aStandInIsCalledOneUnderWhateverName() {
        Map<String, String> label = Map.of(Images.STAND_IN_LABEL, "Debian sid 18.6-3");
        assertThat(Images.describe("postgres:18.6", label))
                .isEqualTo("stand-in image postgres:18.6: Debian sid 18.6-3");
        assertThat(Images.describe("database-mastery/stand-in-postgresql", label))
                .isEqualTo("stand-in image: Debian sid 18.6-3");
        assertThat(Images.describe("postgres:18.6@sha256:" + "0".repeat(64), Map.of()))
                .isEqualTo("image postgres:18.6");
        assertThat(Images.describe("redis:8", null)).isEqualTo("image redis:8");
    }
}
