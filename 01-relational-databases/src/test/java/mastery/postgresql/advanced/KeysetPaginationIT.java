package mastery.postgresql.advanced;

import static mastery.postgresql.advanced.KeysetPagination.AFTER_CURSOR;
import static mastery.postgresql.advanced.KeysetPagination.AFTER_OFFSET;
import static mastery.postgresql.advanced.KeysetPagination.pageAfter;
import static mastery.postgresql.advanced.KeysetPagination.pageAtOffset;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.List;
import mastery.postgresql.advanced.KeysetPagination.Article;
import mastery.postgresql.advanced.KeysetPagination.Cursor;
import mastery.support.junit.OnPostgreSql;
import mastery.support.junit.Prepare;
import mastery.support.plan.Plan;
import mastery.support.plan.PostgreSqlPlans;
import org.junit.jupiter.api.Test;

@OnPostgreSql
class KeysetPaginationIT {

    private static final int ARTICLES = 100_000;
    private static final int DEEP = 90_000;
    private static final int SIZE = 20;

    @Prepare
    static void prepare(Connection connection) throws SQLException {
        KeysetPagination.createSchema(connection);
        KeysetPagination.fill(connection, ARTICLES);
    }

    @Test
    void aDeepKeysetPageReadsItsOwnRowsOnly(Connection connection) throws SQLException {
        Plan plan = explainAfter(connection, cursorAt(connection, DEEP));

        assertThat(plan.find("Index Scan").index()).hasValue("article_newest");
        assertThat(plan.find("Index Scan").totalRows()).isEqualTo(SIZE);
        assertThat(plan.find("Index Scan").totalRemovedByFilter()).isZero();
        assertThat(plan.has("Sort")).isFalse();
    }

    @Test
    void aDeepOffsetPageReadsEveryRowBeforeIt(Connection connection) throws SQLException {
        Plan plan = PostgreSqlPlans.analyze(connection, AFTER_OFFSET, SIZE, DEEP);

        assertThat(plan.find("Limit").totalRows()).isEqualTo(SIZE);
        assertThat(plan.find("Limit").children().get(0).totalRows()).isEqualTo(DEEP + SIZE);
    }

    @Test
    void depthCostsOffsetBlocksAndTheKeysetNone(Connection connection) throws SQLException {
        Plan firstKeyset = explainAfter(connection, Cursor.START);
        Plan deepKeyset = explainAfter(connection, cursorAt(connection, DEEP));
        Plan deepOffset = PostgreSqlPlans.analyze(connection, AFTER_OFFSET, SIZE, DEEP);

        // a page may lie across the border of two blocks, in the index and in the table
        assertThat(deepKeyset.blocks()).isBetween(1L, firstKeyset.blocks() + 2);
        assertThat(deepOffset.blocks()).isGreaterThan(50 * deepKeyset.blocks());
    }

    @Test
    void withoutItsIndexTheKeysetReadsTheTable(Connection connection) throws SQLException {
        Cursor deep = cursorAt(connection, DEEP);
        execute(connection, "drop index article_newest");

        Plan plan = explainAfter(connection, deep);

        assertThat(plan.has("Index Scan")).isFalse();
        assertThat(plan.find("Seq Scan").totalRows()).isEqualTo(ARTICLES - DEEP);
        assertThat(plan.find("Seq Scan").totalRemovedByFilter()).isEqualTo(DEEP);
    }

    @Test
    void keysetAndOffsetGiveTheSamePage(Connection connection) throws SQLException {
        assertThat(pageAfter(connection, Cursor.START, SIZE)).isEqualTo(pageAtOffset(connection, 0, SIZE));
        assertThat(pageAfter(connection, cursorAt(connection, DEEP), SIZE))
                .hasSize(SIZE)
                .isEqualTo(pageAtOffset(connection, DEEP, SIZE));
    }

    @Test
    void anArticlePublishedBetweenTwoPagesRepeatsARowOnlyWithOffset(Connection connection) throws SQLException {
        List<Article> first = pageAfter(connection, Cursor.START, SIZE);
        Article last = first.get(SIZE - 1);
        execute(connection, "insert into article (published_at, title) values (now() + interval '1 year', 'News')");

        assertThat(pageAtOffset(connection, SIZE, SIZE)).contains(last);
        assertThat(pageAfter(connection, last.cursor(), SIZE)).hasSize(SIZE).doesNotContainAnyElementsOf(first);
    }

    @Test
    void anArticleWithdrawnBetweenTwoPagesHidesARowOnlyFromOffset(Connection connection) throws SQLException {
        List<Article> first = pageAfter(connection, Cursor.START, SIZE);
        Article next = pageAtOffset(connection, SIZE, 1).get(0);
        execute(connection, "delete from article where id = " + first.get(0).id());

        assertThat(pageAtOffset(connection, SIZE, SIZE)).doesNotContain(next);
        assertThat(pageAfter(connection, first.get(SIZE - 1).cursor(), SIZE)).startsWith(next);
    }

    @Test
    void theKeysetVisitsEveryArticleOnceAlthoughTimesTie(Connection connection) throws SQLException {
        // three articles share each minute and 1,000 is no multiple of three: pages end inside of ties
        int pageSize = 1_000;
        long previous = Long.MAX_VALUE;
        int visited = 0;
        List<Article> page = pageAfter(connection, Cursor.START, pageSize);
        while (!page.isEmpty()) {
            for (Article article : page) {
                assertThat(article.id()).isLessThan(previous);
                previous = article.id();
            }
            visited += page.size();
            page = pageAfter(connection, page.get(page.size() - 1).cursor(), pageSize);
        }

        assertThat(visited).isEqualTo(ARTICLES);
    }

    @Test
    void aPageThatCannotBeIsRefusedBeforeAnyStatement(Connection connection) throws SQLException {
        connection.close(); // a statement would fail with an SQLException

        assertThatThrownBy(() -> pageAfter(connection, null, SIZE))
                .isInstanceOf(NullPointerException.class)
                .hasMessageContaining("Cursor.START");
        assertThatThrownBy(() -> new Cursor(null, 1)).hasMessage("publishedAt");
        assertThatThrownBy(() -> pageAfter(connection, Cursor.START, 0))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("not 0");
        assertThatThrownBy(() -> pageAtOffset(connection, -1, SIZE))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("-1");
    }

    private static Plan explainAfter(Connection connection, Cursor cursor) throws SQLException {
        return PostgreSqlPlans.analyze(connection, AFTER_CURSOR, cursor.publishedAt(), cursor.id(), SIZE);
    }

    /** The cursor behind which the page at this offset begins. */
    private static Cursor cursorAt(Connection connection, int offset) throws SQLException {
        return pageAtOffset(connection, offset - 1, 1).get(0).cursor();
    }

    private static void execute(Connection connection, String sql) throws SQLException {
        try (Statement statement = connection.createStatement()) {
            statement.execute(sql);
        }
    }
}
