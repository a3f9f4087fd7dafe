package mastery.redis.structures;

import static mastery.redis.structures.ReliableListQueue.acknowledge;
import static mastery.redis.structures.ReliableListQueue.add;
import static mastery.redis.structures.ReliableListQueue.lengths;
import static mastery.redis.structures.ReliableListQueue.listOf;
import static mastery.redis.structures.ReliableListQueue.pop;
import static mastery.redis.structures.ReliableListQueue.recover;
import static mastery.redis.structures.ReliableListQueue.take;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.stream.IntStream;
import mastery.redis.structures.ReliableListQueue.Lengths;
import mastery.support.junit.OnRedis;
import mastery.support.redis.RedisDatabase;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import redis.clients.jedis.CommandObject;
import redis.clients.jedis.RedisClient;
import redis.clients.jedis.exceptions.JedisConnectionException;
import redis.clients.jedis.exceptions.JedisDataException;
import redis.clients.jedis.executors.CommandExecutor;
import redis.clients.jedis.executors.DefaultCommandExecutor;
import redis.clients.jedis.providers.PooledConnectionProvider;
import redis.clients.jedis.util.JedisClusterCRC16;

@OnRedis
class ReliableListQueueIT {

    @Test
    void whoDiesAfterItsFirstCommandLeavesTheItemInItsList(RedisClient redis, RedisDatabase database) {
        add(redis, "jobs", "1", "2", "3");
        try (RedisClient dying = thatDiesAfterItsFirstCommand(database)) {
            assertThatThrownBy(() -> take(dying, "jobs", "bob")).isInstanceOf(JedisConnectionException.class);
        }
        assertThat(redis.lrange(listOf("jobs", "bob"), 0, -1)).containsExactly("1");
        assertThat(lengths(redis, "jobs", "bob")).isEqualTo(new Lengths(2, 1));

        assertThat(recover(redis, "jobs", "bob")).isEqualTo(1);
        assertThat(redis.lrange("jobs", 0, -1)).containsExactly("1", "2", "3");
    }

    @Test
    void whoDiesAfterLpopTakesTheItemAlong(RedisClient redis, RedisDatabase database) {
        add(redis, "jobs", "1", "2", "3");
        try (RedisClient dying = thatDiesAfterItsFirstCommand(database)) {
            assertThatThrownBy(() -> pop(dying, "jobs")).isInstanceOf(JedisConnectionException.class);
        }
        assertThat(recover(redis, "jobs", "bob")).isZero();
        assertThat(redis.keys("*")).containsExactly("jobs");
        assertThat(redis.lrange("jobs", 0, -1)).containsExactly("2", "3");
    }

    @Test
    void recoveryKeepsTheOrderAndTakesNothingFromTheLiving(RedisClient redis) {
        add(redis, "jobs", "1", "2", "3", "4", "5");
        take(redis, "jobs", "bob");
        take(redis, "jobs", "eve");
        take(redis, "jobs", "bob");
        assertThat(recover(redis, "jobs", "bob")).isEqualTo(2);
        assertThat(redis.lrange("jobs", 0, -1)).containsExactly("1", "3", "4", "5");
        assertThat(redis.lrange(listOf("jobs", "eve"), 0, -1)).containsExactly("2");
    }

    @Test
    void theSumOfBothListsIsTheSameInEveryMoment(RedisClient redis) throws Exception {
        int items = 400;
        add(redis, "jobs", IntStream.range(0, items).mapToObj(Integer::toString).toArray(String[]::new));
        ExecutorService threads = Executors.newFixedThreadPool(4);
        try {
            List<Future<Integer>> takers = new ArrayList<>();
            for (int i = 0; i < 4; i++) {
                takers.add(threads.submit(() -> {
                    int taken = 0;
                    while (taken <= items && take(redis, "jobs", "bob").isPresent()) {
                        taken++;
                    }
                    return taken;
                }));
            }
            while (takers.stream().anyMatch(taker -> !taker.isDone())) {
                assertThat(lengths(redis, "jobs", "bob").sum()).isEqualTo(items);
            }
            int taken = 0;
            for (Future<Integer> taker : takers) {
                taken += taker.get(30, TimeUnit.SECONDS);
            }
            assertThat(taken).isEqualTo(items);
        } finally {
            threads.shutdownNow();
        }
        assertThat(redis.lrange(listOf("jobs", "bob"), 0, -1)).hasSize(items).doesNotHaveDuplicates();
    }

