package mastery.redis.structures;

import java.util.List;
import java.util.OptionalLong;
import java.util.stream.IntStream;
import mastery.support.trace.Story;
import redis.clients.jedis.RedisClient;
import redis.clients.jedis.params.ZAddParams;
import redis.clients.jedis.params.ZRangeParams;
import redis.clients.jedis.resps.Tuple;

/**
 * A sorted set keeps everyone's rank while scores come in: ZADD GT takes only a better score, and equal scores stand in the order of the
 * members' bytes, from the back.
 *
 * <p><b>When:</b> leaderboards, "the top ten of", priorities, sliding windows by time.
 * <b>Not:</b> when rows must be ordered by several columns, or ranks are asked for once a day: sort then.
 * <b>Costs:</b> ZADD and ZREVRANK are logarithmic in the number of members, the first n cost n more; about 100 bytes a member.
 * <b>Needs:</b> Redis 6.2. A score is a double: integers are exact up to 2^53, so more is refused here.
 *
 * <p>Ties are not decided by who came first. If that matters, put the time into the score. Source: Redis manual, commands ZADD
 * (option GT), ZRANGE (option REV) and ZREVRANK, and "Redis sorted sets".
 */
public final class LeaderboardSortedSet {

    public record Place(long rank, String player, long score) {}

    /** The greatest score: the double next to it is 2 greater. */
    static final long GREATEST = 1L << 53;

    private LeaderboardSortedSet() {}

    /**
     * The right way: the better of the old and the new score stays, whatever the order in which they arrive.
     *
     * @return true when the player is new, or better than before
     */
    public static boolean submit(RedisClient redis, String board, String player, long score) {
        return redis.zadd(
                        board,
                        checked(score),
                        player,
                        ZAddParams.zAddParams().gt().ch())
                == 1;
    }

    /** The wrong way: the last score to arrive stays, even a lower one. */
    public static void overwrite(RedisClient redis, String board, String player, long score) {
        redis.zadd(board, checked(score), player);
    }

    /** The best, the very best first. */
    public static List<Place> top(RedisClient redis, String board, int count) {
        if (count < 1) {
            throw new IllegalArgumentException("The top " + count + " are nobody");
        }
        return places(redis, board, 0, count - 1L);
    }

    /** 1 for the best; empty for who has no score. */
    public static OptionalLong rank(RedisClient redis, String board, String player) {
        Long better = redis.zrevrank(board, player);
        return better == null ? OptionalLong.empty() : OptionalLong.of(better + 1);
    }

    /** A player with the neighbours on both sides. Two commands: the neighbours may move in between. */
    public static List<Place> around(RedisClient redis, String board, String player, int neighbours) {
        if (neighbours < 0) {
            throw new IllegalArgumentException("Nobody has " + neighbours + " neighbours");
        }
        Long better = redis.zrevrank(board, player);
        return better == null ? List.of() : places(redis, board, Math.max(0, better - neighbours), better + neighbours);
    }

    private static List<Place> places(RedisClient redis, String board, long from, long to) {
        List<Tuple> members = redis.zrangeWithScores(
                board, ZRangeParams.zrangeParams(from, to).rev());
        return IntStream.range(0, members.size())
                .mapToObj(i -> new Place(from + i + 1, members.get(i).getElement(), (long)
                        members.get(i).getScore()))
                .toList();
    }

    private static double checked(long score) {
        if (score > GREATEST || score < -GREATEST) {
            throw new IllegalArgumentException("A score beyond 2^53 is not exact: " + score);
        }
        return score;
    }

    public static void main(String[] args) {
        Story.tell(LeaderboardSortedSet.class, story -> {
            RedisClient redis = story.redis();

            story.step("Scores come in. ZADD GT answers whether one was better.");
            submit(redis, "board", "ann", 300);
            submit(redis, "board", "bob", 500);
            submit(redis, "board", "cid", 300);
            submit(redis, "board", "dan", 100);
            story.show("better", submit(redis, "board", "bob", 200));

            story.step("Bob keeps his 500. Cid stands before Ann: equal scores go by their bytes.");
            story.show("the top three", top(redis, "board", 3));
            story.show("rank of ann", rank(redis, "board", "ann"));
            story.show("around ann", around(redis, "board", "ann", 1));

            story.step("The wrong way: a late message with an old score throws Bob back.");
            overwrite(redis, "board", "bob", 200);
            story.show("the top three", top(redis, "board", 3));
            story.learned("ZADD GT lets only better scores in; REV ranks the best first, ties from z to a.");
        });
    }
}
