package mastery.redis.structures;

import static mastery.redis.structures.GeoNearby.add;
import static mastery.redis.structures.GeoNearby.addSwapped;
import static mastery.redis.structures.GeoNearby.distance;
import static mastery.redis.structures.GeoNearby.nearest;
import static mastery.redis.structures.GeoNearby.within;
import static mastery.redis.structures.GeoNearby.withinBox;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.Comparator;
import java.util.List;
import java.util.Map;
import mastery.redis.structures.GeoNearby.Near;
import mastery.redis.structures.GeoNearby.Position;
import mastery.support.junit.OnRedis;
import mastery.support.junit.Prepare;
import org.assertj.core.data.Offset;
import org.assertj.core.data.Percentage;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import redis.clients.jedis.RedisClient;
import redis.clients.jedis.exceptions.JedisDataException;

@OnRedis
class GeoNearbyIT {

    private static final Position POTSDAM = new Position(52.396, 13.058);
    private static final Map<String, Position> CITIES = Map.of(
            "Berlin", new Position(52.520, 13.405),
            "Leipzig", new Position(51.340, 12.375),
            "Hamburg", new Position(53.551, 9.994),
            "Munich", new Position(48.137, 11.575));

    @Prepare
    static void cities(RedisClient redis) {
        CITIES.forEach((city, position) -> add(redis, "cities", city, position));
    }

    @Test
    void whatIsNearComesNearestFirstAndWhatIsFarDoesNot(RedisClient redis) {
        List<Near> near = within(redis, "cities", POTSDAM, 250);
        assertThat(near).extracting(Near::place).containsExactly("Berlin", "Leipzig", "Hamburg");
        assertThat(near).isSortedAccordingTo(Comparator.comparingDouble(Near::kilometres));
        assertThat(near)
                .allSatisfy(found -> assertThat(found.kilometres())
                        .isCloseTo(haversine(POTSDAM, CITIES.get(found.place())), Offset.offset(0.01)));
        assertThat(within(redis, "cities", POTSDAM, 20)).isEmpty();
        assertThat(nearest(redis, "cities", POTSDAM, 1_000, 2)).isEqualTo(near.subList(0, 2));
    }

    @Test
    void aBoxHasCornersThatTheCircleInItHasNot(RedisClient redis) {
        assertThat(within(redis, "cities", POTSDAM, 230))
                .extracting(Near::place)
                .containsExactly("Berlin", "Leipzig");
        assertThat(withinBox(redis, "cities", POTSDAM, 460, 460))
                .extracting(Near::place)
                .containsExactly("Berlin", "Leipzig", "Hamburg");
        assertThat(withinBox(redis, "cities", POTSDAM, 460, 100))
                .as("width is from west to east")
                .extracting(Near::place)
                .containsExactly("Berlin");
    }

    @Test
    void theDistanceIsThatOnABall(RedisClient redis) {
        Double kilometres = distance(redis, "cities", "Berlin", "Munich");
        assertThat(kilometres)
                .isCloseTo(haversine(CITIES.get("Berlin"), CITIES.get("Munich")), Offset.offset(0.01))
                .isCloseTo(504, Percentage.withPercentage(0.5));
        assertThat(distance(redis, "cities", "Munich", "Berlin")).isEqualTo(kilometres);
        assertThat(distance(redis, "cities", "Berlin", "nowhere")).isNull();
    }

    @Test
    void swappedOneCityIsRefusedAndAnotherLandsElsewhere(RedisClient redis) {
        assertThatThrownBy(() -> addSwapped(redis, "swapped", "Tokyo", 35.68, 139.69))
                .isInstanceOf(JedisDataException.class)
                .hasMessageStartingWith("ERR invalid longitude,latitude pair");
        addSwapped(redis, "swapped", "Berlin", 52.520, 13.405);
        assertThat(within(redis, "swapped", POTSDAM, 250)).isEmpty();
        assertThat(within(redis, "swapped", new Position(13.405, 52.520), 1))
                .extracting(Near::place)
                .containsExactly("Berlin");
    }

