package mastery.redis.caching;

import static mastery.redis.caching.LuaRateLimiter.SCRIPT;
import static mastery.redis.caching.LuaRateLimiter.SHA;
import static mastery.redis.caching.LuaRateLimiter.key;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CyclicBarrier;
import java.util.concurrent.FutureTask;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import javax.sql.DataSource;
import mastery.redis.caching.LuaRateLimiter.Decision;
import mastery.redis.caching.LuaRateLimiter.WithoutRedis;
import mastery.support.interleave.OtherJvm;
import mastery.support.junit.OnRedis;
import mastery.support.junit.OnRedis.Topology;
import mastery.support.redis.RedisEndpoint;
import mastery.support.redis.RedisReplication;
import mastery.support.server.Node;
import mastery.support.work.RedisWork;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import redis.clients.jedis.RedisClient;
import redis.clients.jedis.exceptions.JedisDataException;
import redis.clients.jedis.exceptions.JedisNoScriptException;

@OnRedis(topology = Topology.REPLICATION, replicas = 0)
class LuaRateLimiterIT {

    private static final Duration LIMIT = Duration.ofSeconds(30);
    private static final Duration WINDOW = Duration.ofMinutes(1);
    private static final Instant START = Instant.parse("2026-01-01T00:00:00Z");

    private RedisClient redis;
    private Node server;
    private LuaRateLimiter limiter;

    @BeforeEach
    void open(RedisClient client, RedisReplication replication) {
        redis = client;
        server = replication.primary();
        limiter = limiter(client, 3);
    }

    @Test
    void ofAHundredAtOnceExactlyTheLimitPasses() throws Exception {
        LuaRateLimiter ten = limiter(redis, 10);
        CyclicBarrier barrier = new CyclicBarrier(20);
        List<FutureTask<Integer>> callers = Stream.generate(() -> new FutureTask<>(() -> {
                    barrier.await();
                    int allowed = 0;
                    for (int i = 0; i < 5; i++) {
                        allowed += ten.request("ann", START).allowed() ? 1 : 0;
                    }
                    return allowed;
                }))
                .limit(20)
                .toList();
        callers.forEach(caller -> new Thread(caller).start());
        int allowed = 0;
        for (FutureTask<Integer> caller : callers) {
            allowed += caller.get(LIMIT.toSeconds(), TimeUnit.SECONDS);
        }
        assertThat(allowed).isEqualTo(10);
        assertThat(redis.zcard(key("ann"))).isEqualTo(10);
        assertThat(redis.pttl(key("ann"))).isBetween(1L, WINDOW.toMillis());
    }

    @Test
    void twoProcessesShareOneLimit() throws Exception {
        LuaRateLimiter here = limiter(redis, 50);
        try (OtherJvm other = Peer.start(Elsewhere.class, server)) {
            assertThat(other.hear()).isEqualTo("ready");
            other.tell("go");
            int allowed = allowedOf(here);
            assertThat(allowed + Integer.parseInt(other.hear())).isEqualTo(50);
        }
        assertThat(redis.zcard(key("ann"))).isEqualTo(50);
    }

    static final class Elsewhere implements Peer.Part {
        @Override
        public void play(RedisEndpoint endpoint, DataSource none) {
            try (RedisClient redis = Clients.of(endpoint)) {
                redis.ping();
                System.out.println("ready");
                OtherJvm.order();
                System.out.println(allowedOf(limiter(redis, 50)));
            }
        }
    }

    private static int allowedOf(LuaRateLimiter limiter) {
        int allowed = 0;
        for (int i = 0; i < 100; i++) {
            allowed += limiter.request("ann", START).allowed() ? 1 : 0;
        }
        return allowed;
    }

    @Test
    void theWindowMovesWithTheTimeItIsGiven() {
        assertThat(at(0)).isEqualTo(allowed(2));
        assertThat(at(10_000)).isEqualTo(allowed(1));
        assertThat(at(20_000)).isEqualTo(allowed(0));
        assertThat(at(20_000)).isEqualTo(refused(40_000));
        assertThat(at(59_999)).isEqualTo(refused(1));
        assertThat(at(60_000)).as("the first is a window old").isEqualTo(allowed(0));
        assertThat(at(60_001)).isEqualTo(refused(9_999));
        assertThat(at(80_000)).as("the second and the third are").isEqualTo(allowed(1));
        assertThat(redis.zcard(key("ann"))).as("what is old is removed").isEqualTo(2);
    }

    @Test
    void aRefusedRequestIsNotCountedAndDoesNotLengthenTheWait() {
        at(0);
        at(0);
        at(0);
        redis.pexpire(key("ann"), 20_000);
        for (int i = 1; i <= 10; i++) {
            assertThat(at(i)).isEqualTo(refused(60_000 - i));
        }
        assertThat(redis.zcard(key("ann"))).isEqualTo(3);
        assertThat(redis.pttl(key("ann"))).isBetween(1L, 20_000L);
    }

    @Test
    void aClockThatGoesBackwardsGainsNothing() {
        assertThat(at(100_000)).isEqualTo(allowed(2));
        assertThat(at(0)).isEqualTo(allowed(1));
        assertThat(at(-1_000_000)).isEqualTo(allowed(0));
        assertThat(at(0)).isEqualTo(refused(60_000));
        assertThat(at(100_000)).isEqualTo(refused(60_000));
        assertThat(at(159_999)).as("all count as of the newest time").isEqualTo(refused(1));
        assertThat(at(160_000)).isEqualTo(allowed(2));
    }

