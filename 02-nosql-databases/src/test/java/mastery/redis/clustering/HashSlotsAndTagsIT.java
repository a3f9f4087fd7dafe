package mastery.redis.clustering;

import static java.nio.charset.StandardCharsets.UTF_8;
import static java.util.stream.Collectors.toMap;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.function.Consumer;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import mastery.redis.clustering.HashSlotsAndTags.Place;
import mastery.redis.clustering.HashSlotsAndTags.Share;
import mastery.support.junit.OnRedis;
import mastery.support.junit.OnRedis.Topology;
import mastery.support.redis.RedisCluster;
import mastery.support.server.Node;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import redis.clients.jedis.DefaultJedisClientConfig;
import redis.clients.jedis.HostAndPort;
import redis.clients.jedis.Jedis;
import redis.clients.jedis.RedisClusterClient;
import redis.clients.jedis.exceptions.JedisClusterOperationException;
import redis.clients.jedis.exceptions.JedisDataException;

@OnRedis(topology = Topology.CLUSTER)
class HashSlotsAndTagsIT {

    private static final Map<String, String> STREWN =
            new TreeMap<>(Map.of("cart:42:lines", "2", "cart:42:total", "99.80"));
    private static final Map<String, String> TAGGED =
            new TreeMap<>(Map.of("cart:{42}:lines", "2", "cart:{42}:total", "99.80"));

    @Test
    void theSlotOf123456789Is12739(RedisClusterClient cluster) {
        // The check value of CRC16/XMODEM is 31C3: 12739, already below 16384.
        assertThat(HashSlotsAndTags.crc16("123456789".getBytes(UTF_8))).isEqualTo(0x31C3);
        assertThat(HashSlotsAndTags.place(cluster, "123456789").slot())
                .isEqualTo(12739)
                .isEqualTo(HashSlotsAndTags.slot("123456789"));
    }

    @ParameterizedTest(name = "[{index}] of {0} the part {1} is hashed")
    @CsvSource(quoteCharacter = '"', textBlock = """
                    plain,               plain
                    cart:{42}:lines,     42
                    {42},                42
                    {a}{b},              a
                    a{{b}}c,             {b
                    {{,                  {{
                    {,                   {
                    },                   }
                    }a{b}c,              b
                    }{,                  }{
                    a{b,                 a{b
                    {},                  {}
                    {}{a},               {}{a}
                    a{}b,                a{}b
                    "",                  ""
                    " {  } ",            "  "
                    größe:{straße}:7,    straße
                    ключ:{корзина},      корзина
                    😀{😀🚀}x,            😀🚀
                    "{\t}",          "\t"
                    """)
    void ourSlotIsTheServersForEveryKey(String key, String hashed, RedisClusterClient cluster) {
        Place place = HashSlotsAndTags.place(cluster, key);
        assertThat(place.hashed()).isEqualTo(hashed);
        assertThat(HashSlotsAndTags.slot(key)).isEqualTo(place.slot());
        assertThat(cluster.set(key, "value"))
                .as("the node of that slot takes the key")
                .isEqualTo("OK");
    }

    @Test
    void keysWithOneTagShareASlotAndKeysWithoutSpread(RedisClusterClient cluster) {
        assertThat(IntStream.range(0, 100).mapToObj(i -> HashSlotsAndTags.place(cluster, "cart:{42}:" + i)))
                .extracting(Place::slot)
                .containsOnly(HashSlotsAndTags.slot("42"));
        assertThat(IntStream.range(0, 100).mapToObj(i -> HashSlotsAndTags.place(cluster, "cart:42:" + i)))
                .extracting(Place::node)
                .as("all three masters")
                .hasSize(100)
                .satisfies(nodes -> assertThat(nodes.stream().distinct()).hasSize(3));
    }

    @Test
    void theRingShowsWhatEachMasterSaysItHasAndWhereTheKeysLie(RedisClusterClient client, RedisCluster cluster) {
        List<String> keys = Stream.concat(
                        Stream.of("{b}:1", "{b}:2", "123456789"),
                        IntStream.range(0, 10).mapToObj(i -> "{c}:" + i))
                .toList();
        List<Share> ring = HashSlotsAndTags.shares(client, keys);

        Map<String, String> said = new TreeMap<>();
        onEveryNode(cluster, node -> ownSlots(node).ifPresent(slots -> said.put(address(node), slots)));
        assertThat(ring.stream().collect(toMap(Share::node, Share::slots))).isEqualTo(said);
        assertThat(ring)
                .extracting(Share::line)
                .as("slot 3300 twice, slot 7365 more than nine times, slot 12739 once; borders within two signs")
                .containsExactly(
                        "======2====.....................",
                        "..........====+=======..........",
                        ".....................===1=======");
        assertThat(keys).allSatisfy(key -> {
            Place place = HashSlotsAndTags.place(client, key);
            assertThat(ring)
                    .filteredOn(
                            share -> share.line().substring(place.slot() / 512).matches("[1-9+].*"))
                    .extracting(Share::node)
                    .containsExactly(place.node());
        });
    }