    @Test
    void aSearchReachesOverTheDateLine(RedisClient redis) {
        add(redis, "islands", "west of the line", new Position(-16.8, 179.9));
        add(redis, "islands", "east of the line", new Position(-16.8, -179.9));
        assertThat(within(redis, "islands", new Position(-16.8, 179.95), 50))
                .extracting(Near::place)
                .containsExactly("west of the line", "east of the line");
    }

    @Test
    void aPlaceThatMovesIsInOnePlaceOnlyAndZremRemovesIt(RedisClient redis) {
        add(redis, "cities", "Munich", POTSDAM);
        assertThat(redis.zcard("cities")).isEqualTo(4);
        assertThat(within(redis, "cities", POTSDAM, 1)).extracting(Near::place).containsExactly("Munich");
        assertThat(redis.type("cities")).isEqualTo("zset");
        redis.zrem("cities", "Munich");
        assertThat(within(redis, "cities", POTSDAM, 1)).isEmpty();
    }

    @ParameterizedTest
    @CsvSource({"85.06, 0", "-85.06, 0", "0, 180.001", "0, -180.001", "NaN, 0", "0, NaN", "Infinity, 0", "139.69, 35.68"
    })
    void whatIsNoPositionIsRefused(double latitude, double longitude) {
        assertThatThrownBy(() -> new Position(latitude, longitude))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("No position");
    }

    @ParameterizedTest
    @CsvSource({"85.05112878, 180", "-85.05112878, -180", "0, 0"})
    void whatIsAPositionTheServerTakes(double latitude, double longitude, RedisClient redis) {
        add(redis, "edges", "here", new Position(latitude, longitude));
        assertThat(redis.zcard("edges")).isEqualTo(1);
        assertThat(within(redis, "edges", new Position(latitude, longitude), 1))
                .extracting(Near::place)
                .containsExactly("here");
    }

    @ParameterizedTest
    @CsvSource({"0", "-1", "NaN"})
    void aDistanceThatIsNoneIsRefused(double kilometres, RedisClient redis) {
        assertThatThrownBy(() -> within(redis, "cities", POTSDAM, kilometres))
                .isInstanceOf(IllegalArgumentException.class);
        assertThatThrownBy(() -> withinBox(redis, "cities", POTSDAM, kilometres, 1))
                .isInstanceOf(IllegalArgumentException.class);
        assertThatThrownBy(() -> withinBox(redis, "cities", POTSDAM, 1, kilometres))
                .isInstanceOf(IllegalArgumentException.class);
        assertThatThrownBy(() -> nearest(redis, "cities", POTSDAM, kilometres, 1))
                .isInstanceOf(IllegalArgumentException.class);
    }

    @Test
    void aKeyOfAnotherTypeIsRefusedAndHostileNamesAreOnlyNames(RedisClient redis) {
        redis.set("text", "value");
        assertThatThrownBy(() -> add(redis, "text", "Potsdam", POTSDAM)).hasMessageStartingWith("WRONGTYPE");
        assertThatThrownBy(() -> within(redis, "text", POTSDAM, 1)).hasMessageStartingWith("WRONGTYPE");
        assertThatThrownBy(() -> add(redis, "cities", null, POTSDAM)).isInstanceOf(RuntimeException.class);
        for (String hostile : List.of("", "FROMLONLAT", "a\r\nDEL cities\r\n", "\0 😀")) {
            add(redis, "hostile", hostile, POTSDAM);
            assertThat(nearest(redis, "hostile", POTSDAM, 1, 100))
                    .extracting(Near::place)
                    .contains(hostile);
        }
        assertThat(redis.zcard("cities")).isEqualTo(4);
    }

    /** The server's formula, with its radius of the earth. */
    private static double haversine(Position one, Position other) {
        double u = Math.sin(Math.toRadians(other.latitude() - one.latitude()) / 2);
        double v = Math.sin(Math.toRadians(other.longitude() - one.longitude()) / 2);
        double a =
                u * u + Math.cos(Math.toRadians(one.latitude())) * Math.cos(Math.toRadians(other.latitude())) * v * v;
        return 2 * 6372.797560856 * Math.asin(Math.sqrt(a));
    }
}
