package mastery.redis.clustering;

import java.util.Objects;
import mastery.support.redis.RedisReplication;
import mastery.support.server.Node;
import mastery.support.trace.Story;
import redis.clients.jedis.Jedis;
import redis.clients.jedis.Pipeline;
import redis.clients.jedis.RedisClient;
import redis.clients.jedis.Response;
import redis.clients.jedis.args.ClientType;
import redis.clients.jedis.exceptions.JedisDataException;
import redis.clients.jedis.params.ClientKillParams;
import redis.clients.jedis.util.KeyValue;

/**
 * OK says that the primary has a write, and no more; WAIT tells how many replicas have it by now, and takes nothing back when
 * they are too few.
 *
 * <p><b>When:</b> WAIT after a write that would be dear to lose, with its answer looked at; WAITAOF when it must also outlive a
 * power cut; {@code min-replicas-to-write} so that a primary without replicas stops to accept writes at all.
 * <b>Not:</b> as a guarantee. A replica that did not acknowledge can be promoted, and a refused or unconfirmed write may stay.
 * <b>Costs:</b> WAIT is a round trip to the replica, WAITAOF an fsync there; a primary that refuses is not available.
 * <b>Needs:</b> the connection that wrote: WAIT on another one answers for that one's writes.
 *
 * <p>Source: Redis manual, commands WAIT and WAITAOF; "Redis replication", section allow writes only with N attached replicas.
 */
public final class WaitReplication {

    /** The server's answer to the write, and how many replicas had it when WAIT returned. */
    public record Written(String reply, long replicas) {}

    /** How many have the write on disk: the primary itself (0 or 1), and replicas. */
    public record OnDisk(long local, long replicas) {}

    private WaitReplication() {}

    /** Acknowledged by the primary's memory alone. */
    public static String set(RedisClient primary, String key, String value) {
        return primary.set(key, value);
    }

    /**
     * The right way: both commands on one connection, in one round trip.
     *
     * @param replicas how many shall have it
     * @param limitMillis how long to wait for them, more than 0; must be below the socket timeout
     * @return look at the number: fewer than asked for is no error
     */
    public static Written setAndWait(RedisClient primary, String key, String value, int replicas, long limitMillis) {
        checkLimit(limitMillis);
        try (Pipeline pipeline = primary.pipelined()) {
            Response<String> reply = pipeline.set(key, value);
            Response<Long> reached = pipeline.waitReplicas(replicas, limitMillis);
            pipeline.sync();
            return new Written(reply.get(), reached.get());
        }
    }

    /** The wrong way: with a pool the second connection may be another, for which nothing is to be waited for. */
    public static Written setAndWaitElsewhere(
            Jedis writer, Jedis waiter, String key, String value, int replicas, long limitMillis) {
        checkLimit(limitMillis);
        return new Written(writer.set(key, value), waiter.waitReplicas(replicas, limitMillis));
    }

    /**
     * The same down to the disk: on the primary and on replicas, as far as each has an append-only file.
     *
     * @throws JedisDataException when the primary shall have it on disk and has {@code appendonly no}
     */
    public static OnDisk setAndWaitForDisk(
            RedisClient primary, String key, String value, int local, int replicas, long limitMillis) {
        checkLimit(limitMillis);
        try (Pipeline pipeline = primary.pipelined()) {
            Response<String> reply = pipeline.set(key, value);
            Response<KeyValue<Long, Long>> reached = pipeline.waitAOF(local, replicas, limitMillis);
            pipeline.sync();
            Objects.requireNonNull(reply.get());
            return new OnDisk(reached.get().getKey(), reached.get().getValue());
        }
    }

    /** From now on the primary refuses writes unless so many replicas were heard from within the last seconds. */
    public static void acceptWritesOnlyWith(Jedis primary, int replicas, int heardWithinSeconds) {
        primary.configSet("min-replicas-max-lag", Integer.toString(heardWithinSeconds));
        primary.configSet("min-replicas-to-write", Integer.toString(replicas));
    }

    /** Makes a replica a primary, with what it has. What only the old one had is gone. */
    public static void promote(Jedis replica) {
        replica.replicaofNoOne();
    }

    /** 0 would mean without end. */
    private static void checkLimit(long limitMillis) {
        if (limitMillis < 1) {
            throw new IllegalArgumentException("the limit is more than 0 ms, not " + limitMillis);
        }
    }

    public static void main(String[] args) {
        Story.tell(WaitReplication.class, story -> {
            RedisReplication nodes = story.redisReplication(1);
            Node replicaNode = nodes.replicas().get(0);
            Jedis primary = story.redisConnection(nodes.primary());
            try (RedisClient client = nodes.newClient(nodes.primary())) {
                story.step("The replica runs: WAIT answers 1 as soon as the replica has said so.");
                story.show("SET and WAIT 1", setAndWait(client, "order:1", "paid", 1, 5_000));

                story.step("The replica stands still: SET says OK all the same, and WAIT says 0.");
                replicaNode.pause();
                story.show("SET and WAIT 1", setAndWait(client, "order:2", "paid", 1, 100));
                story.show("order:2 at the primary", primary.get("order:2"));

                story.step("WAIT on a connection that wrote nothing says 1, and has waited for nothing.");
                Jedis other = story.redisConnection(nodes.primary());
                story.show("writer and waiter", setAndWaitElsewhere(primary, other, "order:3", "paid", 1, 100));

                story.step("A primary that needs a replica refuses, once it has missed it for a second.");
                acceptWritesOnlyWith(primary, 1, 1);
                String refused = "OK";
                while (refused.equals("OK")) {
                    try {
                        refused = set(client, "order:4", "paid");
                    } catch (JedisDataException e) {
                        refused = e.getMessage();
                    }
                }
                story.show("SET", refused);

                story.step("Without that, kill -9 of the primary: what the replica had not read is lost.");
                acceptWritesOnlyWith(primary, 0, 10);
                primary.clientKill(ClientKillParams.clientKillParams().type(ClientType.REPLICA));
                story.show("SET order:5", set(client, "order:5", "paid"));
            }
            nodes.primary().kill();
            replicaNode.resume();
            Jedis promoted = story.redisConnection(replicaNode);
            promote(promoted);
            story.show("order:1, confirmed by WAIT", promoted.get("order:1"));
            story.show("order:5, acknowledged by OK", promoted.get("order:5"));
            story.learned("OK is the word of one node. WAIT makes the window smaller; nothing here closes it.");
        });
    }
}
