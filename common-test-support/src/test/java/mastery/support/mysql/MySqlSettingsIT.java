package mastery.support.mysql;

import static org.assertj.core.api.Assertions.assertThat;

import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import mastery.support.junit.OnMySql;
import mastery.support.server.Node;
import org.junit.jupiter.api.Test;

@OnMySql(settings = {"sync-binlog=1", "innodb-doublewrite=ON"})
class MySqlSettingsIT {

    @Test
    void aServerOfTheClassHasItsSettingsInPlaceOfTheRecipes(Connection connection, Node node) throws SQLException {
        try (Statement statement = connection.createStatement();
                ResultSet row = statement.executeQuery(
                        "select @@sync_binlog, @@innodb_doublewrite, @@innodb_flush_log_at_trx_commit")) {
            row.next();
            assertThat(row.getInt(1)).isEqualTo(1);
            assertThat(row.getString(2)).isEqualTo("ON");
            assertThat(row.getInt(3)).isEqualTo(2);
        }
        assertThat(node).isNotSameAs(MySql.shared().node());
    }
}
