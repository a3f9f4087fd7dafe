package mastery.redis.clustering;

import java.util.List;
import java.util.Objects;
import java.util.function.Consumer;
import mastery.support.redis.RedisSentinels;
import mastery.support.server.Node;
import mastery.support.trace.Story;
import redis.clients.jedis.HostAndPort;
import redis.clients.jedis.Jedis;
import redis.clients.jedis.JedisPubSub;
import redis.clients.jedis.RedisClient;
import redis.clients.jedis.RedisSentinelClient;
import redis.clients.jedis.exceptions.JedisException;

/**
 * Sentinels promote a replica when enough of them miss the primary, and a client that asks them for the address goes on by itself;
 * one that keeps an address keeps the wrong one.
 *
 * <p><b>When:</b> one data set that fits on one node, and must survive the loss of it.
 * <b>Not:</b> to spread data: that is what a cluster does, which has its own failover.
 * <b>Costs:</b> writes fail from the loss until the promotion, and what no replica had read is lost, see {@link WaitReplication}.
 * <b>Needs:</b> at least three sentinels on machines of their own: the quorum says that the primary is down, and most of all
 * sentinels must choose who of them leads the failover.
 *
 * <p>Source: Redis manual, "High availability with Redis Sentinel", sections sentinel commands, pub/sub messages; "Sentinel client
 * spec".
 */
public final class SentinelFailover {

    /** Published by a sentinel: the primary of that name has moved. */
    public record Switch(String name, HostAndPort from, HostAndPort to) {}

    private static final String SWITCHED = "+switch-master";

    private SentinelFailover() {}

    /**
     * Where a sentinel believes the primary to be.
     *
     * @throws IllegalArgumentException when it watches nothing of that name
     */
    public static HostAndPort primary(Jedis sentinel, String name) {
        List<String> address = sentinel.sentinelGetMasterAddrByName(Objects.requireNonNull(name, "name"));
        if (address == null) {
            throw new IllegalArgumentException("the sentinel watches no primary named " + name);
        }
        return new HostAndPort(address.get(0), Integer.parseInt(address.get(1)));
    }

    /** Whether the sentinel that is asked holds the primary for down: by itself (s_down), or with the quorum (o_down). */
    public static String flags(Jedis sentinel, String name) {
        return sentinel.sentinelMaster(name).get("flags");
    }

    /** How many sentinels must miss the primary until it counts as down. */
    public static int quorum(Jedis sentinel, String name) {
        return Integer.parseInt(sentinel.sentinelMaster(name).get("quorum"));
    }

    /** A planned failover; the other sentinels are not asked. It is done when {@link #primary} says so. */
    public static void failOver(Jedis sentinel, String name) {
        sentinel.sentinelFailover(name);
    }

    /** Hears of each change of primary. Blocks the calling thread until {@code unsubscribe} is called on the listener. */
    public static void listen(Jedis sentinel, JedisPubSub listener) {
        sentinel.subscribe(listener, SWITCHED);
    }

    /**
     * Reads {@code primary 127.0.0.1 7000 127.0.0.1 7001}: the name, the old and the new address.
     *
     * @param subscribed runs once nothing can be missed any more
     */
    public static JedisPubSub listener(Runnable subscribed, Consumer<Switch> switched) {
        return new JedisPubSub() {
            @Override
            public void onSubscribe(String channel, int count) {
                subscribed.run();
            }

            @Override
            public void onMessage(String channel, String message) {
                String[] part = message.split(" ");
                switched.accept(new Switch(
                        part[0],
                        new HostAndPort(part[1], Integer.parseInt(part[2])),
                        new HostAndPort(part[3], Integer.parseInt(part[4]))));
            }
        };
    }

    /** The wrong way: a client of a fixed address. After a failover it fails, and then it talks to a replica. */
    public static String setAtFixedAddress(RedisClient client, String key, String value) {
        return client.set(key, value);
    }

    /** The right way: the client has learnt the address from the sentinels, and hears from them when it changes. */
    public static String set(RedisSentinelClient client, String key, String value) {
        return client.set(key, value);
    }

    public static void main(String[] args) {
        Story.tell(SentinelFailover.class, story -> {
            RedisSentinels nodes = story.redisSentinels();
            Node old = nodes.primary();
            Jedis sentinel = story.redisConnection(nodes.sentinels().get(0));
            try (RedisSentinelClient client = nodes.newClient()) {
                story.step("A client asks a sentinel where the primary is, and writes there.");
                story.show("the sentinel says", primary(sentinel, RedisSentinels.NAME));
                story.show("the client writes to", client.getCurrentMaster());
                story.show("SET", set(client, "key", "before"));

                story.step("kill -9 of the primary. Two of three sentinels must miss it for a second.");
                old.kill();
                boolean written = false;
                while (!written) {
                    try {
                        written = "OK".equals(set(client, "key", "after"));
                    } catch (JedisException notYet) {
                        Thread.sleep(50);
                    }
                }
                story.note("SET was tried again and again, until a new primary took it.");
                story.show("the sentinel says", primary(sentinel, RedisSentinels.NAME));
                story.show("the client writes to", client.getCurrentMaster());

                story.step("The old primary comes back, and is made a replica.");
                old.start();
                nodes.awaitAgreement();
            }
            Jedis back = story.redisConnection(old);
            story.show("its role", back.role().get(0));
            try {
                back.set("key", "by its old address");
            } catch (JedisException refused) {
                story.note("Whoever kept the address writes to a replica.");
            }
            story.learned("Ask the sentinels for the address, each time: RedisSentinelClient does it for you.");
        });
    }
}
