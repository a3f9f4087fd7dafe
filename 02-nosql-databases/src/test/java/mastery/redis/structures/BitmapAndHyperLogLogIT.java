package mastery.redis.structures;

import static mastery.redis.structures.BitmapAndHyperLogLog.bytes;
import static mastery.redis.structures.BitmapAndHyperLogLog.cameOn;
import static mastery.redis.structures.BitmapAndHyperLogLog.exactly;
import static mastery.redis.structures.BitmapAndHyperLogLog.merge;
import static mastery.redis.structures.BitmapAndHyperLogLog.roughly;
import static mastery.redis.structures.BitmapAndHyperLogLog.visitExactly;
import static mastery.redis.structures.BitmapAndHyperLogLog.visitRoughly;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import java.util.stream.IntStream;
import java.util.stream.LongStream;
import mastery.redis.structures.BitmapAndHyperLogLog.Days;
import mastery.support.junit.OnRedis;
import org.assertj.core.data.Percentage;
import org.junit.jupiter.api.Test;
import redis.clients.jedis.RedisClient;
import redis.clients.jedis.exceptions.JedisDataException;

@OnRedis
class BitmapAndHyperLogLogIT {

    private static final int IDS = 100_000;
    /** What a HyperLogLog takes at most: 16 bytes of header and 16,384 registers of 6 bits. */
    private static final long DENSE = 16 + 16_384 * 6 / 8;

    @Test
    void aBitmapCountsBothDaysExactly(RedisClient redis) {
        visitExactly(redis, "mon", LongStream.range(0, 60_000).toArray());
        visitExactly(redis, "tue", LongStream.range(40_000, IDS).toArray());
        assertThat(exactly(redis, "mon", "tue")).isEqualTo(new Days(60_000, 20_000, IDS));
        assertThat(exactly(redis, "mon", "no such day")).isEqualTo(new Days(60_000, 0, 60_000));
        assertThat(redis.keys("*")).as("what BITOP made is gone").containsExactlyInAnyOrder("mon", "tue");
    }

    @Test
    void aBitmapKnowsWhoAndCountsNobodyTwice(RedisClient redis) {
        visitExactly(redis, "mon", 7, 7, 9);
        visitExactly(redis, "mon", 7);
        assertThat(cameOn(redis, "mon", 7)).isTrue();
        assertThat(cameOn(redis, "mon", 8)).isFalse();
        assertThat(cameOn(redis, "mon", 1_000_000)).isFalse();
        assertThat(exactly(redis, "mon", "mon")).isEqualTo(new Days(2, 2, 2));
    }

    @Test
    void aHyperLogLogIsWithinTwoPercentAndCountsNobodyTwice(RedisClient redis) {
        visit(redis, "mon", 0, IDS);
        long estimate = redis.pfcount("mon");
        assertThat(estimate).isCloseTo(IDS, Percentage.withPercentage(2)).isNotEqualTo(IDS);
        visit(redis, "mon", 0, IDS);
        assertThat(redis.pfcount("mon")).as("the same once more").isEqualTo(estimate);
    }

    @Test
    void itsUnionIsAsGoodAndIsWhatPfmergeKeeps(RedisClient redis) {
        visit(redis, "mon", 0, 60_000);
        visit(redis, "tue", 40_000, IDS);
        Days days = roughly(redis, "mon", "tue");
        assertThat(days.first()).isCloseTo(60_000, Percentage.withPercentage(2));
        assertThat(days.either()).isCloseTo(IDS, Percentage.withPercentage(2));
        assertThat(days.both())
                .as("errors of three: two percent of the whole are ten of the part")
                .isCloseTo(20_000, within(3 * IDS * 2 / 100L));
        assertThat(merge(redis, "week", "mon", "tue")).isEqualTo(days.either());
        assertThat(redis.pfcount("mon")).as("the day stays as it was").isEqualTo(days.first());
    }

    @Test
    void aHyperLogLogStopsGrowingAndABitmapGrowsWithTheGreatestId(RedisClient redis) {
        visit(redis, "rough", 0, 10);
        assertThat(bytes(redis, "rough")).isLessThan(100);
        visit(redis, "rough", 0, 50_000);
        assertThat(bytes(redis, "rough")).isEqualTo(DENSE);
        visit(redis, "rough", 50_000, IDS);
        assertThat(bytes(redis, "rough")).isEqualTo(DENSE);

        visitExactly(redis, "dense", LongStream.range(0, IDS).toArray());
        assertThat(bytes(redis, "dense")).isEqualTo(IDS / 8);
        visitExactly(redis, "sparse", BitmapAndHyperLogLog.GREATEST_ID);
        assertThat(redis.bitcount("sparse")).isEqualTo(1);
        assertThat(bytes(redis, "sparse")).isEqualTo((BitmapAndHyperLogLog.GREATEST_ID + 1) / 8);
    }

    @Test
    void anIdThatWouldReserveMuchMemoryIsRefusedBeforeAnythingIsSent(RedisClient redis) {
        for (long id : new long[] {-1, BitmapAndHyperLogLog.GREATEST_ID + 1, 4_294_967_295L, Long.MAX_VALUE}) {
            assertThatThrownBy(() -> visitExactly(redis, "mon", 1, id))
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessageContaining("not " + id);
        }
        assertThat(redis.exists("mon")).isFalse();
        assertThatThrownBy(() -> redis.setbit("mon", 4_294_967_296L, true))
                .as("the server's own limit is 512 MB")
                .isInstanceOf(JedisDataException.class)
                .hasMessageStartingWith("ERR bit offset");
    }

    @Test
    void anErrorInThePipelineIsNotSwallowed(RedisClient redis) {
        redis.rpush("list", "x");
        assertThatThrownBy(() -> visitExactly(redis, "list", 1))
                .isInstanceOf(JedisDataException.class)
                .hasMessageStartingWith("WRONGTYPE");
        assertThatThrownBy(() -> exactly(redis, "list", "list")).hasMessageStartingWith("WRONGTYPE");
        visitExactly(redis, "mon", 1);
        assertThatThrownBy(() -> visitRoughly(redis, "mon", "ann"))
                .as("a bitmap is a string, but no HyperLogLog")
                .hasMessageStartingWith("WRONGTYPE");
        assertThat(redis.lrange("list", 0, -1)).containsExactly("x");
        assertThat(cameOn(redis, "mon", 1)).isTrue();
    }

    @Test
    void hostileNamesAreOnlyNames(RedisClient redis) {
        visitRoughly(redis, "a\r\nFLUSHDB\r\n", "", " ", "\0", "x".repeat(100_000), "größe 😀");
        assertThat(redis.pfcount("a\r\nFLUSHDB\r\n")).isEqualTo(5);
    }

    private static void visit(RedisClient redis, String day, int from, int to) {
        for (int start = from; start < to; start += 1_000) {
            visitRoughly(
                    redis,
                    day,
                    IntStream.range(start, Math.min(to, start + 1_000))
                            .mapToObj(i -> "visitor-" + i)
                            .toArray(String[]::new));
        }
    }
}
