package mastery.support.server;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.parallel.Isolated;

@Isolated("system properties belong to the whole JVM")
class SettingsTest {

    private final String source = System.getProperty("mastery.source");
    private final String require = System.getProperty("mastery.require");

    @BeforeEach
    void unset() {
        System.clearProperty("mastery.source");
        System.clearProperty("mastery.require");
    }

    @AfterEach
    void restore() {
        restore("mastery.source", source);
        restore("mastery.require", require);
    }

    private static void restore(String name, String value) {
        if (value == null) {
            System.clearProperty(name);
        } else {
            System.setProperty(name, value);
        }
    }

    @Test
    void withoutASettingAllSourcesAreTriedTheUsersOwnFirst() {
        assertThat(Settings.sources()).containsExactly(SourceKind.EXTERNAL, SourceKind.CONTAINER, SourceKind.NATIVE);
    }

    @Test
    void anEmptySettingIsNoSetting() {
        System.setProperty("mastery.source", "");
        assertThat(Settings.sources()).hasSize(3);
    }

    @Test
    void aNamedSourceIsTheOnlyOne() {
        System.setProperty("mastery.source", "native");
        assertThat(Settings.sources()).containsExactly(SourceKind.NATIVE);
    }

    @Test
    void anUnknownSourceIsRefusedWithTheValidOnes() {
        System.setProperty("mastery.source", "cloud");
        assertThatThrownBy(Settings::sources)
                .isInstanceOf(ServerException.class)
                .hasMessageContaining("cloud")
                .hasMessageContaining("external, container or native");
    }

    @Test
    void requireTakesAllOrAList() {
        assertThat(Settings.isRequired(Engine.REDIS)).isFalse();
        System.setProperty("mastery.require", "postgresql, redis");
        assertThat(Settings.isRequired(Engine.REDIS)).isTrue();
        assertThat(Settings.isRequired(Engine.MYSQL)).isFalse();
        System.setProperty("mastery.require", "all");
        assertThat(Settings.isRequired(Engine.MYSQL)).isTrue();
    }

    @Test
    void requireRefusesAnUnknownEngine() {
        System.setProperty("mastery.require", "oracle");
        assertThatThrownBy(() -> Settings.isRequired(Engine.REDIS))
                .isInstanceOf(ServerException.class)
                .hasMessageContaining("postgresql, mysql, redis");
    }
}
