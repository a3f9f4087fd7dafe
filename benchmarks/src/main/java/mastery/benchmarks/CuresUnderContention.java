package mastery.benchmarks;

import java.nio.file.Path;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.SplittableRandom;
import javax.sql.DataSource;
import mastery.benchmarks.Workers.Done;
import mastery.benchmarks.Workers.Worker;
import mastery.design.transactions.LostUpdateCures;
import mastery.support.mysql.MySql;
import mastery.support.mysql.MySqlDatabase;
import mastery.support.postgresql.PostgreSql;
import mastery.support.postgresql.PostgreSqlDatabase;

/**
 * The four cures of {@link LostUpdateCures} under contention: tickets sold one by one by 2, 4, 8 and 16 workers, of one concert and of {@value #MANY}
 * concerts, on PostgreSQL and MySQL. The cures take turns; the first round is not counted. After each, every ticket must be counted.
 *
 * <p>Three cures run at READ COMMITTED, the fourth at SERIALIZABLE. Which concert a ticket is for is the same for each cure. There is no pause before a
 * retry.
 *
 * <p>Arguments: how many tickets are sold each time, how many rounds, and the directory for the plots.
 */
final class CuresUnderContention {

    private static final int MANY = 100;
    /** The concerts in the table; those whose tickets are sold lie apart. In a small table that is read as a whole, PostgreSQL sees strangers in conflict. */
    private static final int ALL = 10_000;

    private static final List<Integer> WORKERS = List.of(2, 4, 8, 16);
    /** Nobody gives up: a ticket that is not sold would be missed. */
    private static final int ATTEMPTS = 1_000_000;

    private CuresUnderContention() {}

    private enum Cure {
        ONE_STATEMENT("one statement", false),
        LOCK("lock", false),
        VERSION("version", true),
        SERIALIZABLE("SERIALIZABLE", true);

        private final String title;
        private final boolean retries;

        Cure(String title, boolean retries) {
            this.title = title;
            this.retries = retries;
        }

        int level() {
            return this == SERIALIZABLE ? Connection.TRANSACTION_SERIALIZABLE : Connection.TRANSACTION_READ_COMMITTED;
        }

        int sell(Connection connection, int concert) throws SQLException {
            return switch (this) {
                case ONE_STATEMENT -> LostUpdateCures.inOneStatement(connection, concert, 1);
                case LOCK -> LostUpdateCures.underLock(connection, concert, sold -> sold + 1);
                case VERSION -> LostUpdateCures.byVersion(connection, concert, sold -> sold + 1, ATTEMPTS);
                case SERIALIZABLE -> LostUpdateCures.retried(connection, concert, sold -> sold + 1, ATTEMPTS);
            };
        }
    }

    public static void main(String[] arguments) throws Exception {
        int tickets = Integer.parseInt(arguments[0]);
        int rounds = Integer.parseInt(arguments[1]);
        Path plots = Path.of(arguments[2]);
        try (PostgreSqlDatabase database = PostgreSql.shared().newDatabase()) {
            measure("PostgreSQL", database.dataSource(), tickets, rounds, plots);
        }
        try (MySqlDatabase database = MySql.shared().newDatabase()) {
            measure("MySQL", database.dataSource(), tickets, rounds, plots);
        }
        // Drivers may have left threads behind.
        System.exit(0);
    }

