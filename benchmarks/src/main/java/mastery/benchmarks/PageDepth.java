package mastery.benchmarks;

import java.nio.file.Path;
import java.sql.Connection;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import mastery.postgresql.advanced.KeysetPagination;
import mastery.postgresql.advanced.KeysetPagination.Article;
import mastery.postgresql.advanced.KeysetPagination.Cursor;
import mastery.support.postgresql.PostgreSql;
import mastery.support.postgresql.PostgreSqlDatabase;
import mastery.support.work.PostgreSqlWork;

/**
 * The same page by OFFSET and by keyset, at several depths. The two are measured in turn, OFFSET, keyset, OFFSET, keyset, and must give the same
 * rows; the first {@value #WARM_UP} pairs at each depth are not counted. How many rows of the table each way reads is taken from the server's
 * statistics, once.
 *
 * <p>Arguments: how many pairs at each depth, and the directory for the plots.
 */
final class PageDepth {

    private static final int SIZE = 20;
    private static final List<Integer> PAGES = List.of(1, 100, 10_000);
    /** More than the driver and the server need before they keep a statement prepared and its plan. */
    private static final int WARM_UP = 12;

    private PageDepth() {}

    public static void main(String[] arguments) throws Exception {
        int pairs = Integer.parseInt(arguments[0]);
        Path plots = Path.of(arguments[1]);
        List<String> places = new ArrayList<>();
        List<Double> offsets = new ArrayList<>();
        List<Double> keysets = new ArrayList<>();
        List<Double> offsetRows = new ArrayList<>();
        List<Double> keysetRows = new ArrayList<>();
        try (PostgreSqlDatabase database = PostgreSql.shared().newDatabase();
                Connection connection = database.dataSource().getConnection()) {
            KeysetPagination.createSchema(connection);
            KeysetPagination.fill(connection, PAGES.get(PAGES.size() - 1) * SIZE);
            for (int page : PAGES) {
                Times times = measure(connection, page, pairs);
                String place = String.format(Locale.ROOT, "%,d", page);
                print("page " + place + ": OFFSET", "ms", times.offset());
                print("page " + place + ": keyset", "ms", times.keyset());
                print("page " + place + ": OFFSET / keyset", "x", times.ratios());
                Rows rows = rows(connection, page);
                print("page " + place + ": rows read by OFFSET", "rows", List.of(rows.offset()));
                print("page " + place + ": rows read by keyset", "rows", List.of(rows.keyset()));
                places.add(place);
                offsets.add(new Figure("", "", times.offset()).median());
                keysets.add(new Figure("", "", times.keyset()).median());
                offsetRows.add(rows.offset());
                keysetRows.add(rows.keyset());
            }
        }
        Plot.lines("A page of " + SIZE + " rows", places, "ms, median of " + pairs)
                .over("page")
                .logarithmic()
                .series("OFFSET", offsets)
                .series("keyset", keysets)
                .write(plots.resolve("page-time.svg"));
        Plot.lines("Rows read for a page of " + SIZE, places, "rows")
                .over("page")
                .logarithmic()
                .series("OFFSET", offsetRows)
                .series("keyset", keysetRows)
                .write(plots.resolve("page-rows.svg"));
        // Drivers may have left threads behind.
        System.exit(0);
    }

    /** Milliseconds of each pair, and OFFSET's by keyset's. */
    private record Times(List<Double> offset, List<Double> keyset, List<Double> ratios) {}

    private static Times measure(Connection connection, int page, int pairs) throws Exception {
        long before = (long) (page - 1) * SIZE;
        Cursor cursor = cursorAfter(connection, before);
        Times times = new Times(new ArrayList<>(), new ArrayList<>(), new ArrayList<>());
        for (int i = -WARM_UP; i < pairs; i++) {
            List<List<Article>> pages = new ArrayList<>();
            double offset = Stopwatch.millis(() -> pages.add(KeysetPagination.pageAtOffset(connection, before, SIZE)));
            double keyset = Stopwatch.millis(() -> pages.add(KeysetPagination.pageAfter(connection, cursor, SIZE)));
            if (pages.get(0).size() != SIZE || !pages.get(0).equals(pages.get(1))) {
                throw new IllegalStateException("OFFSET and keyset give different pages " + page);
            }
            if (i >= 0) {
                times.offset().add(offset);
                times.keyset().add(keyset);
                times.ratios().add(offset / keyset);
            }
        }
        return times;
    }

    /** Rows of the table that the index led to. */
    private record Rows(double offset, double keyset) {}

    private static Rows rows(Connection connection, int page) throws Exception {
        long before = (long) (page - 1) * SIZE;
        Cursor cursor = cursorAfter(connection, before);
        PostgreSqlWork offset = PostgreSqlWork.measure(
                connection, "article", () -> KeysetPagination.pageAtOffset(connection, before, SIZE));
        PostgreSqlWork keyset = PostgreSqlWork.measure(
                connection, "article", () -> KeysetPagination.pageAfter(connection, cursor, SIZE));
        return new Rows(
                offset.indexRowsFetched() + offset.seqRowsRead(), keyset.indexRowsFetched() + keyset.seqRowsRead());
    }

    private static Cursor cursorAfter(Connection connection, long rows) throws SQLException {
        return rows == 0
                ? Cursor.START
                : KeysetPagination.pageAtOffset(connection, rows - 1, 1).get(0).cursor();
    }

    private static void print(String name, String unit, List<Double> values) {
        System.out.println(new Figure(name, unit, values).line());
    }
}
