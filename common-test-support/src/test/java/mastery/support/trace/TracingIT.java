package mastery.support.trace;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Savepoint;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.List;
import javax.sql.DataSource;
import mastery.support.junit.OnMySql;
import mastery.support.junit.OnPostgreSql;
import org.junit.jupiter.api.Test;
import org.postgresql.ds.PGSimpleDataSource;

@OnPostgreSql
@OnMySql
class TracingIT {
    private final List<TraceEvent.Statement> seen = new ArrayList<>();
    private final Trace trace = new Trace(event -> seen.add((TraceEvent.Statement) event));

    @Test
    void aQueryTellsItsBindsRowsAndRoundTripsOnPostgreSql(@OnPostgreSql DataSource dataSource) throws SQLException {
        readThreeRows(TracedDataSource.of(dataSource, "pg", trace));
    }

    @Test
    void aQueryTellsItsBindsRowsAndRoundTripsOnMySql(@OnMySql DataSource dataSource) throws SQLException {
        readThreeRows(TracedDataSource.of(dataSource, "my", trace));
    }

    @Test
    void fetchingInPortionsCostsARoundTripEach(@OnPostgreSql DataSource dataSource) throws SQLException {
        try (Connection connection =
                TracedDataSource.of(dataSource, null, trace).getConnection()) {
            connection.setAutoCommit(false);
            try (PreparedStatement select = connection.prepareStatement("select generate_series(1, 100)")) {
                select.setFetchSize(40);
                try (ResultSet rows = select.executeQuery()) {
                    while (rows.next()) {
                        assertThat(seen).isEmpty();
                    }
                }
            }
        }
        assertThat(seen.get(0).rowsReturned()).isEqualTo(100);
        assertThat(seen.get(0).roundTrips()).isEqualTo(3);
    }

    @Test
    void aFailureTellsItsSqlState(@OnPostgreSql DataSource dataSource) throws SQLException {
        try (Connection connection =
                        TracedDataSource.of(dataSource, null, trace).getConnection();
                PreparedStatement select = connection.prepareStatement("select nothing")) {
            assertThatThrownBy(select::executeQuery).isInstanceOf(SQLException.class);
        }
        assertThat(seen).singleElement().extracting(s -> s.error().sqlState()).isEqualTo("42703");
    }

    @Test
    void savepointsReadAsSql(@OnPostgreSql DataSource dataSource) throws SQLException {
        try (Connection connection =
                TracedDataSource.of(dataSource, null, trace).getConnection()) {
            connection.setAutoCommit(false);
            Savepoint savepoint = connection.setSavepoint();
            connection.rollback(savepoint);
            connection.releaseSavepoint(savepoint);
            connection.rollback(connection.setSavepoint("here"));
            connection.rollback();
        }
        assertThat(seen)
                .extracting(TraceEvent.Statement::text)
                .containsExactly(
                        "SAVEPOINT",
                        "ROLLBACK TO SAVEPOINT",
                        "RELEASE SAVEPOINT",
                        "SAVEPOINT here",
                        "ROLLBACK TO SAVEPOINT here",
                        "ROLLBACK");
    }

    @Test
    void aBatchTellsItsRowsUnlessTheDriverPutsThemTogether(@OnPostgreSql PGSimpleDataSource dataSource)
            throws SQLException {
        insertThree(dataSource);
        assertThat(seen.get(1).batchSize()).isEqualTo(3);
        assertThat(seen.get(1).rowsAffected()).isEqualTo(3);

        seen.clear();
        dataSource.setReWriteBatchedInserts(true);
        insertThree(dataSource);
        assertThat(seen.get(1).batchSize()).isEqualTo(3);
        assertThat(seen.get(1).rowsAffected()).isNull();
    }

    private void insertThree(DataSource dataSource) throws SQLException {
        try (Connection connection =
                        TracedDataSource.of(dataSource, null, trace).getConnection();
                Statement create = connection.createStatement()) {
            create.execute("create temp table batch (n int)");
            try (PreparedStatement insert = connection.prepareStatement("insert into batch values (?)")) {
                for (int n = 1; n <= 3; n++) {
                    insert.setInt(1, n);
                    insert.addBatch();
                }
                insert.executeBatch();
            }
        }
    }

    private void readThreeRows(DataSource dataSource) throws SQLException {
        String sql = "select n from (select 1 as n union all select 2 union all select 3) as t where n < ?";
        try (Connection connection = dataSource.getConnection();
                PreparedStatement select = connection.prepareStatement(sql)) {
            select.setInt(1, 4);
            try (ResultSet rows = select.executeQuery()) {
                while (rows.next()) {
                    assertThat(rows.getInt(1)).isPositive();
                }
            }
        }
        TraceEvent.Statement statement = seen.get(0);
        assertThat(seen).hasSize(1);
        assertThat(statement.binds()).containsExactly(List.of(4));
        assertThat(statement.rowsReturned()).isEqualTo(3);
        assertThat(statement.roundTrips()).isEqualTo(1);
    }
}
