package mastery.redis.pubsub;

import java.util.List;
import java.util.Objects;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.function.Consumer;
import mastery.support.redis.RedisCluster;
import mastery.support.redis.RedisEndpoint;
import mastery.support.trace.Story;
import redis.clients.jedis.Jedis;
import redis.clients.jedis.JedisPubSub;

/**
 * In a cluster PUBLISH on any node is heard on every node, and returns only how many listen on the node that was asked: 0 is no
 * sign that nobody heard it.
 *
 * <p><b>When:</b> seldom, and for all: "reload the settings".
 * <b>Not:</b> for a busy channel: each message goes over the bus to every other node, whether anybody listens there or not; see
 * {@link ShardedPubSub}.
 * <b>Costs:</b> one bus message for each other node: a cluster twice as large sends twice as much, and gets no faster.
 * <b>Needs:</b> nothing: a channel has no slot, and each node will do.
 *
 * <p>Source: Redis manual, "Redis cluster specification", section publish/subscribe; commands PUBLISH, PUBSUB NUMSUB.
 */
public final class ClusterPublishBroadcast {

    private ClusterPublishBroadcast() {}

    /** The wrong way to count: the listeners that are connected to this very node. */
    public static long publish(Jedis node, String channel, String message) {
        return node.publish(Objects.requireNonNull(channel, "channel"), Objects.requireNonNull(message, "message"));
    }

    /** The right way to count: ask every node. By the time of the answer it may be different. */
    public static long listeners(List<Jedis> everyNode, String channel) {
        return everyNode.stream()
                .mapToLong(node -> node.pubsubNumSub(channel).get(channel))
                .sum();
    }

    /** How many messages a node has sent to others for PUBLISH since it started, by CLUSTER INFO. */
    public static long busMessages(Jedis node) {
        return node.clusterInfo()
                .lines()
                .filter(line -> line.startsWith("cluster_stats_messages_publish_sent:"))
                .mapToLong(line -> Long.parseLong(line.substring(line.indexOf(':') + 1)))
                .sum();
    }

    /** Listens on one node, and blocks the calling thread until the listener has left. */
    public static void listen(Jedis node, JedisPubSub listener, String channel) {
        node.subscribe(listener, channel);
    }

    /**
     * @param subscribed runs once no message can be missed any more
     */
    public static JedisPubSub listener(Runnable subscribed, Consumer<String> message) {
        return new JedisPubSub() {
            @Override
            public void onSubscribe(String channel, int count) {
                subscribed.run();
            }

            @Override
            public void onMessage(String channel, String text) {
                message.accept(text);
            }
        };
    }

    public static void main(String[] args) {
        Story.tell(ClusterPublishBroadcast.class, story -> {
            RedisCluster nodes = story.redisCluster();
            List<Jedis> all = nodes.nodes().stream().map(story::redisConnection).toList();
            BlockingQueue<String> heard = new LinkedBlockingQueue<>();

            story.step("Somebody listens on the fifth node, which is a replica.");
            JedisPubSub listener = listener(() -> heard.add("subscribed"), heard::add);
            Thread thread = new Thread(() -> {
                try (Jedis fifth = RedisEndpoint.of(nodes.nodes().get(4)).connect()) {
                    listen(fifth, listener, "news");
                }
            });
            thread.start();
            story.show("listener", heard.take());

            story.step("PUBLISH on the first node says 0, and is heard on the fifth.");
            Jedis first = all.get(0);
            long before = busMessages(first);
            publish(first, "news", "hello");
            story.show("heard", heard.take());

            story.step("Each of the other five nodes was told, for one listener.");
            story.show("bus messages", busMessages(first) - before);

            story.step("Only all nodes together know how many listen.");
            story.show("listeners", listeners(all, "news"));

            listener.unsubscribe();
            thread.join();
            story.learned("PUBLISH in a cluster: heard everywhere, paid for everywhere, counted on one node.");
        });
    }
}
