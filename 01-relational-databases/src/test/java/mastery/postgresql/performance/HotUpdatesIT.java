package mastery.postgresql.performance;

import static mastery.postgresql.performance.HotUpdates.BRIN_ON_CHANGED_COLUMN;
import static mastery.postgresql.performance.HotUpdates.INDEX_ON_CHANGED_COLUMN;
import static mastery.postgresql.performance.HotUpdates.primaryKeyBlocks;
import static mastery.postgresql.performance.HotUpdates.touch;
import static mastery.postgresql.performance.HotUpdates.updates;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.time.OffsetDateTime;
import mastery.postgresql.performance.HotUpdates.Updates;
import mastery.support.junit.OnPostgreSql;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.Test;

/** Every fourth of 20,000 visitors is touched, which needs a quarter of a page more in each page. */
@OnPostgreSql
class HotUpdatesIT {

    private static final int VISITORS = 20_000;
    private static final int TOUCHED = VISITORS / 4;
    /** A page has room for 150 of these rows, of which every fourth is touched. */
    private static final int OF_ONE_PAGE = 40;

    private static final OffsetDateTime SEEN = OffsetDateTime.parse("2026-01-02T00:00Z");

    @Test
    void withRoomInThePageEveryUpdateIsHotAndNoIndexGrows(Connection connection) throws SQLException {
        fill(connection, 70);
        int before = primaryKeyBlocks(connection);

        assertThat(touch(connection, SEEN)).isEqualTo(TOUCHED);

        assertThat(updates(connection)).isEqualTo(new Updates(TOUCHED, TOUCHED, 0));
        assertThat(primaryKeyBlocks(connection)).isEqualTo(before);
    }

    @Test
    void withoutRoomTheNewVersionGoesToAnotherPageAndEveryIndexGrows(Connection connection) throws SQLException {
        fill(connection, 100);
        int before = primaryKeyBlocks(connection);

        touch(connection, SEEN);

        assertThat(updates(connection)).isEqualTo(new Updates(TOUCHED, 0, TOUCHED));
        assertThat(primaryKeyBlocks(connection)).isGreaterThan(before);
    }

    @Test
    void anIndexOnTheChangedColumnMakesEveryIndexGrow(Connection connection) throws SQLException {
        fill(connection, 70);
        execute(connection, INDEX_ON_CHANGED_COLUMN);
        int before = primaryKeyBlocks(connection);

        touch(connection, SEEN);

        assertThat(updates(connection)).isEqualTo(new Updates(TOUCHED, 0, 0));
        assertThat(primaryKeyBlocks(connection)).isGreaterThan(before * 3 / 2);
    }

    @Test
    void aBrinIndexOnTheChangedColumnDoesNotHinderHot(Connection connection) throws SQLException {
        fill(connection, 70);
        execute(connection, BRIN_ON_CHANGED_COLUMN);

        touch(connection, SEEN);

        assertThat(updates(connection)).isEqualTo(new Updates(TOUCHED, TOUCHED, 0));
    }

    @Test
    void aColumnThatIsSetToTheValueItHasCountsAsUnchanged(Connection connection) throws SQLException {
        fill(connection, 70);
        execute(connection, "create index visitor_name on visitor (name)");

        execute(connection, "update visitor set id = id, name = name, last_seen = now() where id % 4 = 0");

        assertThat(updates(connection)).isEqualTo(new Updates(TOUCHED, TOUCHED, 0));
    }

    @Test
    void theConditionOfAPartialIndexCountsAsIndexed(Connection connection) throws SQLException {
        fill(connection, 70);
        execute(connection, "create index visitor_gone on visitor (name) where last_seen < '2020-01-01 00:00Z'");

        touch(connection, SEEN);

        // no row is in that index before or after, and no update is HOT
        assertThat(updates(connection)).isEqualTo(new Updates(TOUCHED, 0, 0));
    }

