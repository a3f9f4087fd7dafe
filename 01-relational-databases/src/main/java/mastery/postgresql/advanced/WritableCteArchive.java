package mastery.postgresql.advanced;

import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.OffsetDateTime;
import java.util.Objects;
import mastery.support.trace.Story;

/**
 * One statement that inserts what its own DELETE returns moves rows and loses none; copying first and deleting then, even
 * in one transaction, loses what was committed in between.
 *
 * <p><b>Use it</b> to archive, to empty an outbox, to move rows between shards of a table: a row is in one place or the other.
 *
 * <p><b>Not</b> where partitions can do it: detaching one moves no row.
 *
 * <p><b>It costs</b> what a DELETE and an INSERT cost; move in batches, so that neither locks nor the log grow without bound.
 *
 * <p><b>It needs</b> care in the rest of the statement: all its parts see the table as it was before, so the rows that are
 * deleted are still counted. Only RETURNING tells one part what another did.
 *
 * <p>Source: PostgreSQL manual, "Data-Modifying Statements in WITH".
 */
public final class WritableCteArchive {

    /** The right way. The subselect takes the oldest first, so that a batch is the same whatever the plan. */
    static final String MOVE = """
            with moved as (
              delete from message
               where id in (
                     select id
                       from message
                      where sent_at < ?
                      order by sent_at, id
                      limit ?)
              returning id, sent_at, body
            ), archived as (
              insert into message_archive (id, sent_at, body)
              select id, sent_at, body from moved
              returning id
            )
            select count(*) as moved
              from archived
            """;

    /** The same, and a trap: the last column is meant to be what is left, and is what there was. */
    static final String MOVE_AND_COUNT =
            MOVE.replace("as moved\n", "as moved,\n       (select count(*) from message) as remaining\n");

    /** The wrong way, first half: the rows that are old now. */
    static final String COPY = """
            insert into message_archive (id, sent_at, body)
            select id, sent_at, body from message where sent_at < ?
            """;

    /** The wrong way, second half: the rows that are old by then. */
    static final String REMOVE = "delete from message where sent_at < ?";

    private WritableCteArchive() {}

    /**
     * @param moved rows that are now in the archive and no longer in the table
     * @param remaining what a part of the same statement counted in the table
     */
    public record Count(long moved, long remaining) {}

    /**
     * Moves the oldest messages to the archive.
     *
     * @param limit how many at most, in one batch
     * @return how many; fewer than the limit when nothing older is left
     */
    public static long archive(Connection connection, OffsetDateTime before, int limit) throws SQLException {
        try (PreparedStatement move = prepared(connection, MOVE, before, limit);
                ResultSet row = move.executeQuery()) {
            row.next();
            return row.getLong("moved");
        }
    }

    /** Moves them and counts the table in the same statement, which sees it as it was before. */
    public static Count archiveAndCount(Connection connection, OffsetDateTime before, int limit) throws SQLException {
        try (PreparedStatement move = prepared(connection, MOVE_AND_COUNT, before, limit);
                ResultSet row = move.executeQuery()) {
            row.next();
            return new Count(row.getLong("moved"), row.getLong("remaining"));
        }
    }

    /** How many messages there are: a statement of its own sees what the one before has done. */
    public static long remaining(Connection connection) throws SQLException {
        try (PreparedStatement select = connection.prepareStatement("select count(*) as remaining from message");
                ResultSet row = select.executeQuery()) {
            row.next();
            return row.getLong("remaining");
        }
    }

    private static PreparedStatement prepared(Connection connection, String sql, OffsetDateTime before, int limit)
            throws SQLException {
        Objects.requireNonNull(before, "before");
        if (limit < 1) {
            throw new IllegalArgumentException("move at least one message, not " + limit);
        }
        PreparedStatement move = connection.prepareStatement(sql);
        move.setObject(1, before);
        move.setInt(2, limit);
        return move;
    }

    /** One half of the wrong way: how many rows it copied, or removed. */
    static int half(Connection connection, String sql, OffsetDateTime before) throws SQLException {
        try (PreparedStatement statement = connection.prepareStatement(sql)) {
            statement.setObject(1, before);
            return statement.executeUpdate();
        }
    }

    public static void createSchema(Connection connection) throws SQLException {
        try (Statement statement = connection.createStatement()) {
            statement.execute("""
                    create table message (
                      id      bigint generated always as identity primary key,
                      sent_at timestamptz not null,
                      body    text not null
                    )
                    """);
            statement.execute("create index message_oldest on message (sent_at, id)");
            statement.execute("create table message_archive (like message including indexes)");
        }
    }

    /** One message an hour. */
    public static void fill(Connection connection, OffsetDateTime first, int messages) throws SQLException {
        try (PreparedStatement insert = connection.prepareStatement("""
                insert into message (sent_at, body)
                select ?::timestamptz + (n - 1) * interval '1 hour', 'Message ' || n
                  from generate_series(1, ?) as n
                """)) {
            insert.setObject(1, first);
            insert.setInt(2, messages);
            insert.executeUpdate();
        }
    }

    public static void main(String[] args) {
        Story.tell(WritableCteArchive.class, story -> {
            try (Connection connection = story.postgresql().getConnection();
                    Connection other = story.postgresql().getConnection()) {
                OffsetDateTime newYear = OffsetDateTime.parse("2026-01-01T00:00Z");
                story.quietly("48 messages, one an hour", () -> {
                    createSchema(connection);
                    fill(connection, newYear, 48);
                });

                story.step("The first day goes to the archive, at most 10 messages at a time");
                story.show("moved", archive(connection, newYear.plusDays(1), 10));

                story.step("A count in the same statement still sees what is being moved");
                story.show("moved, and not what remains", archiveAndCount(connection, newYear.plusDays(1), 10));
                story.show("what remains", remaining(connection));

                story.step("The last batch is smaller: there is no more to move");
                story.show("moved", archive(connection, newYear.plusDays(1), 10));

                story.step("The wrong way copies what is old now, and deletes what is old by then");
                connection.setAutoCommit(false);
                story.show("copied", half(connection, COPY, newYear.plusDays(2)));
                story.note("Another session adds a message that is old already.");
                fill(other, newYear.plusDays(1), 1);
                story.show("deleted, one of them for ever", half(connection, REMOVE, newYear.plusDays(2)));
                connection.commit();

                story.learned("Move rows with one statement; what it did, only its RETURNING knows.");
            }
        });
    }
}