    @Test
    void aClockThatIsFarAheadBlocksTheOthersForOneWindowOfRealTimeAtMost() {
        for (int i = 0; i < 3; i++) {
            limiter.request("ann", START.plus(Duration.ofDays(1)));
        }
        assertThat(at(0).allowed()).isFalse();
        assertThat(redis.pttl(key("ann"))).isBetween(1L, WINDOW.toMillis());
        redis.pexpire(key("ann"), 1);
        await().atMost(LIMIT).until(() -> !redis.exists(key("ann")));
        assertThat(at(0)).isEqualTo(allowed(2));
    }

    @Test
    void aFixedWindowLetsTwiceTheLimitThroughAroundItsBoundary() {
        List<Boolean> fixed = new ArrayList<>();
        List<Boolean> sliding = new ArrayList<>();
        for (long millis : new long[] {59_997, 59_998, 59_999, 60_000, 60_001, 60_002}) {
            fixed.add(limiter.requestInFixedWindow("ann", START.plusMillis(millis)));
            sliding.add(at(millis).allowed());
        }
        assertThat(fixed).containsOnly(true);
        assertThat(sliding).containsExactly(true, true, true, false, false, false);
        assertThat(limiter.requestInFixedWindow("ann", START.plusMillis(60_003)))
                .isFalse();
        assertThat(redis.keys(key("ann") + ":*"))
                .hasSize(2)
                .allSatisfy(key -> assertThat(redis.pttl(key)).isBetween(1L, WINDOW.toMillis()));
    }

    @Test
    void callersDoNotShareALimit() {
        for (int i = 0; i < 3; i++) {
            at(0);
        }
        assertThat(at(0).allowed()).isFalse();
        assertThat(limiter.request("bob", START)).isEqualTo(allowed(2));
    }

    @Test
    void aScriptThatRedisForgotIsSentAgainAndKept() throws Exception {
        redis.scriptFlush();
        assertThatThrownBy(() -> redis.evalsha(SHA, List.of("x"), List.of("0", "1", "1", "m")))
                .isInstanceOf(JedisNoScriptException.class)
                .hasMessageStartingWith("NOSCRIPT");
        RedisWork first = RedisWork.measure(redis, () -> assertThat(at(0)).isEqualTo(allowed(2)));
        assertThat(first.calls("eval")).isEqualTo(1);
        assertThat(redis.scriptExists(List.of(SHA))).containsExactly(true);
        assertThat(redis.scriptLoad(SCRIPT)).isEqualTo(SHA);
        RedisWork second = RedisWork.measure(redis, () -> assertThat(at(0)).isEqualTo(allowed(1)));
        assertThat(second.calls("eval")).isZero();
        assertThat(second.calls("evalsha")).isEqualTo(1);
    }

    @Test
    void withRedisKilledTheConstructorsWordCountsAndScriptAndWindowsAreGoneAfterwards() {
        at(0);
        server.kill();
        try {
            assertThat(at(0)).isEqualTo(new Decision(false, 0, Duration.ZERO, false));
            LuaRateLimiter open = new LuaRateLimiter(redis, 3, WINDOW, WithoutRedis.ALLOW);
            assertThat(open.request("ann", START)).isEqualTo(new Decision(true, 0, Duration.ZERO, false));
        } finally {
            server.start();
        }
        assertThat(at(0)).isEqualTo(allowed(2));
    }

    @Test
    void withRedisPausedTheCallerIsAnsweredAfterTheTimeout() {
        try (RedisClient client = Clients.impatient(server, 300)) {
            LuaRateLimiter impatient = limiter(client, 3);
            impatient.request("ann", START);
            server.pause();
            try {
                assertThat(impatient.request("ann", START)).isEqualTo(new Decision(false, 0, Duration.ZERO, false));
            } finally {
                server.resume();
            }
            // It was sent, and so it counts, although its caller was refused.
            await().atMost(LIMIT).until(() -> redis.zcard(key("ann")) == 2);
        }
    }

    @Test
    void aFlushForgetsWhatWasCounted() {
        at(0);
        redis.flushAll();
        assertThat(at(0)).isEqualTo(allowed(2));
    }

    @Test
    void whatIsInTheWayIsAnErrorAndWhatCannotBeMeantIsRefused() {
        redis.set(key("ann"), "not a sorted set");
        assertThatThrownBy(() -> at(0)).isInstanceOf(JedisDataException.class).hasMessageStartingWith("WRONGTYPE");
        for (String caller : List.of("", "a b\r\nFLUSHALL", "{", "*")) {
            assertThat(limiter.request(caller, START)).isEqualTo(allowed(2));
        }
        assertThatThrownBy(() -> limiter.request(null, START)).isInstanceOf(NullPointerException.class);
        assertThatThrownBy(() -> limiter.request("ann", null)).isInstanceOf(NullPointerException.class);
        assertThatThrownBy(() -> limiter(redis, 0)).isInstanceOf(IllegalArgumentException.class);
        assertThatThrownBy(() -> new LuaRateLimiter(redis, 1, Duration.ZERO, WithoutRedis.ALLOW))
                .isInstanceOf(IllegalArgumentException.class);
    }

    private Decision at(long millis) {
        return limiter.request("ann", START.plusMillis(millis));
    }

    private static Decision allowed(long remaining) {
        return new Decision(true, remaining, Duration.ZERO, true);
    }

    private static Decision refused(long retryAfterMillis) {
        return new Decision(false, 0, Duration.ofMillis(retryAfterMillis), true);
    }

    private static LuaRateLimiter limiter(RedisClient redis, int limit) {
        return new LuaRateLimiter(redis, limit, WINDOW, WithoutRedis.REFUSE);
    }
}
