package mastery.redis.clustering;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.locks.LockSupport;
import mastery.support.redis.RedisCluster;
import mastery.support.server.Node;
import mastery.support.trace.Story;
import redis.clients.jedis.HostAndPort;
import redis.clients.jedis.Jedis;
import redis.clients.jedis.RedisClusterClient;
import redis.clients.jedis.args.ClientType;
import redis.clients.jedis.args.ClusterFailoverOption;
import redis.clients.jedis.params.ClientKillParams;

/**
 * CLUSTER FAILOVER lets a replica read to the end before it takes over, and loses nothing; a failover without the master,
 * forced or after a crash, loses every acknowledged write that the replica had not read.
 *
 * <p><b>When:</b> before a master is upgraded, restarted or moved; FORCE when it is dead and you don't want to wait.
 * <b>Not:</b> FORCE or TAKEOVER while the master lives and the link is merely broken: that throws acknowledged writes away.
 * <b>Costs:</b> the master holds its writers back until the replica has caught up, and each client meets one MOVED.
 * <b>Needs:</b> a replica, and the votes of most masters; TAKEOVER does without votes.
 *
 * <p>OK only means that it has begun, and after 5 s the server gives up in silence: look at the role. A node that was elected
 * keeps its votes for four node timeouts; asked again before, it takes over with them, under its old epoch, and the others turn
 * it back into a replica. Source: Redis manual, command
 * CLUSTER FAILOVER; "Redis cluster specification", sections replica election and write safety.
 */
public final class ManualFailover {

    private static final Duration SERVER_GIVES_UP = Duration.ofSeconds(6);

    /** Who has a slot and under which configuration epoch: of two who claim it, the higher epoch wins. */
    public record Shard(HostAndPort master, List<HostAndPort> replicas, long configEpoch) {}

    private ManualFailover() {}

    /** The shard of a slot as a node sees it, by CLUSTER NODES. */
    public static Shard shard(Jedis node, int slot) {
        List<String[]> lines =
                node.clusterNodes().lines().map(line -> line.split(" ")).toList();
        for (String[] master : lines) {
            if (hasSlot(master, slot)) {
                List<HostAndPort> replicas = new ArrayList<>();
                lines.stream().filter(line -> line[3].equals(master[0])).forEach(line -> replicas.add(address(line)));
                return new Shard(address(master), replicas, Long.parseLong(master[6]));
            }
        }
        throw new IllegalArgumentException("nobody has slot " + slot);
    }

    /**
     * The right way, planned: the master stops its writers, the replica reads what it lacks, then the roles change.
     *
     * @throws redis.clients.jedis.exceptions.JedisDataException when the master is known to be down
     * @throws IllegalStateException when the replica is no master in time, such as when it can't catch up
     */
    public static void failOver(Jedis replica, Duration limit) {
        takeOver(replica, limit, replica::clusterFailover);
    }

    /**
     * Without the master's consent: right when it is dead, and wrong when it lives.
     *
     * @throws IllegalStateException when the replica is no master in time: it needs the votes of most masters
     */
    public static void failOverWithoutMaster(Jedis replica, Duration limit) {
        takeOver(replica, limit, () -> replica.clusterFailover(ClusterFailoverOption.FORCE));
    }

    private static void takeOver(Jedis replica, Duration limit, Runnable begin) {
        long start = System.nanoTime();
        long begun = start;
        begin.run();
        while (!isMaster(replica)) {
            long now = System.nanoTime();
            if (now - start > limit.toNanos() || Thread.currentThread().isInterrupted()) {
                throw new IllegalStateException("the replica has not taken over within " + limit);
            }
            if (now - begun > SERVER_GIVES_UP.toNanos()) {
                begun = now;
                begin.run();
            }
            LockSupport.parkNanos(10_000_000);
        }
    }

    public static boolean isMaster(Jedis node) {
        return node.role().get(0).equals("master");
    }

    /** Slots stand after the eighth field as {@code 0-5460} or {@code 77}. */
    private static boolean hasSlot(String[] line, int slot) {
        for (int i = 8; i < line.length; i++) {
            String[] range = line[i].split("-");
            if (!line[i].startsWith("[")
                    && Integer.parseInt(range[0]) <= slot
                    && slot <= Integer.parseInt(range[range.length - 1])) {
                return true;
            }
        }
        return false;
    }

    /** {@code 127.0.0.1:7000@17000,name}. */
    private static HostAndPort address(String[] line) {
        return HostAndPort.from(line[1].substring(0, line[1].indexOf('@')));
    }

    public static void main(String[] args) {
        Story.tell(ManualFailover.class, story -> {
            RedisCluster nodes = story.redisCluster();
            RedisClusterClient cluster = story.redisClusterClient();
            Duration limit = Duration.ofSeconds(60);
            Node first = nodes.nodes().get(0);
            Node fourth = nodes.nodes().get(3);
            int slot = HashSlotsAndTags.slot("b");

            story.step("Planned: the replica asks for the part of the master. The next SET finds it there.");
            cluster.set("b", "written before");
            Jedis replica = story.redisConnection(fourth);
            story.quietly("CLUSTER FAILOVER, and ROLE until it says master", () -> failOver(replica, limit));
            nodes.awaitHealthy();
            story.show("the shard of slot 3300", shard(replica, slot));
            story.show("b", cluster.get("b"));
            cluster.set("b", "written after");

            story.step("Not planned: the replica stands still and its link is gone. The master says OK all the same.");
            nodes.awaitHealthy();
            first.pause();
            replica.clientKill(ClientKillParams.clientKillParams().type(ClientType.REPLICA));
            story.show("the client's SET", cluster.set("b", "acknowledged and lost"));

            story.step("kill -9 of the master. The replica goes on, and takes over with what it has.");
            fourth.kill();
            first.resume();
            Jedis heir = story.redisConnection(first);
            story.quietly("CLUSTER FAILOVER FORCE, and ROLE", () -> failOverWithoutMaster(heir, limit));
            story.show("b at the new master", heir.get("b"));

            story.step("The old master comes back as a replica.");
            fourth.start();
            nodes.awaitHealthy();
            story.show("the shard of slot 3300", shard(heir, slot));
            story.learned("Ask the master before you take its place: only it knows what you have not read.");
        });
    }
}
