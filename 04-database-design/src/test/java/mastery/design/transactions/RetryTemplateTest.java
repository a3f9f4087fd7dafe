package mastery.design.transactions;

import static mastery.design.transactions.RetryTemplate.MYSQL;
import static mastery.design.transactions.RetryTemplate.POSTGRESQL;
import static mastery.design.transactions.RetryTemplate.SQL_SERVER;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.lang.reflect.Proxy;
import java.sql.Connection;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.FutureTask;
import java.util.concurrent.TimeUnit;
import java.util.function.Predicate;
import mastery.design.transactions.RetryTemplate.AfterCommitException;
import mastery.design.transactions.RetryTemplate.Backoff;
import mastery.design.transactions.RetryTemplate.Done;
import mastery.design.transactions.RetryTemplate.Transaction;
import mastery.design.transactions.RetryTemplate.UnknownCommitException;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** What the template does without a database; RetryTemplateIT has the rest. */
class RetryTemplateTest {

    private final List<Integer> pauses = new ArrayList<>();
    private final List<String> log = new ArrayList<>();

    @ParameterizedTest
    @CsvSource({
        // SQLSTATE, vendor code, PostgreSQL, MySQL, SQL Server
        "40001,    0, yes, no,  no", // serialization failure
        "40P01,    0, yes, no,  no", // deadlock
        "55P03,    0, yes, no,  no", // lock_timeout
        "40001, 1213, yes, yes, no", // deadlock of MySQL
        "HY000, 1205, no,  yes, yes", // lock wait timeout of MySQL
        "40001, 1205, yes, yes, yes", // deadlock of SQL Server
        "S0006, 3960, no,  no,  yes", // update conflict of a snapshot
        "S0051, 1222, no,  no,  yes", // lock timeout of SQL Server
        "21000, 1222, no,  no,  yes", // to MySQL a union with unequal columns
        "08006,    0, yes, yes, yes", // connection lost
        "08S01,    0, yes, yes, yes",
        "57P01,    0, yes, yes, yes", // ended by an administrator
        "57P02,    0, yes, yes, yes", // the server crashed
        "57P03,    0, yes, yes, yes", // the server is not up yet
        "57014,    0, no,  no,  no", // canceled
        "23505,    0, no,  no,  no",
        "23000, 1062, no,  no,  no",
        "23000, 2627, no,  no,  no",
        "22012,    0, no,  no,  no",
        "'',       0, no,  no,  no"
    })
    void theCodeDecides(String state, int code, String postgreSql, String mySql, String sqlServer) {
        SQLException e = new SQLException("lost", state.isEmpty() ? null : state, code);

        assertThat(POSTGRESQL.test(e)).isEqualTo(postgreSql.equals("yes"));
        assertThat(MYSQL.test(e)).isEqualTo(mySql.equals("yes"));
        assertThat(SQL_SERVER.test(e)).isEqualTo(sqlServer.equals("yes"));
    }

    @Test
    void anExceptionThatWrapsTheDatabasesIsJudgedByIt() {
        Exception wrapped = new IllegalStateException("mapper", new IOException(new SQLException("x", "40001")));

        assertThat(POSTGRESQL.test(wrapped)).isTrue();
        assertThat(POSTGRESQL.test(new IllegalStateException("40001"))).isFalse();
    }

    @Test
    void theLastFailureIsThrownWithAllBeforeItSuppressed() {
        RetryTemplate template = template(e -> true, 3);

        assertThatThrownBy(() -> template.run(failing("first", "second", "third")))
                .isInstanceOf(IOException.class)
                .hasMessage("third")
                .satisfies(e -> assertThat(e.getSuppressed())
                        .extracting(Throwable::getMessage)
                        .containsExactly("first", "second"));
        assertThat(pauses).containsExactly(1, 2);
    }

    @Test
    void theSameExceptionInEachAttemptIsThrownAsItIs() {
        IOException always = new IOException("always");

        assertThatThrownBy(() -> template(e -> true, 3).run((Transaction<Void, IOException>) afterCommit -> {
                    throw always;
                }))
                .isSameAs(always);
        assertThat(pauses).containsExactly(1, 2);
    }

