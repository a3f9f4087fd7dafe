package mastery.support.postgresql;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.Map;
import mastery.support.junit.OnPostgreSql;
import mastery.support.server.Engine;
import mastery.support.server.Node;
import mastery.support.server.NodeSpec;
import mastery.support.server.SharedServers;
import mastery.support.server.SourceKind;
import org.junit.jupiter.api.Test;

@OnPostgreSql(replicas = 1)
class LeftSegmentIT {

    @Test
    void aKilledServerLeavesNoSegmentOnceItIsGivenBack() throws SQLException, IOException {
        Node node = SharedServers.start(Engine.POSTGRESQL, NodeSpec.of("killed", Map.of()));
        try {
            assumeTrue(node.source() == SourceKind.NATIVE, "a container's segments go with it");
            String postmaster = postmasterOf(node);

            node.kill();
            assertThat(segmentsOf(postmaster)).isEqualTo(1);

            SharedServers.dispose(node);
            assertThat(segmentsOf(postmaster)).isZero();
        } finally {
            SharedServers.dispose(node);
        }
    }

    private static String postmasterOf(Node node) throws SQLException {
        try (Connection connection =
                        PostgreSqlRecipe.dataSource(node.address(), "postgres").getConnection();
                Statement statement = connection.createStatement();
                var row = statement.executeQuery("SELECT split_part(pg_read_file('postmaster.pid'), E'\\n', 1)")) {
            row.next();
            return row.getString(1);
        }
    }

    private static long segmentsOf(String creator) throws IOException {
        return Files.readAllLines(Path.of("/proc/sysvipc/shm")).stream()
                .filter(line -> line.trim().split("\\s+")[4].equals(creator))
                .count();
    }
}
