package mastery.postgresql.advanced;

import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.OffsetDateTime;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import mastery.support.trace.Story;

/**
 * A keyset page reads its own rows and no others, however deep it lies; OFFSET reads every row before it and throws them away.
 *
 * <p><b>Use it</b> for feeds, exports and APIs that go from one page to the next: the cursor names the last row seen, so
 * rows that arrive or vanish in between shift nothing.
 *
 * <p><b>Not</b> when a reader must jump to page 4711: a keyset knows only "next" (and, mirrored, "back").
 *
 * <p><b>It costs</b> one index that has the columns of ORDER BY in that order.
 *
 * <p><b>It needs</b> an order without ties, so the key closes it; columns that are NOT NULL, because a comparison with NULL
 * drops the row; and one direction for all columns, because a row value compares them all the same way.
 */
public final class KeysetPagination {

    /** The right way: start at the cursor. The row value {@code (a, b) < (x, y)} is one range of the index. */
    static final String AFTER_CURSOR = """
            select id, published_at, title
              from article
             where (published_at, id) < (?, ?)
             order by published_at desc, id desc
             limit ?
            """;

    /** The wrong way: start at the newest article and count. */
    static final String AFTER_OFFSET = """
            select id, published_at, title
              from article
             order by published_at desc, id desc
             limit ? offset ?
            """;

    private KeysetPagination() {}

    public record Article(long id, OffsetDateTime publishedAt, String title) {
        public Cursor cursor() {
            return new Cursor(publishedAt, id);
        }
    }

    /** The place of the last article seen. The id decides between articles of the same minute. */
    public record Cursor(OffsetDateTime publishedAt, long id) {
        /** Before the newest article: the driver sends {@link OffsetDateTime#MAX} as {@code infinity}. */
        public static final Cursor START = new Cursor(OffsetDateTime.MAX, Long.MAX_VALUE);

        public Cursor {
            Objects.requireNonNull(publishedAt, "publishedAt");
        }
    }

    /** The next {@code size} articles after the cursor, newest first; empty at the end. */
    public static List<Article> pageAfter(Connection connection, Cursor cursor, int size) throws SQLException {
        Objects.requireNonNull(cursor, "cursor: the first page starts at Cursor.START");
        requirePositive(size);
        try (PreparedStatement select = connection.prepareStatement(AFTER_CURSOR)) {
            select.setObject(1, cursor.publishedAt());
            select.setLong(2, cursor.id());
            select.setInt(3, size);
            return articles(select);
        }
    }

    /** The same page by counting. */
    public static List<Article> pageAtOffset(Connection connection, long offset, int size) throws SQLException {
        if (offset < 0) {
            throw new IllegalArgumentException("offset must not be negative: " + offset);
        }
        requirePositive(size);
        try (PreparedStatement select = connection.prepareStatement(AFTER_OFFSET)) {
            select.setInt(1, size);
            select.setLong(2, offset);
            return articles(select);
        }
    }

    private static void requirePositive(int size) {
        if (size < 1) {
            throw new IllegalArgumentException("a page has at least one row, not " + size);
        }
    }

    private static List<Article> articles(PreparedStatement select) throws SQLException {
        List<Article> articles = new ArrayList<>();
        try (ResultSet row = select.executeQuery()) {
            while (row.next()) {
                articles.add(new Article(
                        row.getLong("id"),
                        row.getObject("published_at", OffsetDateTime.class),
                        row.getString("title")));
            }
        }
        return articles;
    }

    /** The table, and the index that makes the keyset cheap. Descending order reads it backwards. */
    public static void createSchema(Connection connection) throws SQLException {
        try (Statement statement = connection.createStatement()) {
            statement.execute("""
                    create table article (
                      id           bigint generated always as identity primary key,
                      published_at timestamptz not null,
                      title        text not null
                    )
                    """);
            statement.execute("create index article_newest on article (published_at, id)");
        }
    }

    /** Three articles in every minute, so that times tie; the newest has the highest id. */
    public static void fill(Connection connection, int articles) throws SQLException {
        try (PreparedStatement insert = connection.prepareStatement("""
                        insert into article (published_at, title)
                        select timestamptz '2026-01-01 00:00Z' + n / 3 * interval '1 minute', 'Article ' || n
                          from generate_series(1, ?) as n
                        """);
                Statement analyze = connection.createStatement()) {
            insert.setInt(1, articles);
            insert.executeUpdate();
            analyze.execute("analyze article");
        }
    }

    public static void main(String[] args) {
        Story.tell(KeysetPagination.class, story -> {
            try (Connection connection = story.postgresql().getConnection()) {
                story.quietly("100,000 articles, three in every minute", () -> {
                    createSchema(connection);
                    fill(connection, 100_000);
                });

                story.step("The first page starts before the newest article, the second where the first ended");
                List<Article> first = story.show("page 1", pageAfter(connection, Cursor.START, 5));
                Cursor end = first.get(4).cursor();
                story.show("page 2", pageAfter(connection, end, 5));

                story.step("90,000 articles deep: the keyset still reads 5 rows");
                Cursor deep = pageAtOffset(connection, 89_999, 1).get(0).cursor();
                story.plan(connection, AFTER_CURSOR, deep.publishedAt(), deep.id(), 5);

                story.step("OFFSET reads 90,005 to return the same 5");
                story.plan(connection, AFTER_OFFSET, 5, 90_000);

                story.learned("Page by the last row seen, not by how many rows came before it.");
            }
        });
    }
}
