package mastery.redis.structures;

import static mastery.redis.structures.StreamLog.append;
import static mastery.redis.structures.StreamLog.appendAt;
import static mastery.redis.structures.StreamLog.keepAbout;
import static mastery.redis.structures.StreamLog.keepExactly;
import static mastery.redis.structures.StreamLog.newest;
import static mastery.redis.structures.StreamLog.page;
import static mastery.redis.structures.StreamLog.pageFrom;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;
import mastery.redis.structures.StreamLog.Trimmed;
import mastery.support.junit.OnRedis;
import org.junit.jupiter.api.Test;
import redis.clients.jedis.RedisClient;
import redis.clients.jedis.StreamEntryID;
import redis.clients.jedis.exceptions.JedisDataException;
import redis.clients.jedis.resps.StreamEntry;

@OnRedis
class StreamLogIT {

    private static final StreamEntryID START = new StreamEntryID(0, 0);
    private static final Map<String, String> EVENT = Map.of("event", "x");
    private static final String TOO_SMALL = "ERR The ID specified in XADD is equal or smaller";

    @Test
    void anIdThatIsNotGreaterThanAllBeforeIsRefused(RedisClient redis) {
        StreamEntryID last = appendAt(redis, "log", new StreamEntryID(5, 5), EVENT);
        for (StreamEntryID id : List.of(last, new StreamEntryID(5, 4), new StreamEntryID(4, 9))) {
            assertThatThrownBy(() -> appendAt(redis, "log", id, EVENT))
                    .isInstanceOf(JedisDataException.class)
                    .hasMessageStartingWith(TOO_SMALL);
        }
        assertThatThrownBy(() -> appendAt(redis, "other", START, EVENT))
                .hasMessageStartingWith("ERR The ID specified in XADD must be greater than 0-0");
        assertThat(redis.xlen("log")).isEqualTo(1);
        assertThat(appendAt(redis, "log", new StreamEntryID(5, 6), EVENT)).isEqualTo(new StreamEntryID(5, 6));
    }

    @Test
    void theGreatestIdIsRememberedWhenItsEntryIsDeleted(RedisClient redis) {
        StreamEntryID last = appendAt(redis, "log", new StreamEntryID(5, 5), EVENT);
        redis.xdel("log", last);
        assertThat(redis.xlen("log")).isZero();
        assertThatThrownBy(() -> appendAt(redis, "log", last, EVENT)).hasMessageStartingWith(TOO_SMALL);
    }

    @Test
    void whenTheClockIsBehindTheLastIdTheServerCountsOn(RedisClient redis) {
        long farAhead = 9_000_000_000_000L;
        appendAt(redis, "log", new StreamEntryID(farAhead, 3), EVENT);
        assertThat(append(redis, "log", EVENT)).isEqualTo(new StreamEntryID(farAhead, 4));
        assertThat(append(redis, "log", EVENT)).isEqualTo(new StreamEntryID(farAhead, 5));
    }

    @Test
    void pagesAfterTheLastIdNeitherOverlapNorLeaveAGap(RedisClient redis) {
        fill(redis, 25);
        List<Long> read = new ArrayList<>();
        StreamEntryID after = START;
        int pages = 0;
        for (List<StreamEntry> page = page(redis, "log", after, 10);
                !page.isEmpty();
                page = page(redis, "log", after, 10)) {
            read.addAll(ids(page));
            after = page.get(page.size() - 1).getID();
            assertThat(pages).as("pages so far").isLessThan(3);
            // what arrives while we read is read too
            if (pages++ == 0) {
                appendAt(redis, "log", new StreamEntryID(26, 0), EVENT);
            }
        }
        assertThat(read).isEqualTo(numbers(1, 26));
        assertThat(pages).isEqualTo(3);
    }

    @Test
    void pagesFromTheLastIdRepeatIt(RedisClient redis) {
        fill(redis, 4);
        assertThat(ids(pageFrom(redis, "log", START, 2))).containsExactly(1L, 2L);
        assertThat(ids(pageFrom(redis, "log", new StreamEntryID(2, 0), 2))).containsExactly(2L, 3L);
        assertThat(ids(page(redis, "log", new StreamEntryID(2, 0), 2))).containsExactly(3L, 4L);
    }

    @Test
    void theNewestComeFirstWhenReadFromTheEnd(RedisClient redis) {
        fill(redis, 9);
        assertThat(ids(newest(redis, "log", 3))).containsExactly(9L, 8L, 7L);
    }

    @Test
    void anExactTrimLeavesTheNewestExactlySoMany(RedisClient redis) {
        fill(redis, 250);
        assertThat(keepExactly(redis, "log", 120)).isEqualTo(new Trimmed(130, 120));
        assertThat(ids(page(redis, "log", START, 1_000))).isEqualTo(numbers(131, 250));
        assertThat(keepExactly(redis, "log", 120)).as("once more").isEqualTo(new Trimmed(0, 120));
        assertThat(keepExactly(redis, "log", 0)).isEqualTo(new Trimmed(120, 0));
        assertThat(redis.exists("log")).as("an empty stream is there").isTrue();
    }

    @Test
    void anApproximateTrimRemovesWholeNodesOnly(RedisClient redis) {
        int node = Integer.parseInt(redis.configGet("stream-node-max-entries").get("stream-node-max-entries"));
        fill(redis, 2 * node + node / 2);
        assertThat(keepAbout(redis, "log", node + node / 5)).isEqualTo(new Trimmed(node, node + node / 2));
        assertThat(keepAbout(redis, "log", node)).isEqualTo(new Trimmed(0, node + node / 2));
    }

    @Test
    void badArgumentsAndOtherTypesAreRefused(RedisClient redis) {
        assertThatThrownBy(() -> append(redis, "log", Map.of()))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("a field at least");
        assertThatThrownBy(() -> append(redis, "log", null)).isInstanceOf(NullPointerException.class);
        for (int size : new int[] {0, -1}) {
            assertThatThrownBy(() -> page(redis, "log", START, size)).isInstanceOf(IllegalArgumentException.class);
            assertThatThrownBy(() -> pageFrom(redis, "log", START, size)).isInstanceOf(IllegalArgumentException.class);
            assertThatThrownBy(() -> newest(redis, "log", size)).isInstanceOf(IllegalArgumentException.class);
        }
        assertThatThrownBy(() -> keepExactly(redis, "log", -1)).isInstanceOf(JedisDataException.class);
        redis.set("text", "value");
        assertThatThrownBy(() -> append(redis, "text", EVENT)).hasMessageStartingWith("WRONGTYPE");
        assertThat(redis.keys("*")).containsExactly("text");
        assertThat(page(redis, "no such log", START, 1)).isEmpty();
    }

    @Test
    void hostileAndLongTextIsOnlyText(RedisClient redis) {
        Map<String, String> entry = Map.of("", "\0", "a\r\nFLUSHDB\r\n", "größe 😀", "MAXLEN", "x".repeat(1_000_000));
        append(redis, "log", entry);
        assertThat(page(redis, "log", START, 1))
                .extracting(StreamEntry::getFields)
                .containsExactly(entry);
    }

    /** Entries 1-0, 2-0 and so on. */
    private static void fill(RedisClient redis, int entries) {
        numbers(1, entries).forEach(i -> appendAt(redis, "log", new StreamEntryID(i, 0), EVENT));
    }

    private static List<Long> ids(List<StreamEntry> entries) {
        return entries.stream().map(entry -> entry.getID().getTime()).toList();
    }

    private static List<Long> numbers(int from, int to) {
        return IntStream.rangeClosed(from, to).mapToObj(Long::valueOf).toList();
    }
}
