package mastery.design.transactions;

import static mastery.design.transactions.Counter.sum;
import static mastery.design.transactions.Counter.written;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.sql.Connection;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Predicate;
import javax.sql.DataSource;
import mastery.design.transactions.RetryTemplate.Done;
import mastery.design.transactions.RetryTemplate.UnknownCommitException;
import mastery.support.server.Node;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** What a lost connection says about the transaction, and what becomes of the connection. */
abstract class RetryConnectionClaims {
    final Rdbms rdbms;
    final List<Integer> pauses = new ArrayList<>();
    final RetryTemplate template;
    private final Predicate<Exception> worthARetry;

    RetryConnectionClaims(Rdbms rdbms, Predicate<Exception> worthARetry) {
        this.rdbms = rdbms;
        this.worthARetry = worthARetry;
        this.template = new RetryTemplate(worthARetry, 3, pauses::add);
    }

    @BeforeEach
    void createSchema(Connection connection) throws SQLException {
        RetryTemplate.createSchema(connection);
    }

    @Test
    void theConnectionIsGivenBackBeforeWhatFollowsAndAfterAFailure(DataSource database) throws Exception {
        List<Connection> used = new ArrayList<>();
        List<Boolean> givenBack = new ArrayList<>();

        template.run(database, (connection, afterCommit) -> {
            used.add(connection);
            afterCommit.then(() -> givenBack.add(connection.isClosed()));
            return null;
        });
        assertThatThrownBy(() -> template.run(database, (connection, afterCommit) -> {
                    used.add(connection);
                    throw new IllegalStateException("sold out");
                }))
                .hasMessage("sold out");

        assertThat(givenBack).containsExactly(true);
        assertThat(used.get(1).isClosed()).isTrue();
    }

    @Test
    void aConnectionLostBeforeTheCommitIsALostAttempt(DataSource database, Connection admin) throws Exception {
        Done<Integer> done = template.run(database, (connection, afterCommit) -> {
            int hits = RetryTemplate.read(connection);
            written(connection, hits + 1);
            if (pauses.isEmpty()) {
                rdbms.kill(admin, rdbms.sessionOf(connection));
            }
            return written(connection, hits + 1);
        });

        assertThat(done).isEqualTo(new Done<>(1, 2));
        assertThat(sum(database)).isEqualTo(1);
    }

    @Test
    void aRollbackThatFailsHidesNothing(DataSource database, Connection admin) {
        SQLException business = new SQLException("sold out", "45000");

        assertThatThrownBy(() -> template.run(database, (connection, afterCommit) -> {
                    rdbms.kill(admin, rdbms.sessionOf(connection));
                    throw business;
                }))
                .isSameAs(business)
                .satisfies(e -> assertThat(e.getSuppressed()).hasSize(1));
        assertThat(business.getSuppressed()[0]).isInstanceOf(SQLException.class);
    }

    @Test
    void aCommitWhoseAnswerIsLostIsNotRunAgainAlthoughItIsDone(DataSource database, Node server) throws Exception {
        int port = server.port();
        try (CutWire wire = new CutWire(server.host(), port)) {
            isUnknown(rdbms.through(wire.port(), database), connection -> wire.loseNextAnswer());
        }

        assertThat(sum(rdbms.through(port, database))).isEqualTo(1);
    }

    @Test
    void aCommitThatNeverArrivedLooksTheSameAndIsNotDone(DataSource database, Connection admin) throws Exception {
        isUnknown(database, connection -> rdbms.kill(admin, rdbms.sessionOf(connection)));

        assertThat(sum(database)).isZero();
    }

    @FunctionalInterface
    private interface Misfortune {
        void befalls(Connection connection) throws SQLException;
    }

    private void isUnknown(DataSource database, Misfortune beforeTheCommit) {
        AtomicInteger runs = new AtomicInteger();
        List<String> mails = new ArrayList<>();

        assertThatThrownBy(() -> template.run(database, (connection, afterCommit) -> {
                    runs.incrementAndGet();
                    afterCommit.then(() -> mails.add("sent"));
                    int written = written(connection, RetryTemplate.read(connection) + 1);
                    beforeTheCommit.befalls(connection);
                    return written;
                }))
                .isInstanceOfSatisfying(UnknownCommitException.class, e -> {
                    assertThat(e.getSQLState()).isEqualTo("08007");
                    assertThat(worthARetry.test((SQLException) e.getCause())).isTrue();
                });
        assertThat(runs).hasValue(1);
        assertThat(mails).isEmpty();
    }
}
