package mastery.support.redis;

import static org.assertj.core.api.Assertions.assertThat;

import mastery.support.junit.OnRedis;
import mastery.support.junit.Prepare;
import org.junit.jupiter.api.Test;
import redis.clients.jedis.RedisClient;

@OnRedis
class RedisFixtureIT {

    @Prepare
    static void fill(RedisClient redis) {
        redis.sadd("items", "1", "2", "3");
    }

    @Test
    void everyTestStartsFromThePreparedContent(RedisClient redis) {
        assertThat(redis.dbSize()).isEqualTo(1);
        assertThat(redis.del("items")).isEqualTo(1);
    }

    @Test
    void whatOneTestDeletesAnotherStillFinds(RedisClient redis) {
        assertThat(redis.del("items")).isEqualTo(1);
    }

    @Test
    void twoDatabasesDoNotSeeEachOther(RedisClient redis) {
        try (RedisClient other = Redis.shared().newClient()) {
            assertThat(other.dbSize()).isZero();
            other.set("key", "theirs");
            assertThat(redis.exists("key")).isFalse();
            other.flushDB();
            assertThat(redis.scard("items")).isEqualTo(3);
        }
    }
}
