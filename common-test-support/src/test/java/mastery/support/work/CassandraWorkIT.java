package mastery.support.work;

import static org.assertj.core.api.Assertions.assertThat;

import com.datastax.oss.driver.api.core.CqlSession;
import mastery.support.junit.OnCassandra;
import org.junit.jupiter.api.Test;

@OnCassandra
class CassandraWorkIT {

    @Test
    void readsAndWritesAreCountedTableByTable(CqlSession session) throws Exception {
        session.execute("CREATE TABLE items (id int PRIMARY KEY)");
        session.execute("CREATE TABLE others (id int PRIMARY KEY)");
        session.execute("INSERT INTO items (id) VALUES (0)");
        CassandraWork work = CassandraWork.measure(session, () -> {
            for (int id = 1; id <= 3; id++) {
                session.execute("INSERT INTO items (id) VALUES (?)", id);
            }
            session.execute("SELECT id FROM items WHERE id = 1").one();
            session.execute("SELECT id FROM items WHERE id IN (1, 2)").all();
        });
        assertThat(work.writes("items")).isEqualTo(3);
        assertThat(work.reads("items")).isEqualTo(3);
        assertThat(work.reads("others") + work.writes("others")).isZero();
    }
}
