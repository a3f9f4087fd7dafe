package mastery.support.redis;

import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.SortedSet;
import java.util.TreeSet;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import mastery.support.server.Patience;
import redis.clients.jedis.Jedis;
import redis.clients.jedis.Protocol.Command;

/**
 * Makes one Redis Cluster of running nodes that know nothing of each other: what {@code redis-cli --cluster create} does,
 * over the driver alone.
 *
 * <p>Source: Redis manual, "Redis cluster specification" (hash slots, MEET, configuration epochs).
 */
public final class ClusterWiring {

    private static final int SLOTS = 16384;

    private ClusterWiring() {}

    /**
     * Three masters and three replicas: node i + 3 copies node i. Returns when every node sees the whole cluster and every
     * replica follows its master.
     *
     * @param nodes six empty nodes started with {@link RedisSettings#clusterNode}, all with one password
     * @throws IllegalArgumentException when there are not exactly six
     * @throws org.awaitility.core.ConditionTimeoutException when the cluster does not form within a minute
     */
    public static void form(List<RedisEndpoint> nodes) {
        if (nodes.size() != 6) {
            throw new IllegalArgumentException("A cluster is wired from 6 nodes, not from " + nodes.size());
        }
        List<RedisEndpoint> masters = nodes.subList(0, 3);
        List<RedisEndpoint> replicas = nodes.subList(3, 6);
        giveSlots(masters);
        giveEpochs(nodes);
        meet(nodes);
        for (int i = 0; i < replicas.size(); i++) {
            follow(replicas.get(i), masters.get(i));
        }
        awaitHealthy(nodes);
    }

    /**
     * Returns when each of the given nodes sees all slots covered, all of them agree which node has which slots and who copies
     * whom, and each replica has what its master had written at the time of the call.
     *
     * <p>Agreement is a state of its own: a node tells the others by gossip, and until then they send clients to where a slot
     * was before.
     *
     * @throws org.awaitility.core.ConditionTimeoutException when that is not so in time
     */
    public static void awaitHealthy(List<RedisEndpoint> nodes) {
        for (RedisEndpoint node : nodes) {
            try (Jedis jedis = node.connect()) {
                Patience.until(node + " sees the whole cluster", () -> seesAll(jedis, nodes.size()));
            }
        }
        // Only now: a replica whose master is not known everywhere may still be told another one.
        for (RedisEndpoint node : nodes) {
            try (Jedis jedis = node.connect()) {
                Patience.until(node + " follows its master, or is one", () -> !ReplicationWiring.isCutOff(jedis));
            }
        }
        awaitAgreement(nodes);
        awaitCopies(nodes);
    }

    /** Returns when all nodes draw the same map and hold nobody for failing. */
    private static void awaitAgreement(List<RedisEndpoint> nodes) {
        Patience.until("the nodes agree who has which slots", () -> {
            Set<SortedSet<String>> maps = new HashSet<>();
            for (RedisEndpoint node : nodes) {
                try (Jedis jedis = node.connect()) {
                    maps.add(map(jedis.clusterNodes()));
                }
            }
            return maps.size() == 1 && maps.stream().flatMap(SortedSet::stream).noneMatch(ClusterWiring::failing);
        });
    }

    /** Of each line of CLUSTER NODES what all nodes must agree on: id, flags, master, slots; a move of a slot is told to nobody. */
    static SortedSet<String> map(String clusterNodes) {
        return clusterNodes
                .lines()
                .map(line -> line.split(" "))
                .map(field -> Stream.concat(
                                Stream.of(field[0], field[2].replace("myself,", ""), field[3]),
                                Stream.of(field).skip(8).filter(slots -> !slots.startsWith("[")))
                        .collect(Collectors.joining(" ")))
                .collect(Collectors.toCollection(TreeSet::new));
    }

    /** {@code fail} or {@code fail?}; {@code nofailover} is a setting. */
    private static boolean failing(String line) {
        return Stream.of(line.split(" ")[1].split(",")).anyMatch(flag -> flag.startsWith("fail"));
    }

    /** Who copies whom is asked each time anew: on a busy machine a replica may take over while it is waited for. */
    private static void awaitCopies(List<RedisEndpoint> nodes) {
        Map<RedisEndpoint, Long> written = new HashMap<>();
        for (RedisEndpoint node : nodes) {
            written.put(node, ReplicationWiring.written(node));
        }
        for (RedisEndpoint node : nodes) {
            try (Jedis jedis = node.connect()) {
                Patience.until(node + " has what its master had written, or is a master", () -> {
                    Map<String, String> info = Fields.of(jedis.info("replication"));
                    return !"slave".equals(info.get("role"))
                            || nodes.stream()
                                    .filter(other ->
                                            Integer.toString(other.port()).equals(info.get("master_port")))
                                    .anyMatch(master -> ReplicationWiring.hasCopied(jedis, master, written.get(master))
                                            && ReplicationWiring.feeds(master, 1));
                });
            }
        }
    }

    private static void giveSlots(List<RedisEndpoint> masters) {
        int count = masters.size();
        for (int i = 0; i < count; i++) {
            try (Jedis jedis = masters.get(i).connect()) {
                jedis.clusterAddSlotsRange(SLOTS * i / count, SLOTS * (i + 1) / count - 1);
            }
        }
    }

    /** Different epochs from the start: two masters with the same one would have to settle it among themselves. */
    private static void giveEpochs(List<RedisEndpoint> nodes) {
        for (int i = 0; i < nodes.size(); i++) {
            try (Jedis jedis = nodes.get(i).connect()) {
                jedis.clusterSetConfigEpoch(i + 1L);
            }
        }
    }

    /** One node meets all others; gossip tells the rest. */
    private static void meet(List<RedisEndpoint> nodes) {
        try (Jedis first = nodes.get(0).connect()) {
            for (RedisEndpoint other : nodes.subList(1, nodes.size())) {
                first.sendCommand(
                        Command.CLUSTER,
                        "MEET",
                        other.host(),
                        Integer.toString(other.port()),
                        Integer.toString(busPort(other)));
            }
        }
        for (RedisEndpoint node : nodes) {
            try (Jedis jedis = node.connect()) {
                Patience.until(node + " knows every node", () -> knows(jedis, nodes.size()));
            }
        }
    }

    private static int busPort(RedisEndpoint node) {
        try (Jedis jedis = node.connect()) {
            int configured = Integer.parseInt(jedis.configGet("cluster-port").getOrDefault("cluster-port", "0"));
            return configured == 0 ? node.port() + 10_000 : configured;
        }
    }

    private static void follow(RedisEndpoint replica, RedisEndpoint master) {
        try (Jedis jedis = replica.connect();
                Jedis masterJedis = master.connect()) {
            jedis.clusterReplicate(masterJedis.clusterMyId());
        }
    }

    /** Knows all, and none of them is still shaking hands: only then may one be named as a master to follow. */
    private static boolean knows(Jedis jedis, int nodes) {
        List<String> lines = jedis.clusterNodes().lines().toList();
        return lines.size() == nodes && lines.stream().noneMatch(line -> line.contains("handshake"));
    }

    private static boolean seesAll(Jedis jedis, int nodes) {
        Map<String, String> info = Fields.of(jedis.clusterInfo());
        long followers = jedis.clusterNodes()
                .lines()
                .filter(line -> line.contains("slave"))
                .count();
        return "ok".equals(info.get("cluster_state"))
                && Integer.toString(SLOTS).equals(info.get("cluster_slots_ok"))
                && Integer.toString(nodes).equals(info.get("cluster_known_nodes"))
                && followers == nodes / 2;
    }
}
