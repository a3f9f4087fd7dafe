package mastery.benchmarks;

import java.io.BufferedWriter;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Stream;
import mastery.support.postgresql.PostgreSql;
import mastery.support.postgresql.PostgreSqlDatabase;
import mastery.support.provision.CacheDirectory;
import org.postgresql.PGConnection;
import org.postgresql.ds.PGSimpleDataSource;

/**
 * The same rows loaded into the same empty table, with a primary key, in six ways that take turns. The limit is {@code psql \copy} of the file that
 * COPY reads here too; the time psql takes to start counts. Each way loads all rows in one transaction. Single inserts, which take longest, are measured
 * once.
 *
 * <p>Arguments: how many rows, how many rounds, and the directory for the plot.
 */
final class LoadingRows {

    private static final int BATCH = 1_000;
    private static final int ARRAY = 10_000;
    private static final int BUFFER_BYTES = 65_536;
    private static final String COPY = "copy reading (id, device, label, celsius) from stdin (format csv)";
    private static final String INSERT = "insert into reading (id, device, label, celsius) values (?, ?, ?, ?)";
    private static final String LIMIT = "psql \\copy";
    private static final String SINGLE = "single inserts";

    private LoadingRows() {}

    /** Loads all rows by itself, connection included. */
    @FunctionalInterface
    private interface Way {
        void load() throws Exception;
    }

    public static void main(String[] arguments) throws Exception {
        int rows = Integer.parseInt(arguments[0]);
        int rounds = Integer.parseInt(arguments[1]);
        Path plots = Path.of(arguments[2]);
        Path file = Files.createTempFile("mastery-loading", ".csv");
        Map<String, List<Double>> seconds = new LinkedHashMap<>();
        try (PostgreSqlDatabase database = PostgreSql.shared().newDatabase()) {
            write(file, rows);
            createTable(database);
            Map<String, Way> ways = ways(database, file, rows);
            for (int round = -1; round < rounds; round++) {
                for (Map.Entry<String, Way> way : ways.entrySet()) {
                    boolean counted = way.getKey().equals(SINGLE) ? round == 0 : round >= 0;
                    if (counted || !way.getKey().equals(SINGLE)) {
                        double taken = measure(database, way.getValue(), rows);
                        if (counted) {
                            seconds.computeIfAbsent(way.getKey(), key -> new ArrayList<>())
                                    .add(taken);
                        }
                    }
                }
            }
        } finally {
            Files.delete(file);
        }
        seconds.forEach((way, values) -> print(way, "s", values));
        seconds.forEach((way, values) -> {
            if (!way.equals(LIMIT)) {
                List<Double> ratios = new ArrayList<>();
                for (int i = 0; i < values.size(); i++) {
                    ratios.add(values.get(i) / seconds.get(LIMIT).get(i));
                }
                print(way + " / " + LIMIT, "x", ratios);
            }
        });
        Plot.bars("Loading " + String.format("%,d", rows) + " rows", List.copyOf(seconds.keySet()), "rows per second")
                .logarithmic()
                .series(
                        "median of " + rounds + ", single inserts once",
                        seconds.values().stream()
                                .map(values -> rows / new Figure("", "", values).median())
                                .toList())
                .write(plots.resolve("loading-rows.svg"));
        // Drivers may have left threads behind.
        System.exit(0);
    }

    private static Map<String, Way> ways(PostgreSqlDatabase database, Path file, int rows) throws IOException {
        PGSimpleDataSource rewriting = database.driverDataSource();
        rewriting.setReWriteBatchedInserts(true);
        List<String> psql = psql(database, file);
        Map<String, Way> ways = new LinkedHashMap<>();
        ways.put(SINGLE, () -> inTransaction(database.driverDataSource(), c -> insert(c, rows, 1)));
        ways.put("batches", () -> inTransaction(database.driverDataSource(), c -> insert(c, rows, BATCH)));
        ways.put("rewritten batches", () -> inTransaction(rewriting, c -> insert(c, rows, BATCH)));
        ways.put("unnest of arrays", () -> inTransaction(database.driverDataSource(), c -> unnest(c, rows)));
        ways.put("COPY", () -> inTransaction(database.driverDataSource(), c -> copy(c, file)));
        ways.put(LIMIT, () -> run(psql, database));
        return ways;
    }

    private interface Work {
        void run(Connection connection) throws Exception;
    }

    private static void inTransaction(PGSimpleDataSource dataSource, Work work) throws Exception {
        try (Connection connection = dataSource.getConnection()) {
            connection.setAutoCommit(false);
            work.run(connection);
            connection.commit();
        }
    }

    private static void insert(Connection connection, int rows, int batch) throws SQLException {
        try (PreparedStatement insert = connection.prepareStatement(INSERT)) {
            for (int id = 1; id <= rows; id++) {
                insert.setLong(1, id);
                insert.setInt(2, device(id));
                insert.setString(3, label(id));
                insert.setDouble(4, celsius(id));
                if (batch == 1) {
                    insert.executeUpdate();
                } else {
                    insert.addBatch();
                    if (id % batch == 0 || id == rows) {
                        insert.executeBatch();
                    }
                }
            }
        }
    }

