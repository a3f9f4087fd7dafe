package mastery.cassandra.clustering;

import com.datastax.oss.driver.api.core.AllNodesFailedException;
import com.datastax.oss.driver.api.core.ConsistencyLevel;
import com.datastax.oss.driver.api.core.CqlSession;
import com.datastax.oss.driver.api.core.DriverException;
import com.datastax.oss.driver.api.core.cql.SimpleStatement;
import com.datastax.oss.driver.api.core.servererrors.UnavailableException;
import java.util.List;
import java.util.Optional;
import mastery.support.cassandra.CassandraRing;
import mastery.support.trace.Story;

/**
 * The consistency level of a request says how many of its replicas must be up, so with three replicas QUORUM works with
 * one node down and ONE with two.
 *
 * <p><b>When:</b> QUORUM for writes and reads where a reader must see what was written, and one node may be missing.
 * <b>Not:</b> ALL, which turns each restart of a node into an outage; and ONE where an old value does harm.
 * <b>Costs:</b> the slowest replica that is waited for: one at ONE, two of three at QUORUM, the last at ALL.
 * <b>Needs:</b> three replicas; with two, a quorum is two, and no node may be missing.
 *
 * <p>When too few replicas are known to be up, the coordinator refuses at once and nothing is written: {@code Unavailable}
 * names how many were required and how many were alive. Until it knows that a node is gone, some ten seconds after a crash,
 * it waits for that node and ends in a timeout, after which nobody knows whether the write happened. The driver asks a
 * second coordinator before it reports the refusal; with one node left it reports {@code AllNodesFailedException}, with the
 * refusal inside. Source: Cassandra documentation, "Dynamo: tunable consistency"; driver manual, "Retries".
 */
public final class ConsistencyWithNodeDown {

    /**
     * What came of a request.
     *
     * @param answered whether enough replicas were up
     * @param required replicas that the consistency level asks for; 0 when it was answered
     * @param alive replicas that were up; 0 when it was answered
     */
    public record Outcome(ConsistencyLevel level, boolean answered, int required, int alive) {}

    private ConsistencyWithNodeDown() {}

    /** A table in the session's keyspace, which decides on the number of replicas. */
    public static void createTable(CqlSession session) {
        session.execute("CREATE TABLE balances (account text PRIMARY KEY, cents bigint)");
    }

    /**
     * Writes a balance if enough replicas are up for the level.
     *
     * @throws IllegalArgumentException without an account
     */
    public static Outcome write(CqlSession session, ConsistencyLevel level, String account, long cents) {
        requireAccount(account);
        return attempt(
                session,
                level,
                SimpleStatement.newInstance("INSERT INTO balances (account, cents) VALUES (?, ?)", account, cents));
    }

    /**
     * The balance, if there is one.
     *
     * @throws DriverException when fewer replicas are up than the level requires: {@link UnavailableException}, or
     *     {@link AllNodesFailedException} around it when no second coordinator is left to ask
     */
    public static Optional<Long> read(CqlSession session, ConsistencyLevel level, String account) {
        requireAccount(account);
        SimpleStatement query = SimpleStatement.newInstance("SELECT cents FROM balances WHERE account = ?", account);
        return Optional.ofNullable(
                        session.execute(query.setConsistencyLevel(level)).one())
                .map(row -> row.getLong("cents"));
    }

    /** The same write at each level. */
    public static List<Outcome> writeAtEachLevel(CqlSession session, String account, long cents) {
        return List.of(
                write(session, ConsistencyLevel.ONE, account, cents),
                write(session, ConsistencyLevel.QUORUM, account, cents),
                write(session, ConsistencyLevel.ALL, account, cents));
    }

    private static Outcome attempt(CqlSession session, ConsistencyLevel level, SimpleStatement statement) {
        try {
            session.execute(statement.setConsistencyLevel(level));
            return new Outcome(level, true, 0, 0);
        } catch (UnavailableException | AllNodesFailedException failure) {
            UnavailableException refusal = refusal(failure);
            return new Outcome(level, false, refusal.getRequired(), refusal.getAlive());
        }
    }

    /** The refusal itself, or that of the last coordinator: the driver asks a second one, and says so when there is none. */
    private static UnavailableException refusal(DriverException failure) {
        if (failure instanceof UnavailableException refusal) {
            return refusal;
        }
        return ((AllNodesFailedException) failure)
                .getAllErrors().values().stream()
                        .flatMap(List::stream)
                        .filter(UnavailableException.class::isInstance)
                        .map(UnavailableException.class::cast)
                        .findFirst()
                        .orElseThrow(() -> failure);
    }

    private static void requireAccount(String account) {
        if (account == null || account.isEmpty()) {
            throw new IllegalArgumentException("a balance belongs to an account");
        }
    }

    public static void main(String[] args) {
        Story.tell(ConsistencyWithNodeDown.class, story -> {
            CassandraRing ring = story.cassandraRing();
            CqlSession session = story.cassandraRingSession();
            createTable(session);
            ring.awaitSchemaAgreement();

            story.step("All three replicas are up: every level is answered.");
            story.show("", writeAtEachLevel(session, "ann", 100));

            story.step("One node is stopped: ALL is refused, the others go on.");
            ring.nodes().get(2).stop();
            ring.awaitAlive(2);
            story.show("", writeAtEachLevel(session, "ann", 200));

            story.step("Two nodes are stopped: only ONE is answered.");
            ring.nodes().get(1).stop();
            ring.awaitAlive(1);
            story.show("", writeAtEachLevel(session, "ann", 300));
            story.show("read at ONE", read(session, ConsistencyLevel.ONE, "ann"));
            story.learned("With three replicas QUORUM bears the loss of one node, ALL of none, ONE of two.");
        });
    }
}
