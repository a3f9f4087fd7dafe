package mastery.support.provision;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class VersionTest {

    @Test
    void numbersAreComparedAsNumbers() {
        assertThat(Version.of("18.10")).isGreaterThan(Version.of("18.6"));
        assertThat(Version.of("9.7.4")).isGreaterThan(Version.of("9.7")).isLessThan(Version.of("10"));
        assertThat(Version.of("15.18").isAtLeast(Version.of("18"))).isFalse();
        assertThat(Version.of("18").isAtLeast(Version.of("18"))).isTrue();
    }

    @Test
    void missingNumbersCountAsZero() {
        assertThat(Version.of("18")).isEqualTo(Version.of("18.0.0")).hasSameHashCodeAs(Version.of("18.0.0"));
        assertThat(Version.of("18")).isEqualByComparingTo(Version.of("18.0")).isNotEqualTo(Version.of("1.8"));
    }

    @ParameterizedTest
    @CsvSource({"18.6 (Debian 18.6-1), 18.6", "19beta1, 19", "8.0.36-28, 8.0.36", "8.0., 8.0"})
    void leadingNumbersAreRead(String text, String version) {
        assertThat(Version.of(text)).hasToString(version);
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "v8", "beta"})
    void aTextWithoutLeadingNumberIsNoVersion(String text) {
        assertThatIllegalArgumentException().isThrownBy(() -> Version.of(text)).withMessageContaining("Not a version");
    }
}
