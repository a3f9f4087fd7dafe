package mastery.redis.caching;

import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.time.Duration;
import java.time.Instant;
import java.util.HexFormat;
import java.util.List;
import java.util.Objects;
import java.util.UUID;
import mastery.support.trace.Story;
import redis.clients.jedis.RedisClient;
import redis.clients.jedis.exceptions.JedisConnectionException;
import redis.clients.jedis.exceptions.JedisNoScriptException;

/**
 * One script looks and counts in a single step, so a window that slides with the time it is given never lets more than the limit
 * through, however many ask at once.
 *
 * <p><b>When:</b> a limit must hold over many processes, and at every moment: logins, calls that cost money.
 * <b>Not:</b> for limits in the thousands: each request that is let through is a member of a sorted set for as long as the
 * window. Where twice the limit around a boundary does no harm, count in a fixed window, which is one number.
 * <b>Costs:</b> one round trip for each request, and memory as above.
 * <b>Needs:</b> clocks of the callers that agree roughly. Time never runs back in a window: a clock that is behind counts as the
 * newest time seen. One that is ahead lets its window slide early, and the others wait up to one window for theirs.
 *
 * <p>Without Redis nobody counts: the constructor says whether requests then pass. Source: Redis manual, "Scripting with Lua",
 * commands EVALSHA and ZREMRANGEBYSCORE.
 */
public final class LuaRateLimiter {

    /** What happens to requests while Redis is not to be had. */
    public enum WithoutRedis {
        ALLOW,
        REFUSE
    }

    /**
     * @param remaining how many more are allowed at this moment
     * @param retryAfter when the next will be allowed; zero if this one is
     * @param counted false when Redis was not to be had
     */
    public record Decision(boolean allowed, long remaining, Duration retryAfter, boolean counted) {}

    static final String SCRIPT = """
            local now, window, limit = tonumber(ARGV[1]), tonumber(ARGV[2]), tonumber(ARGV[3])
            local newest = redis.call('ZRANGE', KEYS[1], -1, -1, 'WITHSCORES')[2]
            if newest and tonumber(newest) > now then now = tonumber(newest) end
            redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', now - window)
            local used = redis.call('ZCARD', KEYS[1])
            if used >= limit then
              local oldest = redis.call('ZRANGE', KEYS[1], 0, 0, 'WITHSCORES')[2]
              return {0, 0, tonumber(oldest) + window - now}
            end
            redis.call('ZADD', KEYS[1], now, ARGV[4])
            redis.call('PEXPIRE', KEYS[1], window)
            return {1, limit - used - 1, 0}""";

    /** Redis names a script by the SHA-1 of its text. */
    static final String SHA = sha1(SCRIPT);

    private final RedisClient redis;
    private final int limit;
    private final Duration window;
    private final WithoutRedis withoutRedis;

    /** Safe for any number of threads and processes. */
    public LuaRateLimiter(RedisClient redis, int limit, Duration window, WithoutRedis withoutRedis) {
        if (limit < 1 || window.toMillis() < 1) {
            throw new IllegalArgumentException(
                    "a limit is 1 or more in a window of a millisecond or more, not " + limit + " in " + window);
        }
        this.redis = Objects.requireNonNull(redis);
        this.limit = limit;
        this.window = window;
        this.withoutRedis = Objects.requireNonNull(withoutRedis);
    }

    /** The right way. */
    public Decision request(String caller, Instant now) {
        List<String> keys = List.of(key(caller));
        // A member of its own for each request: two in one millisecond are two.
        List<String> values = List.of(
                Long.toString(now.toEpochMilli()),
                Long.toString(window.toMillis()),
                Integer.toString(limit),
                UUID.randomUUID().toString());
        try {
            List<?> reply = (List<?>) run(keys, values);
            return new Decision(
                    reply.get(0).equals(1L), (Long) reply.get(1), Duration.ofMillis((Long) reply.get(2)), true);
        } catch (JedisConnectionException unreachable) {
            return new Decision(withoutRedis == WithoutRedis.ALLOW, 0, Duration.ZERO, false);
        }
    }

    /** A restart, a failover or SCRIPT FLUSH makes Redis forget scripts at any moment; EVAL runs this one and keeps it again. */
    private Object run(List<String> keys, List<String> values) {
        try {
            return redis.evalsha(SHA, keys, values);
        } catch (JedisNoScriptException forgotten) {
            return redis.eval(SCRIPT, keys, values);
        }
    }

    /** The cheap way: around the boundary of two windows twice the limit passes. */
    boolean requestInFixedWindow(String caller, Instant now) {
        String key = key(caller) + ":" + now.toEpochMilli() / window.toMillis();
        long used = redis.incr(key);
        if (used == 1) {
            redis.pexpire(key, window.toMillis());
        }
        return used <= limit;
    }

    static String key(String caller) {
        return "requests:" + Objects.requireNonNull(caller, "caller");
    }

    private static String sha1(String text) {
        try {
            byte[] digest = MessageDigest.getInstance("SHA-1").digest(text.getBytes(StandardCharsets.UTF_8));
            return HexFormat.of().formatHex(digest);
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException(e);
        }
    }

    public static void main(String[] args) {
        Story.tell(LuaRateLimiter.class, story -> {
            LuaRateLimiter limiter = new LuaRateLimiter(story.redis(), 2, Duration.ofSeconds(1), WithoutRedis.REFUSE);
            Instant start = Instant.parse("2026-01-01T00:00:00Z");

            story.step("Two a second are allowed. The first call finds no script and sends it.");
            story.show("at 0 ms", limiter.request("ann", start));
            story.show("at 900 ms", limiter.request("ann", start.plusMillis(900)));

            story.step("The third is refused, and told when to come back.");
            story.show("at 950 ms", limiter.request("ann", start.plusMillis(950)));

            story.step("The window has slid past the first.");
            story.show("at 1000 ms", limiter.request("ann", start.plusMillis(1000)));

            story.step("A caller whose clock is behind gains nothing.");
            story.show("at 0 ms", limiter.request("ann", start));
            story.learned("Look and count in one script, give it the time, and let that time never run back.");
        });
    }
}
