package mastery.support.work;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.Map;
import org.junit.jupiter.api.Test;

class RedisWorkTest {

    @Test
    void readsCallsOfCommandsAndSubcommands() {
        assertThat(RedisWork.parse("""
                        # Commandstats\r
                        cmdstat_get:calls=21,usec=175,usec_per_call=8.33,rejected_calls=0,failed_calls=0\r
                        cmdstat_config|get:calls=2,usec=9,usec_per_call=4.50,rejected_calls=0,failed_calls=0\r
                        """)).isEqualTo(Map.of("get", 21L, "config|get", 2L));
        assertThat(RedisWork.parse("# Commandstats\r\n")).isEmpty();
    }

    @Test
    void aLineWithoutCallsIsRefusedAndShown() {
        assertThatThrownBy(() -> RedisWork.parse("cmdstat_get:usec=1"))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("cmdstat_get:usec=1");
    }

    @Test
    void countersThatDidNotMoveAreLeftOut() {
        assertThat(Counters.less(Map.of("get", 3L, "set", 1L), Map.of("get", 1L, "set", 1L)))
                .isEqualTo(Map.of("get", 2L));
        assertThat(new RedisWork(Map.of("get", 2L)).calls("set")).isZero();
    }
}