    private static void measure(String engine, DataSource dataSource, int tickets, int rounds, Path plots)
            throws Exception {
        try (Connection connection = dataSource.getConnection()) {
            LostUpdateCures.createSchema(connection, ALL, Integer.MAX_VALUE);
        }
        List<String> places = WORKERS.stream().map(String::valueOf).toList();
        String file = engine.toLowerCase(Locale.ROOT);
        Plot retries = Plot.lines(engine + ": attempts in vain", places, "retries per ticket, median of " + rounds)
                .over("workers");
        for (int concerts : List.of(1, MANY)) {
            String rows = concerts == 1 ? "1 row" : concerts + " rows";
            Map<Cure, List<Double>> sold = new EnumMap<>(Cure.class);
            Map<Cure, List<Double>> retried = new EnumMap<>(Cure.class);
            for (int workers : WORKERS) {
                Map<Cure, List<Done>> done = rounds(dataSource, concerts, workers, tickets, rounds);
                String name = engine + ", " + rows + ", " + workers + " workers: ";
                for (Cure cure : Cure.values()) {
                    List<Double> perSecond =
                            done.get(cure).stream().map(Done::perSecond).toList();
                    sold.computeIfAbsent(cure, key -> new ArrayList<>())
                            .add(print(name + cure.title, "tickets/s", perSecond));
                    if (cure.retries) {
                        retried.computeIfAbsent(cure, key -> new ArrayList<>())
                                .add(print(
                                        name + cure.title + ", retries",
                                        "/ticket",
                                        done.get(cure).stream()
                                                .map(Done::retriesPerJob)
                                                .toList()));
                    }
                    if (cure != Cure.ONE_STATEMENT) {
                        List<Double> ratios = new ArrayList<>();
                        for (int i = 0; i < rounds; i++) {
                            ratios.add(perSecond.get(i)
                                    / done.get(Cure.ONE_STATEMENT).get(i).perSecond());
                        }
                        print(name + cure.title + " / one statement", "x", ratios);
                    }
                }
            }
            Plot plot = Plot.lines(
                            engine + ": tickets sold, " + rows, places, "tickets per second, median of " + rounds)
                    .over("workers");
            sold.forEach((cure, medians) -> plot.series(cure.title, medians));
            plot.write(plots.resolve("cures-" + file + "-" + rows.replace(' ', '-') + ".svg"));
            retried.forEach((cure, medians) -> retries.series(cure.title + ", " + rows, medians));
        }
        retries.write(plots.resolve("cures-" + file + "-retries.svg"));
    }

    private static Map<Cure, List<Done>> rounds(
            DataSource dataSource, int concerts, int workers, int tickets, int rounds) throws Exception {
        Map<Cure, List<Done>> done = new EnumMap<>(Cure.class);
        for (int round = -1; round < rounds; round++) {
            for (Cure cure : Cure.values()) {
                Done now = sell(dataSource, cure, concerts, workers, tickets);
                if (round >= 0) {
                    done.computeIfAbsent(cure, key -> new ArrayList<>()).add(now);
                }
            }
        }
        return done;
    }

    private static Done sell(DataSource dataSource, Cure cure, int concerts, int workers, int tickets)
            throws Exception {
        int[] concertOf = new SplittableRandom(42)
                .ints(tickets, 0, concerts)
                .map(concert -> 1 + concert * (ALL / MANY))
                .toArray();
        List<Connection> connections = new ArrayList<>();
        try {
            clear(dataSource);
            List<Worker> all = new ArrayList<>();
            for (int i = 0; i < workers; i++) {
                Connection connection = dataSource.getConnection();
                connections.add(connection);
                connection.setTransactionIsolation(cure.level());
                connection.setAutoCommit(false);
                all.add(ticket -> cure.sell(connection, concertOf[ticket]));
            }
            Done done = Workers.together(tickets, all);
            int counted = sold(dataSource);
            if (counted != tickets) {
                throw new IllegalStateException(
                        cure.title + " counted " + counted + " of " + tickets + " tickets, by " + workers + " workers");
            }
            return done;
        } finally {
            for (Connection connection : connections) {
                connection.close();
            }
        }
    }

    private static void clear(DataSource dataSource) throws SQLException {
        try (Connection connection = dataSource.getConnection();
                Statement statement = connection.createStatement()) {
            statement.execute("update concert set sold = 0, version = 0 where sold > 0 or version > 0");
            if (connection.getMetaData().getDatabaseProductName().equals("PostgreSQL")) {
                statement.execute("vacuum analyze concert");
            }
        }
    }

    private static int sold(DataSource dataSource) throws SQLException {
        try (Connection connection = dataSource.getConnection();
                Statement statement = connection.createStatement();
                ResultSet row = statement.executeQuery("select sum(sold) from concert")) {
            row.next();
            return row.getInt(1);
        }
    }

    /** Prints a figure and returns its median. */
    private static double print(String name, String unit, List<Double> values) {
        Figure figure = new Figure(name, unit, values);
        System.out.println(figure.line());
        return figure.median();
    }
}
