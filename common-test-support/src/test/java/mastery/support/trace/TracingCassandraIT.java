package mastery.support.trace;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.datastax.oss.driver.api.core.CqlSession;
import com.datastax.oss.driver.api.core.cql.BatchStatement;
import com.datastax.oss.driver.api.core.cql.DefaultBatchType;
import com.datastax.oss.driver.api.core.cql.PreparedStatement;
import com.datastax.oss.driver.api.core.cql.SimpleStatement;
import com.datastax.oss.driver.api.core.servererrors.InvalidQueryException;
import java.util.ArrayList;
import java.util.List;
import mastery.support.junit.OnCassandra;
import org.junit.jupiter.api.Test;

@OnCassandra
class TracingCassandraIT {

    private final List<TraceEvent.Statement> events = new ArrayList<>();
    private final Trace trace = new Trace(event -> events.add((TraceEvent.Statement) event));

    @Test
    void everyRequestIsAnEventWithItsBindsRowsAndTime(CqlSession session) {
        CqlSession traced = TracedCassandra.of(session, null, trace);
        traced.execute("CREATE TABLE items (id int PRIMARY KEY, name text)");
        PreparedStatement insert = traced.prepare("INSERT INTO items (id, name) VALUES (?, ?)");
        traced.execute(insert.bind(1, "one"));
        traced.execute(insert.boundStatementBuilder().setInt("id", 2).build());
        traced.executeAsync("SELECT id FROM items WHERE id = ?", 1)
                .toCompletableFuture()
                .join();
        traced.execute("SELECT id FROM items").all();

        assertThat(events).hasSize(5).allSatisfy(event -> {
            assertThat(event.language()).isEqualTo("cql");
            assertThat(event.nanos()).isPositive();
            assertThat(event.roundTrips()).isEqualTo(1);
            assertThat(event.error()).isNull();
        });
        assertThat(events.get(1).text()).isEqualTo("INSERT INTO items (id, name) VALUES (?, ?)");
        assertThat(events.get(1).binds()).containsExactly(List.of(1, "one"));
        assertThat(events.get(1).rowsReturned()).isNull();
        assertThat(events.get(2).binds()).containsExactly(List.of(2, "UNSET"));
        assertThat(events.get(3).rowsReturned()).isEqualTo(1);
        assertThat(events.get(4).rowsReturned()).isEqualTo(2);
    }

    @Test
    void aBatchIsOneEventWithAllItsStatements(CqlSession session) {
        session.execute("CREATE TABLE items (id int PRIMARY KEY)");
        SimpleStatement one = SimpleStatement.newInstance("INSERT INTO items (id) VALUES (?)", 1);
        SimpleStatement two = SimpleStatement.newInstance("INSERT INTO items (id) VALUES (?)", 2);
        TracedCassandra.of(session, null, trace)
                .execute(BatchStatement.newInstance(DefaultBatchType.UNLOGGED, one, two));
        assertThat(events).hasSize(1);
        assertThat(events.get(0).text().lines())
                .containsExactly(
                        "BEGIN UNLOGGED BATCH",
                        "  INSERT INTO items (id) VALUES (?);",
                        "  INSERT INTO items (id) VALUES (?);",
                        "APPLY BATCH");
        assertThat(events.get(0).binds()).containsExactly(List.of(1, 2));
    }

    @Test
    void aRefusalIsAnEventWithItsName(CqlSession session) {
        CqlSession traced = TracedCassandra.of(session, "left", trace);
        assertThatThrownBy(() -> traced.execute("SELECT id FROM missing")).isInstanceOf(InvalidQueryException.class);
        assertThat(events).singleElement().satisfies(event -> {
            assertThat(event.label()).isEqualTo("left");
            assertThat(event.error().sqlState()).isEqualTo("InvalidQuery");
            assertThat(event.error().message()).contains("missing");
        });
    }
}
