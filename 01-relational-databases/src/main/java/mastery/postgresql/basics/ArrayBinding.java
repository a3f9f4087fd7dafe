package mastery.postgresql.basics;

import java.sql.Array;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Collections;
import java.util.List;
import java.util.stream.IntStream;
import javax.sql.DataSource;
import mastery.support.trace.Story;
import org.postgresql.ds.PGSimpleDataSource;

/**
 * {@code = ANY (?)} takes a list of any length as one bound array, so it is one statement for the server, where
 * {@code IN (?, ?, ...)} is another one for each length; unnest does the same for an insert of many rows.
 *
 * <p><b>Use it</b> wherever a program has a list: keys to look up, rows to store. Placeholders end at 65,535; an array ends
 * where a value does, at 1 GB.
 *
 * <p><b>Not</b> for millions of rows: COPY is made for them. Not {@code <> ANY} for "none of them", which is
 * {@code <> ALL (?)}, and which a NULL in the list turns into no row at all.
 *
 * <p><b>It costs</b> an array for each column of an insert. Batches with reWriteBatchedInserts need none, but no longer tell how
 * many rows each entry stored, and need a transaction around them to be all or nothing.
 *
 * <p><b>It needs</b> the element type by its SQL name. To see the statements it needs the extension pg_stat_statements, which
 * must be in shared_preload_libraries. PostgreSQL 18 counts all IN lists of two or more as one statement there; each length is
 * still parsed, planned and prepared for itself.
 *
 * <p>Source: PostgreSQL manual, "Row and Array Comparisons", "PostgreSQL Limits", "pg_stat_statements"; driver manual,
 * "reWriteBatchedInserts".
 */
public final class ArrayBinding {

    /** The right way: one placeholder, whatever the list. */
    static final String BY_ARRAY = "select sku, name from product where sku = any (?)";

    private ArrayBinding() {}

    public record Product(String sku, String name) {
        public Product {
            if (sku == null || sku.isBlank() || name == null) {
                throw new IllegalArgumentException("a product has a sku and a name: " + sku + ", " + name);
            }
        }
    }

    /** What the server counted for one statement. */
    public record Counted(String query, long calls, long rows) {}

    /** The products with these skus, in no order; an empty list finds none. */
    public static List<Product> find(Connection connection, Collection<String> skus) throws SQLException {
        Array array = connection.createArrayOf("text", List.copyOf(skus).toArray());
        try (PreparedStatement select = connection.prepareStatement(BY_ARRAY)) {
            select.setArray(1, array);
            return products(select);
        } finally {
            array.free();
        }
    }

    /** The wrong way: as many statements as there are lengths, and no SQL at all for an empty list. */
    static List<Product> findByPlaceholders(Connection connection, Collection<String> skus) throws SQLException {
        String placeholders = String.join(", ", Collections.nCopies(skus.size(), "?"));
        try (PreparedStatement select =
                connection.prepareStatement("select sku, name from product where sku in (" + placeholders + ")")) {
            int index = 0;
            for (String sku : skus) {
                select.setString(++index, sku);
            }
            return products(select);
        }
    }

    /** Never: what is in the list becomes SQL. */
    static List<Product> findByConcatenation(Connection connection, Collection<String> skus) throws SQLException {
        try (PreparedStatement select = connection.prepareStatement(
                "select sku, name from product where sku in ('" + String.join("', '", skus) + "')")) {
            return products(select);
        }
    }

    /** Stores all products by one statement, and returns how many. */
    public static int insertByUnnest(Connection connection, List<Product> products) throws SQLException {
        Array skus = connection.createArrayOf(
                "text", products.stream().map(Product::sku).toArray());
        Array names = connection.createArrayOf(
                "text", products.stream().map(Product::name).toArray());
        try (PreparedStatement insert =
                connection.prepareStatement("insert into product (sku, name) select * from unnest(?, ?)")) {
            insert.setArray(1, skus);
            insert.setArray(2, names);
            return insert.executeUpdate();
        } finally {
            skus.free();
            names.free();
        }
    }

