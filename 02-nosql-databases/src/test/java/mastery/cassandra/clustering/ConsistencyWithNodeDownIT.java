package mastery.cassandra.clustering;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.datastax.oss.driver.api.core.AllNodesFailedException;
import com.datastax.oss.driver.api.core.ConsistencyLevel;
import com.datastax.oss.driver.api.core.CqlSession;
import mastery.cassandra.clustering.ConsistencyWithNodeDown.Outcome;
import mastery.support.cassandra.CassandraKeyspace;
import mastery.support.cassandra.CassandraRing;
import mastery.support.junit.OnCassandra;
import mastery.support.server.Node;
import org.junit.jupiter.api.Test;

@OnCassandra(topology = OnCassandra.Topology.RING)
class ConsistencyWithNodeDownIT {

    private static final ConsistencyLevel ONE = ConsistencyLevel.ONE;
    private static final ConsistencyLevel QUORUM = ConsistencyLevel.QUORUM;
    private static final ConsistencyLevel ALL = ConsistencyLevel.ALL;

    @Test
    void withThreeReplicasQuorumBearsOneNodeDownAndOneBearsTwo(
            CassandraRing ring, CassandraKeyspace keyspace, CqlSession session) {
        ConsistencyWithNodeDown.createTable(session);
        ring.awaitSchemaAgreement();
        Node first = ring.nodes().get(0);
        Node second = ring.nodes().get(1);
        Node third = ring.nodes().get(2);

        assertThat(ConsistencyWithNodeDown.writeAtEachLevel(session, "ann", 100))
                .containsExactly(answered(ONE), answered(QUORUM), answered(ALL));

        third.stop();
        ring.awaitAlive(2);
        assertThat(ConsistencyWithNodeDown.writeAtEachLevel(session, "ann", 200))
                .containsExactly(answered(ONE), answered(QUORUM), new Outcome(ALL, false, 3, 2));
        assertThat(ConsistencyWithNodeDown.read(session, QUORUM, "ann")).contains(200L);

        second.stop();
        ring.awaitAlive(1);
        assertThat(ConsistencyWithNodeDown.writeAtEachLevel(session, "ann", 300))
                .containsExactly(answered(ONE), new Outcome(QUORUM, false, 2, 1), new Outcome(ALL, false, 3, 1));
        assertThat(ConsistencyWithNodeDown.read(session, ONE, "ann")).contains(300L);
        assertThatThrownBy(() -> ConsistencyWithNodeDown.read(session, QUORUM, "ann"))
                .isInstanceOf(AllNodesFailedException.class)
                .hasMessageContaining("consistency QUORUM (2 required but only 1 alive)");

        // what was refused was not written either: the level that is refused is the only difference
        assertThat(ConsistencyWithNodeDown.write(session, QUORUM, "bob", 1).answered())
                .isFalse();
        assertThat(ConsistencyWithNodeDown.read(session, ONE, "bob")).isEmpty();

        second.start();
        third.start();
        ring.awaitAlive(3);
        assertThat(ConsistencyWithNodeDown.writeAtEachLevel(session, "ann", 400))
                .containsExactly(answered(ONE), answered(QUORUM), answered(ALL));
        try (CqlSession atFirst = ring.newSession(first, keyspace.name())) {
            assertThat(ConsistencyWithNodeDown.read(atFirst, ALL, "bob")).isEmpty();
        }
    }

    @Test
    void aBalanceWithoutAnAccountIsRefusedBeforeTheServerIsAsked(CqlSession session) {
        for (String account : new String[] {null, ""}) {
            assertThatThrownBy(() -> ConsistencyWithNodeDown.write(session, ONE, account, 1))
                    .isInstanceOf(IllegalArgumentException.class);
            assertThatThrownBy(() -> ConsistencyWithNodeDown.read(session, ONE, account))
                    .isInstanceOf(IllegalArgumentException.class);
        }
    }

    private static Outcome answered(ConsistencyLevel level) {
        return new Outcome(level, true, 0, 0);
    }
}
