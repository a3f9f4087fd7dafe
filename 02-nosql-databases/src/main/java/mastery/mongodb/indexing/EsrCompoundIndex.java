package mastery.mongodb.indexing;

import static com.mongodb.client.model.Filters.and;
import static com.mongodb.client.model.Filters.eq;
import static com.mongodb.client.model.Filters.gte;
import static com.mongodb.client.model.Indexes.ascending;
import static com.mongodb.client.model.Indexes.compoundIndex;
import static com.mongodb.client.model.Indexes.descending;

import com.mongodb.client.FindIterable;
import com.mongodb.client.MongoCollection;
import com.mongodb.client.MongoDatabase;
import com.mongodb.client.model.IndexOptions;
import com.mongodb.client.model.Sorts;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.stream.IntStream;
import mastery.support.trace.Story;
import org.bson.Document;

/**
 * A compound index with the fields in the order equality, sort, range gives its keys in the order asked for, so a page ends
 * the search; with the range before the sort every match is read and sorted first.
 *
 * <p><b>Use it</b> for queries that fix some fields, sort by another and return the beginning: the newest large orders of a
 * customer.
 *
 * <p><b>Not</b> where the range leaves almost nothing, or the whole result is wanted: then the keys that the range shuts out
 * cost more than a small sort, and equality, range, sort reads less.
 *
 * <p><b>It costs</b> what each index costs: room, and work at each write. The keys between the matches are read or skipped.
 *
 * <p><b>It needs</b> an order that the index has, in this or the opposite direction. Source: MongoDB manual, "The ESR
 * (Equality, Sort, Range) Guideline".
 */
public final class EsrCompoundIndex {

    /** Equality, sort, range. */
    public static final String ESR = "customer_placed_total";

    /** Equality, range, sort: the fields as they stand in the filter. */
    public static final String ERS = "customer_total_placed";

    private static final int CUSTOMERS = 10;

    /** An order of a customer, in cents; {@code placed} counts from the first order on. */
    public record Order(int id, String customer, int placed, int total) {}

    private EsrCompoundIndex() {}

    /** The right way: sorted by the second field of the index, filtered by the third. */
    public static void createEsrIndex(MongoCollection<Document> orders) {
        orders.createIndex(
                compoundIndex(ascending("customer"), descending("placed"), ascending("total")),
                new IndexOptions().name(ESR));
    }

    /** The wrong way, for a page: the range comes first, and within it the orders lie by their total. */
    public static void createErsIndex(MongoCollection<Document> orders) {
        orders.createIndex(
                compoundIndex(ascending("customer"), ascending("total"), descending("placed")),
                new IndexOptions().name(ERS));
    }

    /**
     * The newest orders of a customer that reach a total.
     *
     * @param atLeast cents
     * @param size of the page, at least 1
     */
    public static List<Order> newest(MongoCollection<Document> orders, String customer, int atLeast, int size) {
        List<Order> page = new ArrayList<>();
        for (Document found : newestQuery(orders, customer, atLeast, size)) {
            page.add(new Order(
                    found.getInteger("_id"),
                    found.getString("customer"),
                    found.getInteger("placed"),
                    found.getInteger("total")));
        }
        return page;
    }

    /** The query of {@link #newest}, to be run or explained. A hint names the index that it must use. */
    public static FindIterable<Document> newestQuery(
            MongoCollection<Document> orders, String customer, int atLeast, int size) {
        Objects.requireNonNull(customer, "customer");
        if (atLeast < 0) {
            throw new IllegalArgumentException("a total is not negative: " + atLeast);
        }
        if (size < 1) {
            // The server takes 0 for "no limit", and a negative number for a limit too.
            throw new IllegalArgumentException("a page has at least one order, not " + size);
        }
        return orders.find(and(eq("customer", customer), gte("total", atLeast)))
                .sort(Sorts.descending("placed"))
                .limit(size);
    }

    /** Orders of ten customers in turn, whose totals go through 0 to 999 in leaps; at least 1. */
    public static void fill(MongoCollection<Document> orders, int count) {
        orders.insertMany(IntStream.range(0, count)
                .mapToObj(i -> new Document("_id", i)
                        .append("customer", "customer-" + i % CUSTOMERS)
                        .append("placed", i)
                        .append("total", i / CUSTOMERS * 379 % 1_000))
                .toList());
    }

    public static void main(String[] args) {
        Story.tell(EsrCompoundIndex.class, story -> {
            MongoDatabase database = story.mongodb();
            MongoCollection<Document> orders = database.getCollection("orders");
            story.quietly("20,000 orders of 10 customers, and both indexes", () -> {
                fill(orders, 20_000);
                createEsrIndex(orders);
                createErsIndex(orders);
            });

            story.step("The newest five orders of a customer from 500 cents on");
            story.show("orders", newest(orders, "customer-7", 500, 5));

            story.step("Range before sort: each of the 1,000 matches is read and sorted for a page of 5");
            story.plan(newestQuery(orders, "customer-7", 500, 5).hintString(ERS));

            story.step("Equality, sort, range: the keys come newest first, and five matches end it");
            story.plan(newestQuery(orders, "customer-7", 500, 5).hintString(ESR));

            story.step("A range that leaves two orders: the other index reads these two and sorts them");
            story.plan(newestQuery(orders, "customer-7", 999, 5).hintString(ERS));

            story.step("while the index that sorts goes through all orders of the customer");
            story.plan(newestQuery(orders, "customer-7", 999, 5).hintString(ESR));

            story.learned("For a page: equality, sort, range. For a few matches: equality, range, sort.");
        });
    }
}
