package mastery.benchmarks;

import com.zaxxer.hikari.HikariDataSource;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.ThreadLocalRandom;
import mastery.support.postgresql.PostgreSql;
import mastery.support.postgresql.PostgreSqlDatabase;

/**
 * {@value #THREADS} threads that do {@value #TRANSACTIONS} short transactions, two statements and a commit each, through a pool of 1, 2, 4, 8, 16 and 32
 * connections. The sizes take turns; the first round is not counted.
 *
 * <p>Arguments: how many rounds, and the directory for the plot.
 */
final class PoolSizes {

    private static final int THREADS = 32;
    private static final int TRANSACTIONS = 6_400;
    private static final int ACCOUNTS = 100_000;
    private static final List<Integer> SIZES = List.of(1, 2, 4, 8, 16, 32);

    private PoolSizes() {}

    public static void main(String[] arguments) throws Exception {
        int rounds = Integer.parseInt(arguments[0]);
        Map<Integer, List<Double>> perSecond = new LinkedHashMap<>();
        try (PostgreSqlDatabase database = PostgreSql.shared().newDatabase()) {
            createTable(database);
            for (int round = -1; round < rounds; round++) {
                for (int size : SIZES) {
                    double taken = measure(database, size);
                    if (round >= 0) {
                        perSecond
                                .computeIfAbsent(size, key -> new ArrayList<>())
                                .add(TRANSACTIONS / taken);
                    }
                }
            }
        }
        perSecond.forEach((size, values) -> print(name(size), "tx/s", values));
        perSecond.forEach((size, values) -> {
            if (size > 1) {
                List<Double> ratios = new ArrayList<>();
                for (int i = 0; i < values.size(); i++) {
                    ratios.add(values.get(i) / perSecond.get(1).get(i));
                }
                print(name(size) + " / " + name(1), "x", ratios);
            }
        });
        Plot.lines(
                        THREADS + " threads, short transactions",
                        SIZES.stream().map(String::valueOf).toList(),
                        "transactions per second, median of " + rounds)
                .over("connections of the pool")
                .series(
                        Runtime.getRuntime().availableProcessors() + " processors",
                        perSecond.values().stream()
                                .map(values -> new Figure("", "", values).median())
                                .toList())
                .write(Path.of(arguments[1]).resolve("pool-sizes.svg"));
        // Drivers may have left threads behind.
        System.exit(0);
    }

    private static String name(int size) {
        return size == 1 ? "1 connection" : size + " connections";
    }

    /** Seconds. */
    private static double measure(PostgreSqlDatabase database, int size) throws Exception {
        ExecutorService threads = Executors.newFixedThreadPool(THREADS);
        try (HikariDataSource pool = new HikariDataSource()) {
            pool.setDataSource(database.dataSource());
            pool.setMaximumPoolSize(size);
            pool.setMinimumIdle(size);
            pool.setAutoCommit(false);
            open(pool, size);
            CountDownLatch go = new CountDownLatch(1);
            List<Future<?>> working = new ArrayList<>();
            for (int i = 0; i < THREADS; i++) {
                working.add(threads.submit(() -> {
                    go.await();
                    for (int t = 0; t < TRANSACTIONS / THREADS; t++) {
                        transact(pool);
                    }
                    return null;
                }));
            }
            return Stopwatch.millis(() -> {
                        go.countDown();
                        for (Future<?> each : working) {
                            each.get();
                        }
                    })
                    / 1_000;
        } finally {
            threads.shutdownNow();
        }
    }

    /** All connections at once, so that none is opened while time is taken. */
    private static void open(HikariDataSource pool, int size) throws SQLException {
        List<Connection> connections = new ArrayList<>();
        for (int i = 0; i < size; i++) {
            connections.add(pool.getConnection());
        }
        for (Connection connection : connections) {
            connection.close();
        }
    }

    private static void transact(HikariDataSource pool) throws SQLException {
        int account = ThreadLocalRandom.current().nextInt(1, ACCOUNTS + 1);
        try (Connection connection = pool.getConnection();
                PreparedStatement update =
                        connection.prepareStatement("update account set cents = cents + 1 where id = ?");
                PreparedStatement select = connection.prepareStatement("select cents from account where id = ?")) {
            update.setInt(1, account);
            update.executeUpdate();
            select.setInt(1, account);
            select.executeQuery().close();
            connection.commit();
        }
    }

    private static void createTable(PostgreSqlDatabase database) throws SQLException {
        try (Connection connection = database.dataSource().getConnection();
                Statement statement = connection.createStatement()) {
            statement.execute(
                    "create table account (id int primary key, cents bigint not null)" + " with (fillfactor = 70)");
            statement.execute("insert into account select id, 0 from generate_series(1, " + ACCOUNTS + ") as id");
            statement.execute("vacuum analyze account");
        }
    }

    private static void print(String name, String unit, List<Double> values) {
        System.out.println(new Figure(name, unit, values).line());
    }
}
