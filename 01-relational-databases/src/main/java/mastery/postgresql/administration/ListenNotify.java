package mastery.postgresql.administration;

import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Objects;
import javax.sql.DataSource;
import mastery.support.trace.Story;
import org.postgresql.PGConnection;
import org.postgresql.PGNotification;

/**
 * NOTIFY is a wake-up and no queue: it goes out when its transaction commits, and only to those who listen at that moment;
 * what is to be done has to stand in a table.
 *
 * <p><b>Use it</b> to let a worker look at once instead of asking every second.
 *
 * <p><b>Not</b> to carry the work itself: a payload has less than 8,000 bytes, equal ones of one transaction arrive once,
 * and whoever was away has missed it.
 *
 * <p><b>It costs</b> one session for each listener, that no pool hands to others and that is not in a transaction: inside
 * one it hears nothing.
 *
 * <p><b>It needs</b> this order: LISTEN first, then read the table, then wait. The other way round, what is committed
 * between reading and LISTEN lies unseen until the next wake-up (manual, LISTEN and NOTIFY).
 */
public final class ListenNotify {

    static final String CHANNEL = "shipment_waiting";

    private ListenNotify() {}

    /** The right way: the row is the message, the notification says only that there is one. */
    public static long order(Connection connection, String address) throws SQLException {
        Objects.requireNonNull(address, "address");
        try (PreparedStatement insert = connection.prepareStatement("""
                with shipment as (insert into shipment (address) values (?) returning id)
                select id, pg_notify(?, '') from shipment
                """)) {
            insert.setString(1, address);
            insert.setString(2, CHANNEL);
            try (ResultSet row = insert.executeQuery()) {
                row.next();
                return row.getLong("id");
            }
        }
    }

    /** The wrong way: the notification is the message. */
    public static void orderByPayload(Connection connection, String address) throws SQLException {
        try (PreparedStatement notify = connection.prepareStatement("select pg_notify(?, ?)")) {
            notify.setString(1, CHANNEL);
            notify.setString(2, Objects.requireNonNull(address, "address"));
            notify.execute();
        }
    }

    /** From now on wake-ups reach this session. */
    public static void listen(Connection listener) throws SQLException {
        if (!listener.getAutoCommit()) {
            throw new IllegalStateException("turn auto-commit on: inside of a transaction nothing is heard");
        }
        try (Statement statement = listener.createStatement()) {
            statement.execute("listen " + CHANNEL);
        }
    }

    /** Waits for wake-ups until the limit, and returns their payloads; empty when none came. */
    public static List<String> hear(Connection listener, Duration limit) throws SQLException {
        int millis = Math.toIntExact(limit.toMillis());
        if (millis < 1) {
            throw new IllegalArgumentException("wait for a millisecond at least, not " + limit);
        }
        PGNotification[] heard = listener.unwrap(PGConnection.class).getNotifications(millis);
        return Arrays.stream(heard).map(PGNotification::getParameter).toList();
    }

    /** Takes what waits, whether or not a wake-up told of it; returns the ids. */
    public static List<Long> shipWaiting(Connection connection) throws SQLException {
        List<Long> shipped = new ArrayList<>();
        try (Statement statement = connection.createStatement();
                ResultSet row = statement.executeQuery("""
                        update shipment set shipped = true
                         where id in (select id from shipment where not shipped order by id for update skip locked)
                        returning id
                        """)) {
            while (row.next()) {
                shipped.add(row.getLong("id"));
            }
        }
        return shipped;
    }

    public static void createSchema(Connection connection) throws SQLException {
        try (Statement statement = connection.createStatement()) {
            statement.execute("""
                    create table shipment (
                      id      bigint generated always as identity primary key,
                      address text not null,
                      shipped boolean not null default false
                    )
                    """);
            statement.execute("create index shipment_waiting on shipment (id) where not shipped");
        }
    }

    public static void main(String[] args) {
        Story.tell(ListenNotify.class, story -> {
            DataSource database = story.postgresql();
            Duration limit = Duration.ofSeconds(10);
            try (Connection shop = database.getConnection();
                    Connection worker = database.getConnection()) {
                story.quietly("an empty table of shipments", () -> createSchema(shop));

                story.step("An order is placed while nobody listens: nobody will ever be told");
                order(shop, "Elm Street 1");

                story.step("The worker listens first, then looks into the table, and finds it");
                listen(worker);
                story.show("shipped", shipWaiting(worker));

                story.step("An order that is rolled back, then two in one transaction: one wake-up");
                shop.setAutoCommit(false);
                order(shop, "Oak Street 2");
                shop.rollback();
                order(shop, "Ash Street 3");
                order(shop, "Fir Street 4");
                shop.commit();
                story.show("wake-ups", hear(worker, limit).size());
                story.show("shipped", shipWaiting(worker));

                story.step("Payloads as messages: three parcels are sent, two addresses arrive");
                orderByPayload(shop, "Yew Street 5");
                orderByPayload(shop, "Yew Street 5");
                orderByPayload(shop, "Bay Street 6");
                shop.commit();
                story.show("payloads", hear(worker, limit));

                story.learned("Wake up by NOTIFY, work from the table.");
            }
        });
    }
}
