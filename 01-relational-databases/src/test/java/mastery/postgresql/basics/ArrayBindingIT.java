package mastery.postgresql.basics;

import static mastery.postgresql.basics.ArrayBinding.counted;
import static mastery.postgresql.basics.ArrayBinding.find;
import static mastery.postgresql.basics.ArrayBinding.findByConcatenation;
import static mastery.postgresql.basics.ArrayBinding.findByPlaceholders;
import static mastery.postgresql.basics.ArrayBinding.insertByBatch;
import static mastery.postgresql.basics.ArrayBinding.insertByUnnest;
import static mastery.postgresql.basics.ArrayBinding.products;
import static mastery.postgresql.basics.ArrayBinding.runBatch;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.tuple;

import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.stream.IntStream;
import mastery.postgresql.basics.ArrayBinding.Counted;
import mastery.postgresql.basics.ArrayBinding.Product;
import mastery.support.junit.OnPostgreSql;
import mastery.support.junit.Prepare;
import org.junit.jupiter.api.Test;
import org.postgresql.ds.PGSimpleDataSource;

@OnPostgreSql
class ArrayBindingIT {

    private static final int PRODUCTS = 100;
    private static final List<Integer> LENGTHS = List.of(1, 5, 50);
    /** The driver prepares a statement on the server at its fifth execution. */
    private static final int OFTEN = 5;

    @Prepare
    static void prepare(Connection connection) throws SQLException {
        ArrayBinding.createSchema(connection);
        insertByUnnest(connection, products(1, PRODUCTS));
    }

    @Test
    void anArrayOfAnyLengthIsOneStatement(Connection connection) throws SQLException {
        for (int length : LENGTHS) {
            for (int i = 0; i < OFTEN; i++) {
                assertThat(find(connection, skus(length))).hasSize(length);
            }
        }

        assertThat(counted(connection, "select sku, name from product"))
                .containsExactly(new Counted("select sku, name from product where sku = any ($1)", 15, 5 * 56));
        assertThat(prepared(connection)).isEqualTo(1);
    }

    @Test
    void aListOfPlaceholdersIsPreparedForEachLength(Connection connection) throws SQLException {
        for (int length : LENGTHS) {
            for (int i = 0; i < OFTEN; i++) {
                assertThat(findByPlaceholders(connection, skus(length))).hasSize(length);
            }
        }

        assertThat(prepared(connection)).isEqualTo(3);
        // PostgreSQL 18 counts all lists of two or more together
        assertThat(counted(connection, "select sku, name from product"))
                .extracting(Counted::query, Counted::calls)
                .containsExactlyInAnyOrder(
                        tuple("select sku, name from product where sku in ($1)", 5L),
                        tuple("select sku, name from product where sku in ($1 /*, ... */)", 10L));
    }

    @Test
    void placeholdersEndAt65535AndAnArrayDoesNot(Connection connection) throws SQLException {
        List<String> many = skus(65_536);

        assertThatThrownBy(() -> findByPlaceholders(connection, many))
                .isInstanceOfSatisfying(
                        SQLException.class, e -> assertThat(e.getSQLState()).isEqualTo("22023"));
        assertThat(find(connection, many)).hasSize(PRODUCTS);
    }

    @Test
    void anEmptyListFindsNothingAndIsNoSqlWithPlaceholders(Connection connection) throws SQLException {
        assertThat(find(connection, List.of())).isEmpty();
        assertThatThrownBy(() -> findByPlaceholders(connection, List.of()))
                .isInstanceOfSatisfying(
                        SQLException.class, e -> assertThat(e.getSQLState()).isEqualTo("42601"));
    }

    @Test
    void hostileTextInTheListFindsNothing(Connection connection) throws SQLException {
        List<String> hostile = List.of("S1') or ('' = '");

        assertThat(find(connection, hostile)).isEmpty();
        assertThat(findByPlaceholders(connection, hostile)).isEmpty();
        assertThat(findByConcatenation(connection, hostile)).hasSize(PRODUCTS);
    }

    @Test
    void whatMeansSomethingInAnArrayLiteralIsTextInABoundArray(Connection connection) throws SQLException {
        List<Product> odd = List.of(
                new Product("a,b", "comma"),
                new Product("{c}", "braces"),
                new Product("d\"e\\f", "quote and backslash"),
                new Product("NULL", "not null"));
        assertThat(insertByUnnest(connection, odd)).isEqualTo(4);

        assertThat(find(connection, List.of("a,b", "{c}", "d\"e\\f", "NULL"))).containsExactlyInAnyOrderElementsOf(odd);
        assertThat(find(connection, List.of("a", "b", "c", "null"))).isEmpty();
    }

    @Test
    void noneOfThemIsAllAndANullInTheListLeavesNoRow(Connection connection) throws SQLException {
        assertThat(countWhere(connection, "sku <> all (array['S1', 'S2'])")).isEqualTo(PRODUCTS - 2);
        assertThat(countWhere(connection, "sku <> any (array['S1', 'S2'])")).isEqualTo(PRODUCTS);
        assertThat(countWhere(connection, "sku <> all (array['S1', null])")).isZero();
    }

