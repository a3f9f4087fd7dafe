package mastery.support.redis;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.List;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import mastery.support.junit.OnRedis;
import mastery.support.junit.OnRedis.Topology;
import mastery.support.server.Node;
import mastery.support.server.ServerException;
import org.junit.jupiter.api.Test;
import redis.clients.jedis.Jedis;
import redis.clients.jedis.RedisClient;
import redis.clients.jedis.params.ClientKillParams;

/** On a server of its own, so that nobody else takes a number meanwhile. */
@OnRedis(topology = Topology.REPLICATION)
class RedisDatabasesIT {

    private static final int ALL = RedisSettings.DATABASES - 1;

    @Test
    void twoBuildsOnOneServerNeverShareADatabase(Node node) {
        try (RedisDatabases oneBuild = new RedisDatabases(RedisEndpoint.of(node));
                RedisDatabases otherBuild = new RedisDatabases(RedisEndpoint.of(node))) {
            List<Integer> numbers = Stream.generate(() -> Stream.of(oneBuild.newDatabase(), otherBuild.newDatabase()))
                    .limit(10)
                    .flatMap(pair -> pair)
                    .map(RedisDatabase::number)
                    .toList();
            assertThat(numbers).doesNotHaveDuplicates().doesNotContain(0);
        }
    }

    @Test
    void aDatabaseIsEmptyAndFreeWhenItsClientIsClosed(Node node) {
        RedisEndpoint server = RedisEndpoint.of(node);
        try (RedisDatabases databases = new RedisDatabases(server);
                Jedis operator = server.connect()) {
            RedisClient client = databases.newClient();
            client.set("key", "value");
            assertThat(operator.hkeys(RedisDatabases.LEASES)).containsExactly("1");
            client.close();
            assertThat(operator.info("keyspace")).doesNotContain("db");
        }
    }

    @Test
    void whatIsClosedTwiceLeavesTheNextOwnerAlone(Node node) {
        try (RedisDatabases databases = new RedisDatabases(RedisEndpoint.of(node))) {
            RedisDatabase first = databases.newDatabase();
            first.close();
            RedisDatabase next = databases.newDatabase();
            assertThat(next.number()).isEqualTo(first.number());
            try (RedisClient client = next.newClient()) {
                client.set("key", "value");
                first.close();
                assertThat(client.get("key")).isEqualTo("value");
            }
        }
    }

    @Test
    void dataOfOthersIsNeitherTakenNorTouched(Node node) {
        RedisEndpoint server = RedisEndpoint.of(node);
        try (RedisDatabases databases = new RedisDatabases(server);
                Jedis foreign = server.connect()) {
            foreign.select(1);
            foreign.set("foreign", "data");
            RedisDatabase database = databases.newDatabase();
            assertThat(database.number()).isEqualTo(2);
            database.close();
            assertThat(foreign.get("foreign")).isEqualTo("data");
        }
    }

    @Test
    void theDatabasesOfAKilledBuildAreEmptiedAndUsedAgain(Node node) {
        RedisEndpoint server = RedisEndpoint.of(node);
        RedisDatabases killed = new RedisDatabases(server);
        List<RedisDatabase> taken = takeAll(killed);
        try (RedisClient client = taken.get(4).newClient()) {
            client.set("left", "behind");
        }
        try (RedisDatabases next = new RedisDatabases(server);
                Jedis operator = server.connect()) {
            assertThatThrownBy(next::newDatabase)
                    .as("a build that lives keeps its databases")
                    .isInstanceOf(ServerException.class)
                    .hasMessageContaining("databases 1 to " + ALL);
            endConnectionOfOwner(operator);
            assertThat(takeAll(next)).extracting(RedisDatabase::number).doesNotHaveDuplicates();
            operator.select(taken.get(4).number());
            assertThat(operator.dbSize()).isZero();
        }
    }

    @Test
    void aLostConnectionLosesNoLease(Node node) {
        RedisEndpoint server = RedisEndpoint.of(node);
        try (RedisDatabases databases = new RedisDatabases(server);
                RedisDatabases others = new RedisDatabases(server);
                Jedis operator = server.connect()) {
            RedisDatabase kept = databases.newDatabase();
            endConnectionOfOwner(operator);
            databases.newDatabase();
            IntStream.range(0, ALL - 2).forEach(i -> others.newDatabase());
            assertThatThrownBy(others::newDatabase).isInstanceOf(ServerException.class);
            kept.close();
            assertThat(others.newDatabase().number()).isEqualTo(kept.number());
        }
    }

    private static List<RedisDatabase> takeAll(RedisDatabases databases) {
        return IntStream.range(0, ALL).mapToObj(i -> databases.newDatabase()).toList();
    }

    /** What the kernel does with the connections of a killed process. */
    private static void endConnectionOfOwner(Jedis operator) {
        String owner = operator.hget(RedisDatabases.LEASES, "1");
        operator.clientKill(new ClientKillParams().id(owner.split(":")[0]));
    }
}
