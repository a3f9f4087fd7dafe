package mastery.postgresql.advanced;

import static mastery.postgresql.advanced.MergeAction.ADD;
import static mastery.postgresql.advanced.MergeAction.ADD_BY_MERGE;
import static mastery.postgresql.advanced.MergeAction.add;
import static mastery.postgresql.advanced.MergeAction.sync;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.Collections;
import java.util.Map;
import java.util.TreeMap;
import javax.sql.DataSource;
import mastery.postgresql.advanced.MergeAction.Change;
import mastery.support.interleave.Blocked;
import mastery.support.interleave.Interleaving;
import mastery.support.interleave.LockView;
import mastery.support.interleave.Session;
import mastery.support.junit.OnPostgreSql;
import mastery.support.junit.Prepare;
import mastery.support.work.PostgreSqlWork;
import org.junit.jupiter.api.Test;

@OnPostgreSql
class MergeActionIT {

    private static final Map<String, Integer> FEED = Map.of("apple", 5, "kiwi", 9, "pear", 20, "plum", 1);

    @Prepare
    static void prepare(Connection connection) throws SQLException {
        MergeAction.createSchema(connection);
        try (Statement statement = connection.createStatement()) {
            statement.execute(
                    "insert into stock values ('apple', 5), ('fig', 3), ('grape', 8), ('lime', 4), ('pear', 2)");
        }
    }

    @Test
    void mergeMakesTheStockEqualToTheFeedAndSaysHow(Connection connection) throws SQLException {
        assertThat(sync(connection, FEED))
                .containsExactly(
                        new Change("DELETE", "fig", 3, null),
                        new Change("DELETE", "grape", 8, null),
                        new Change("INSERT", "kiwi", null, 9),
                        new Change("DELETE", "lime", 4, null),
                        new Change("UPDATE", "pear", 2, 20),
                        new Change("INSERT", "plum", null, 1));
        assertThat(stock(connection)).isEqualTo(FEED);
    }

    @Test
    void theServerCountsWhatMergeSays(Connection connection) throws Exception {
        PostgreSqlWork work = PostgreSqlWork.measure(connection, "stock", () -> sync(connection, FEED));

        assertThat(work.inserted()).isEqualTo(2);
        assertThat(work.deleted()).isEqualTo(3);
        assertThat(work.updated()).isEqualTo(1);
    }

    @Test
    void theSameFeedAgainWritesNothing(Connection connection) throws Exception {
        sync(connection, FEED);

        PostgreSqlWork work = PostgreSqlWork.measure(
                connection, "stock", () -> assertThat(sync(connection, FEED)).isEmpty());

        assertThat(work.inserted() + work.updated() + work.deleted()).isZero();
    }

    @Test
    void twoMergesThatInsertTheSameSkuEndWith23505(DataSource database) throws SQLException {
        try (Interleaving play = Interleaving.on(LockView.postgreSql(database))) {
            Session ann = play.session("Ann", database);
            Session bob = play.session("Bob", database);
            ann.begins();
            ann.does("delivers 7 plums", c -> add(c, ADD_BY_MERGE, "plum", 7));

            Blocked<Void> second = bob.blocks("delivers 1 plum", c -> {
                add(c, ADD_BY_MERGE, "plum", 1);
                return null;
            });
            assertThat(second.waitsFor()).isSameAs(ann);
            ann.commits();

            second.failsWith("23505");
            assertThat(bob.returns("looks", MergeActionIT::stock)).containsEntry("plum", 7);
        }
    }

    @Test
    void twoInsertsWithOnConflictOfTheSameSkuAddUp(DataSource database) throws SQLException {
        try (Interleaving play = Interleaving.on(LockView.postgreSql(database))) {
            Session ann = play.session("Ann", database);
            Session bob = play.session("Bob", database);
            ann.begins();
            ann.does("delivers 7 plums", c -> add(c, "plum", 7));

            Blocked<Void> second = bob.blocks("delivers 1 plum", c -> {
                add(c, "plum", 1);
                return null;
            });
            assertThat(second.waitsFor()).isSameAs(ann);
            ann.commits();

            second.returns();
            assertThat(bob.returns("looks", MergeActionIT::stock)).containsEntry("plum", 8);
        }
    }

    @Test
    void alreadyCommittedStockIsAddedToByBoth(Connection connection) throws SQLException {
        add(connection, ADD, "pear", 1);
        assertThat(stock(connection)).containsEntry("pear", 3);
        add(connection, ADD_BY_MERGE, "pear", 1);
        assertThat(stock(connection)).containsEntry("pear", 4);
        add(connection, ADD_BY_MERGE, "plum", 1);
        assertThat(stock(connection)).containsEntry("plum", 1);
    }

    @Test
    void aFeedThatHasASkuTwiceFails(Connection connection) throws SQLException {
        assertThatThrownBy(() -> syncTwice(connection, "pear")).satisfies(e -> state(e, "21000"));
        assertThatThrownBy(() -> syncTwice(connection, "plum")).satisfies(e -> state(e, "23505"));
    }

    @Test
    void aBadFeedIsRefusedBeforeAnythingIsWritten(Connection connection) throws SQLException {
        Map<String, Integer> before = stock(connection);

        assertThatThrownBy(() -> sync(connection, Map.of()))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("empty feed");
        assertThatThrownBy(() -> sync(connection, null)).isInstanceOf(NullPointerException.class);
        assertThatThrownBy(() -> sync(connection, Collections.singletonMap("apple", null)))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("apple = null");
        assertThatThrownBy(() -> sync(connection, Collections.singletonMap(null, 1)))
                .isInstanceOf(IllegalArgumentException.class);
        assertThatThrownBy(() -> sync(connection, Map.of(" ", 1))).isInstanceOf(IllegalArgumentException.class);
        assertThatThrownBy(() -> add(connection, "apple", -1))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("apple = -1");
        assertThat(stock(connection)).isEqualTo(before);
    }

    @Test
    void aHostileSkuIsASku(Connection connection) throws SQLException {
        String hostile = "x','y\"}; drop table stock; --{\\";
        assertThat(sync(connection, Map.of(hostile, 1))).contains(new Change("INSERT", hostile, null, 1));
        assertThat(stock(connection)).isEqualTo(Map.of(hostile, 1));
    }

    private static void syncTwice(Connection connection, String sku) throws SQLException {
        try (PreparedStatement merge = connection.prepareStatement(MergeAction.SYNC)) {
            merge.setArray(1, connection.createArrayOf("text", new String[] {sku, sku}));
            merge.setArray(2, connection.createArrayOf("int4", new Integer[] {11, 12}));
            merge.executeQuery();
        }
    }

    private static void state(Throwable failure, String sqlState) {
        assertThat(failure)
                .isInstanceOfSatisfying(
                        SQLException.class, e -> assertThat(e.getSQLState()).isEqualTo(sqlState));
    }

    private static Map<String, Integer> stock(Connection connection) throws SQLException {
        Map<String, Integer> stock = new TreeMap<>();
        try (Statement statement = connection.createStatement();
                ResultSet row = statement.executeQuery("select sku, quantity from stock")) {
            while (row.next()) {
                stock.put(row.getString(1), row.getInt(2));
            }
        }
        return stock;
    }
}
