package mastery.redis.structures;

import static mastery.redis.structures.LeaderboardSortedSet.around;
import static mastery.redis.structures.LeaderboardSortedSet.overwrite;
import static mastery.redis.structures.LeaderboardSortedSet.rank;
import static mastery.redis.structures.LeaderboardSortedSet.submit;
import static mastery.redis.structures.LeaderboardSortedSet.top;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Random;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.stream.LongStream;
import mastery.redis.structures.LeaderboardSortedSet.Place;
import mastery.support.junit.OnRedis;
import org.junit.jupiter.api.Test;
import redis.clients.jedis.RedisClient;
import redis.clients.jedis.exceptions.JedisDataException;

@OnRedis
class LeaderboardSortedSetIT {

    private static final long GREATEST = LeaderboardSortedSet.GREATEST;

    @Test
    void theBestStandFirstAndEachRankIsItsPlaceInTheList(RedisClient redis) {
        submit(redis, "board", "dan", 100);
        submit(redis, "board", "bob", 500);
        submit(redis, "board", "ann", 300);
        submit(redis, "board", "eve", -7);
        List<Place> all = top(redis, "board", 10);
        assertThat(all)
                .containsExactly(
                        new Place(1, "bob", 500),
                        new Place(2, "ann", 300),
                        new Place(3, "dan", 100),
                        new Place(4, "eve", -7));
        assertThat(all)
                .allSatisfy(place ->
                        assertThat(rank(redis, "board", place.player())).hasValue(place.rank()));
        assertThat(top(redis, "board", 2)).isEqualTo(all.subList(0, 2));
        assertThat(around(redis, "board", "ann", 1)).isEqualTo(all.subList(0, 3));
        assertThat(around(redis, "board", "bob", 1)).isEqualTo(all.subList(0, 2));
        assertThat(around(redis, "board", "eve", 0)).isEqualTo(all.subList(3, 4));
    }

    @Test
    void aLowerScoreIsIgnoredAndABetterOneTaken(RedisClient redis) {
        assertThat(submit(redis, "board", "bob", 500)).as("new").isTrue();
        assertThat(submit(redis, "board", "bob", 200)).as("lower").isFalse();
        assertThat(submit(redis, "board", "bob", 500)).as("equal").isFalse();
        assertThat(redis.zscore("board", "bob")).isEqualTo(500);
        assertThat(submit(redis, "board", "bob", 501)).as("better").isTrue();
        assertThat(redis.zscore("board", "bob")).isEqualTo(501);
    }

    @Test
    void withoutGtTheLastScoreStaysWhateverItIs(RedisClient redis) {
        overwrite(redis, "board", "bob", 500);
        overwrite(redis, "board", "bob", 200);
        assertThat(redis.zscore("board", "bob")).isEqualTo(200);
    }

    @Test
    void inWhateverOrderScoresArriveTheBestStays(RedisClient redis) throws Exception {
        List<Long> scores =
                new ArrayList<>(LongStream.rangeClosed(1, 400).boxed().toList());
        Collections.shuffle(scores, new Random(7));
        ExecutorService threads = Executors.newFixedThreadPool(8);
        try {
            List<Callable<Boolean>> submissions = new ArrayList<>();
            scores.forEach(score -> submissions.add(() -> submit(redis, "board", "bob", score)));
            for (Future<Boolean> submission : threads.invokeAll(submissions)) {
                submission.get();
            }
        } finally {
            threads.shutdownNow();
        }
        assertThat(top(redis, "board", 1)).containsExactly(new Place(1, "bob", 400));
    }

    @Test
    void equalScoresStandInTheOrderOfTheirBytesFromTheBack(RedisClient redis) {
        for (String player : List.of("b", "B", "é", "a", "Z", "z", "😀", "ab")) {
            submit(redis, "board", player, 10);
        }
        assertThat(top(redis, "board", 10))
                .extracting(Place::player)
                .containsExactly("😀", "é", "z", "b", "ab", "a", "Z", "B");
        assertThat(top(redis, "board", 10)).extracting(Place::rank).containsExactly(1L, 2L, 3L, 4L, 5L, 6L, 7L, 8L);
    }

    @Test
    void whoHasNoScoreHasNoRank(RedisClient redis) {
        assertThat(rank(redis, "board", "nobody")).isEmpty();
        assertThat(around(redis, "board", "nobody", 3)).isEmpty();
        assertThat(top(redis, "board", 3)).isEmpty();
    }

    @Test
    void beyondTwoToThe53TheServerLosesWhatWeRefuse(RedisClient redis) {
        assertThat(submit(redis, "board", "exact", GREATEST)).isTrue();
        assertThat(top(redis, "board", 1)).containsExactly(new Place(1, "exact", GREATEST));

        redis.zadd("lost", GREATEST + 1, "one more");
        assertThat(top(redis, "lost", 1)).containsExactly(new Place(1, "one more", GREATEST));

        for (long score : new long[] {GREATEST + 1, -GREATEST - 1, Long.MAX_VALUE, Long.MIN_VALUE}) {
            assertThatThrownBy(() -> submit(redis, "board", "bob", score))
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessageContaining("not exact");
            assertThatThrownBy(() -> overwrite(redis, "board", "bob", score))
                    .isInstanceOf(IllegalArgumentException.class);
        }
        assertThat(rank(redis, "board", "bob")).isEmpty();
    }

    @Test
    void badNumbersNullsAndOtherTypesAreRefused(RedisClient redis) {
        assertThatThrownBy(() -> top(redis, "board", 0)).isInstanceOf(IllegalArgumentException.class);
        assertThatThrownBy(() -> around(redis, "board", "bob", -1)).isInstanceOf(IllegalArgumentException.class);
        assertThatThrownBy(() -> submit(redis, "board", null, 1)).isInstanceOf(RuntimeException.class);
        redis.set("text", "value");
        assertThatThrownBy(() -> submit(redis, "text", "bob", 1))
                .isInstanceOf(JedisDataException.class)
                .hasMessageStartingWith("WRONGTYPE");
        assertThatThrownBy(() -> top(redis, "text", 1)).hasMessageStartingWith("WRONGTYPE");
        assertThat(redis.keys("*")).containsExactly("text");
    }

    @Test
    void hostileNamesAreOnlyNames(RedisClient redis) {
        List<String> names = List.of("", "GT", "(1", "+inf", "a\r\nFLUSHDB\r\n", "\0");
        names.forEach(name -> submit(redis, "board", name, 1));
        assertThat(top(redis, "board", 10)).extracting(Place::player).containsExactlyInAnyOrderElementsOf(names);
    }
}
