package mastery.support.trace;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.List;
import javax.sql.DataSource;
import mastery.support.junit.OnSqlServer;
import org.junit.jupiter.api.Test;

@OnSqlServer
class TracingSqlServerIT {
    private final List<TraceEvent.Statement> seen = new ArrayList<>();
    private final Trace trace = new Trace(event -> seen.add((TraceEvent.Statement) event));

    @Test
    void aQueryTellsItsBindsRowsAndRoundTrips(DataSource dataSource) throws SQLException {
        try (Connection connection =
                        TracedDataSource.of(dataSource, null, trace).getConnection();
                PreparedStatement select = connection.prepareStatement(
                        "select n from (select 1 as n union all select 2 union all select 3) as t where n < ?")) {
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

    @Test
    void aFailureTellsItsNumber(DataSource dataSource) throws SQLException {
        try (Connection connection =
                        TracedDataSource.of(dataSource, null, trace).getConnection();
                PreparedStatement select = connection.prepareStatement("select nothing from nowhere")) {
            assertThatThrownBy(select::executeQuery).isInstanceOf(SQLException.class);
        }
        assertThat(seen).singleElement().extracting(s -> s.error().vendorCode()).isEqualTo(208);
    }
}