    private static void unnest(Connection connection, int rows) throws SQLException {
        try (PreparedStatement insert = connection.prepareStatement("""
                insert into reading (id, device, label, celsius)
                select * from unnest(?::bigint[], ?::int[], ?::text[], ?::float8[])
                """)) {
            for (int first = 1; first <= rows; first += ARRAY) {
                int size = Math.min(ARRAY, rows - first + 1);
                Object[] ids = new Object[size];
                Object[] devices = new Object[size];
                Object[] labels = new Object[size];
                Object[] values = new Object[size];
                for (int i = 0; i < size; i++) {
                    int id = first + i;
                    ids[i] = (long) id;
                    devices[i] = device(id);
                    labels[i] = label(id);
                    values[i] = celsius(id);
                }
                insert.setArray(1, connection.createArrayOf("bigint", ids));
                insert.setArray(2, connection.createArrayOf("int", devices));
                insert.setArray(3, connection.createArrayOf("text", labels));
                insert.setArray(4, connection.createArrayOf("float8", values));
                insert.executeUpdate();
            }
        }
    }

    private static void copy(Connection connection, Path file) throws SQLException, IOException {
        try (InputStream csv = Files.newInputStream(file)) {
            connection.unwrap(PGConnection.class).getCopyAPI().copyIn(COPY, csv, BUFFER_BYTES);
        }
    }

    private static void run(List<String> psql, PostgreSqlDatabase database) throws IOException, InterruptedException {
        ProcessBuilder command = new ProcessBuilder(psql).redirectErrorStream(true);
        command.environment().put("PGPASSWORD", database.node().password());
        Path libraries = Path.of(psql.get(0)).resolve("../../../..").normalize();
        try (Stream<Path> directories = Files.list(libraries)) {
            directories
                    .filter(directory -> directory.getFileName().toString().endsWith("-linux-gnu"))
                    .forEach(directory -> command.environment().put("LD_LIBRARY_PATH", directory.toString()));
        }
        Process process = command.start();
        String output = new String(process.getInputStream().readAllBytes());
        if (process.waitFor() != 0) {
            throw new IOException("psql failed: " + output);
        }
    }

    /** The psql of the server's own version, which lies with its programs; else the one on the path. */
    private static List<String> psql(PostgreSqlDatabase database, Path file) throws IOException {
        Path tree = CacheDirectory.open().resolve("trees").resolve("postgresql");
        Optional<Path> own = Optional.empty();
        if (Files.isDirectory(tree)) {
            try (Stream<Path> files = Files.find(
                    tree,
                    6,
                    (path, attributes) ->
                            path.endsWith("bin/psql") && path.toString().contains("/lib/postgresql/"))) {
                own = files.findFirst();
            }
        }
        String uri =
                "postgresql://" + database.node().user() + "@" + database.node().address() + "/" + database.name();
        return List.of(
                own.map(Path::toString).orElse("/usr/bin/psql"),
                "--no-psqlrc",
                "--quiet",
                "--set=ON_ERROR_STOP=1",
                "--command=\\copy reading (id, device, label, celsius) from '" + file + "' (format csv)",
                uri);
    }

    private static double measure(PostgreSqlDatabase database, Way way, int rows) throws Exception {
        try (Connection connection = database.dataSource().getConnection();
                Statement statement = connection.createStatement()) {
            statement.execute("truncate reading");
            statement.execute("checkpoint");
            double taken = Stopwatch.millis(way::load) / 1_000;
            try (ResultSet row = statement.executeQuery("select count(*), sum(celsius) from reading")) {
                row.next();
                if (row.getInt(1) != rows) {
                    throw new IllegalStateException("loaded " + row.getInt(1) + " rows, not " + rows);
                }
            }
            return taken;
        }
    }

    private static void createTable(PostgreSqlDatabase database) throws SQLException {
        try (Connection connection = database.dataSource().getConnection();
                Statement statement = connection.createStatement()) {
            statement.execute("""
                    create table reading (
                      id      bigint primary key,
                      device  int    not null,
                      label   text   not null,
                      celsius float8 not null
                    ) with (autovacuum_enabled = off)
                    """);
        }
    }

    private static void write(Path file, int rows) throws IOException {
        try (BufferedWriter csv = Files.newBufferedWriter(file)) {
            for (int id = 1; id <= rows; id++) {
                csv.write(id + "," + device(id) + ",\"" + label(id) + "\"," + celsius(id) + "\n");
            }
        }
    }

    private static int device(int id) {
        return id % 1_000;
    }

    private static String label(int id) {
        return "sensor " + id % 5_000;
    }

    private static double celsius(int id) {
        return id % 700 / 10.0 - 20;
    }

    private static void print(String name, String unit, List<Double> values) {
        System.out.println(new Figure(name, unit, values).line());
    }
}
