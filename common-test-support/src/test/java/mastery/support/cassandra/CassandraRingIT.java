package mastery.support.cassandra;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import com.datastax.oss.driver.api.core.ConsistencyLevel;
import com.datastax.oss.driver.api.core.CqlSession;
import com.datastax.oss.driver.api.core.cql.ResultSet;
import com.datastax.oss.driver.api.core.cql.SimpleStatement;
import com.datastax.oss.driver.api.core.cql.TraceEvent;
import com.datastax.oss.driver.api.core.servererrors.UnavailableException;
import java.net.InetSocketAddress;
import java.time.Duration;
import mastery.support.junit.OnCassandra;
import mastery.support.server.Node;
import org.junit.jupiter.api.Test;

@OnCassandra(topology = OnCassandra.Topology.RING)
class CassandraRingIT {

    private static final Duration LIMIT = Duration.ofSeconds(90);

    @Test
    void everyNodeOwnsAThirdOfTheTokens(CqlSession session) {
        var tokenMap = session.getMetadata().getTokenMap().orElseThrow();
        assertThat(session.getMetadata().getNodes().values())
                .hasSize(3)
                .allSatisfy(node -> assertThat(tokenMap.getTokens(node)).hasSize(4));
    }

    @Test
    void aSessionOfANodeIsCoordinatedByThatNode(CassandraRing ring, CassandraKeyspace keyspace) {
        for (Node node : ring.nodes()) {
            try (CqlSession session = ring.newSession(node, keyspace.name())) {
                for (int i = 0; i < 6; i++) {
                    ResultSet rows = session.execute("SELECT release_version FROM system.local");
                    assertThat(((InetSocketAddress) rows.getExecutionInfo()
                                            .getCoordinator()
                                            .getEndPoint()
                                            .resolve())
                                    .getPort())
                            .isEqualTo(node.port());
                }
            }
        }
    }

    @Test
    void aKilledNodeIsMissedAndGetsWhatItMissed(CqlSession session, CassandraRing ring, CassandraKeyspace keyspace) {
        session.execute("CREATE TABLE items (id int PRIMARY KEY)");
        ring.awaitSchemaAgreement();
        Node last = ring.nodes().get(2);
        last.kill();
        ring.awaitAlive(2);
        SimpleStatement atAll = SimpleStatement.newInstance("INSERT INTO items (id) VALUES (1)")
                .setConsistencyLevel(ConsistencyLevel.ALL);
        assertThatThrownBy(() -> session.execute(atAll))
                .isInstanceOfSatisfying(
                        UnavailableException.class,
                        refusal -> assertThat(refusal.getAlive()).isEqualTo(2));
        session.execute("INSERT INTO items (id) VALUES (2)");
        last.start();
        ring.awaitAlive(3);
        try (CqlSession there = ring.newSession(last, keyspace.name())) {
            await("the hint for " + last).atMost(LIMIT).until(() -> hasOfItsOwn(there, 2));
        }
        session.execute(atAll);
    }

    /** Whether the session's node finds the row without asking another. */
    private static boolean hasOfItsOwn(CqlSession there, int id) {
        ResultSet rows = there.execute(SimpleStatement.newInstance("SELECT id FROM items WHERE id = ?", id)
                .setConsistencyLevel(ConsistencyLevel.LOCAL_ONE)
                .setTracing(true));
        long nodesThatRead = rows.getExecutionInfo().getQueryTrace().getEvents().stream()
                .map(TraceEvent::getSourceAddress)
                .distinct()
                .count();
        return rows.one() != null && nodesThatRead == 1;
    }

    @Test
    void whatATestLeftStoppedIsStartedForTheNext(CassandraRing ring) {
        ring.nodes().get(1).stop();
        ring.nodes().get(2).pause();
        try (CassandraKeyspace keyspace = ring.newKeyspace();
                CqlSession session = keyspace.newSession()) {
            assertThat(ring.nodes()).allMatch(Node::isRunning);
            SimpleStatement ofAll = SimpleStatement.newInstance(
                            "SELECT role FROM system_auth.roles WHERE role = 'nobody'")
                    .setConsistencyLevel(ConsistencyLevel.ALL);
            assertThat(session.execute(ofAll).all()).isEmpty();
        }
    }

    @Test
    void aPausedNodeIsMissedAndGoesOn(CqlSession session, CassandraRing ring) {
        Node last = ring.nodes().get(2);
        last.pause();
        awaitAliveOfTheOthers(ring, last);
        last.resume();
        ring.awaitAlive(3);
        assertThat(session.execute("SELECT release_version FROM system.local").one())
                .isNotNull();
    }

    private static void awaitAliveOfTheOthers(CassandraRing ring, Node paused) {
        ring.nodes().stream().filter(node -> node != paused).forEach(node -> ring.awaitAlive(node, 2));
    }

    @Test
    void aStoppedNodeIsMissedAtOnceAndMayRestart(CqlSession session, CassandraRing ring) {
        Node last = ring.nodes().get(2);
        last.stop();
        ring.awaitAlive(2);
        last.start();
        ring.awaitAlive(3);
        assertThat(session.execute("SELECT release_version FROM system.local").one())
                .isNotNull();
    }
}
