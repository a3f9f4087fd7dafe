package mastery.support.junit;

import static org.assertj.core.api.Assertions.assertThat;

import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.SQLException;
import java.sql.Statement;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Test;

/** Claims that hold on several engines stand once; a nested class says on which engine they are proven. */
class CrossEngineIT {

    @Nested
    @OnPostgreSql
    class PostgreSql extends Claims {
        PostgreSql() {
            super("PostgreSQL");
        }
    }

    @Nested
    @OnMySql
    class MySql extends Claims {
        MySql() {
            super("MySQL");
        }
    }

    @Nested
    @OnSqlServer
    class SqlServer extends Claims {
        SqlServer() {
            super("Microsoft SQL Server");
        }
    }

    abstract static class Claims {
        private final String product;

        Claims(String product) {
            this.product = product;
        }

        @Test
        void theConnectionLeadsToTheEngineOfTheNestedClass(Connection connection) throws SQLException {
            assertThat(connection.getMetaData().getDatabaseProductName()).isEqualTo(product);
        }

        @Test
        void eachTestHasACleanDatabase(Connection connection) throws SQLException {
            createsTheTable(connection);
        }

        @Test
        void whicheverTestComesFirst(Connection connection) throws SQLException {
            createsTheTable(connection);
        }

        private static void createsTheTable(Connection connection) throws SQLException {
            try (Statement statement = connection.createStatement()) {
                statement.execute("create table item (id int primary key)");
            }
            try (PreparedStatement insert = connection.prepareStatement("insert into item (id) values (?)")) {
                insert.setInt(1, 1);
                assertThat(insert.executeUpdate()).isEqualTo(1);
            }
        }
    }
}