    @Test
    void whatIsNotWorthARetryEndsItAlsoAfterALostAttempt() {
        RetryTemplate template = template(e -> e.getMessage().equals("lost"), 9);

        assertThatThrownBy(() -> template.run(failing("lost", "broken", "never reached")))
                .hasMessage("broken")
                .satisfies(e -> assertThat(e.getSuppressed()).hasSize(1));
        assertThat(pauses).containsExactly(1);
    }

    @Test
    void anErrorOfTheJvmIsNoLostAttemptAndKeepsTheLostOnes() {
        RetryTemplate template = template(e -> true, 9);

        assertThatThrownBy(() -> template.run((Transaction<Void, IOException>) afterCommit -> {
                    if (pauses.isEmpty()) {
                        throw new IOException("first");
                    }
                    throw new StackOverflowError("second");
                }))
                .isInstanceOf(StackOverflowError.class)
                .satisfies(e -> assertThat(e.getSuppressed()).hasSize(1));
    }

    @Test
    void anUnknownCommitIsNotRunAgainWhateverIsWorthARetry() {
        RetryTemplate template = template(e -> true, 9);
        SQLException unknown = new UnknownCommitException(new SQLException("broken pipe", "08006"));

        assertThatThrownBy(() -> template.run((Transaction<Void, SQLException>) afterCommit -> {
                    throw unknown;
                }))
                .isSameAs(unknown);
        assertThatThrownBy(() -> template.run((Transaction<Void, RuntimeException>) afterCommit -> {
                    throw new IllegalStateException("mapper", unknown);
                }))
                .hasCause(unknown);
        assertThat(pauses).isEmpty();
    }

    @Test
    void effectsOfTheCommittedAttemptRunInOrderAndNoOthers() throws Exception {
        Done<String> done = template(e -> true, 3).run((Transaction<String, IOException>) afterCommit -> {
            int attempt = pauses.size() + 1;
            afterCommit.then(() -> log.add("mail " + attempt));
            afterCommit.then(() -> log.add("print " + attempt));
            log.add("attempt " + attempt);
            if (attempt == 1) {
                throw new IOException("lost");
            }
            return "value";
        });

        assertThat(log).containsExactly("attempt 1", "attempt 2", "mail 2", "print 2");
        assertThat(done).isEqualTo(new Done<>("value", 2));
    }

    @Test
    void anEffectThatFailsStopsNoOtherAndSaysThatTheTransactionIsCommitted() {
        assertThatThrownBy(() -> template(e -> true, 9).run((Transaction<String, IOException>) afterCommit -> {
                    log.add("attempt");
                    afterCommit.then(() -> {
                        throw new IOException("no mail server");
                    });
                    afterCommit.then(() -> log.add("print"));
                    afterCommit.then(() -> {
                        throw new IllegalStateException("no cache");
                    });
                    return "value";
                }))
                .isInstanceOfSatisfying(AfterCommitException.class, e -> {
                    assertThat(e.done()).isEqualTo(new Done<>("value", 1));
                    assertThat(e).hasMessageContaining("is committed").hasRootCauseMessage("no mail server");
                    assertThat(e.getSuppressed())
                            .extracting(Throwable::getMessage)
                            .containsExactly("no cache");
                });
        assertThat(log).containsExactly("attempt", "print");
    }

    @Test
    void aConnectionThatCannotBeGivenBackAfterTheCommitIsNoReasonToCommitAgain() {
        Connection connection = (Connection) Proxy.newProxyInstance(
                getClass().getClassLoader(), new Class<?>[] {Connection.class}, (proxy, method, arguments) -> {
                    log.add(method.getName());
                    if (method.getName().equals("close")) {
                        throw new SQLException("broken pipe", "08006");
                    }
                    return null;
                });

        assertThatThrownBy(() -> template(POSTGRESQL, 9).run(Steps.of(() -> connection), (c, afterCommit) -> null))
                .isInstanceOf(AfterCommitException.class)
                .hasRootCauseMessage("broken pipe");
        assertThat(log).containsExactly("setAutoCommit", "commit", "close");
    }

