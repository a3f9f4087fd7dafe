package mastery.redis.structures;

import static mastery.redis.structures.HashWithFieldTtl.encoding;
import static mastery.redis.structures.HashWithFieldTtl.expireField;
import static mastery.redis.structures.HashWithFieldTtl.look;
import static mastery.redis.structures.HashWithFieldTtl.put;
import static mastery.redis.structures.HashWithFieldTtl.replace;
import static mastery.redis.structures.HashWithFieldTtl.save;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import java.time.Duration;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.IntStream;
import mastery.redis.structures.HashWithFieldTtl.Field;
import mastery.support.junit.OnRedis;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import redis.clients.jedis.RedisClient;
import redis.clients.jedis.exceptions.JedisDataException;

@OnRedis
class HashWithFieldTtlIT {

    private static final Duration LIMIT = Duration.ofSeconds(30);
    private static final Duration LIFE = Duration.ofMinutes(5);
    private static final Map<String, String> SESSION = Map.of("user", "ann", "code", "4711");

    @Test
    void oneFieldHasAnEndAndTheOthersAndTheKeyHaveNone(RedisClient redis) {
        save(redis, "session", SESSION);
        assertThat(expireField(redis, "session", "code", LIFE)).isTrue();
        assertThat(redis.hpttl("session", "code").get(0)).isBetween(LIFE.toMillis() - 60_000, LIFE.toMillis());
        assertThat(look(redis, "session")).contains(new Field("user", "ann", -1));
        assertThat(redis.ttl("session")).isEqualTo(-1);
    }

    @Test
    void theFieldEndsAndTheRestStays(RedisClient redis) {
        save(redis, "session", SESSION);
        expireField(redis, "session", "code", Duration.ofMillis(1));
        await().atMost(LIMIT).until(() -> !redis.hexists("session", "code"));
        assertThat(look(redis, "session")).containsExactly(new Field("user", "ann", -1));
    }

    @Test
    void withTheLastFieldTheKeyEnds(RedisClient redis) {
        put(redis, "session", "code", "4711", Duration.ofMillis(1));
        await().atMost(LIMIT).until(() -> !redis.exists("session"));
        assertThat(look(redis, "session")).isEmpty();
    }

    @Test
    void anEndOfTheKeyTakesEveryFieldWithIt(RedisClient redis) {
        save(redis, "session", SESSION);
        assertThat(HashWithFieldTtl.expireHash(redis, "session", Duration.ofMillis(1)))
                .isTrue();
        await().atMost(LIMIT).until(() -> !redis.exists("session"));
        assertThat(redis.hget("session", "user")).isNull();
    }

    @Test
    void hsetErasesTheEndOfAFieldAndHsetexKeepsIt(RedisClient redis) {
        put(redis, "session", "code", "1", LIFE);
        long end = redis.hpexpireTime("session", "code").get(0);
        assertThat(end).isPositive();

        assertThat(replace(redis, "session", "code", "2")).isTrue();
        assertThat(redis.hget("session", "code")).isEqualTo("2");
        assertThat(redis.hpexpireTime("session", "code")).containsExactly(end);

        HashWithFieldTtl.overwrite(redis, "session", "code", "3");
        assertThat(look(redis, "session")).containsExactly(new Field("code", "3", -1));
    }

    @Test
    void whatIsNotThereGetsNoEndAndIsNotMade(RedisClient redis) {
        save(redis, "session", SESSION);
        assertThat(expireField(redis, "session", "colour", LIFE)).isFalse();
        assertThat(replace(redis, "session", "colour", "red")).isFalse();
        assertThat(expireField(redis, "nothing", "colour", LIFE)).isFalse();
        assertThat(redis.hgetAll("session")).isEqualTo(SESSION);
        assertThat(redis.exists("nothing")).isFalse();
    }

    @Test
    void aSmallHashIsAListpackAndOneFieldMoreThanConfiguredMakesItATableForGood(RedisClient redis) {
        int most = Integer.parseInt(redis.configGet("hash-max-listpack-entries").get("hash-max-listpack-entries"));
        save(redis, "hash", fields(0, most));
        assertThat(encoding(redis, "hash")).isEqualTo("listpack");
        long small = redis.memoryUsage("hash", 0);

        save(redis, "hash", fields(most, most + 1));
        assertThat(encoding(redis, "hash")).isEqualTo("hashtable");
        assertThat(redis.memoryUsage("hash", 0)).isGreaterThan(2 * small);

        redis.hdel("hash", fields(1, most + 1).keySet().toArray(String[]::new));
        assertThat(redis.hlen("hash")).isEqualTo(1);
        assertThat(encoding(redis, "hash")).isEqualTo("hashtable");
    }

    @Test
    void anEndOfAFieldKeepsItAListpackAndALongValueDoesNot(RedisClient redis) {
        int longest =
                Integer.parseInt(redis.configGet("hash-max-listpack-value").get("hash-max-listpack-value"));
        save(redis, "hash", Map.of("field", "x".repeat(longest)));
        expireField(redis, "hash", "field", LIFE);
        assertThat(encoding(redis, "hash")).isEqualTo("listpackex");
        save(redis, "hash", Map.of("other", "x".repeat(longest + 1)));
        assertThat(encoding(redis, "hash")).isEqualTo("hashtable");
        assertThat(redis.httl("hash", "field").get(0))
                .as("the end outlives the change of the encoding")
                .isPositive();
    }

    @Test
    void aKeyOfAnotherTypeIsRefusedAndStaysAsItWas(RedisClient redis) {
        redis.set("text", "value");
        assertThatThrownBy(() -> save(redis, "text", SESSION))
                .isInstanceOf(JedisDataException.class)
                .hasMessageStartingWith("WRONGTYPE");
        assertThatThrownBy(() -> expireField(redis, "text", "field", LIFE)).hasMessageStartingWith("WRONGTYPE");
        assertThatThrownBy(() -> put(redis, "text", "field", "value", LIFE)).hasMessageStartingWith("WRONGTYPE");
        assertThat(redis.get("text")).isEqualTo("value");
    }

    @ParameterizedTest
    @ValueSource(strings = {"", " ", "FIELDS", "\0", "a\r\nDEL hash\r\n", "größe 😀"})
    void aHostileFieldIsAFieldLikeAnyOther(String field, RedisClient redis) {
        put(redis, "hash", field, field, LIFE);
        assertThat(replace(redis, "hash", field, "value")).isTrue();
        assertThat(expireField(redis, "hash", field, LIFE.plus(LIFE))).isTrue();
        assertThat(redis.hgetAll("hash")).isEqualTo(Map.of(field, "value"));
    }

    @Test
    void livesWithoutLengthAreRefused(RedisClient redis) {
        save(redis, "session", SESSION);
        for (Duration life : new Duration[] {Duration.ZERO, Duration.ofSeconds(-1), Duration.ofNanos(999_999)}) {
            assertThatThrownBy(() -> expireField(redis, "session", "code", life))
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessageContaining("at least a millisecond");
            assertThatThrownBy(() -> put(redis, "session", "code", "x", life))
                    .isInstanceOf(IllegalArgumentException.class);
            assertThatThrownBy(() -> HashWithFieldTtl.expireHash(redis, "session", life))
                    .isInstanceOf(IllegalArgumentException.class);
        }
        assertThat(redis.hgetAll("session")).isEqualTo(SESSION);
    }

    private static Map<String, String> fields(int from, int to) {
        Map<String, String> fields = new TreeMap<>();
        IntStream.range(from, to).forEach(i -> fields.put("field-" + i, "value"));
        return fields;
    }
}