    /**
     * Stores all products as a batch: one statement each, or with reWriteBatchedInserts of the driver a few of many rows.
     *
     * @param connection in a transaction of the caller, which makes the batch all or nothing
     * @return for each product 1, or {@link Statement#SUCCESS_NO_INFO} when the driver has put several into one statement
     */
    public static int[] insertByBatch(Connection connection, List<Product> products) throws SQLException {
        if (connection.getAutoCommit()) {
            throw new IllegalStateException("turn auto-commit off: else each portion of the batch commits by itself");
        }
        return runBatch(connection, products);
    }

    /** Under auto-commit half of the batch can stay: the driver sends it in portions, and each is a transaction. */
    static int[] runBatch(Connection connection, List<Product> products) throws SQLException {
        try (PreparedStatement insert = connection.prepareStatement("insert into product (sku, name) values (?, ?)")) {
            for (Product product : products) {
                insert.setString(1, product.sku());
                insert.setString(2, product.name());
                insert.addBatch();
            }
            return insert.executeBatch();
        }
    }

    private static List<Product> products(PreparedStatement select) throws SQLException {
        List<Product> products = new ArrayList<>();
        try (ResultSet row = select.executeQuery()) {
            while (row.next()) {
                products.add(new Product(row.getString("sku"), row.getString("name")));
            }
        }
        return products;
    }

    /** The statements on products that the server tells apart in this database, by their beginning. */
    public static List<Counted> counted(Connection connection, String beginning) throws SQLException {
        List<Counted> counted = new ArrayList<>();
        try (PreparedStatement select = connection.prepareStatement("""
                select left(query, 61) as query, calls, rows
                  from pg_stat_statements(true)
                 where dbid = (select oid from pg_database where datname = current_database())
                   and starts_with(query, ?)
                 order by length(pg_stat_statements.query)
                """)) {
            select.setString(1, beginning);
            try (ResultSet row = select.executeQuery()) {
                while (row.next()) {
                    counted.add(new Counted(row.getString("query"), row.getLong("calls"), row.getLong("rows")));
                }
            }
        }
        return counted;
    }

    public static void createSchema(Connection connection) throws SQLException {
        try (Statement statement = connection.createStatement()) {
            statement.execute("create extension if not exists pg_stat_statements");
            statement.execute("create table product (sku text primary key, name text not null)");
        }
    }

    /** Products S1, S2 and so on. */
    static List<Product> products(int from, int to) {
        return IntStream.rangeClosed(from, to)
                .mapToObj(n -> new Product("S" + n, "Product " + n))
                .toList();
    }

    public static void main(String[] args) {
        Story.tell(ArrayBinding.class, story -> {
            DataSource database = story.postgresql();
            try (Connection connection = database.getConnection()) {
                story.quietly("1,000 products, stored by one insert from unnest", () -> {
                    createSchema(connection);
                    insertByUnnest(connection, products(1, 1_000));
                });

                story.step("Lists of one and of three: with ANY one statement, with IN two");
                find(connection, List.of("S1"));
                find(connection, List.of("S1", "S2", "S3"));
                findByPlaceholders(connection, List.of("S1"));
                findByPlaceholders(connection, List.of("S1", "S2", "S3"));
                story.show("lookups, as the server tells them apart", counted(connection, "select sku, name from"));

                story.step("What stands in the list is text; only a program that concatenates runs it");
                List<String> hostile = List.of("S1') or ('' = '");
                story.show("found by ANY", find(connection, hostile).size());
                story.show(
                        "found by concatenation",
                        findByConcatenation(connection, hostile).size());

                story.step("1,000 rows as a batch are 1,000 statements on the server");
                connection.setAutoCommit(false);
                insertByBatch(connection, products(1_001, 2_000));
                connection.commit();
            }
            database.unwrap(PGSimpleDataSource.class).setReWriteBatchedInserts(true);
            try (Connection connection = database.getConnection()) {
                story.step("With reWriteBatchedInserts=true the driver makes a few of them");
                connection.setAutoCommit(false);
                int[] stored = insertByBatch(connection, products(2_001, 3_000));
                connection.commit();
                story.show("rows of an entry, says the driver: SUCCESS_NO_INFO", stored[0]);
                story.show("inserts, as the server tells them apart", counted(connection, "insert into product"));

                story.learned("Bind a list as an array: one statement, for one value or for thousands.");
            }
        });
    }
}