    @Test
    void anAcknowledgedItemIsGoneAndIsNotRecovered(RedisClient redis) {
        add(redis, "jobs", "1", "2");
        assertThat(take(redis, "jobs", "bob")).contains("1");
        assertThat(take(redis, "jobs", "bob")).contains("2");
        assertThat(acknowledge(redis, "jobs", "bob", "1")).isTrue();
        assertThat(acknowledge(redis, "jobs", "bob", "1")).as("a second time").isFalse();
        assertThat(acknowledge(redis, "jobs", "eve", "2"))
                .as("by somebody else")
                .isFalse();
        assertThat(recover(redis, "jobs", "bob")).isEqualTo(1);
        assertThat(redis.lrange("jobs", 0, -1)).containsExactly("2");
    }

    @Test
    void anAcknowledgementAfterTheRecoverySaysThatItCameTooLate(RedisClient redis) {
        add(redis, "jobs", "1");
        take(redis, "jobs", "slow");
        recover(redis, "jobs", "slow");
        assertThat(take(redis, "jobs", "eve")).contains("1");
        assertThat(acknowledge(redis, "jobs", "slow", "1")).isFalse();
        assertThat(acknowledge(redis, "jobs", "eve", "1")).isTrue();
    }

    @Test
    void ofEqualItemsAnAcknowledgementTakesOne(RedisClient redis) {
        add(redis, "jobs", "same", "same");
        take(redis, "jobs", "bob");
        take(redis, "jobs", "bob");
        assertThat(acknowledge(redis, "jobs", "bob", "same")).isTrue();
        assertThat(lengths(redis, "jobs", "bob")).isEqualTo(new Lengths(0, 1));
    }

    @Test
    void anEmptyQueueGivesNothing(RedisClient redis) {
        assertThat(take(redis, "jobs", "bob")).isEqualTo(Optional.empty());
        assertThat(pop(redis, "jobs")).isEmpty();
        assertThat(recover(redis, "jobs", "bob")).isZero();
        assertThat(lengths(redis, "jobs", "bob")).isEqualTo(new Lengths(0, 0));
    }

    @Test
    void bothListsOfAQueueShareASlot() {
        for (String queue : List.of("jobs", "größe 😀", " ", "a:b")) {
            assertThat(JedisClusterCRC16.getSlot(listOf(queue, "bob"))).isEqualTo(JedisClusterCRC16.getSlot(queue));
        }
        assertThat(JedisClusterCRC16.getSlot("jobs:taken:bob")).isNotEqualTo(JedisClusterCRC16.getSlot("jobs"));
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "{", "}", "a{b}c"})
    void aNameThatWouldMoveTheSlotIsRefused(String queue, RedisClient redis) {
        assertThatThrownBy(() -> add(redis, queue, "1"))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("without braces");
        assertThatThrownBy(() -> take(redis, queue, "bob")).isInstanceOf(IllegalArgumentException.class);
        assertThat(redis.keys("*")).isEmpty();
    }

    @Test
    void hostileItemsAndConsumersAreOnlyText(RedisClient redis) {
        String item = "\"\r\nDEL jobs\r\n\0 😀";
        String consumer = "bob}:{x\r\n";
        add(redis, "jobs", item, "");
        assertThat(take(redis, "jobs", consumer)).contains(item);
        assertThat(take(redis, "jobs", consumer)).contains("");
        assertThat(acknowledge(redis, "jobs", consumer, item)).isTrue();
        assertThat(lengths(redis, "jobs", consumer)).isEqualTo(new Lengths(0, 1));
    }

    @Test
    void aKeyOfAnotherTypeIsRefusedAndTheItemStays(RedisClient redis) {
        redis.set("text", "value");
        assertThatThrownBy(() -> add(redis, "text", "1"))
                .isInstanceOf(JedisDataException.class)
                .hasMessageStartingWith("WRONGTYPE");
        add(redis, "jobs", "1");
        redis.set(listOf("jobs", "bob"), "value");
        assertThatThrownBy(() -> take(redis, "jobs", "bob")).hasMessageStartingWith("WRONGTYPE");
        assertThatThrownBy(() -> lengths(redis, "jobs", "bob")).hasMessageStartingWith("WRONGTYPE");
        assertThat(redis.lrange("jobs", 0, -1)).containsExactly("1");
    }

    /** A client whose first command is done by the server, and whose process is gone before the reply comes. */
    private static RedisClient thatDiesAfterItsFirstCommand(RedisDatabase database) {
        PooledConnectionProvider connections =
                new PooledConnectionProvider(database.hostAndPort(), database.clientConfig());
        CommandExecutor executor = new DefaultCommandExecutor(connections);
        return RedisClient.builder()
                .hostAndPort(database.hostAndPort())
                .clientConfig(database.clientConfig())
                .connectionProvider(connections)
                .commandExecutor(new CommandExecutor() {
                    @Override
                    public <T> T executeCommand(CommandObject<T> command) {
                        executor.executeCommand(command);
                        connections.close();
                        throw new JedisConnectionException("the consumer is dead");
                    }

                    @Override
                    public void close() {
                        connections.close();
                    }
                })
                .build();
    }
}
