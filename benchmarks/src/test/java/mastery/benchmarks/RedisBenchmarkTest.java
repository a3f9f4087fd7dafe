package mastery.benchmarks;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.junit.jupiter.api.Test;

class RedisBenchmarkTest {

    @Test
    void whatIsMeasuredIsTheNumberBehindSet() {
        String csv = """
                "test","rps","avg_latency_ms","min_latency_ms","p50_latency_ms"
                "SET","87719.30","1.124","0.056","0.151"
                """;
        assertThat(RedisBenchmark.perSecond(csv)).isEqualTo(87_719.30);
        assertThat(RedisBenchmark.perSecond("WARNING: could not fetch CONFIG\n" + csv))
                .isEqualTo(87_719.30);
    }

    @Test
    void whatMeasuredNothingIsRefusedAndShown() {
        assertThatThrownBy(() -> RedisBenchmark.perSecond("\"test\",\"rps\"\n"))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("no SET")
                .hasMessageContaining("rps");
        assertThatThrownBy(() -> RedisBenchmark.perSecond("\"SET\"\n")).isInstanceOf(IllegalArgumentException.class);
        assertThatThrownBy(() -> RedisBenchmark.perSecond("\"SET\",\"fast\"\n"))
                .isInstanceOf(NumberFormatException.class);
        assertThatThrownBy(() -> RedisBenchmark.perSecond("")).isInstanceOf(IllegalArgumentException.class);
    }

    @Test
    void itsKeysAreOurs() {
        assertThat(RedisBenchmark.KEYS.formatted(42)).isEqualTo("key:000000000042");
    }
}
