package mastery.redis.structures;

import static mastery.redis.structures.JsonDocument.add;
import static mastery.redis.structures.JsonDocument.create;
import static mastery.redis.structures.JsonDocument.get;
import static mastery.redis.structures.JsonDocument.member;
import static mastery.redis.structures.JsonDocument.rewrite;
import static mastery.redis.structures.JsonDocument.set;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assumptions.abort;

import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.stream.Stream;
import mastery.support.junit.OnRedis;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import redis.clients.jedis.RedisClient;
import redis.clients.jedis.exceptions.JedisDataException;

/** Skipped, not passed, on a server without the JSON module: that is no lack of the engine, and so not a failure where Redis is required. */
@OnRedis
class JsonDocumentIT {

    private static final String ORDER = """
            {"state":"open","total":7,"lines":[{"item":"pen","count":2},{"item":"ink","count":1}]}""";

    @BeforeEach
    void onAServerWithTheModule(RedisClient redis) {
        if (!JsonDocument.isSupported(redis)) {
            abort(JsonDocument.LACKS_MODULE);
        }
        assertThat(create(redis, "order", ORDER)).isTrue();
    }

    @Test
    void aNestedValueIsChangedAlone(RedisClient redis) {
        assertThat(set(redis, "order", "$.lines[1].item", "\"blue ink\"")).isTrue();
        assertThat(get(redis, "order", "$.lines[*].item")).isEqualTo("[\"pen\",\"blue ink\"]");
        assertThat(get(redis, "order", "$.lines[*].count")).isEqualTo("[2,1]");
        assertThat(get(redis, "order", "$.state")).isEqualTo("[\"open\"]");
        assertThat(get(redis, "order", "$.total")).isEqualTo("[7]");
    }

    @Test
    void aPathWithDollarAnswersWithAnArrayAndOneWithoutWithAValue(RedisClient redis) {
        assertThat(get(redis, "order", "$.total")).isEqualTo("[7]");
        assertThat(get(redis, "order", ".total")).isEqualTo("7");
        assertThat(get(redis, "order", "$..count")).isEqualTo("[2,1]");
    }

    @Test
    void whatIsMissingIsAnEmptyArrayOrAnErrorAndWithoutADocumentNull(RedisClient redis) {
        assertThat(get(redis, "order", "$.missing")).isEqualTo("[]");
        assertThatThrownBy(() -> get(redis, "order", ".missing")).isInstanceOf(JedisDataException.class);
        assertThat(get(redis, "no order", "$.total")).isNull();
        assertThat(get(redis, "no order", ".total")).isNull();
    }

    @Test
    void addingChangesEveryNumberThatMatchesAndAnswersNullForTheRest(RedisClient redis) {
        assertThat(numbers(add(redis, "order", "$..count", 10))).containsExactly(12L, 11L);
        assertThat(get(redis, "order", "$..count")).isEqualTo("[12,11]");
        assertThat(add(redis, "order", "$.state", 1)).hasSize(1).containsOnlyNulls();
        assertThat(add(redis, "order", "$.missing", 1)).isEmpty();
        assertThatThrownBy(() -> add(redis, "no order", "$.total", 1)).isInstanceOf(JedisDataException.class);
    }

    @Test
    void manyWhoAddLoseNothingAndOneWhoRewritesLosesTheOthers(RedisClient redis) throws Exception {
        ExecutorService threads = Executors.newFixedThreadPool(4);
        try {
            Callable<List<Number>> adding = () -> add(redis, "order", "$.total", 1);
            for (Future<List<Number>> added :
                    threads.invokeAll(Stream.generate(() -> adding).limit(100).toList())) {
                added.get();
            }
        } finally {
            threads.shutdownNow();
        }
        assertThat(get(redis, "order", "$.total")).isEqualTo("[107]");

        rewrite(redis, "order", text -> {
            add(redis, "order", "$.total", 1);
            return text;
        });
        assertThat(get(redis, "order", "$.total"))
                .as("108 without the rewriting")
                .isEqualTo("[107]");
    }

    @Test
    void aNewMemberCanBeSetAndAPathToNowhereCannot(RedisClient redis) {
        assertThat(set(redis, "order", "$.note", "{\"by\":\"ann\"}")).isTrue();
        assertThat(get(redis, "order", "$.note.by")).isEqualTo("[\"ann\"]");
        assertThat(set(redis, "order", "$.missing.deeper", "1")).isFalse();
        assertThatThrownBy(() -> set(redis, "no order", "$.total", "1"))
                .isInstanceOf(JedisDataException.class)
                .hasMessageContaining("new objects must be created at the root");
        assertThat(redis.exists("no order")).isFalse();
    }

    @Test
    void aDocumentIsCreatedOnceOnly(RedisClient redis) {
        assertThat(create(redis, "order", "{}")).isFalse();
        assertThat(get(redis, "order", "$.total")).isEqualTo("[7]");
    }

    @Test
    void whatIsNoJsonOrNoDocumentIsRefusedAndStaysAsItWas(RedisClient redis) {
        assertThatThrownBy(() -> set(redis, "order", "$.total", "{not json")).isInstanceOf(JedisDataException.class);
        assertThat(get(redis, "order", "$.total")).isEqualTo("[7]");
        assertThatThrownBy(() -> redis.get("order"))
                .isInstanceOf(JedisDataException.class)
                .hasMessageStartingWith("WRONGTYPE");
        redis.set("text", "value");
        assertThatThrownBy(() -> set(redis, "text", "$", "1")).isInstanceOf(JedisDataException.class);
        assertThatThrownBy(() -> get(redis, "text", "$")).isInstanceOf(JedisDataException.class);
        assertThat(redis.get("text")).isEqualTo("value");
        assertThatThrownBy(() -> add(redis, "order", ".total", 1)).isInstanceOf(IllegalArgumentException.class);
    }

    @Test
    void aHostileNameNeverBecomesAPath(RedisClient redis) {
        for (String name : List.of("", "*", ".total", "a.b", "x[0]", "$", "a b", "\"]", "größe", "1a")) {
            assertThatThrownBy(() -> member("$", name))
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessageContaining("plain name");
        }
        assertThat(get(redis, "order", member("$", "state"))).isEqualTo("[\"open\"]");
    }

    @Test
    void hostileTextIsOnlyText(RedisClient redis) {
        assertThat(set(redis, "order", "$.state", "\"a\\r\\nDEL order\\r\\n\\u0000 😀\""))
                .isTrue();
        assertThat(get(redis, "order", "$.total")).isEqualTo("[7]");
        assertThat(get(redis, "order", ".state")).contains("DEL order").contains("😀");
        set(redis, "order", "$.state", '"' + "x".repeat(1_000_000) + '"');
        assertThat(get(redis, "order", ".state")).hasSize(1_000_002);
    }

    private static List<Long> numbers(List<Number> numbers) {
        return numbers.stream().map(Number::longValue).toList();
    }
}
