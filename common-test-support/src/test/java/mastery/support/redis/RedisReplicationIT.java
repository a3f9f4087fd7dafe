package mastery.support.redis;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.concurrent.FutureTask;
import java.util.concurrent.TimeUnit;
import mastery.support.junit.OnRedis;
import mastery.support.junit.OnRedis.Topology;
import mastery.support.server.Node;
import org.junit.jupiter.api.Test;
import redis.clients.jedis.Jedis;
import redis.clients.jedis.RedisClient;
import redis.clients.jedis.exceptions.JedisConnectionException;
import redis.clients.jedis.exceptions.JedisDataException;

@OnRedis(topology = Topology.REPLICATION)
class RedisReplicationIT {

    private static final Duration LIMIT = Duration.ofSeconds(30);

    @Test
    void aReplicaShowsWhatThePrimaryWroteAndRefusesWrites(RedisClient primary, RedisReplication replication) {
        primary.set("key", "value");
        try (RedisClient replica = replication.newClient(replication.replicas().get(0))) {
            await().atMost(LIMIT).until(() -> "value".equals(replica.get("key")));
            assertThatThrownBy(() -> replica.set("key", "mine"))
                    .isInstanceOf(JedisDataException.class)
                    .hasMessageStartingWith("READONLY");
        }
    }

    @Test
    void aReplicaThatWasKilledPausedAndRestartedFollowsAgain(RedisClient primary, RedisReplication replication) {
        Node replica = replication.replicas().get(0);
        replica.kill();
        assertThat(replica.isRunning()).isFalse();
        primary.set("key", "written without a replica");
        replica.start();
        replication.awaitCopies();

        replica.pause();
        assertThat(replica.isRunning()).isTrue();
        assertThatThrownBy(() -> new RedisRecipe().identify(replica.address()))
                .isInstanceOf(JedisConnectionException.class);
        replica.resume();
        replication.awaitCopies();

        replica.restart();
        replication.awaitCopies();
        try (RedisClient client = replication.newClient(replica)) {
            assertThat(client.get("key")).isEqualTo("written without a replica");
        }
    }

    @Test
    void theTopologyWaitsUntilTheLinkIsUp(RedisReplication replication) throws Exception {
        Node replica = replication.replicas().get(0);
        FutureTask<Void> waiting = new FutureTask<>(replication::awaitCopies, null);
        try (Jedis jedis = RedisEndpoint.of(replica).connect()) {
            // Nothing listens there, so the link stays down until the replica is told better.
            jedis.replicaof("127.0.0.1", 1);
            new Thread(waiting).start();
            await("somebody asks the replica")
                    .atMost(LIMIT)
                    .until(() -> jedis.clientList().contains(" cmd=info "));
            assertThat(waiting.isDone()).isFalse();
            jedis.replicaof(replication.primary().host(), replication.primary().port());
        }
        waiting.get(LIMIT.toSeconds(), TimeUnit.SECONDS);
        assertThat(linkOf(replica)).isEqualTo("up");
    }

    @Test
    void theTopologyWaitsUntilTheReplicaHasWhatWasWrittenWithoutIt(RedisClient primary, RedisReplication replication) {
        Node replica = replication.replicas().get(0);
        // More than the sockets between the two hold: the link stays up, the data lies at the primary.
        replica.pause();
        byte[] value = new byte[1 << 20];
        for (int i = 0; i < 64; i++) {
            primary.set(("large:" + i).getBytes(StandardCharsets.UTF_8), value);
        }
        replica.resume();
        replication.awaitCopies();
        try (RedisClient client = replication.newClient(replica)) {
            assertThat(client.dbSize()).isEqualTo(64);
        }
    }

    private static String linkOf(Node replica) {
        try (Jedis jedis = RedisEndpoint.of(replica).connect()) {
            return Fields.of(jedis.info("replication")).get("master_link_status");
        }
    }
}
