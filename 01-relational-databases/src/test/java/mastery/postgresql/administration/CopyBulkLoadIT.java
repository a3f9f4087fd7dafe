package mastery.postgresql.administration;

import static mastery.postgresql.administration.CopyBulkLoad.load;
import static mastery.postgresql.administration.CopyBulkLoad.loadFile;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.io.StringReader;
import java.math.BigDecimal;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import java.util.stream.LongStream;
import javax.sql.DataSource;
import mastery.postgresql.administration.CopyBulkLoad.Loaded;
import mastery.postgresql.administration.CopyBulkLoad.Product;
import mastery.support.junit.OnPostgreSql;
import mastery.support.junit.Prepare;
import mastery.support.work.RoundTrips;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.Timeout.ThreadMode;
import org.postgresql.PGConnection;

@OnPostgreSql
class CopyBulkLoadIT {

    private static final String TWO_BAD_ROWS = """
            1,Lamp,19.90
            2,Chair,cheap
            3,"Desk, oak",349.00
            4x,Shelf,49.00
            5,Stool,25.00
            """;

    @Prepare
    static void prepare(Connection connection) throws SQLException {
        CopyBulkLoad.createSchema(connection);
        execute(connection, "create extension pgstattuple");
    }

    @Test
    void rowsThatDoNotFitTheirTypesAreLeftOutAndNamed(Connection connection) throws SQLException, IOException {
        Loaded loaded = loadFile(connection, new StringReader(TWO_BAD_ROWS), 2);

        assertThat(loaded.rows()).isEqualTo(3);
        assertThat(loaded.skipped()).hasSize(2);
        assertThat(loaded.skipped().get(0)).contains("2", "price", "cheap");
        assertThat(loaded.skipped().get(1)).contains("4", "id", "4x");
        assertThat(ids(connection)).containsExactly(1L, 3L, 5L);
    }

    @Test
    void aFileWithoutBadRowsLeavesNoneOut(Connection connection) throws SQLException, IOException {
        assertThat(loadFile(connection, new StringReader("1,Lamp,19.90\n"), 1)).isEqualTo(new Loaded(1, List.of()));
    }

    @Test
    void oneBadRowMoreThanTheLimitFailsTheWholeFile(Connection connection) throws SQLException {
        assertThat(failure(() -> loadFile(connection, new StringReader(TWO_BAD_ROWS), 1)))
                .isEqualTo("22P02");
        assertThat(ids(connection)).isEmpty();
    }

    @Test
    void withoutOnErrorTheFirstBadRowFailsTheWholeFile(Connection connection) throws SQLException {
        assertThat(failure(() -> connection
                        .unwrap(PGConnection.class)
                        .getCopyAPI()
                        .copyIn(CopyBulkLoad.COPY, new StringReader(TWO_BAD_ROWS))))
                .isEqualTo("22P02");
        assertThat(ids(connection)).isEmpty();
    }

    @Test
    void onErrorIgnoreDoesNotForgiveABrokenConstraintOrAMissingColumn(Connection connection) throws SQLException {
        execute(connection, "insert into product values (9, 'Sofa', 899)");

        assertThat(failure(() -> loadFile(connection, new StringReader("1,Lamp,1\n9,Twin,1\n"), 100)))
                .isEqualTo("23505");
        assertThat(failure(() -> loadFile(connection, new StringReader("1,Lamp,1\n2,Gift,\n"), 100)))
                .isEqualTo("23502");
        assertThat(failure(() -> loadFile(connection, new StringReader("1,Lamp,1\n2,Debt,-1\n"), 100)))
                .isEqualTo("23514");
        assertThat(failure(() -> loadFile(connection, new StringReader("1,Lamp,1\n2,Short\n"), 100)))
                .isEqualTo("22P04");
        assertThat(ids(connection)).containsExactly(9L);
    }

    @Test
    void aFailedLoadLeavesItsRowsBehindAsDeadOnes(Connection connection) throws SQLException {
        StringBuilder file = new StringBuilder();
        LongStream.rangeClosed(1, 1_000).forEach(id -> file.append(id).append(",Lamp,1\n"));
        assertThat(deadRows(connection)).isZero();

        assertThat(failure(() -> loadFile(connection, new StringReader(file + "1000,Twin,1\n"), 1)))
                .isEqualTo("23505");

        assertThat(ids(connection)).isEmpty();
        assertThat(deadRows(connection)).isGreaterThanOrEqualTo(1_000);
    }

