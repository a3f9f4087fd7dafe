package mastery.design.transactions;

import java.io.IOException;
import java.sql.Connection;
import java.sql.DriverManager;
import mastery.support.interleave.OtherJvm;
import mastery.support.postgresql.PostgreSqlDatabase;
import mastery.support.server.Node;
import redis.clients.jedis.DefaultJedisClientConfig;
import redis.clients.jedis.HostAndPort;
import redis.clients.jedis.RedisClient;

/** A relay in a process of its own, which stands still at a step until it is killed. */
final class RelayProcess {

    private RelayProcess() {}

    /** Starts a relay, and returns when it has come to the point, as {@link Steps} name it. */
    static OtherJvm standingAt(String point, PostgreSqlDatabase database, Node redis)
            throws IOException, InterruptedException {
        Node server = database.node();
        OtherJvm relay = OtherJvm.start(
                RelayProcess.class,
                database.jdbcUrl(),
                server.user(),
                server.password(),
                redis.host(),
                Integer.toString(redis.port()),
                redis.password(),
                point);
        try {
            String said = relay.hear();
            if (!point.equals(said)) {
                throw new IllegalStateException("the relay should stand at \"" + point + "\" and said " + said);
            }
            return relay;
        } catch (InterruptedException | RuntimeException e) {
            relay.close();
            throw e;
        }
    }

    public static void main(String[] args) throws Exception {
        String url = OtherJvm.order();
        String user = OtherJvm.order();
        String password = OtherJvm.order();
        HostAndPort redisAddress = new HostAndPort(OtherJvm.order(), Integer.parseInt(OtherJvm.order()));
        String redisPassword = OtherJvm.order();
        String point = OtherJvm.order();
        try (Connection connection = DriverManager.getConnection(url, user, password);
                RedisClient redis = RedisClient.builder()
                        .hostAndPort(redisAddress)
                        .clientConfig(DefaultJedisClientConfig.builder()
                                .password(redisPassword)
                                .build())
                        .build()) {
            Outbox.relay(
                    Steps.watch(connection, at -> {
                        if (at.equals(point)) {
                            System.out.println(at);
                            // it is told nothing more
                            OtherJvm.order();
                        }
                    }),
                    redis,
                    1);
        }
        System.out.println("the end");
    }
}
