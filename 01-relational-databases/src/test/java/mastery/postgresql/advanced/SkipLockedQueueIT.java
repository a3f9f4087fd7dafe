package mastery.postgresql.advanced;

import static mastery.postgresql.advanced.SkipLockedQueue.CLAIM_BY_FLAG;
import static mastery.postgresql.advanced.SkipLockedQueue.CLAIM_OR_FAIL;
import static mastery.postgresql.advanced.SkipLockedQueue.CLAIM_OR_WAIT;
import static mastery.postgresql.advanced.SkipLockedQueue.claim;
import static mastery.postgresql.advanced.SkipLockedQueue.finish;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.LongStream;
import javax.sql.DataSource;
import mastery.postgresql.advanced.SkipLockedQueue.Job;
import mastery.support.interleave.Blocked;
import mastery.support.interleave.Interleaving;
import mastery.support.interleave.LockView;
import mastery.support.interleave.Session;
import mastery.support.junit.OnPostgreSql;
import mastery.support.junit.Prepare;
import org.junit.jupiter.api.Test;

@OnPostgreSql
class SkipLockedQueueIT {

    private static final int JOBS = 40;

    @Prepare
    static void prepare(Connection connection) throws SQLException {
        SkipLockedQueue.createSchema(connection);
        SkipLockedQueue.fill(connection, JOBS);
    }

    @Test
    void fourWorkersShareTheQueueWithoutWaitingForEachOther(DataSource database) throws SQLException {
        List<Job> all = new ArrayList<>();
        try (Interleaving play = Interleaving.on(LockView.postgreSql(database))) {
            List<Session> workers = new ArrayList<>();
            for (String name : List.of("Ann", "Bob", "Cid", "Dan")) {
                workers.add(play.session(name, database));
            }
            for (Session worker : workers) {
                worker.begins();
                all.addAll(worker.returns("claims ten jobs", c -> claim(c, 10)));
            }
            Session late = play.session("Eve", database);
            late.begins();

            List<Job> none = late.returns("finds all taken", c -> claim(c, 10));
            assertThat(none).isEmpty();
        }

        // in the order of the queue, each job once, none left out
        assertThat(all)
                .extracting(Job::id)
                .containsExactlyElementsOf(
                        LongStream.rangeClosed(1, JOBS).boxed().toList());
    }

    @Test
    void withoutSkipLockedTheSecondWorkerWaitsForTheFirst(DataSource database) throws SQLException {
        try (Interleaving play = Interleaving.on(LockView.postgreSql(database))) {
            Session ann = play.session("Ann", database);
            Session bob = play.session("Bob", database);
            ann.begins();
            bob.begins();
            Job first = ann.returns("claims", c -> claim(c, 1)).get(0);

            Blocked<List<Job>> claim = bob.blocks("claims", c -> claim(c, CLAIM_OR_WAIT, 1));
            assertThat(claim.waitsFor()).isSameAs(ann);

            ann.does("finishes", c -> finish(c, first));
            ann.commits();
            assertThat(claim.returns()).extracting(Job::id).containsExactly(first.id() + 1);
        }
    }

    @Test
    void withNowaitTheSecondWorkerFailsWith55P03(DataSource database) throws SQLException {
        try (Interleaving play = Interleaving.on(LockView.postgreSql(database))) {
            Session ann = play.session("Ann", database);
            Session bob = play.session("Bob", database);
            ann.begins();
            bob.begins();
            ann.returns("claims", c -> claim(c, 1));

            bob.failsWith("55P03", "claims", c -> claim(c, CLAIM_OR_FAIL, 1));
        }
    }

    @Test
    void theJobOfAWorkerThatIsTerminatedIsClaimableAgain(DataSource database) throws SQLException {
        try (Interleaving play = Interleaving.on(LockView.postgreSql(database))) {
            Session ann = play.session("Ann", database);
            Session bob = play.session("Bob", database);
            ann.begins();
            Job job = ann.returns("claims", c -> claim(c, 1)).get(0);
            ann.does("finishes, but does not commit", c -> finish(c, job));
            assertThat(claimable(bob)).hasSize(JOBS - 1).doesNotContain(job);

            bob.does("terminates Ann", c -> terminate(c, ann));

            assertThat(claimable(bob)).hasSize(JOBS).startsWith(job);
            ann.failsWith("57P01", "goes on", c -> claim(c, 1));
        }
    }

    @Test
    void theJobOfATerminatedWorkerThatSetAFlagStaysTaken(DataSource database) throws SQLException {
        try (Interleaving play = Interleaving.on(LockView.postgreSql(database))) {
            Session ann = play.session("Ann", database);
            Session bob = play.session("Bob", database);
            ann.begins();
            Job job = ann.returns("claims", c -> claim(c, CLAIM_BY_FLAG, 1)).get(0);
            ann.commits();

            bob.does("terminates Ann", c -> terminate(c, ann));

            assertThat(claimable(bob)).hasSize(JOBS - 1).doesNotContain(job);
        }
    }

    @Test
    void aJobIsDoneWithTheCommitAndReadyAgainAfterARollback(DataSource database) throws SQLException {
        try (Interleaving play = Interleaving.on(LockView.postgreSql(database))) {
            Session ann = play.session("Ann", database);
            Session bob = play.session("Bob", database);
            ann.begins();
            Job job = ann.returns("claims", c -> claim(c, 1)).get(0);
            ann.does("finishes", c -> finish(c, job));
            ann.rollsBack();
            assertThat(claimable(bob)).hasSize(JOBS).startsWith(job);

            ann.begins();
            ann.does("finishes", c -> finish(c, job));
            ann.commits();
            assertThat(claimable(bob)).hasSize(JOBS - 1).doesNotContain(job);
        }
    }

    @Test
    void aClaimThatCannotHoldIsRefusedBeforeAnyStatement(Connection connection) throws SQLException {
        assertThatThrownBy(() -> claim(connection, 1))
                .isInstanceOf(IllegalStateException.class)
                .hasMessageContaining("auto-commit");
        assertThatThrownBy(() -> finish(connection, new Job(1, "send letter 1")))
                .isInstanceOf(IllegalStateException.class)
                .hasMessageContaining("auto-commit");

        connection.setAutoCommit(false);
        assertThatThrownBy(() -> claim(connection, 0))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("not 0");
        assertThatThrownBy(() -> finish(connection, null)).isInstanceOf(NullPointerException.class);
    }

    /** All jobs that the worker can have now; it gives them back. */
    private static List<Job> claimable(Session worker) {
        worker.begins();
        List<Job> jobs = worker.returns("claims all", c -> claim(c, JOBS));
        worker.rollsBack();
        return jobs;
    }

    /** Ends a session as a crash would, and returns when the server has let go of its locks. */
    private static void terminate(Connection administrator, Session worker) throws SQLException {
        try (PreparedStatement terminate = administrator.prepareStatement("select pg_terminate_backend(?, 30000)")) {
            terminate.setInt(1, (int) worker.id());
            try (ResultSet ended = terminate.executeQuery()) {
                assertThat(ended.next() && ended.getBoolean(1))
                        .as("%s ended", worker)
                        .isTrue();
            }
        }
    }
}
