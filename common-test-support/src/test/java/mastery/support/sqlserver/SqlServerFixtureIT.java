package mastery.support.sqlserver;

import static org.assertj.core.api.Assertions.assertThat;

import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import javax.sql.DataSource;
import mastery.support.junit.OnSqlServer;
import mastery.support.junit.Prepare;
import mastery.support.plan.Plan;
import mastery.support.plan.SqlServerPlans;
import mastery.support.work.RoundTrips;
import mastery.support.work.SqlServerWork;
import org.junit.jupiter.api.Test;

@OnSqlServer
class SqlServerFixtureIT {

    private static final String ITEM = "select id from item where id = ?";

    @Prepare
    static void fill(Connection connection) throws SQLException {
        try (Statement statement = connection.createStatement()) {
            statement.execute("create table item (id int not null constraint item_pk primary key)");
            statement.execute("insert into item (id) values (1), (2), (3)");
        }
    }

    @Test
    void everyTestStartsFromThePreparedContent(Connection connection) throws SQLException {
        deleteEverythingFrom(connection);
    }

    @Test
    void whatOneTestDeletesAnotherStillFinds(Connection connection) throws SQLException {
        deleteEverythingFrom(connection);
    }

    private static void deleteEverythingFrom(Connection connection) throws SQLException {
        try (Statement statement = connection.createStatement()) {
            assertThat(statement.executeUpdate("delete from item")).isEqualTo(3);
        }
    }

    @Test
    void theDatabaseOfATestIsGoneAfterwardsEvenWithASessionInIt() throws SQLException {
        SqlServerDatabase database = SqlServer.shared().newDatabase();
        try (Connection left = database.dataSource().getConnection()) {
            assertThat(left.getCatalog()).isEqualTo(database.name());
            assertThat(databasesNamed(database.name())).isEqualTo(1);
            database.close();
            assertThat(databasesNamed(database.name())).isZero();
        }
    }

    private static int databasesNamed(String name) throws SQLException {
        try (Connection connection = SqlServer.shared().adminDataSource().getConnection();
                PreparedStatement statement =
                        connection.prepareStatement("select count(*) from sys.databases where name = ?")) {
            statement.setString(1, name);
            try (ResultSet row = statement.executeQuery()) {
                row.next();
                return row.getInt(1);
            }
        }
    }

    @Test
    void aPlanIsTakenWithAndWithoutRunningTheStatement(Connection connection) throws SQLException {
        Plan actual = SqlServerPlans.analyze(connection, ITEM, 2);
        assertThat(actual.find("Clustered Index Seek").totalRows()).isEqualTo(1);
        assertThat(actual.find("Clustered Index Seek").index()).contains("item_pk");
        assertThat(actual.blocks()).isPositive();

        Plan estimated = SqlServerPlans.explain(connection, "delete from item");
        assertThat(estimated.analyzed()).isFalse();
        deleteEverythingFrom(connection);
    }

    @Test
    void theSessionCountsThePagesItReads(Connection connection) throws Exception {
        SqlServerWork nothing = SqlServerWork.measure(connection, () -> {});
        SqlServerWork read = SqlServerWork.measure(connection, () -> deleteEverythingFrom(connection));
        assertThat(nothing.logicalReads()).isZero();
        assertThat(read.logicalReads()).isPositive();
    }

    @Test
    void aStatementIsOneRoundTrip(DataSource dataSource) throws SQLException {
        RoundTrips counter = RoundTrips.create();
        try (Connection connection = counter.counted(dataSource).getConnection()) {
            long before = counter.count();
            deleteEverythingFrom(connection);
            assertThat(counter.count() - before).isEqualTo(1);
        }
    }
}
