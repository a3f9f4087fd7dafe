package mastery.support.plan;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;

/** Plans as real servers (PostgreSQL 18.6, MySQL 9.7.4) wrote them. */
final class Recorded {
    private Recorded() {}

    static String text(String name) {
        try (InputStream in = Recorded.class.getResourceAsStream(name)) {
            return new String(in.readAllBytes(), StandardCharsets.UTF_8);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    static Plan postgreSql(String name) {
        return PostgreSqlPlans.parse(text("postgresql-" + name + ".json"));
    }

    static Plan mySql(String name) {
        return MySqlPlans.parse(text("mysql-" + name));
    }
}
