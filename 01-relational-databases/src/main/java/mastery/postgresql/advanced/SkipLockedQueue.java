package mastery.postgresql.advanced;

import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.List;
import javax.sql.DataSource;
import mastery.support.trace.Story;

/**
 * FOR UPDATE SKIP LOCKED makes a table a job queue: workers never wait for each other, never take the same job, and the
 * job of a worker that dies is free again at once.
 *
 * <p><b>Use it</b> when jobs belong with the data: a job is queued in the transaction that causes it and done in the
 * transaction that does it, with no second system to keep in step.
 *
 * <p><b>Not</b> for jobs of minutes: the claim is a row lock, so its transaction stays open, and an open transaction holds
 * back VACUUM. Then commit a lease with an expiry instead. Nor where strict order matters: a skipped job is overtaken.
 *
 * <p><b>It costs</b> one dead row version for each job, and one connection for each working worker.
 *
 * <p><b>It needs</b> a transaction that spans claim, work and {@link #finish}; and a partial index, so that finished jobs
 * are not read again.
 */
public final class SkipLockedQueue {

    /** The right way: lock the oldest jobs that nobody else has locked. */
    static final String CLAIM = """
            select id, payload
              from job
             where state = 'ready'
             order by id
             limit ?
               for update skip locked
            """;

    /** Everybody wants the oldest job, so everybody waits for the first worker. */
    static final String CLAIM_OR_WAIT = """
            select id, payload
              from job
             where state = 'ready'
             order by id
             limit ?
               for update
            """;

    /** Nobody waits, but all workers except the first get error 55P03 instead of a job. */
    static final String CLAIM_OR_FAIL = """
            select id, payload
              from job
             where state = 'ready'
             order by id
             limit ?
               for update nowait
            """;

    /** Nobody waits, but a committed flag outlives its worker: if that dies, the job stays taken for ever. */
    static final String CLAIM_BY_FLAG = """
            update job
               set state = 'running'
             where id in (select id from job where state = 'ready' order by id limit ? for update skip locked)
            returning id, payload
            """;

    private SkipLockedQueue() {}

    public record Job(long id, String payload) {}

    /** Takes up to {@code limit} jobs until this transaction ends; empty when all are taken or done. */
    public static List<Job> claim(Connection connection, int limit) throws SQLException {
        return claim(connection, CLAIM, limit);
    }

    static List<Job> claim(Connection connection, String sql, int limit) throws SQLException {
        requireTransaction(connection);
        if (limit < 1) {
            throw new IllegalArgumentException("claim at least one job, not " + limit);
        }
        List<Job> jobs = new ArrayList<>();
        try (PreparedStatement statement = connection.prepareStatement(sql)) {
            statement.setInt(1, limit);
            try (ResultSet row = statement.executeQuery()) {
                while (row.next()) {
                    jobs.add(new Job(row.getLong("id"), row.getString("payload")));
                }
            }
        }
        return jobs;
    }

    /** Marks a claimed job done; the commit that follows makes it so, a rollback puts the job back. */
    public static void finish(Connection connection, Job job) throws SQLException {
        requireTransaction(connection);
        try (PreparedStatement update = connection.prepareStatement("update job set state = 'done' where id = ?")) {
            update.setLong(1, job.id());
            update.executeUpdate();
        }
    }

    private static void requireTransaction(Connection connection) throws SQLException {
        if (connection.getAutoCommit()) {
            throw new IllegalStateException("turn auto-commit off: it would end the claim before the work begins");
        }
    }

    public static void createSchema(Connection connection) throws SQLException {
        try (Statement statement = connection.createStatement()) {
            statement.execute("""
                    create table job (
                      id      bigint generated always as identity primary key,
                      payload text not null,
                      state   text not null default 'ready' check (state in ('ready', 'running', 'done'))
                    )
                    """);
            statement.execute("create index job_ready on job (id) where state = 'ready'");
        }
    }

    public static void fill(Connection connection, int jobs) throws SQLException {
        try (PreparedStatement insert = connection.prepareStatement(
                "insert into job (payload) select 'send letter ' || n from generate_series(1, ?) as n")) {
            insert.setInt(1, jobs);
            insert.executeUpdate();
        }
    }

    public static void main(String[] args) {
        Story.tell(SkipLockedQueue.class, story -> {
            DataSource database = story.postgresql();
            try (Connection ann = database.getConnection();
                    Connection bob = database.getConnection()) {
                story.quietly("a queue of 6 jobs", () -> {
                    createSchema(ann);
                    fill(ann, 6);
                });
                ann.setAutoCommit(false);
                bob.setAutoCommit(false);

                story.step("Ann claims two jobs; Bob, without waiting, gets the next two");
                List<Job> annsJobs = story.show("Ann has", claim(ann, 2));
                story.show("Bob has", claim(bob, 2));

                story.step("Ann finishes hers and commits");
                for (Job job : annsJobs) {
                    finish(ann, job);
                }
                ann.commit();

                story.step("Bob gives up: his jobs are ready again, and Ann takes them");
                bob.rollback();
                story.show("Ann has", claim(ann, 2));
                ann.commit();

                story.learned("The row lock is the claim: it excludes the others, and it cannot outlive its worker.");
            }
        });
    }
}
