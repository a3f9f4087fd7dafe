package mastery.redis.pubsub;

import java.util.Objects;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.function.BiConsumer;
import mastery.support.redis.RedisCluster;
import mastery.support.server.Node;
import mastery.support.trace.Story;
import redis.clients.jedis.BuilderFactory;
import redis.clients.jedis.CommandArguments;
import redis.clients.jedis.CommandObject;
import redis.clients.jedis.Jedis;
import redis.clients.jedis.JedisShardedPubSub;
import redis.clients.jedis.Protocol.Command;
import redis.clients.jedis.RedisClusterClient;
import redis.clients.jedis.exceptions.JedisMovedDataException;

/**
 * A sharded channel has a slot like a key, and SPUBLISH reaches the nodes of that slot's shard and no others, however many the
 * cluster has.
 *
 * <p><b>When:</b> many channels with few listeners each, in a cluster: their load spreads as keys do.
 * <b>Not:</b> with patterns, of which there are none; nor for what must arrive: a message is gone when nobody listens.
 * <b>Costs:</b> a listener has a connection to the shard of each of its channels; when a slot moves, the server ends the
 * subscription and the listener must subscribe again.
 * <b>Needs:</b> a Redis Cluster. Channels for one SSUBSCRIBE have one slot: give them a {@code {tag}}.
 *
 * <p>Source: Redis manual, "Redis Pub/Sub", section sharded Pub/Sub; commands SSUBSCRIBE, SPUBLISH, CLUSTER INFO.
 */
public final class ShardedPubSub {

    /** Messages that a node has sent over the cluster bus: one for each node that it told. */
    public record BusMessages(long publish, long publishShard) {

        public BusMessages since(BusMessages earlier) {
            return new BusMessages(publish - earlier.publish, publishShard - earlier.publishShard);
        }
    }

    private ShardedPubSub() {}

    /** The right way: the client sends it to the owner of the channel's slot. Returns the listeners on that node alone. */
    public static long publish(RedisClusterClient cluster, String channel, String message) {
        return cluster.spublish(Objects.requireNonNull(channel, "channel"), Objects.requireNonNull(message, "message"));
    }

    /**
     * To a node of one's choice.
     *
     * @throws JedisMovedDataException when another node has the slot of the channel
     */
    public static long publishOn(Jedis node, String channel, String message) {
        return node.getConnection()
                .executeCommand(new CommandObject<>(
                        new CommandArguments(Command.SPUBLISH).key(channel).add(message), BuilderFactory.LONG));
    }

    /**
     * Listens, and blocks the calling thread until the listener has left all its channels.
     *
     * @throws redis.clients.jedis.exceptions.JedisException when the channels have different slots
     */
    public static void listen(RedisClusterClient cluster, JedisShardedPubSub listener, String... channels) {
        cluster.ssubscribe(listener, channels);
    }

    /**
     * @param subscribed runs for each channel, once no message can be missed any more
     * @param left runs for each channel that was left, or that the server ended because its slot moved
     */
    public static JedisShardedPubSub listener(Runnable subscribed, BiConsumer<String, String> message, Runnable left) {
        return new JedisShardedPubSub() {
            @Override
            public void onSSubscribe(String channel, int count) {
                subscribed.run();
            }

            @Override
            public void onSMessage(String channel, String text) {
                message.accept(channel, text);
            }

            @Override
            public void onSUnsubscribe(String channel, int count) {
                left.run();
            }
        };
    }

    /** What the node has sent to other nodes since it started, by CLUSTER INFO. */
    public static BusMessages busMessages(Jedis node) {
        String info = node.clusterInfo();
        return new BusMessages(
                counter(info, "cluster_stats_messages_publish_sent"),
                counter(info, "cluster_stats_messages_publishshard_sent"));
    }

    /** A counter that is still 0 is not shown. */
    private static long counter(String info, String name) {
        return info.lines()
                .filter(line -> line.startsWith(name + ":"))
                .mapToLong(line -> Long.parseLong(line.substring(name.length() + 1)))
                .sum();
    }

    public static void main(String[] args) {
        Story.tell(ShardedPubSub.class, story -> {
            RedisCluster nodes = story.redisCluster();
            RedisClusterClient cluster = story.redisClusterClient();
            // The slot of "b" is in the first third, which is that of the first node.
            Node owner = nodes.nodes().get(0);
            Jedis first = story.redisConnection(owner);
            Jedis second = story.redisConnection(nodes.nodes().get(1));
            BlockingQueue<String> heard = new LinkedBlockingQueue<>();

            story.step("A listener of channel b. Its connection goes to the shard that has the channel's slot.");
            JedisShardedPubSub listener =
                    listener(() -> heard.add("subscribed"), (channel, text) -> heard.add(text), () -> {});
            Thread thread = new Thread(() -> listen(cluster, listener, "b"));
            thread.start();
            story.show("listener", heard.take());

            story.step("SPUBLISH through the client, and on a node that has not the slot.");
            BusMessages before = busMessages(first);
            publish(cluster, "b", "to the shard");
            story.show("heard", heard.take());
            try {
                publishOn(second, "b", "to anyone");
            } catch (JedisMovedDataException moved) {
                story.note("A sharded channel is bound to its slot.");
            }

            story.step("One node was told of it, the replica. PUBLISH tells every other node.");
            story.show("sent over the bus", busMessages(first).since(before));
            first.publish("b", "to all");
            story.show("sent over the bus", busMessages(first).since(before));

            listener.sunsubscribe();
            thread.join();
            story.learned("SPUBLISH stays in one shard; PUBLISH goes to every node of the cluster.");
        });
    }
}
