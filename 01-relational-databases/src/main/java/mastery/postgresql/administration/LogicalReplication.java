package mastery.postgresql.administration;

import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.UUID;
import mastery.support.postgresql.PostgreSqlDatabase;
import mastery.support.postgresql.PostgreSqlServers;
import mastery.support.trace.Story;
import mastery.support.work.Action;
import org.awaitility.Awaitility;
import org.postgresql.PGConnection;

/**
 * Logical replication copies the rows and columns that a publication names, and goes on with what happens to them; it
 * copies neither sequences nor changes of the schema, and a row that is there already stops it.
 *
 * <p><b>Use it</b> to feed a part of a database to another server, or to move to a new version with little downtime.
 *
 * <p><b>Not</b> as a standby: the subscriber takes writes, and its sequences still stand at their beginning.
 *
 * <p><b>It costs</b> log on the publisher for as long as a subscriber is away: its slot keeps it.
 *
 * <p><b>It needs</b> wal_level logical on the publisher, and a replica identity in each published table: without one its
 * UPDATE and DELETE fail on the publisher, from the moment of publishing, with 55000. A row filter may use columns of
 * that identity only, else they fail with 42P10 (manual, "Logical Replication").
 */
public final class LogicalReplication {

    private LogicalReplication() {}

    public record Order(long id, String region, int cents, String note) {}

    /** How the subscription is, and how often a row was there already, by one unique key of it or by several. */
    public record Status(boolean enabled, long byOneKey, long bySeveralKeys) {}

    /** Only orders of one region, and without their notes. */
    public static void publish(Connection publisher) throws SQLException {
        execute(publisher, """
                create publication eu_orders
                   for table customer_order (id, region, cents) where (region = 'eu')
                """);
    }

    /** A role that may read the table and stream changes, and no more; its name begins with the database's. */
    public static String createReplicator(Connection publisher, String password) throws SQLException {
        PGConnection quoting = publisher.unwrap(PGConnection.class);
        String name = publisher.getCatalog() + "_replicator";
        String role = quoting.escapeIdentifier(name);
        execute(
                publisher,
                "create role " + role + " login replication password '" + quoting.escapeLiteral(password) + "'");
        execute(publisher, "grant select on customer_order to " + role);
        return name;
    }

    /**
     * Copies the rows and goes on with changes. It stops at a conflict, instead of trying the same again every few seconds.
     *
     * @param publisher as libpq writes it: {@code host=... port=... dbname=... user=... password=...}
     */
    public static void subscribe(Connection subscriber, String publisher) throws SQLException {
        PGConnection quoting = subscriber.unwrap(PGConnection.class);
        String name = quoting.escapeIdentifier(subscriber.getCatalog());
        execute(subscriber, """
                create subscription %s connection '%s' publication eu_orders
                  with (slot_name = %s, disable_on_error = true)
                """.formatted(name, quoting.escapeLiteral(publisher), name));
    }

    /** Goes on after a conflict was cleared away. */
    public static void resume(Connection subscriber) throws SQLException {
        String name = subscriber.unwrap(PGConnection.class).escapeIdentifier(subscriber.getCatalog());
        execute(subscriber, "alter subscription " + name + " enable");
    }

    /** Ends the subscription, and its slot on the publisher: a slot that is forgotten keeps the log for ever. */
    public static void unsubscribe(Connection subscriber) throws SQLException {
        String name = subscriber.unwrap(PGConnection.class).escapeIdentifier(subscriber.getCatalog());
        execute(subscriber, "drop subscription if exists " + name);
    }

    public static Status status(Connection subscriber) throws SQLException {
        try (Statement statement = subscriber.createStatement();
                ResultSet row = statement.executeQuery("""
                        select subscription.subenabled, stats.confl_insert_exists, stats.confl_multiple_unique_conflicts
                          from pg_subscription subscription
                          join pg_stat_subscription_stats stats on stats.subid = subscription.oid
                         where subscription.subname = current_database()
                        """)) {
            row.next();
            return new Status(row.getBoolean(1), row.getLong(2), row.getLong(3));
        }
    }

    /** True when the rows of all tables were copied, and everything up to this place of the publisher's log was applied. */
    public static boolean hasAll(Connection publisher, Connection subscriber, String lsn) throws SQLException {
        try (Statement copied = subscriber.createStatement();
                PreparedStatement applied = publisher.prepareStatement(
                        "select confirmed_flush_lsn >= ?::pg_lsn from pg_replication_slots where slot_name = ?")) {
            applied.setString(1, lsn);
            applied.setString(2, subscriber.getCatalog());
            try (ResultSet tables = copied.executeQuery("""
                            select bool_and(srsubstate = 'r') from pg_subscription_rel
                            """);
                    ResultSet slot = applied.executeQuery()) {
                return tables.next() && tables.getBoolean(1) && slot.next() && slot.getBoolean(1);
            }
        }
    }

