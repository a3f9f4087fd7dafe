package mastery.postgresql.advanced;

import static mastery.postgresql.advanced.WritableCteArchive.COPY;
import static mastery.postgresql.advanced.WritableCteArchive.REMOVE;
import static mastery.postgresql.advanced.WritableCteArchive.archive;
import static mastery.postgresql.advanced.WritableCteArchive.archiveAndCount;
import static mastery.postgresql.advanced.WritableCteArchive.half;
import static mastery.postgresql.advanced.WritableCteArchive.remaining;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.OffsetDateTime;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.LongStream;
import javax.sql.DataSource;
import mastery.postgresql.advanced.WritableCteArchive.Count;
import mastery.support.interleave.Blocked;
import mastery.support.interleave.Interleaving;
import mastery.support.interleave.LockView;
import mastery.support.interleave.Session;
import mastery.support.junit.OnPostgreSql;
import mastery.support.junit.Prepare;
import org.junit.jupiter.api.Test;

/** 48 messages, one an hour; the first 24 are old. */
@OnPostgreSql
class WritableCteArchiveIT {

    private static final OffsetDateTime FIRST = OffsetDateTime.parse("2026-01-01T00:00Z");
    private static final OffsetDateTime OLD = FIRST.plusDays(1);
    private static final int MESSAGES = 48;
    private static final int OLD_MESSAGES = 24;

    @Prepare
    static void prepare(Connection connection) throws SQLException {
        WritableCteArchive.createSchema(connection);
        WritableCteArchive.fill(connection, FIRST, MESSAGES);
    }

    @Test
    void eachRowIsInOnePlaceOrTheOther(Connection connection) throws SQLException {
        assertThat(archive(connection, OLD, 10)).isEqualTo(10);

        assertThat(ids(connection, "message_archive")).containsExactlyElementsOf(from1(10));
        assertThat(ids(connection, "message")).hasSize(MESSAGES - 10).doesNotContainAnyElementsOf(from1(10));
    }

    @Test
    void batchesEndWhenNothingOldIsLeft(Connection connection) throws SQLException {
        assertThat(archive(connection, OLD, 10)).isEqualTo(10);
        assertThat(archive(connection, OLD, 10)).isEqualTo(10);
        assertThat(archive(connection, OLD, 10)).isEqualTo(OLD_MESSAGES - 20);
        assertThat(archive(connection, OLD, 10)).isZero();

        assertThat(ids(connection, "message_archive")).containsExactlyElementsOf(from1(OLD_MESSAGES));
        assertThat(ids(connection, "message")).hasSize(MESSAGES - OLD_MESSAGES);
    }

    @Test
    void anotherPartOfTheStatementStillCountsTheDeletedRows(Connection connection) throws SQLException {
        assertThat(archiveAndCount(connection, OLD, 10)).isEqualTo(new Count(10, MESSAGES));

        assertThat(remaining(connection)).isEqualTo(MESSAGES - 10);
        assertThat(ids(connection, "message")).hasSize(MESSAGES - 10);
    }

    @Test
    void whatCannotBeArchivedIsNotDeletedEither(Connection connection) throws SQLException {
        execute(connection, "insert into message_archive values (5, now(), 'in the way')");

        assertThatThrownBy(() -> archive(connection, OLD, 10))
                .isInstanceOfSatisfying(
                        SQLException.class, e -> assertThat(e.getSQLState()).isEqualTo("23505"));

        assertThat(ids(connection, "message")).hasSize(MESSAGES);
        assertThat(ids(connection, "message_archive")).containsExactly(5L);
    }

    @Test
    void copyingAndThenDeletingLosesWhatIsCommittedInBetween(DataSource database) throws SQLException {
        try (Interleaving play = Interleaving.on(LockView.postgreSql(database))) {
            Session ann = play.session("Ann", database);
            Session bob = play.session("Bob", database);
            ann.begins();
            assertThat(ann.<Integer>returns("copies", c -> half(c, COPY, OLD))).isEqualTo(OLD_MESSAGES);
            bob.does("adds a late message", WritableCteArchiveIT::addLate);
            assertThat(ann.<Integer>returns("deletes", c -> half(c, REMOVE, OLD)))
                    .isEqualTo(OLD_MESSAGES + 1);
            ann.commits();

            assertThat(bob.<List<Long>>returns("looks", c -> ids(c, "message"))).doesNotContain(MESSAGES + 1L);
            assertThat(bob.<List<Long>>returns("looks", c -> ids(c, "message_archive")))
                    .doesNotContain(MESSAGES + 1L);
        }
    }

    @Test
    void movingKeepsWhatIsCommittedInBetween(DataSource database) throws SQLException {
        try (Interleaving play = Interleaving.on(LockView.postgreSql(database))) {
            Session ann = play.session("Ann", database);
            Session bob = play.session("Bob", database);
            ann.begins();
            ann.returns("moves", c -> archive(c, OLD, MESSAGES));
            bob.does("adds a late message", WritableCteArchiveIT::addLate);
            assertThat(ann.<Long>returns("moves again", c -> archive(c, OLD, MESSAGES)))
                    .isEqualTo(1);
            ann.commits();

            assertThat(bob.<List<Long>>returns("looks", c -> ids(c, "message_archive")))
                    .hasSize(OLD_MESSAGES + 1)
                    .contains(MESSAGES + 1L);
        }
    }

    @Test
    void twoWhoMoveTheSameRowsMoveThemOnce(DataSource database) throws SQLException {
        try (Interleaving play = Interleaving.on(LockView.postgreSql(database))) {
            Session ann = play.session("Ann", database);
            Session bob = play.session("Bob", database);
            ann.begins();
            ann.returns("moves ten", c -> archive(c, OLD, 10));

            Blocked<Long> second = bob.blocks("moves ten", c -> archive(c, OLD, 10));
            assertThat(second.waitsFor()).isSameAs(ann);
            ann.commits();

            assertThat(second.returns()).isZero();
            assertThat(bob.<List<Long>>returns("looks", c -> ids(c, "message_archive")))
                    .containsExactlyElementsOf(from1(10));
        }
    }

    @Test
    void aMoveOfNothingIsRefusedBeforeAnyStatement(Connection connection) throws SQLException {
        connection.close(); // a statement would fail with an SQLException

        assertThatThrownBy(() -> archive(connection, OLD, 0))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("not 0");
        assertThatThrownBy(() -> archiveAndCount(connection, OLD, -1))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("not -1");
        assertThatThrownBy(() -> archive(connection, null, 1)).hasMessage("before");
    }

    private static void addLate(Connection connection) throws SQLException {
        execute(connection, "insert into message (sent_at, body) values ('2026-01-01 12:30Z', 'late')");
    }

    private static List<Long> from1(int last) {
        return LongStream.rangeClosed(1, last).boxed().toList();
    }

    private static List<Long> ids(Connection connection, String table) throws SQLException {
        List<Long> ids = new ArrayList<>();
        try (Statement statement = connection.createStatement();
                ResultSet row = statement.executeQuery("select id from " + table + " order by id")) {
            while (row.next()) {
                ids.add(row.getLong(1));
            }
        }
        return ids;
    }

    private static void execute(Connection connection, String sql) throws SQLException {
        try (Statement statement = connection.createStatement()) {
            statement.execute(sql);
        }
    }
}
