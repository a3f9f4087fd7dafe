package mastery.support.work;

import static org.assertj.core.api.Assertions.assertThat;

import mastery.support.junit.OnRedis;
import org.junit.jupiter.api.Test;
import redis.clients.jedis.RedisClient;

@OnRedis
class RedisWorkIT {

    @Test
    void callsAreCountedByCommand(RedisClient redis) throws Exception {
        redis.ping();
        RedisWork work = RedisWork.measure(redis, () -> {
            redis.set("k", "1");
            redis.get("k");
            redis.get("missing");
            redis.configGet("maxmemory");
        });
        assertThat(work.calls("get")).isEqualTo(2);
        assertThat(work.calls("set")).isEqualTo(1);
        assertThat(work.calls("config|get")).isEqualTo(1);
        assertThat(work.calls("del")).isZero();
        assertThat(work.calls()).doesNotContainKey("info");
    }
}