    @Test
    void aRewrittenBatchIsAFewStatementsAndStoresTheSameRows(PGSimpleDataSource database) throws SQLException {
        List<Product> batch = products(1_001, 2_000);
        long plainCalls;
        try (Connection plain = database.getConnection()) {
            execute(plain, "create temp table before as select * from product");
            plain.setAutoCommit(false);
            assertThat(insertByBatch(plain, batch)).hasSize(1_000).containsOnly(1);
            plainCalls = calls(plain);
            assertThat(find(plain, skus(batch))).containsExactlyInAnyOrderElementsOf(batch);
            execute(plain, "delete from product where sku not in (select sku from before)");
            plain.commit();
        }
        assertThat(plainCalls).isEqualTo(1_000);

        database.setReWriteBatchedInserts(true);
        try (Connection rewriting = database.getConnection()) {
            rewriting.setAutoCommit(false);
            assertThat(insertByBatch(rewriting, batch)).hasSize(1_000).containsOnly(Statement.SUCCESS_NO_INFO);
            // 1,000 = 512 + 256 + 128 + 64 + 32 + 8
            assertThat(calls(rewriting) - plainCalls).isEqualTo(6);
            assertThat(find(rewriting, skus(batch))).containsExactlyInAnyOrderElementsOf(batch);
        }
    }

    @Test
    void unnestIsOneStatementWithoutAnySetting(Connection connection) throws SQLException {
        List<Product> batch = products(1_001, 2_000);

        assertThat(insertByUnnest(connection, batch)).isEqualTo(1_000);
        assertThat(insertByUnnest(connection, List.of())).isZero();

        assertThat(counted(connection, "insert into product (sku, name) select"))
                .containsExactly(new Counted("insert into product (sku, name) select * from unnest($1, $2)", 2, 1_000));
        assertThat(find(connection, skus(batch))).containsExactlyInAnyOrderElementsOf(batch);
    }

    @Test
    void underAutoCommitABatchThatFailsAtItsEndStaysInPart(Connection connection) throws SQLException {
        List<Product> lastIsThere = new ArrayList<>(products(1_001, 2_000));
        lastIsThere.add(new Product("S1", "again"));

        assertThatThrownBy(() -> runBatch(connection, lastIsThere))
                .isInstanceOfSatisfying(
                        SQLException.class, e -> assertThat(e.getSQLState()).isEqualTo("23505"));

        assertThat(find(connection, skus(lastIsThere)).size() - 1).isBetween(1, 999);
    }

    @Test
    void inATransactionABatchIsAllOrNothing(Connection connection) throws SQLException {
        List<Product> lastIsThere = new ArrayList<>(products(1_001, 2_000));
        lastIsThere.add(new Product("S1", "again"));
        assertThatThrownBy(() -> insertByBatch(connection, lastIsThere))
                .isInstanceOf(IllegalStateException.class)
                .hasMessageContaining("auto-commit");

        connection.setAutoCommit(false);
        assertThatThrownBy(() -> insertByBatch(connection, lastIsThere))
                .isInstanceOfSatisfying(
                        SQLException.class, e -> assertThat(e.getSQLState()).isEqualTo("23505"));
        connection.rollback();

        assertThat(find(connection, skus(lastIsThere))).containsExactly(new Product("S1", "Product 1"));
    }

    @Test
    void oneDuplicateStoresNothingOfTheList(Connection connection) throws SQLException {
        assertThatThrownBy(() -> insertByUnnest(connection, products(PRODUCTS, PRODUCTS + 10)))
                .isInstanceOfSatisfying(
                        SQLException.class, e -> assertThat(e.getSQLState()).isEqualTo("23505"));
        assertThat(find(connection, skus(2 * PRODUCTS))).hasSize(PRODUCTS);
    }

    @Test
    void aNullInTheListIsRefusedBeforeAnyStatement(Connection connection) throws SQLException {
        connection.close(); // a statement would fail with an SQLException

        assertThatThrownBy(() -> find(connection, Arrays.asList("S1", null))).isInstanceOf(NullPointerException.class);
        assertThatThrownBy(() -> find(connection, null)).isInstanceOf(NullPointerException.class);
        assertThatThrownBy(() -> new Product(null, "nameless")).isInstanceOf(IllegalArgumentException.class);
        assertThatThrownBy(() -> new Product("S1", null))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("S1, null");
    }

    private static List<String> skus(int length) {
        return IntStream.rangeClosed(1, length).mapToObj(n -> "S" + n).toList();
    }

    private static List<String> skus(List<Product> products) {
        return products.stream().map(Product::sku).toList();
    }

    /** Inserts by VALUES that the server has run in this database. */
    private static long calls(Connection connection) throws SQLException {
        return counted(connection, "insert into product (sku, name) values").stream()
                .mapToLong(Counted::calls)
                .sum();
    }

    /** Lookups that this session keeps prepared. */
    private static int prepared(Connection connection) throws SQLException {
        try (Statement statement = connection.createStatement();
                ResultSet row = statement.executeQuery("""
                        select count(*) from pg_prepared_statements where statement like 'select sku, name from%'
                        """)) {
            row.next();
            return row.getInt(1);
        }
    }

    private static int countWhere(Connection connection, String condition) throws SQLException {
        try (Statement statement = connection.createStatement();
                ResultSet row = statement.executeQuery("select count(*) from product where " + condition)) {
            row.next();
            return row.getInt(1);
        }
    }

    private static void execute(Connection connection, String sql) throws SQLException {
        try (Statement statement = connection.createStatement()) {
            statement.execute(sql);
        }
    }
}
