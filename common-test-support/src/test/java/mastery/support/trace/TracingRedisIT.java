package mastery.support.trace;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import mastery.support.junit.OnRedis;
import mastery.support.server.Node;
import org.junit.jupiter.api.Test;
import redis.clients.jedis.BuilderFactory;
import redis.clients.jedis.CommandArguments;
import redis.clients.jedis.CommandObject;
import redis.clients.jedis.DefaultJedisClientConfig;
import redis.clients.jedis.HostAndPort;
import redis.clients.jedis.Jedis;
import redis.clients.jedis.Pipeline;
import redis.clients.jedis.Protocol.Command;
import redis.clients.jedis.RedisClient;

@OnRedis
class TracingRedisIT {
    private final List<TraceEvent.Statement> seen = new ArrayList<>();
    private final Trace trace = new Trace(event -> seen.add((TraceEvent.Statement) event));

    @Test
    void aPipelineIsOneRoundTripAndSingleCommandsAreOneEach(Node node) {
        try (RedisClient redis = client(node)) {
            redis.set("a", "two words");
            redis.get("a");
            try (Pipeline pipeline = redis.pipelined()) {
                pipeline.set("n", "1");
                pipeline.incr("n");
                pipeline.sync();
            }
        }
        assertThat(seen)
                .extracting(TraceEvent.Statement::text)
                .containsExactly("SET a \"two words\"", "GET a", "SET n 1\nINCR n");
        assertThat(seen).extracting(TraceEvent.Statement::reply).containsExactly("OK", "\"two words\"", "[OK, 2]");
        assertThat(seen).extracting(TraceEvent.Statement::roundTrips).containsExactly(1L, 1L, 1L);
    }

    @Test
    void commandsOfEveryKindOfReplyAreEventsOfTheirOwn(Node node) {
        try (RedisClient redis = client(node);
                Jedis jedis = new Jedis(redis.getPool().getResource())) {
            jedis.info("server");
            jedis.getConnection().sendCommand(Command.DBSIZE);
            jedis.getConnection().getIntegerReply();
            jedis.getConnection().sendCommand(Command.TIME);
            jedis.getConnection().getMultiBulkReply();
            jedis.getConnection()
                    .executeCommand(new CommandObject<>(
                            new CommandArguments(Command.COMMAND).add("DOCS").add("get"), BuilderFactory.RAW_OBJECT));
        }
        assertThat(seen)
                .extracting(TraceEvent.Statement::text)
                .startsWith("INFO server", "DBSIZE", "TIME", "COMMAND DOCS get");
        assertThat(seen.get(3).reply()).startsWith("[\"get\": [\"summary\": \"");
    }

    @Test
    void aConnectionToOneNodeOfATopologyShowsItsPort(Node node) {
        List<TraceEvent> all = new ArrayList<>();
        try (Stage stage = new Stage(new Trace(all::add))) {
            assertThat(stage.redisConnection(node).ping()).isEqualTo("PONG");
        }
        assertThat(all).singleElement().isInstanceOfSatisfying(TraceEvent.Statement.class, statement -> {
            assertThat(statement.text()).isEqualTo("PING");
            assertThat(statement.label()).isEqualTo(Integer.toString(node.port()));
        });
    }

    private RedisClient client(Node node) {
        DefaultJedisClientConfig config = DefaultJedisClientConfig.builder()
                .password(node.password().isEmpty() ? null : node.password())
                .build();
        return TracedRedis.of(new HostAndPort(node.host(), node.port()), config, null, trace);
    }
}
