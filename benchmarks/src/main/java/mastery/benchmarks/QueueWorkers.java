package mastery.benchmarks;

import java.nio.file.Path;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.Callable;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import javax.sql.DataSource;
import mastery.postgresql.advanced.SkipLockedQueue;
import mastery.postgresql.advanced.SkipLockedQueue.Job;
import mastery.support.postgresql.PostgreSql;
import mastery.support.postgresql.PostgreSqlDatabase;

/**
 * A queue of {@value #JOBS} jobs emptied by 1, 2, 4 and 8 workers, each job in a transaction of its own and without any work in it: what is
 * measured is claiming and finishing. Two ways in turn, SKIP LOCKED, advisory locks, SKIP LOCKED, ...; the first round is not counted. Each round
 * begins with a new, vacuumed queue, and every job must have been done once.
 *
 * <p>An advisory lock does not belong to the row. A worker that gets the lock of a job may have read it before another finished it and let go, so it
 * has to look again: one statement more for each job.
 *
 * <p>Arguments: how many rounds, and the directory for the plot.
 */
final class QueueWorkers {

    private static final int JOBS = 2_000;
    private static final List<Integer> WORKERS = List.of(1, 2, 4, 8);

    private static final String CLAIM_BY_ADVISORY_LOCK = """
            select id, payload
              from job
             where state = 'ready' and pg_try_advisory_xact_lock(id)
             order by id
             limit 1
            """;
    private static final String STILL_READY = "select from job where id = ? and state = 'ready'";

    private QueueWorkers() {}

    /** Takes the next job, or none if all are done or taken. */
    @FunctionalInterface
    private interface Claim {
        List<Job> next(Connection connection) throws SQLException;
    }

    public static void main(String[] arguments) throws Exception {
        int rounds = Integer.parseInt(arguments[0]);
        List<Double> skipMedians = new ArrayList<>();
        List<Double> advisoryMedians = new ArrayList<>();
        try (PostgreSqlDatabase database = PostgreSql.shared().newDatabase()) {
            DataSource dataSource = database.dataSource();
            try (Connection connection = dataSource.getConnection()) {
                SkipLockedQueue.createSchema(connection);
            }
            for (int workers : WORKERS) {
                List<Double> skip = new ArrayList<>();
                List<Double> advisory = new ArrayList<>();
                List<Double> ratios = new ArrayList<>();
                for (int i = -1; i < rounds; i++) {
                    double a = jobsPerSecond(dataSource, workers, c -> SkipLockedQueue.claim(c, 1));
                    double b = jobsPerSecond(dataSource, workers, QueueWorkers::claimByAdvisoryLock);
                    if (i >= 0) {
                        skip.add(a);
                        advisory.add(b);
                        ratios.add(a / b);
                    }
                }
                String name = workers == 1 ? "1 worker: " : workers + " workers: ";
                skipMedians.add(print(name + "SKIP LOCKED", "jobs/s", skip));
                advisoryMedians.add(print(name + "advisory locks", "jobs/s", advisory));
                print(name + "SKIP LOCKED / advisory", "x", ratios);
            }
        }
        Plot.lines(
                        "A queue of " + JOBS + " empty jobs",
                        WORKERS.stream().map(String::valueOf).toList(),
                        "jobs per second, median of " + rounds)
                .over("workers")
                .series("SKIP LOCKED", skipMedians)
                .series("advisory locks", advisoryMedians)
                .write(Path.of(arguments[1]).resolve("queue-workers.svg"));
        // Drivers may have left threads behind.
        System.exit(0);
    }

    private static double jobsPerSecond(DataSource dataSource, int workers, Claim claim) throws Exception {
        List<Connection> connections = new ArrayList<>();
        ExecutorService threads = Executors.newFixedThreadPool(workers);
        try {
            fillAnew(dataSource);
            CountDownLatch go = new CountDownLatch(1);
            List<Future<List<Long>>> working = new ArrayList<>();
            for (int i = 0; i < workers; i++) {
                Connection connection = dataSource.getConnection();
                connections.add(connection);
                connection.setAutoCommit(false);
                Callable<List<Long>> worker = () -> {
                    go.await();
                    return empty(connection, claim);
                };
                working.add(threads.submit(worker));
            }
            List<Long> done = new ArrayList<>();
            double millis = Stopwatch.millis(() -> {
                go.countDown();
                for (Future<List<Long>> worker : working) {
                    done.addAll(worker.get());
                }
            });
            Set<Long> once = new HashSet<>(done);
            if (done.size() != JOBS || once.size() != JOBS) {
                throw new IllegalStateException(
                        done.size() + " jobs were done, " + once.size() + " of them different, not " + JOBS);
            }
            return JOBS / millis * 1_000;
        } finally {
            threads.shutdownNow();
            for (Connection connection : connections) {
                connection.close();
            }
        }
    }

    /** Works until no job is left; returns what this worker did. */
    private static List<Long> empty(Connection connection, Claim claim) throws SQLException {
        List<Long> done = new ArrayList<>();
        while (true) {
            List<Job> jobs = claim.next(connection);
            if (jobs.isEmpty()) {
                connection.commit();
                if (nothingIsReady(connection)) {
                    return done;
                }
                continue;
            }
            for (Job job : jobs) {
                SkipLockedQueue.finish(connection, job);
                done.add(job.id());
            }
            connection.commit();
        }
    }

    private static List<Job> claimByAdvisoryLock(Connection connection) throws SQLException {
        try (PreparedStatement claim = connection.prepareStatement(CLAIM_BY_ADVISORY_LOCK);
                ResultSet row = claim.executeQuery()) {
            if (!row.next()) {
                return List.of();
            }
            Job job = new Job(row.getLong("id"), row.getString("payload"));
            try (PreparedStatement again = connection.prepareStatement(STILL_READY)) {
                again.setLong(1, job.id());
                try (ResultSet ready = again.executeQuery()) {
                    return ready.next() ? List.of(job) : List.of();
                }
            }
        }
    }

    /** A worker that got nothing may have met only jobs that others are about to finish, or to give back. */
    private static boolean nothingIsReady(Connection connection) throws SQLException {
        try (Statement statement = connection.createStatement();
                ResultSet row = statement.executeQuery("select from job where state = 'ready' limit 1")) {
            boolean none = !row.next();
            connection.commit();
            return none;
        }
    }

    private static void fillAnew(DataSource dataSource) throws SQLException {
        try (Connection connection = dataSource.getConnection();
                Statement statement = connection.createStatement()) {
            statement.execute("truncate job restart identity");
            SkipLockedQueue.fill(connection, JOBS);
            statement.execute("vacuum analyze job");
        }
    }

    /** Prints a figure and returns its median. */
    private static double print(String name, String unit, List<Double> values) {
        Figure figure = new Figure(name, unit, values);
        System.out.println(figure.line());
        return figure.median();
    }
}
