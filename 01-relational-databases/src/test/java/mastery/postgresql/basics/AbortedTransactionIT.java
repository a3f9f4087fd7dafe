package mastery.postgresql.basics;

import static mastery.postgresql.basics.AbortedTransaction.count;
import static mastery.postgresql.basics.AbortedTransaction.exists;
import static mastery.postgresql.basics.AbortedTransaction.importLines;
import static mastery.postgresql.basics.AbortedTransaction.importWithoutSavepoints;
import static mastery.postgresql.basics.AbortedTransaction.migrate;
import static mastery.postgresql.basics.AbortedTransaction.migrateStepByStep;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.List;
import java.util.stream.LongStream;
import javax.sql.DataSource;
import mastery.postgresql.basics.AbortedTransaction.Line;
import mastery.postgresql.basics.AbortedTransaction.Refused;
import mastery.postgresql.basics.AbortedTransaction.Report;
import mastery.support.junit.OnPostgreSql;
import mastery.support.junit.Prepare;
import mastery.support.work.RoundTrips;
import org.junit.jupiter.api.Test;
import org.postgresql.PGConnection;
import org.postgresql.ds.PGSimpleDataSource;

@OnPostgreSql
class AbortedTransactionIT {

    private static final Line BAD = new Line(2, -5);
    private static final Line TWICE = new Line(1, 20);
    private static final List<Line> LINES = List.of(new Line(1, 10), BAD, new Line(3, 30), TWICE, new Line(5, 50));

    @Prepare
    static void prepare(Connection connection) throws SQLException {
        AbortedTransaction.createSchema(connection);
    }

    @Test
    void afterOneErrorEveryStatementFailsWith25P02(Connection connection) throws SQLException {
        connection.setAutoCommit(false);

        Report report = importWithoutSavepoints(connection, LINES);

        assertThat(report.imported()).isEqualTo(1);
        assertThat(report.refused()).extracting(Refused::sqlState).containsExactly("23514", "25P02", "25P02", "25P02");
        assertThatThrownBy(() -> execute(connection, "select 1"))
                .isInstanceOfSatisfying(
                        SQLException.class, e -> assertThat(e.getSQLState()).isEqualTo("25P02"));
    }

    @Test
    void commitComesBackWithoutAnErrorAndStoresNothing(Connection connection) throws SQLException {
        connection.setAutoCommit(false);
        importWithoutSavepoints(connection, LINES);

        connection.commit();

        assertThat(count(connection)).isZero();
    }

    @Test
    void withSavepointsOnlyTheBadLinesAreMissing(Connection connection) throws SQLException {
        connection.setAutoCommit(false);

        Report report = importLines(connection, LINES);
        connection.commit();

        assertThat(report).isEqualTo(new Report(3, List.of(new Refused(BAD, "23514"), new Refused(TWICE, "23505"))));
        assertThat(count(connection)).isEqualTo(3);
    }

    @Test
    void theImportIsStillOneTransactionThatCanBeRolledBack(Connection connection) throws SQLException {
        connection.setAutoCommit(false);
        importLines(connection, LINES);

        connection.rollback();

        assertThat(count(connection)).isZero();
    }

    @Test
    void anErrorThatIsNotAboutTheDataIsNotSwallowed(Connection connection) throws SQLException {
        execute(connection, "drop table line");
        connection.setAutoCommit(false);

        assertThatThrownBy(() -> importLines(connection, LINES))
                .isInstanceOfSatisfying(
                        SQLException.class, e -> assertThat(e.getSQLState()).isEqualTo("42P01"));
    }

    @Test
    void beyond64SubtransactionsTheCacheOfTheSessionOverflows(DataSource database) throws SQLException {
        try (Connection connection = database.getConnection();
                Connection viewer = database.getConnection()) {
            connection.setAutoCommit(false);

            importLines(connection, goodLines(1, 64));
            assertThat(subtransactions(viewer, connection)).isEqualTo("64, f");

            importLines(connection, goodLines(65, 65));
            assertThat(subtransactions(viewer, connection)).isEqualTo("64, t");
            connection.commit();
            assertThat(subtransactions(viewer, connection)).isEqualTo("0, f");
        }
    }

    @Test
    void aSavepointCostsTwoRoundTrips(PGSimpleDataSource database) throws SQLException {
        RoundTrips trips = RoundTrips.create();
        try (Connection connection = trips.counted(database).getConnection()) {
            connection.setAutoCommit(false);

            long start = trips.count();
            importWithoutSavepoints(connection, goodLines(1, 10));
            assertThat(trips.count() - start).isEqualTo(10);

            start = trips.count();
            importLines(connection, goodLines(11, 20));
            assertThat(trips.count() - start).isEqualTo(30);
        }
    }

