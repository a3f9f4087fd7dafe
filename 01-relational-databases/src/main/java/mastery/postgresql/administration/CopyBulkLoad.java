package mastery.postgresql.administration;

import java.io.IOException;
import java.io.Reader;
import java.io.StringReader;
import java.math.BigDecimal;
import java.nio.charset.StandardCharsets;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.SQLWarning;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import mastery.support.trace.Story;
import org.postgresql.PGConnection;
import org.postgresql.copy.CopyIn;

/**
 * COPY loads all rows or none by one statement; ON_ERROR ignore leaves out those that do not fit their types, and
 * REJECT_LIMIT says how many may be left out before the load fails.
 *
 * <p><b>Use it</b> for anything above some hundred rows: files from others with a limit, rows of your own without.
 *
 * <p><b>Not</b> to skip rows that break a constraint or have too few columns: ON_ERROR ignore looks at types only, and
 * any other fault fails the load. Such files go into a table without constraints first.
 *
 * <p><b>It costs</b> dead rows when it fails: what came before the fault was written and stays until VACUUM.
 *
 * <p><b>It needs</b> PostgreSQL 17 for ON_ERROR and 18 for REJECT_LIMIT (manual, COPY). Text is quoted here by hand, as
 * CSV wants it, because COPY has no bound values.
 */
public final class CopyBulkLoad {

    /** Rows of our own: a row that does not fit is a fault of the program. */
    static final String COPY = """
            copy product (id, name, price) from stdin (format csv)
            """;

    /** A file from others. One NOTICE for each row left out says line, column and value, a last one the sum. */
    static final String COPY_WITH_LIMIT = """
            copy product (id, name, price) from stdin
              (format csv, on_error ignore, reject_limit %d, log_verbosity verbose)
            """;

    private CopyBulkLoad() {}

    /** A product; a name of {@code null} is NULL, an empty one is an empty string. */
    public record Product(long id, String name, BigDecimal price) {
        public Product {
            Objects.requireNonNull(price, "price");
        }
    }

    /** What a file gave: rows loaded, and why each of the others was left out. */
    public record Loaded(long rows, List<String> skipped) {}

    /** Loads products, all or none, without holding them in memory. Returns their number. */
    public static long load(Connection connection, Iterable<Product> products) throws SQLException {
        Objects.requireNonNull(products, "products");
        CopyIn copy = connection.unwrap(PGConnection.class).getCopyAPI().copyIn(COPY);
        try {
            for (Product product : products) {
                byte[] line = line(product).getBytes(StandardCharsets.UTF_8);
                copy.writeToCopy(line, 0, line.length);
            }
            return copy.endCopy();
        } finally {
            if (copy.isActive()) {
                copy.cancelCopy(); // else the connection stays in COPY and refuses the next statement
            }
        }
    }

    /** Quoted always, so that an empty string is not NULL and no name can end its field or its line. */
    private static String line(Product product) {
        String name = product.name() == null ? "" : '"' + product.name().replace("\"", "\"\"") + '"';
        return product.id() + "," + name + "," + product.price().toPlainString() + "\n";
    }

    /** Loads a CSV file and leaves out at most {@code rejectLimit} rows whose values do not fit their types. */
    public static Loaded loadFile(Connection connection, Reader csv, int rejectLimit) throws SQLException, IOException {
        Objects.requireNonNull(csv, "csv");
        if (rejectLimit < 1) {
            throw new IllegalArgumentException("a reject limit is at least 1, not " + rejectLimit
                    + ": without bad rows to forgive use COPY as it is");
        }
        connection.clearWarnings();
        long rows =
                connection.unwrap(PGConnection.class).getCopyAPI().copyIn(COPY_WITH_LIMIT.formatted(rejectLimit), csv);
        List<String> notices = new ArrayList<>();
        for (SQLWarning notice = connection.getWarnings(); notice != null; notice = notice.getNextWarning()) {
            notices.add(notice.getMessage());
        }
        return new Loaded(rows, List.copyOf(notices.subList(0, Math.max(0, notices.size() - 1))));
    }

    public static void createSchema(Connection connection) throws SQLException {
        try (Statement statement = connection.createStatement()) {
            statement.execute("""
                    create table product (
                      id    bigint primary key,
                      name  text,
                      price numeric(8,2) not null check (price >= 0)
                    )
                    """);
        }
    }

    public static void main(String[] args) {
        Story.tell(CopyBulkLoad.class, story -> {
            try (Connection connection = story.postgresql().getConnection();
                    Statement statement = connection.createStatement()) {
                createSchema(connection);

                story.step("One statement loads 50,000 products");
                List<Product> products = new ArrayList<>();
                for (int i = 1; i <= 50_000; i++) {
                    products.add(new Product(i, "Product " + i, BigDecimal.valueOf(i, 2)));
                }
                story.note(COPY.strip());
                story.show("rows", load(connection, products));

                String file = """
                        60001,Lamp,19.90
                        60002,Chair,cheap
                        60003,"Desk, oak",349.00
                        6OOO4,Shelf,49.00
                        """;
                story.step("A file with two bad rows: a price that is a word, and an id with an O for a 0");
                story.note("copy ... (format csv, on_error ignore, reject_limit 2, log_verbosity verbose)");
                Loaded loaded = loadFile(connection, new StringReader(file), 2);
                story.show("rows", loaded.rows());
                loaded.skipped().forEach(story::note);

                story.step("With a limit of one, the same file fails as a whole");
                statement.execute("delete from product where id > 60000");
                try {
                    loadFile(connection, new StringReader(file), 1);
                } catch (SQLException tooMany) {
                    story.show(tooMany.getSQLState(), tooMany.getMessage());
                }

                story.learned("COPY loads all or nothing; say how many bad rows are nothing to worry about.");
            }
        });
    }
}