    @Test
    void aNodeRefusesKeysOfTwoSlotsAndTakesTaggedOnes(RedisClusterClient cluster) {
        assertThatThrownBy(() -> HashSlotsAndTags.saveOnNode(cluster, STREWN))
                .isInstanceOf(JedisDataException.class)
                .hasMessageStartingWith("CROSSSLOT");
        assertThat(cluster.exists("cart:42:lines", "cart:42:total")).isZero();

        assertThat(HashSlotsAndTags.saveOnNode(cluster, TAGGED)).isEqualTo("OK");
        assertThat(cluster.mget("cart:{42}:lines", "cart:{42}:total")).containsExactly("2", "99.80");
    }

    @Test
    void theClientSplitsAnMsetSoThatHalfOfItCanFail(RedisClusterClient administrator, RedisCluster cluster) {
        // A user who may not write the total makes one of the two commands fail.
        try (RedisClusterClient client = clientThatMayWriteLinesOnly(cluster)) {
            assertThatThrownBy(() -> HashSlotsAndTags.saveByClient(client, STREWN))
                    .hasStackTraceContaining("NOPERM");
        }
        assertThat(administrator.get("cart:42:lines"))
                .as("the first half is written")
                .isEqualTo("2");
        assertThat(administrator.exists("cart:42:total")).isFalse();
    }

    @Test
    void aTaggedMsetIsOneCommandSoThatAllOfItFails(RedisClusterClient administrator, RedisCluster cluster) {
        try (RedisClusterClient client = clientThatMayWriteLinesOnly(cluster)) {
            assertThatThrownBy(() -> HashSlotsAndTags.saveByClient(client, TAGGED))
                    .hasStackTraceContaining("NOPERM");
        }
        assertThat(administrator.exists("cart:{42}:lines", "cart:{42}:total")).isZero();
        assertThat(HashSlotsAndTags.saveByClient(administrator, TAGGED)).isEqualTo("OK");
    }

    @Test
    void theClientRefusesWhatItCannotSplit(RedisClusterClient cluster) {
        assertThatThrownBy(() -> HashSlotsAndTags.saveIfAbsent(cluster, STREWN))
                .isInstanceOf(JedisClusterOperationException.class);
        assertThat(HashSlotsAndTags.saveIfAbsent(cluster, TAGGED)).isTrue();
        assertThat(HashSlotsAndTags.saveIfAbsent(cluster, TAGGED)).isFalse();
    }

    private static RedisClusterClient clientThatMayWriteLinesOnly(RedisCluster cluster) {
        onEveryNode(cluster, node -> node.aclSetUser("clerk", "reset", "on", ">clerk", "+@all", "~*:lines"));
        return RedisClusterClient.builder()
                .nodes(cluster.addresses())
                .clientConfig(DefaultJedisClientConfig.builder()
                        .user("clerk")
                        .password("clerk")
                        .build())
                .build();
    }

    /** The end of the line of CLUSTER NODES in which a master speaks of itself. */
    private static Optional<String> ownSlots(Jedis node) {
        return node.clusterNodes()
                .lines()
                .filter(line -> line.contains("myself,master"))
                .map(line -> line.substring(line.indexOf(" connected ") + " connected ".length()))
                .findFirst();
    }

    private static String address(Jedis node) {
        return node.getConnection().getHostAndPort().toString();
    }

    @AfterEach
    void theClerkLeaves(RedisCluster cluster) {
        onEveryNode(cluster, node -> node.aclDelUser("clerk"));
    }

    private static void onEveryNode(RedisCluster cluster, Consumer<Jedis> action) {
        for (Node node : cluster.nodes()) {
            try (Jedis jedis = new Jedis(
                    new HostAndPort(node.host(), node.port()),
                    DefaultJedisClientConfig.builder().password(node.password()).build())) {
                action.accept(jedis);
            }
        }
    }
}