    @Test
    void tenThousandRowsTakeFewRoundTripsAndTenThousandInsertsOneEach(DataSource database) throws SQLException {
        List<Product> products = products(10_000);
        RoundTrips copied = RoundTrips.create();
        RoundTrips inserted = RoundTrips.create();
        try (Connection connection = copied.counted(database).getConnection()) {
            long before = copied.count();
            assertThat(load(connection, products)).isEqualTo(10_000);
            assertThat(copied.count() - before).isLessThanOrEqualTo(3);
            assertThat(ids(connection)).hasSize(10_000);
            execute(connection, "truncate product");
        }
        try (Connection connection = inserted.counted(database).getConnection();
                var insert = connection.prepareStatement("insert into product values (?, ?, ?)")) {
            long before = inserted.count();
            for (Product product : products) {
                insert.setLong(1, product.id());
                insert.setString(2, product.name());
                insert.setBigDecimal(3, product.price());
                insert.executeUpdate();
            }
            assertThat(inserted.count() - before).isGreaterThanOrEqualTo(10_000);
        }
    }

    @Test
    void hostileNamesArriveAsTheyAre(Connection connection) throws SQLException {
        List<String> names = new ArrayList<>(
                List.of("a,b", "say \"hi\"", "two\nlines", "\\N", "\\.", "", "\"", "'; drop table product; --"));
        names.add(null);
        List<Product> products = new ArrayList<>();
        for (String name : names) {
            products.add(new Product(products.size(), name, BigDecimal.ONE));
        }

        assertThat(load(connection, products)).isEqualTo(names.size());

        List<String> stored = new ArrayList<>();
        try (Statement statement = connection.createStatement();
                ResultSet row = statement.executeQuery("select name from product order by id")) {
            while (row.next()) {
                stored.add(row.getString(1));
            }
        }
        assertThat(stored).isEqualTo(names);
    }

    @Test
    void aNameThatTheServerRefusesLoadsNothing(Connection connection) throws SQLException {
        List<Product> products =
                List.of(new Product(1, "fine", BigDecimal.ONE), new Product(2, "zero \0 byte", BigDecimal.ONE));

        assertThat(failure(() -> load(connection, products))).isEqualTo("22021");
        assertThat(ids(connection)).isEmpty();
    }

    @Test
    @Timeout(value = 30, threadMode = ThreadMode.SEPARATE_THREAD) // a driver that is still in COPY waits for ever
    void aSourceThatFailsLoadsNothingAndLeavesTheConnectionUsable(Connection connection) throws SQLException {
        Iterator<Product> failing = new Iterator<>() {
            private int given;

            @Override
            public boolean hasNext() {
                return true;
            }

            @Override
            public Product next() {
                if (++given > 100) {
                    throw new IllegalStateException("the source is gone");
                }
                return new Product(given, "Lamp", BigDecimal.ONE);
            }
        };

        assertThatThrownBy(() -> load(connection, () -> failing)).hasMessage("the source is gone");
        assertThat(ids(connection)).isEmpty();
    }

    @Test
    void aLoadThatCannotBeIsRefusedBeforeAnyStatement(Connection connection) throws SQLException {
        connection.close(); // a statement would fail with an SQLException

        assertThatThrownBy(() -> load(connection, null)).hasMessage("products");
        assertThatThrownBy(() -> loadFile(connection, null, 1)).hasMessage("csv");
        assertThatThrownBy(() -> loadFile(connection, new StringReader(""), 0))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("not 0");
        assertThatThrownBy(() -> new Product(1, "Lamp", null)).hasMessage("price");
    }

    private interface Loading {
        Object run() throws SQLException, IOException;
    }

    /** The SQLSTATE with which it fails. */
    private static String failure(Loading loading) {
        try {
            Object result = loading.run();
            throw new AssertionError("should fail and gave " + result);
        } catch (SQLException e) {
            return e.getSQLState();
        } catch (IOException e) {
            throw new AssertionError(e);
        }
    }

    private static List<Product> products(int count) {
        return LongStream.rangeClosed(1, count)
                .mapToObj(id -> new Product(id, "Product " + id, BigDecimal.valueOf(id, 2)))
                .toList();
    }

    private static List<Long> ids(Connection connection) throws SQLException {
        List<Long> ids = new ArrayList<>();
        try (Statement statement = connection.createStatement();
                ResultSet row = statement.executeQuery("select id from product order by id")) {
            while (row.next()) {
                ids.add(row.getLong(1));
            }
        }
        return ids;
    }

    private static long deadRows(Connection connection) throws SQLException {
        try (Statement statement = connection.createStatement();
                ResultSet row = statement.executeQuery("select dead_tuple_count from pgstattuple('product')")) {
            row.next();
            return row.getLong(1);
        }
    }

    private static void execute(Connection connection, String sql) throws SQLException {
        try (Statement statement = connection.createStatement()) {
            statement.execute(sql);
        }
    }
}
