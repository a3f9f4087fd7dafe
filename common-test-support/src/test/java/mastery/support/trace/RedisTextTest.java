package mastery.support.trace;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import redis.clients.jedis.StreamEntryID;
import redis.clients.jedis.resps.GeoRadiusResponse;
import redis.clients.jedis.resps.StreamGroupInfo;
import redis.clients.jedis.resps.StreamPendingSummary;

class RedisTextTest {

    @Test
    void repliesThatSayNothingByThemselvesAreShownByTheirParts() {
        GeoRadiusResponse near = new GeoRadiusResponse("Berlin".getBytes());
        near.setDistance(27.5);
        assertThat(RedisText.reply(List.of(near))).isEqualTo("[Berlin 27.5]");

        Map<String, Object> group =
                Map.of("name", "senders", "consumers", 1L, "pending", 2L, "last-delivered-id", new StreamEntryID(3, 0));
        assertThat(RedisText.reply(new StreamGroupInfo(group)))
                .isEqualTo("{consumers=1, last-delivered-id=3-0, name=senders, pending=2}");

        StreamEntryID first = new StreamEntryID(1, 0);
        assertThat(RedisText.reply(new StreamPendingSummary(2, first, new StreamEntryID(3, 0), Map.of("ann", 2L))))
                .isEqualTo("2 from 1-0 to 3-0 {ann=2}");
        assertThat(RedisText.reply(new StreamPendingSummary(0, null, null, null)))
                .isEqualTo("0");
    }
}
