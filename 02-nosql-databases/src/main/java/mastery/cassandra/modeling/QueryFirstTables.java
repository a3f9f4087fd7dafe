package mastery.cassandra.modeling;

import com.datastax.oss.driver.api.core.CqlSession;
import com.datastax.oss.driver.api.core.cql.BatchStatement;
import com.datastax.oss.driver.api.core.cql.DefaultBatchType;
import com.datastax.oss.driver.api.core.cql.Row;
import com.datastax.oss.driver.api.core.cql.SimpleStatement;
import com.datastax.oss.driver.api.core.servererrors.InvalidQueryException;
import java.time.LocalDate;
import java.util.List;
import java.util.UUID;
import mastery.support.trace.Story;

/**
 * A table answers the questions that begin with its partition key and refuses the others, so each question gets a table of
 * its own and each write goes to all of them.
 *
 * <p><b>When:</b> the questions are known before the data: look up by what each of them knows, a customer's orders, the
 * orders of a day.
 * <b>Not:</b> for questions that somebody will think of later; for these an index, or a copy in another system.
 * <b>Costs:</b> the rows once more for each question, and a logged batch: the coordinator writes it to two other nodes
 * before the tables, so it is slower than the same writes alone.
 * <b>Needs:</b> that all copies are written together. A logged batch is written whole or not at all in the end, but nobody
 * is kept from seeing one table before the other.
 *
 * <p>The wrong way is to leave the second table out and add ALLOW FILTERING: the server then reads every partition of the
 * table and throws most of it away. Source: Cassandra documentation, "Data modeling", and CQL, "BATCH", "SELECT: allowing
 * filtering".
 */
public final class QueryFirstTables {

    /** An order as every table has it. */
    public record Order(UUID id, String customer, LocalDate day, int cents) {

        public Order {
            if (id == null || day == null || customer == null || customer.isBlank()) {
                throw new IllegalArgumentException("an order has an id, a customer and a day");
            }
            if (cents < 0) {
                throw new IllegalArgumentException("an order costs 0 or more, not " + cents);
            }
        }
    }

    private static final String INSERT_BY_CUSTOMER = """
            INSERT INTO orders_by_customer (customer, day, id, cents)
            VALUES (?, ?, ?, ?)""";

    private static final String INSERT_BY_DAY = """
            INSERT INTO orders_by_day (day, id, customer, cents)
            VALUES (?, ?, ?, ?)""";

    private QueryFirstTables() {}

    /** One table for each question, in the session's keyspace. */
    public static void createTables(CqlSession session) {
        session.execute("""
                CREATE TABLE orders_by_customer (
                  customer text, day date, id uuid, cents int,
                  PRIMARY KEY (customer, day, id)
                ) WITH CLUSTERING ORDER BY (day DESC, id ASC)""");
        session.execute("""
                CREATE TABLE orders_by_day (
                  day date, id uuid, customer text, cents int,
                  PRIMARY KEY (day, id)
                )""");
    }

    /** Writes an order to both tables, to both or, in the end, to none. The same order again changes nothing. */
    public static void place(CqlSession session, Order order) {
        session.execute(placing(order));
    }

    /** The one request that writes an order. */
    public static BatchStatement placing(Order order) {
        return BatchStatement.newInstance(
                DefaultBatchType.LOGGED,
                SimpleStatement.newInstance(
                        INSERT_BY_CUSTOMER, order.customer(), order.day(), order.id(), order.cents()),
                SimpleStatement.newInstance(INSERT_BY_DAY, order.day(), order.id(), order.customer(), order.cents()));
    }

    /** "What did this customer order?": one partition, the newest first. */
    public static List<Order> ofCustomer(CqlSession session, String customer) {
        return orders(session, SimpleStatement.newInstance("""
                SELECT id, customer, day, cents FROM orders_by_customer
                WHERE customer = ?""", customer));
    }

    /** "What was ordered on this day?": one partition of the other table. */
    public static List<Order> ofDay(CqlSession session, LocalDate day) {
        return orders(session, SimpleStatement.newInstance("""
                SELECT id, customer, day, cents FROM orders_by_day
                WHERE day = ?""", day));
    }

    /**
     * The question for which no table was made.
     *
     * @throws InvalidQueryException always: the server would have to read
     *     all partitions
     */
    public static List<Order> ofDayFromTheWrongTable(CqlSession session, LocalDate day) {
        return orders(session, SimpleStatement.newInstance("""
                SELECT id, customer, day, cents FROM orders_by_customer
                WHERE day = ?""", day));
    }

    /** The wrong way: the answer is right, and every row of the table was read for it. */
    public static SimpleStatement byFiltering(LocalDate day) {
        return SimpleStatement.newInstance("""
                SELECT id, customer, day, cents FROM orders_by_customer
                WHERE day = ? ALLOW FILTERING""", day);
    }

    /** Runs a query of orders. */
    public static List<Order> orders(CqlSession session, SimpleStatement query) {
        return session.execute(query).map(QueryFirstTables::order).all();
    }

    private static Order order(Row row) {
        return new Order(row.getUuid("id"), row.getString("customer"), row.getLocalDate("day"), row.getInt("cents"));
    }

    public static void main(String[] args) {
        Story.tell(QueryFirstTables.class, story -> {
            CqlSession session = story.cassandra();
            LocalDate monday = LocalDate.of(2026, 3, 2);
            createTables(session);

            story.step("An order is written to a table for each question, in one logged batch.");
            place(session, new Order(new UUID(0, 1), "ann", monday, 1200));
            story.quietly("three more orders", () -> {
                place(session, new Order(new UUID(0, 2), "ann", monday.plusDays(1), 300));
                place(session, new Order(new UUID(0, 3), "bob", monday, 450));
                place(session, new Order(new UUID(0, 4), "cleo", monday.plusDays(2), 999));
            });

            story.step("Each question reads one partition of its own table.");
            story.show("ann's orders", ofCustomer(session, "ann"));
            story.show("Monday's orders", ofDay(session, monday));

            story.step("The same question to the other table is refused.");
            try {
                ofDayFromTheWrongTable(session, monday);
            } catch (InvalidQueryException refused) {
                story.note("It would have to read every customer.");
            }

            story.step("ALLOW FILTERING does just that: it scans the whole table.");
            story.plan(session, byFiltering(monday));
            story.learned("Ask first, then make the table: one for each question, all written together.");
        });
    }
}
