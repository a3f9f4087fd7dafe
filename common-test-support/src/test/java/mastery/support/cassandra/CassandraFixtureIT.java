package mastery.support.cassandra;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import com.datastax.oss.driver.api.core.AllNodesFailedException;
import com.datastax.oss.driver.api.core.CqlIdentifier;
import com.datastax.oss.driver.api.core.CqlSession;
import com.datastax.oss.driver.api.core.servererrors.InvalidQueryException;
import mastery.support.junit.OnCassandra;
import mastery.support.junit.Prepare;
import mastery.support.server.Address;
import mastery.support.server.Node;
import mastery.support.server.SourceKind;
import org.junit.jupiter.api.Test;

@OnCassandra
class CassandraFixtureIT {

    @Prepare
    static void fill(CqlSession session) {
        session.execute("CREATE TABLE items (id int PRIMARY KEY)");
        session.execute("INSERT INTO items (id) VALUES (1)");
    }

    @Test
    void everyTestStartsFromThePreparedContent(CqlSession session) {
        assertThat(rows(session)).isEqualTo(1);
        session.execute("TRUNCATE items");
    }

    @Test
    void whatOneTestDeletesAnotherStillFinds(CqlSession session) {
        assertThat(rows(session)).isEqualTo(1);
        session.execute("TRUNCATE items");
    }

    @Test
    void aSessionWorksInTheKeyspaceOfItsTest(CqlSession session, CassandraKeyspace keyspace) {
        assertThat(session.getKeyspace()).contains(CqlIdentifier.fromCql(keyspace.name()));
    }

    @Test
    void aClosedKeyspaceIsGone(CqlSession session) {
        String name;
        try (CassandraKeyspace other = Cassandra.shared().newKeyspace();
                CqlSession inOther = other.newSession()) {
            name = other.name();
            assertThatThrownBy(() -> rows(inOther)).isInstanceOf(InvalidQueryException.class);
            assertThat(keyspaces(session, name)).isEqualTo(1);
        }
        assertThat(keyspaces(session, name)).isZero();
    }

    @Test
    void nobodyEntersWithTheDefaultPasswordOrWithout(Node node) {
        assumeTrue(node.source() != SourceKind.EXTERNAL);
        Address address = node.address();
        for (String password : new String[] {"cassandra", ""}) {
            assertThatThrownBy(() -> CassandraSessions.plain(address, "cassandra", password))
                    .isInstanceOf(AllNodesFailedException.class)
                    .hasMessageContaining("AuthenticationException");
        }
    }

    @Test
    void theServerTellsWhichJdkItRunsOn(Node node) {
        assumeTrue(node.source() == SourceKind.NATIVE);
        assertThat(node.build()).matches("Maven cassandra-all 5\\..* on JDK 1[17]\\..* in /.*");
        assertThat(node.version()).startsWith("5.");
    }

    private static long rows(CqlSession session) {
        return session.execute("SELECT count(*) FROM items").one().getLong(0);
    }

    private static int keyspaces(CqlSession session, String name) {
        return session.execute("SELECT keyspace_name FROM system_schema.keyspaces WHERE keyspace_name = ?", name)
                .all()
                .size();
    }
}
