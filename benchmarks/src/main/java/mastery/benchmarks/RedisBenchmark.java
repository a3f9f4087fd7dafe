package mastery.benchmarks;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.TimeUnit;
import mastery.support.provision.CacheDirectory;
import mastery.support.redis.RedisDatabase;
import mastery.support.server.Passwords;
import redis.clients.jedis.Jedis;

/** The server's own load generator, {@code redis-benchmark}: the limit for a client on one connection. */
final class RedisBenchmark {

    /** The keys are {@code key:} and twelve digits. */
    static final String KEYS = "key:%012d";

    private static final String USER = "mastery-benchmark";
    private static final long LIMIT_MINUTES = 5;

    private final Path program;

    private RedisBenchmark(Path program) {
        this.program = program;
    }

    /**
     * The one that came with the server's programs, else the first on the path.
     *
     * @throws IOException when there is none; the message says what to install
     */
    static RedisBenchmark find() throws IOException {
        Path own = CacheDirectory.open().resolve("trees").resolve("redis").resolve("usr/bin/redis-benchmark");
        if (Files.isExecutable(own)) {
            return new RedisBenchmark(own);
        }
        for (String directory : System.getenv().getOrDefault("PATH", "").split(":")) {
            Path program = Path.of(directory, "redis-benchmark");
            if (Files.isExecutable(program)) {
                return new RedisBenchmark(program);
            }
        }
        throw new IOException("There is no redis-benchmark; Debian has it in the package redis-tools.");
    }

    /** SETs per second over one connection, of keys out of as many as there are operations. */
    double setsPerSecond(RedisDatabase database, int operations, int depth, int bytes)
            throws IOException, InterruptedException {
        // The program takes a password on the command line only, where all see it: so it gets one that opens nothing
        // else.
        String password = Passwords.generate();
        try (Jedis administrator = new Jedis(database.hostAndPort(), database.clientConfig())) {
            administrator.aclSetUser(
                    USER, "reset", "on", ">" + password, "~key:*", "+set", "+select", "+auth", "+config|get");
            try {
                return perSecond(run(command(program, database, password, operations, depth, bytes)));
            } finally {
                administrator.aclDelUser(USER);
            }
        }
    }

    static List<String> command(
            Path program, RedisDatabase database, String password, int operations, int depth, int bytes) {
        return List.of(
                program.toString(),
                "-h",
                database.hostAndPort().getHost(),
                "-p",
                Integer.toString(database.hostAndPort().getPort()),
                "--user",
                USER,
                "-a",
                password,
                "--dbnum",
                Integer.toString(database.number()),
                "-t",
                "set",
                "-c",
                "1",
                "-n",
                Integer.toString(operations),
                "-r",
                Integer.toString(operations),
                "-P",
                Integer.toString(depth),
                "-d",
                Integer.toString(bytes),
                "--csv");
    }

    /**
     * The number behind "SET" in what {@code --csv} prints.
     *
     * @throws IllegalArgumentException when there is no such line; the message shows what there is
     */
    static double perSecond(String csv) {
        for (String line : csv.lines().toList()) {
            String[] cells = line.replace("\"", "").split(",");
            if (cells[0].equals("SET") && cells.length > 1) {
                return Double.parseDouble(cells[1]);
            }
        }
        throw new IllegalArgumentException("redis-benchmark has measured no SET: " + csv);
    }

    private static String run(List<String> command) throws IOException, InterruptedException {
        Process process = new ProcessBuilder(command).redirectErrorStream(true).start();
        try {
            process.getOutputStream().close();
            String output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
            if (!process.waitFor(LIMIT_MINUTES, TimeUnit.MINUTES) || process.exitValue() != 0) {
                throw new IOException("redis-benchmark failed: " + output);
            }
            return output;
        } finally {
            process.destroyForcibly();
        }
    }
}