    /** The place in the publisher's log behind the last commit. */
    public static String position(Connection publisher) throws SQLException {
        try (Statement statement = publisher.createStatement();
                ResultSet row = statement.executeQuery("select pg_current_wal_lsn()")) {
            row.next();
            return row.getString(1);
        }
    }

    public static long add(Connection connection, String region, int cents, String note) throws SQLException {
        Objects.requireNonNull(region, "region");
        try (PreparedStatement insert = connection.prepareStatement(
                "insert into customer_order (region, cents, note) values (?, ?, ?) returning id")) {
            insert.setString(1, region);
            insert.setInt(2, cents);
            insert.setString(3, note);
            try (ResultSet row = insert.executeQuery()) {
                row.next();
                return row.getLong(1);
            }
        }
    }

    public static List<Order> orders(Connection connection) throws SQLException {
        List<Order> orders = new ArrayList<>();
        try (Statement statement = connection.createStatement();
                ResultSet row = statement.executeQuery("select * from customer_order order by id")) {
            while (row.next()) {
                orders.add(new Order(row.getLong(1), row.getString(2), row.getInt(3), row.getString(4)));
            }
        }
        return orders;
    }

    /** Both servers need the table. Its replica identity has the column of the row filter. */
    public static void createSchema(Connection connection) throws SQLException {
        execute(connection, """
                create table customer_order (
                  id     bigint generated by default as identity primary key,
                  region text   not null,
                  cents  int    not null,
                  note   text
                )
                """);
        execute(connection, "create unique index customer_order_identity on customer_order (id, region)");
        execute(connection, "alter table customer_order replica identity using index customer_order_identity");
    }

    private static void execute(Connection connection, String sql) throws SQLException {
        try (Statement statement = connection.createStatement()) {
            statement.execute(sql);
        }
    }

    public static void main(String[] args) {
        Story.tell(LogicalReplication.class, story -> {
            PostgreSqlServers servers = story.postgresqlServers(2, Map.of());
            PostgreSqlDatabase shop = servers.server(0).newDatabase();
            PostgreSqlDatabase copy = servers.server(1).newDatabase();
            try (Connection publisher = story.traced("shop", shop.dataSource()).getConnection();
                    Connection subscriber =
                            story.traced("copy", copy.dataSource()).getConnection()) {
                story.quietly("the same table on two servers, three orders on the first", () -> {
                    createSchema(publisher);
                    createSchema(subscriber);
                    add(publisher, "eu", 1900, "gift");
                    add(publisher, "us", 2500, null);
                    add(publisher, "eu", 900, null);
                });
                Action untilItHasAll = () -> story.quietly(
                        "until the subscriber has all",
                        () -> Awaitility.await()
                                .atMost(Duration.ofSeconds(30))
                                .until(() -> hasAll(publisher, subscriber, position(publisher))));

                story.step("The shop publishes the orders of one region, without their notes");
                publish(publisher);

                story.step("The copy subscribes: first the rows that are there, then what happens to them");
                story.note("create subscription ... connection '...' publication eu_orders"
                        + " with (slot_name = ..., disable_on_error = true)");
                story.quietly("a role to replicate with, and the subscription", () -> {
                    String password = UUID.randomUUID().toString();
                    String role = createReplicator(publisher, password);
                    subscribe(
                            subscriber,
                            "host=%s port=%d dbname=%s user=%s password=%s"
                                    .formatted(shop.node().host(), shop.node().port(), shop.name(), role, password));
                });
                untilItHasAll.run();
                story.show("orders in the copy", orders(subscriber));

                story.step("An order that moves to another region leaves the copy");
                execute(publisher, "update customer_order set region = 'us' where id = 3");
                untilItHasAll.run();
                story.show("orders in the copy", orders(subscriber));

                story.step("Sequences are not copied: the copy's own orders begin at 1, which is there already");
                try {
                    add(subscriber, "eu", 100, null);
                } catch (SQLException taken) {
                    story.note("Refused with " + taken.getSQLState() + ".");
                }

                story.quietly("the subscription and its slot are dropped", () -> unsubscribe(subscriber));
                story.learned("What arrives is what the publication names: rows and columns, and no sequence.");
            }
        });
    }
}
