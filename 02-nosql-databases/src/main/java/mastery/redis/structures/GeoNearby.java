package mastery.redis.structures;

import java.util.List;
import mastery.support.trace.Story;
import redis.clients.jedis.RedisClient;
import redis.clients.jedis.args.GeoUnit;
import redis.clients.jedis.params.GeoSearchParam;
import redis.clients.jedis.resps.GeoRadiusResponse;

/**
 * GEOSEARCH finds what lies near a point, nearest first, and takes the longitude before the latitude: swapped, it fails for some places and
 * silently looks elsewhere for the others.
 *
 * <p><b>When:</b> the nearest shops, cars or friends out of up to some millions of points that move.
 * <b>Not:</b> for shapes, routes, or places beyond 85.05 degrees north or south.
 * <b>Costs:</b> a sorted set: about 100 bytes a place; a search reads the nine squares around the point, so a wide one reads much.
 * <b>Needs:</b> Redis 6.2.
 *
 * <p>The earth is taken for a ball, which is wrong by up to 0.5%; a place is stored to within 0.6 m. A place is removed by ZREM.
 * Source: Redis manual, commands GEOADD, GEOSEARCH and GEODIST, and "Redis geospatial".
 */
public final class GeoNearby {

    /**
     * A point on earth; a type of its own, in which the two numbers have names.
     *
     * @param latitude degrees north, -85.05112878 to 85.05112878
     * @param longitude degrees east, -180 to 180
     */
    public record Position(double latitude, double longitude) {

        public Position {
            // written so that NaN is refused too
            if (!(Math.abs(latitude) <= 85.05112878 && Math.abs(longitude) <= 180)) {
                throw new IllegalArgumentException("No position: latitude " + latitude + ", longitude " + longitude);
            }
        }
    }

    /** A place and its distance from where was asked. */
    public record Near(String place, double kilometres) {}

    private GeoNearby() {}

    public static void add(RedisClient redis, String map, String place, Position position) {
        redis.geoadd(map, position.longitude(), position.latitude(), place);
    }

    /** The wrong way: latitude first, as people say it. */
    public static void addSwapped(RedisClient redis, String map, String place, double latitude, double longitude) {
        redis.geoadd(map, latitude, longitude, place);
    }

    /** All places within a circle, the nearest first. */
    public static List<Near> within(RedisClient redis, String map, Position centre, double kilometres) {
        return search(redis, map, centre, new GeoSearchParam().byRadius(positive(kilometres), GeoUnit.KM));
    }

    /** All places within a box around the centre, whose corners a circle of half its width does not reach. */
    public static List<Near> withinBox(
            RedisClient redis, String map, Position centre, double kilometresWide, double kilometresHigh) {
        return search(
                redis,
                map,
                centre,
                new GeoSearchParam().byBox(positive(kilometresWide), positive(kilometresHigh), GeoUnit.KM));
    }

    /** The nearest few within a circle. */
    public static List<Near> nearest(RedisClient redis, String map, Position centre, double kilometres, int count) {
        return search(
                redis,
                map,
                centre,
                new GeoSearchParam().byRadius(positive(kilometres), GeoUnit.KM).count(count));
    }

    private static List<Near> search(RedisClient redis, String map, Position centre, GeoSearchParam shape) {
        GeoSearchParam search =
                shape.fromLonLat(centre.longitude(), centre.latitude()).asc().withDist();
        List<GeoRadiusResponse> found = redis.geosearch(map, search);
        return found.stream()
                .map(near -> new Near(near.getMemberByString(), near.getDistance()))
                .toList();
    }

    /** In kilometres; null when one of the places is not on the map. */
    public static Double distance(RedisClient redis, String map, String place, String other) {
        return redis.geodist(map, place, other, GeoUnit.KM);
    }

    private static double positive(double kilometres) {
        if (!(kilometres > 0)) {
            throw new IllegalArgumentException("A distance must be more than 0 km, not " + kilometres);
        }
        return kilometres;
    }

    public static void main(String[] args) {
        Story.tell(GeoNearby.class, story -> {
            RedisClient redis = story.redis();
            Position potsdam = new Position(52.396, 13.058);

            story.step("Four cities. On the wire the longitude stands first.");
            add(redis, "cities", "Berlin", new Position(52.520, 13.405));
            add(redis, "cities", "Leipzig", new Position(51.340, 12.375));
            add(redis, "cities", "Hamburg", new Position(53.551, 9.994));
            add(redis, "cities", "Munich", new Position(48.137, 11.575));

            story.step("What lies within 250 km of Potsdam, and what is nearest?");
            story.show("within 250 km", within(redis, "cities", potsdam, 250));
            story.show("the nearest", nearest(redis, "cities", potsdam, 1_000, 1));
            story.show("Berlin to Munich", distance(redis, "cities", "Berlin", "Munich"));

            story.step("A box of 460 by 460 km has corners that a circle of 230 km has not.");
            story.show("within the box", withinBox(redis, "cities", potsdam, 460, 460));
            story.show("within the circle", within(redis, "cities", potsdam, 230));

            story.step("The wrong way: latitude first puts Dresden into the Gulf of Aden.");
            addSwapped(redis, "cities", "Dresden", 51.050, 13.738);
            story.show("within 250 km", within(redis, "cities", potsdam, 250));
            story.learned("Longitude first; give positions a type, so that nobody can swap the two.");
        });
    }
}
