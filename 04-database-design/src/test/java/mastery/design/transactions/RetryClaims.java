package mastery.design.transactions;

import static mastery.design.transactions.Counter.readSerializably;
import static mastery.design.transactions.Counter.sum;
import static mastery.design.transactions.Counter.written;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import java.sql.Connection;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Predicate;
import javax.sql.DataSource;
import mastery.design.transactions.RetryTemplate.Done;
import mastery.support.interleave.Session;
import org.junit.jupiter.api.Test;

/** Which transactions are run again, and how often. The template's transaction is Ann's. */
abstract class RetryClaims extends AnnAndBob {

    private static final int WORKERS = 4;

    final List<Integer> pauses = new ArrayList<>();
    final RetryTemplate template;
    private final Predicate<Exception> worthARetry;

    RetryClaims(Rdbms rdbms, Predicate<Exception> worthARetry) {
        super(rdbms);
        this.worthARetry = worthARetry;
        this.template = new RetryTemplate(worthARetry, 3, pauses::add);
    }

    /** Ann and another have read in a SERIALIZABLE transaction; both write, and Ann is the one who fails. */
    abstract SQLException annLosesTo(Session other, int hits);

    abstract void isDuplicate(SQLException e);

    @Override
    void createSchema(Connection connection) throws SQLException {
        RetryTemplate.createSchema(connection);
    }

    @Test
    void aTransactionThatLostRunsAgainFromItsFirstRead(DataSource database) throws Exception {
        List<Integer> reads = new ArrayList<>();
        List<String> mails = new ArrayList<>();

        Done<Integer> done = template.run(anns(), (connection, afterCommit) -> {
            int hits = reads(ann);
            reads.add(hits);
            afterCommit.then(() -> mails.add("had " + hits + ", has " + sum(database)));
            if (reads.size() == 1) {
                reads(bob);
                throw annLosesTo(bob, hits);
            }
            return ann.returns("writes", c -> written(c, hits + 1));
        });

        assertThat(reads).containsExactly(0, 10);
        assertThat(done).isEqualTo(new Done<>(11, 2));
        assertThat(pauses).containsExactly(1);
        assertThat(mails).containsExactly("had 10, has 11");
    }

    @Test
    void attemptsAreBoundedAndEachFailureIsTold(DataSource database) {
        List<SQLException> lost = new ArrayList<>();
        List<String> mails = new ArrayList<>();

        SQLException last = catchThrowableOfType(
                SQLException.class,
                () -> template.run(anns(), (connection, afterCommit) -> {
                    afterCommit.then(() -> mails.add("sent"));
                    int hits = reads(ann);
                    Session other = play.session("winner " + lost.size(), database);
                    reads(other);
                    lost.add(annLosesTo(other, hits));
                    throw lost.get(lost.size() - 1);
                }));

        assertThat(lost).hasSize(3);
        assertThat((Throwable) last).isSameAs(lost.get(2));
        assertThat(last.getSuppressed()).containsExactly(lost.get(0), lost.get(1));
        assertThat(mails).isEmpty();
    }

    @Test
    void contendedIncrementsTotalTheirNumberAndAttemptsAreCounted(DataSource database) throws Exception {
        int each = 5;
        RetryTemplate stubborn = new RetryTemplate(worthARetry, 1_000, attempt -> Thread.yield());
        AtOnce atOnce = new AtOnce(WORKERS);
        AtomicInteger runs = new AtomicInteger();
        AtomicInteger mails = new AtomicInteger();

        List<Future<Integer>> workers = atOnce.run(worker -> {
            int attempts = 0;
            for (int i = 0; i < each; i++) {
                attempts += stubborn.run(database, (connection, afterCommit) -> {
                            runs.incrementAndGet();
                            afterCommit.then(mails::incrementAndGet);
                            int hits = readSerializably(connection);
                            atOnce.meet();
                            return written(connection, hits + 1);
                        })
                        .attempts();
            }
            return attempts;
        });

        int attempts = 0;
        for (Future<Integer> worker : workers) {
            attempts += worker.get();
        }
        assertThat(sum(database)).isEqualTo(WORKERS * each);
        assertThat(mails).hasValue(WORKERS * each);
        assertThat(attempts).isEqualTo(runs.get()).isGreaterThanOrEqualTo(WORKERS * each + WORKERS - 1);
    }

    @Test
    void withoutRetryAllButOneOfThoseWhoReadTheSameAreLost(DataSource database) throws Exception {
        RetryTemplate once = new RetryTemplate(worthARetry, 1, pauses::add);
        AtOnce atOnce = new AtOnce(WORKERS);

        List<Future<Done<Integer>>> workers = atOnce.run(worker -> once.run(database, (connection, afterCommit) -> {
            int hits = readSerializably(connection);
            atOnce.meet();
            return written(connection, hits + 1);
        }));

        int lost = 0;
        for (Future<Done<Integer>> worker : workers) {
            try {
                worker.get();
            } catch (ExecutionException e) {
                assertThat(worthARetry.test(e)).as(e.toString()).isTrue();
                lost++;
            }
        }
        assertThat(lost).isEqualTo(WORKERS - 1);
        assertThat(sum(database)).isEqualTo(1);
    }

    @Test
    void aDuplicateKeyIsNotRunAgain(DataSource database) {
        AtomicInteger runs = new AtomicInteger();

        assertThatThrownBy(() -> template.run(database, (connection, afterCommit) -> {
                    runs.incrementAndGet();
                    RetryTemplate.insert(connection);
                    return null;
                }))
                .isInstanceOfSatisfying(SQLException.class, this::isDuplicate)
                .satisfies(e -> assertThat(e.getSuppressed()).isEmpty());
        assertThat(runs).hasValue(1);
        assertThat(pauses).isEmpty();
    }

    @Test
    void whateverElseFailsInTheWorkRollsBackAndIsThrown(DataSource database) throws SQLException {
        assertThatThrownBy(() -> template.run(database, (connection, afterCommit) -> {
                    written(connection, 7);
                    throw new IllegalStateException("sold out");
                }))
                .hasMessage("sold out");
        assertThat(pauses).isEmpty();
        assertThat(sum(database)).isZero();
    }

    /** Ann's connection, whose steps the script names. */
    DataSource anns() {
        return Steps.staying(ann.returns("connects", connection -> connection));
    }

    static int reads(Session session) {
        session.begins(Connection.TRANSACTION_SERIALIZABLE);
        return session.returns("reads", RetryTemplate::read);
    }
}
