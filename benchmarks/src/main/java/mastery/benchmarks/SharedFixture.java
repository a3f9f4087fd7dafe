package mastery.benchmarks;

import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Consumer;
import javax.sql.DataSource;
import mastery.support.mysql.MySql;
import mastery.support.mysql.MySqlDatabase;
import mastery.support.postgresql.PostgreSql;
import mastery.support.postgresql.PostgreSqlDatabase;
import mastery.support.server.Engine;
import mastery.support.server.Node;
import mastery.support.server.NodeSpec;
import mastery.support.server.SharedServers;

/**
 * The same test class on the shared server and on a server started for it alone, in turn: shared, own, shared, own. A class is {@value
 * #TESTS} tests; each has a clean database, in which it makes a table, adds a row and reads it. The shared server is started and
 * both ways are walked once before the first measurement; starting and ending its own server is part of the second way.
 *
 * <p>Argument: how many pairs.
 */
final class SharedFixture {

    private static final int TESTS = 3;

    private SharedFixture() {}

    public static void main(String[] arguments) throws Exception {
        int pairs = Integer.parseInt(arguments[0]);
        compare(
                Engine.POSTGRESQL,
                pairs,
                () -> runClass(PostgreSql.shared(), SharedFixture::postgresqlTest),
                node -> runClass(PostgreSql.on(node), SharedFixture::postgresqlTest));
        compare(
                Engine.MYSQL,
                pairs,
                () -> runClass(MySql.shared(), SharedFixture::mysqlTest),
                node -> runClass(MySql.on(node), SharedFixture::mysqlTest));
        // Drivers may have left threads behind.
        System.exit(0);
    }

    private static void compare(Engine engine, int pairs, Runnable onShared, Consumer<Node> onOwn) throws Exception {
        List<Double> shared = new ArrayList<>();
        List<Double> own = new ArrayList<>();
        List<Double> ratios = new ArrayList<>();
        for (int i = -1; i < pairs; i++) {
            double a = Stopwatch.millis(onShared::run);
            double b = Stopwatch.millis(() -> {
                Node node = SharedServers.start(engine, NodeSpec.single());
                try {
                    onOwn.accept(node);
                } finally {
                    SharedServers.dispose(node);
                }
            });
            if (i >= 0) {
                shared.add(a);
                own.add(b);
                ratios.add(b / a);
            }
        }
        String name = engine.displayName() + ": a class of " + TESTS;
        System.out.println(new Figure(name + ", shared server", "ms", shared).line());
        System.out.println(new Figure(name + ", its own server", "ms", own).line());
        System.out.println(new Figure(name + ", own / shared", "x", ratios).line());
    }

    private static <S> void runClass(S server, Consumer<S> test) {
        for (int i = 0; i < TESTS; i++) {
            test.accept(server);
        }
    }

    private static void postgresqlTest(PostgreSql server) {
        try (PostgreSqlDatabase database = server.newDatabase()) {
            test(database.dataSource());
        }
    }

    private static void mysqlTest(MySql server) {
        try (MySqlDatabase database = server.newDatabase()) {
            test(database.dataSource());
        }
    }

    private static void test(DataSource dataSource) {
        try (Connection connection = dataSource.getConnection();
                Statement statement = connection.createStatement()) {
            statement.execute("CREATE TABLE t (id int PRIMARY KEY, v int)");
            statement.execute("INSERT INTO t VALUES (1, 42)");
            try (ResultSet row = statement.executeQuery("SELECT v FROM t WHERE id = 1")) {
                if (!row.next() || row.getInt(1) != 42) {
                    throw new IllegalStateException("the row that was added is not there");
                }
            }
        } catch (SQLException e) {
            throw new IllegalStateException(e);
        }
    }
}