    @Test
    void aHotVersionIsReachedThroughTheOldOneInTheSamePage(Connection connection) throws SQLException {
        fill(connection, 70);
        execute(connection, "create extension pageinspect");

        touch(connection, SEEN);

        // t_infomask2: 0x4000 on a version that was updated HOT, 0x8000 on the one that no index entry points to;
        // looked at before any read of the page, which would clear the old versions away
        String versions =
                "select count(*) from heap_page_items(get_raw_page('visitor', 0)) where t_infomask2 & %d <> 0";
        long updated = number(connection, versions.formatted(0x4000));
        long heapOnly = number(connection, versions.formatted(0x8000));
        assertThat(updated)
                .isEqualTo(number(connection, "select count(*) from visitor where id % 4 = 0 and ctid < '(1,0)'"))
                .isGreaterThan(20);
        assertThat(heapOnly).isEqualTo(updated);
    }

    @Test
    void whoReadsAPageNextClearsTheOldHotVersionsAway(Connection connection) throws SQLException {
        fill(connection, 70);
        execute(connection, "create extension pgstattuple");
        touch(connection, SEEN);
        assertThat(deadVersions(connection)).isEqualTo(TOUCHED);

        // a transaction in another database can make the server wait before it lets go of old versions
        Awaitility.await("reading the table clears it")
                .atMost(Duration.ofSeconds(60))
                .until(() -> {
                    number(connection, "select count(*) from visitor");
                    return deadVersions(connection) < OF_ONE_PAGE;
                });
        touch(connection, SEEN.plusDays(1));

        assertThat(updates(connection)).isEqualTo(new Updates(2 * TOUCHED, 2 * TOUCHED, 0));
        assertThat(number(connection, """
                        select vacuum_count + autovacuum_count from pg_stat_user_tables where relname = 'visitor'
                        """)).isZero();
    }

    @Test
    void aLaterFillfactorChangesNewPagesOnly(Connection connection) throws SQLException {
        fill(connection, 100);
        execute(connection, "alter table visitor set (fillfactor = 70)");

        touch(connection, SEEN);

        // those in the last page, which was not full
        assertThat(updates(connection).hot()).isLessThan(OF_ONE_PAGE);
    }

    @Test
    void aLaterFillfactorCountsOnceVacuumFullHasRewrittenTheTable(Connection connection) throws SQLException {
        fill(connection, 100);
        execute(connection, "alter table visitor set (fillfactor = 70)");
        execute(connection, "vacuum full visitor");

        touch(connection, SEEN);

        assertThat(updates(connection)).isEqualTo(new Updates(TOUCHED, TOUCHED, 0));
    }

    @Test
    void badInputIsRefusedBeforeAnyStatement(Connection connection) throws SQLException {
        connection.close(); // a statement would fail with an SQLException

        for (int fillfactor : new int[] {9, 101, -1}) {
            assertThatThrownBy(() -> HotUpdates.createSchema(connection, fillfactor))
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessageContaining("not " + fillfactor);
        }
    }

    @Test
    void aVisitWithoutATimeIsRefusedAndChangesNothing(Connection connection) throws SQLException {
        fill(connection, 70);

        assertThatThrownBy(() -> touch(connection, null)).hasMessage("seen");
        assertThat(updates(connection)).isEqualTo(new Updates(0, 0, 0));
    }

    private static void fill(Connection connection, int fillfactor) throws SQLException {
        HotUpdates.createSchema(connection, fillfactor);
        // VACUUM would clear old versions away, and what clears them is the subject
        execute(connection, "alter table visitor set (autovacuum_enabled = off)");
        HotUpdates.fill(connection, VISITORS);
    }

    private static long deadVersions(Connection connection) throws SQLException {
        return number(connection, "select dead_tuple_count from pgstattuple('visitor')");
    }

    private static long number(Connection connection, String sql) throws SQLException {
        try (Statement statement = connection.createStatement();
                ResultSet row = statement.executeQuery(sql)) {
            row.next();
            return row.getLong(1);
        }
    }

    private static void execute(Connection connection, String sql) throws SQLException {
        try (Statement statement = connection.createStatement()) {
            statement.execute(sql);
        }
    }
}