    @Test
    void aTableCreatedInATransactionGoesWithItsRollback(Connection connection) throws SQLException {
        connection.setAutoCommit(false);
        execute(connection, "create table draft (id bigint)");
        assertThat(exists(connection, "draft")).isTrue();

        connection.rollback();

        assertThat(exists(connection, "draft")).isFalse();
    }

    @Test
    void aMigrationLeavesAllOfItsStepsOrNone(Connection connection) throws SQLException {
        List<String> fails = List.of("create table invoice (id bigint primary key)", "alter table nothing add x text");
        List<String> works = List.of("create table invoice (id bigint primary key)", "create index on line (amount)");

        assertThatThrownBy(() -> migrate(connection, fails))
                .isInstanceOfSatisfying(
                        SQLException.class, e -> assertThat(e.getSQLState()).isEqualTo("42P01"));
        assertThat(exists(connection, "invoice")).isFalse();
        assertThat(connection.getAutoCommit()).isTrue();

        migrate(connection, works);
        assertThat(exists(connection, "invoice")).isTrue();
        assertThat(exists(connection, "line_amount_idx")).isTrue();
    }

    @Test
    void aStepThatFailsInTheDriverTakesTheOthersBackToo(Connection connection) throws SQLException {
        // the server does not hear of it, so the transaction is not aborted: auto-commit would commit the first step
        String unknownToTheDriver = "select {fn timestampdiff(SQL_TSI_FRAC_SECOND, now(), now())}";

        assertThatThrownBy(() -> migrate(
                        connection, List.of("create table invoice (id bigint primary key)", unknownToTheDriver)))
                .isInstanceOf(SQLException.class);

        assertThat(exists(connection, "invoice")).isFalse();
    }

    @Test
    void stepByStepAMigrationLeavesHalfOfItself(Connection connection) throws SQLException {
        List<String> fails = List.of("create table invoice (id bigint primary key)", "alter table nothing add x text");

        assertThatThrownBy(() -> migrateStepByStep(connection, fails)).isInstanceOf(SQLException.class);

        assertThat(exists(connection, "invoice")).isTrue();
    }

    @Test
    void someStatementsRefuseToBeInATransaction(Connection connection) {
        assertThatThrownBy(() -> migrate(connection, List.of("create index concurrently on line (amount)")))
                .isInstanceOfSatisfying(
                        SQLException.class, e -> assertThat(e.getSQLState()).isEqualTo("25001"));
    }

    @Test
    void underAutoCommitNothingIsImportedAndInATransactionNothingIsMigrated(Connection connection) throws SQLException {
        assertThatThrownBy(() -> importLines(connection, LINES))
                .isInstanceOf(IllegalStateException.class)
                .hasMessageContaining("auto-commit");
        assertThatThrownBy(() -> importWithoutSavepoints(connection, LINES)).isInstanceOf(IllegalStateException.class);
        assertThat(count(connection)).isZero();

        connection.setAutoCommit(false);
        assertThatThrownBy(() -> migrate(connection, List.of("drop table line")))
                .isInstanceOf(IllegalStateException.class);
        assertThatThrownBy(() -> importLines(connection, null)).isInstanceOf(NullPointerException.class);
        assertThat(exists(connection, "line")).isTrue();
    }

    private static List<Line> goodLines(long first, long last) {
        return LongStream.rangeClosed(first, last)
                .mapToObj(id -> new Line(id, 1))
                .toList();
    }

    /** Subtransactions that the session of {@code connection} keeps in shared memory, and whether there are more. */
    private static String subtransactions(Connection viewer, Connection connection) throws SQLException {
        try (PreparedStatement select = viewer.prepareStatement("""
                select subxact_count || ', ' || left(subxact_overflowed::text, 1)
                  from pg_stat_get_backend_idset() as backend, pg_stat_get_backend_subxact(backend)
                 where pg_stat_get_backend_pid(backend) = ?
                """)) {
            select.setInt(1, connection.unwrap(PGConnection.class).getBackendPID());
            try (ResultSet row = select.executeQuery()) {
                row.next();
                return row.getString(1);
            }
        }
    }

    private static void execute(Connection connection, String sql) throws SQLException {
        try (Statement statement = connection.createStatement()) {
            statement.execute(sql);
        }
    }
}
