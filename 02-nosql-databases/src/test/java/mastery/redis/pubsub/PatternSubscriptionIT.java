package mastery.redis.pubsub;

import static mastery.redis.pubsub.PatternSubscription.listenersByName;
import static mastery.redis.pubsub.PatternSubscription.literal;
import static mastery.redis.pubsub.PatternSubscription.patterns;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.time.Duration;
import java.util.List;
import mastery.redis.pubsub.PatternSubscription.Delivery;
import mastery.redis.pubsub.PatternSubscription.Subscription;
import mastery.support.junit.OnRedis;
import mastery.support.junit.OnRedis.Topology;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import redis.clients.jedis.RedisClient;

/** PUBSUB NUMPAT counts for the whole server: this class has one that no other class uses at the same time. */
@OnRedis(topology = Topology.REPLICATION)
class PatternSubscriptionIT {

    private static final Duration LIMIT = Duration.ofSeconds(30);
    private static final String SPORT = "news.sport";

    @Test
    void aChannelAndAPatternOfOneConnectionDeliverTwice(RedisClient redis) throws Exception {
        try (Subscription both = Subscription.to(redis, List.of(SPORT), List.of("news.*"), LIMIT)) {
            assertThat(redis.getPool().getNumActive()).as("connections").isEqualTo(1);

            assertThat(redis.publish(SPORT, "1:0")).isEqualTo(2);

            assertThat(both.next(LIMIT)).contains(new Delivery(null, SPORT, "1:0"));
            assertThat(both.next(LIMIT)).contains(new Delivery("news.*", SPORT, "1:0"));
            assertThat(both.next(Duration.ZERO)).isEmpty();
        }
    }

    @Test
    void eachPatternThatFitsDeliversOnceMore(RedisClient redis) throws Exception {
        List<String> patterns = List.of("news.*", "news.s*", "n?ws.sport", "news.[rst]port", "*", "weather.*");
        try (Subscription subscription = Subscription.to(redis, List.of(), patterns, LIMIT)) {
            assertThat(redis.publish(SPORT, "1:0")).isEqualTo(5);
            for (int i = 0; i < 5; i++) {
                assertThat(subscription.next(LIMIT)).map(Delivery::message).contains("1:0");
            }
            assertThat(subscription.next(Duration.ZERO)).isEmpty();
        }
    }

    @Test
    void aPatternAloneDeliversOnceAndItsStarDoesNotStopAtADot(RedisClient redis) throws Exception {
        try (Subscription subscription = Subscription.to(redis, List.of(), List.of("news.*"), LIMIT)) {
            assertThat(redis.publish(SPORT, "1:0")).isEqualTo(1);
            assertThat(redis.publish("news.sport.football", "2:0")).isEqualTo(1);
            assertThat(redis.publish("news", "no dot")).isZero();
            assertThat(redis.publish("weather.rain", "no news")).isZero();

            assertThat(subscription.next(LIMIT)).contains(new Delivery("news.*", SPORT, "1:0"));
            assertThat(subscription.next(LIMIT)).contains(new Delivery("news.*", "news.sport.football", "2:0"));
            assertThat(subscription.next(Duration.ZERO)).isEmpty();
        }
    }

    @Test
    void twoConnectionsWithTheSamePatternAreTwoListenersAndOnePattern(RedisClient redis) throws Exception {
        assertThat(patterns(redis)).isZero();
        try (Subscription one = Subscription.to(redis, List.of(SPORT), List.of("news.*"), LIMIT);
                Subscription two = Subscription.to(redis, List.of(), List.of("news.*", "weather.*"), LIMIT)) {
            assertThat(patterns(redis)).as("different patterns").isEqualTo(2);
            assertThat(listenersByName(redis, SPORT)).as("by name").isEqualTo(1);
            assertThat(listenersByName(redis, "news.*"))
                    .as("a pattern is no channel")
                    .isZero();

            assertThat(redis.publish(SPORT, "1:0")).isEqualTo(3);
            assertThat(one.next(LIMIT)).isPresent();
            assertThat(one.next(LIMIT)).isPresent();
            assertThat(two.next(LIMIT)).contains(new Delivery("news.*", SPORT, "1:0"));
        }
        assertThat(patterns(redis)).isZero();
        assertThat(listenersByName(redis, SPORT)).isZero();
        assertThat(redis.getPool().getNumActive()).isZero();
    }

    @ParameterizedTest
    @ValueSource(
            strings = {"a*b", "a?b", "[abc]", "a\\b", "a[^b]c", "^a", "a-c", "", "größe 🚀", "\r\n", "\\*", "[", "]"})
    void escapedTextFitsItselfAndNothingElse(String name, RedisClient redis) throws Exception {
        try (Subscription subscription = Subscription.to(redis, List.of(), List.of(literal(name) + ".*"), LIMIT)) {
            assertThat(redis.publish(name + ".x", "for it")).isEqualTo(1);
            for (String other : List.of("axb", "axxb", "a", "b", "ab", "abc", "a^c", "b-")) {
                assertThat(redis.publish(other + ".x", "for others")).as(other).isZero();
            }
            assertThat(subscription.next(LIMIT)).map(Delivery::message).contains("for it");
        }
    }

    @Test
    void unescapedTextListensToOthers(RedisClient redis) throws Exception {
        try (Subscription subscription = Subscription.to(redis, List.of(), List.of("*" + ".mail"), LIMIT)) {
            assertThat(redis.publish("ann.mail", "private")).isEqualTo(1);
            assertThat(subscription.next(LIMIT)).map(Delivery::message).contains("private");
        }
    }

    @Test
    void aSubscriptionToNothingIsRefused(RedisClient redis) {
        assertThatThrownBy(() -> Subscription.to(redis, List.of(), List.of(), LIMIT))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("a channel or a pattern");
        assertThat(redis.getPool().getNumActive()).isZero();
    }
}
