package mastery.support.redis;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import java.time.Duration;
import mastery.support.junit.OnRedis;
import mastery.support.junit.OnRedis.Topology;
import mastery.support.server.Node;
import org.junit.jupiter.api.Test;
import redis.clients.jedis.RedisSentinelClient;

@OnRedis(topology = Topology.SENTINELS)
class RedisSentinelsIT {

    private static final Duration LIMIT = Duration.ofSeconds(60);

    @Test
    void aReplicaIsPromotedWhenThePrimaryIsKilledAndTheClientFollows(
            RedisSentinelClient client, RedisSentinels sentinels) {
        Node old = sentinels.primary();
        assertThat(client.getCurrentMaster().getPort()).isEqualTo(old.port());
        client.set("key", "before");

        old.kill();
        await().atMost(LIMIT).until(() -> sentinels.primary() != old);
        await().atMost(LIMIT).ignoreExceptions().until(() -> "OK".equals(client.set("key", "after")));
        assertThat(client.getCurrentMaster().getPort()).isNotEqualTo(old.port());

        old.start();
        sentinels.awaitAgreement();
        assertThat(sentinels.primary()).isNotSameAs(old);
        await("the old primary has what was written without it").atMost(LIMIT).until(() -> {
            try (var jedis = RedisEndpoint.of(old).connect()) {
                return "slave".equals(jedis.role().get(0)) && "after".equals(jedis.get("key"));
            }
        });
    }
}
