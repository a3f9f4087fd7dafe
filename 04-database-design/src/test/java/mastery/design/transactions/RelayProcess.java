package mastery.design.transactions;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.DriverManager;
import java.util.List;
import java.util.concurrent.TimeUnit;
import mastery.support.postgresql.PostgreSqlDatabase;
import mastery.support.server.Node;
import redis.clients.jedis.DefaultJedisClientConfig;
import redis.clients.jedis.HostAndPort;
import redis.clients.jedis.RedisClient;

/** A relay in a process of its own, which stands still at a step until it is killed. It also ends when its parent does. */
final class RelayProcess implements AutoCloseable {

    private static final int KILLED = 128 + 9;

    private final Process process;

    private RelayProcess(Process process) {
        this.process = process;
    }

    /** Starts a relay, and returns when it has come to the point, as {@link Steps} name it. */
    static RelayProcess standingAt(String point, PostgreSqlDatabase database, Node redis) throws IOException {
        Process process = new ProcessBuilder(
                        Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                        "-XX:TieredStopAtLevel=1",
                        "-XX:+UseSerialGC",
                        "-Xmx64m",
                        "-cp",
                        System.getProperty("java.class.path"),
                        RelayProcess.class.getName())
                .redirectError(ProcessBuilder.Redirect.INHERIT)
                .start();
        RelayProcess relay = new RelayProcess(process);
        try {
            // by the standard input, where no list of processes shows the passwords
            PrintStream orders = new PrintStream(process.getOutputStream(), true, StandardCharsets.UTF_8);
            Node server = database.node();
            List.of(
                            database.jdbcUrl(),
                            server.user(),
                            server.password(),
                            redis.host(),
                            Integer.toString(redis.port()),
                            redis.password(),
                            point)
                    .forEach(orders::println);
            String said = new BufferedReader(new InputStreamReader(process.getInputStream(), StandardCharsets.UTF_8))
                    .readLine();
            if (!point.equals(said)) {
                throw new IllegalStateException("the relay should stand at \"" + point + "\" and said " + said);
            }
            return relay;
        } catch (IOException | RuntimeException e) {
            process.destroyForcibly();
            throw e;
        }
    }

    /** Kills it, and returns when it is gone. */
    void kill() throws InterruptedException {
        process.destroyForcibly();
        if (!process.waitFor(30, TimeUnit.SECONDS) || process.exitValue() != KILLED) {
            throw new IllegalStateException("the relay was not killed");
        }
    }

    @Override
    public void close() {
        process.destroyForcibly();
    }

    public static void main(String[] args) throws Exception {
        BufferedReader orders = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
        String url = orders.readLine();
        String user = orders.readLine();
        String password = orders.readLine();
        HostAndPort redisAddress = new HostAndPort(orders.readLine(), Integer.parseInt(orders.readLine()));
        String redisPassword = orders.readLine();
        String point = orders.readLine();
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
                            // nothing more is written to it: this ends when the parent does
                            orders.readLine();
                            Runtime.getRuntime().halt(1);
                        }
                    }),
                    redis,
                    1);
        }
        System.out.println("the end");
    }
}