    @Test
    void anInterruptedEffectLeavesTheThreadInterrupted() {
        assertThatThrownBy(() -> template(e -> true, 9).run((Transaction<String, IOException>) afterCommit -> {
                    afterCommit.then(() -> {
                        throw new InterruptedException();
                    });
                    return "value";
                }))
                .isInstanceOf(AfterCommitException.class);
        assertThat(Thread.interrupted()).isTrue();
    }

    @Test
    void anInterruptDuringAnAttemptEndsItBeforeTheNextOne() {
        assertThatThrownBy(() -> template(e -> true, 9).run((Transaction<String, IOException>) afterCommit -> {
                    log.add("attempt");
                    Thread.currentThread().interrupt();
                    throw new IOException("lost");
                }))
                .isInstanceOf(InterruptedException.class)
                .satisfies(e -> assertThat(e.getSuppressed())
                        .extracting(Throwable::getMessage)
                        .containsExactly("lost"));
        assertThat(log).containsExactly("attempt");
        assertThat(pauses).isEmpty();
        assertThat(Thread.interrupted()).isFalse();
    }

    @Test
    void anInterruptDuringThePauseEndsIt() throws InterruptedException {
        RetryTemplate patient =
                new RetryTemplate(e -> true, 9, Backoff.jittered(Long.MAX_VALUE / 4, Long.MAX_VALUE / 2));
        FutureTask<Done<Void>> run = new FutureTask<>(() -> patient.run(failing("lost", "never reached")));
        Thread thread = new Thread(run);
        thread.start();
        Awaitility.await().atMost(30, TimeUnit.SECONDS).until(() -> thread.getState() == Thread.State.TIMED_WAITING);

        thread.interrupt();

        assertThatThrownBy(() -> run.get(30, TimeUnit.SECONDS))
                .isInstanceOf(ExecutionException.class)
                .cause()
                .isInstanceOf(InterruptedException.class)
                .satisfies(e -> assertThat(e.getSuppressed())
                        .extracting(Throwable::getMessage)
                        .containsExactly("lost"));
    }

    @ParameterizedTest
    @CsvSource({
        "10, 1000, 1, 10",
        "10, 1000, 2, 20",
        "10, 1000, 5, 160",
        "10, 1000, 8, 1000",
        "10, 1000, 2000000000, 1000"
    })
    void thePauseIsARandomPartOfATimeThatDoublesUpToItsLimit(long first, long longest, int lost, long ceiling) {
        assertThat(Backoff.ceiling(first, longest, lost)).isEqualTo(ceiling);
    }

    @Test
    void badArgumentsAreRefused() {
        assertThatIllegalArgumentException().isThrownBy(() -> template(null, 1)).withMessageContaining("given");
        assertThatIllegalArgumentException().isThrownBy(() -> new RetryTemplate(e -> true, 1, null));
        assertThatIllegalArgumentException()
                .isThrownBy(() -> template(e -> true, 0))
                .withMessageContaining("not 0");
        assertThatIllegalArgumentException().isThrownBy(() -> Backoff.jittered(0, 10));
        assertThatIllegalArgumentException().isThrownBy(() -> Backoff.jittered(11, 10));
    }

    private RetryTemplate template(Predicate<Exception> worthARetry, int maxAttempts) {
        return new RetryTemplate(worthARetry, maxAttempts, pauses::add);
    }

    /** Fails in each attempt with the next message. */
    private static Transaction<Void, IOException> failing(String... messages) {
        List<String> next = new ArrayList<>(List.of(messages));
        return afterCommit -> {
            if (next.isEmpty()) {
                throw new AssertionError("an attempt too many");
            }
            throw new IOException(next.remove(0));
        };
    }
}
