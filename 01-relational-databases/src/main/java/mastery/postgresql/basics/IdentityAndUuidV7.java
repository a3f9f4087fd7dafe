package mastery.postgresql.basics;

import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.OffsetDateTime;
import java.util.ArrayList;
import java.util.List;
import java.util.UUID;
import mastery.support.trace.Story;

/**
 * GENERATED ALWAYS AS IDENTITY keeps ids of others out, which serial lets in until they collide; uuidv7() makes ids that
 * anybody may make and that still sort by their time.
 *
 * <p><b>Use</b> identity for ids of one database: 8 bytes, short to read. Use uuidv7() where several systems make ids, or where
 * an id must not tell how many came before it.
 *
 * <p><b>Not</b> identity for invoice numbers: a rollback leaves a gap. Not uuidv7() for anything secret: it tells when the row
 * was made. Not gen_random_uuid() for the key of a large table: each row goes to another page of the index.
 *
 * <p><b>It costs</b> 16 bytes for a UUID, in the table and in each foreign key.
 *
 * <p><b>It needs</b> PostgreSQL 18 for uuidv7(). Its order is promised within one session; between sessions it is that of
 * their clocks.
 *
 * <p>Source: PostgreSQL manual, "Identity Columns", "UUID Functions", "Numeric Types" (serial).
 */
public final class IdentityAndUuidV7 {

    /** Fails with 428C9 against GENERATED ALWAYS. Against serial it works, and the sequence does not hear of it. */
    static final String WITH_ID = "insert into customer (id, name) values (?, ?)";

    static final String WITH_ID_SERIAL = "insert into customer_serial (id, name) values (?, ?)";

    private IdentityAndUuidV7() {}

    /** Something that happened. The time is the one in its id. */
    public record Event(UUID id, int version, OffsetDateTime createdAt, String what) {}

    /** Adds a customer and returns the id that the database gave. */
    public static long addCustomer(Connection connection, String name) throws SQLException {
        return added(connection, "insert into customer (name) values (?) returning id", name);
    }

    /** The same with a serial id. */
    static long addCustomerSerial(Connection connection, String name) throws SQLException {
        return added(connection, "insert into customer_serial (name) values (?) returning id", name);
    }

    private static long added(Connection connection, String sql, String name) throws SQLException {
        requireText(name);
        try (PreparedStatement insert = connection.prepareStatement(sql)) {
            insert.setString(1, name);
            try (ResultSet row = insert.executeQuery()) {
                row.next();
                return row.getLong("id");
            }
        }
    }

    /** Adds a customer with an id that somebody else made up. */
    static void addCustomerWithId(Connection connection, String sql, long id, String name) throws SQLException {
        requireText(name);
        try (PreparedStatement insert = connection.prepareStatement(sql)) {
            insert.setLong(1, id);
            insert.setString(2, name);
            insert.executeUpdate();
        }
    }

    /**
     * Takes a customer over from another system with its id, and moves the sequence behind it. Others who insert wait until
     * this transaction ends: an id that they took in between would be given again.
     *
     * @param id at least 1
     */
    public static void importCustomer(Connection connection, long id, String name) throws SQLException {
        if (id < 1) {
            throw new IllegalArgumentException("an id is at least 1, not " + id);
        }
        if (connection.getAutoCommit()) {
            throw new IllegalStateException("turn auto-commit off: the lock ends with the transaction");
        }
        try (Statement lock = connection.createStatement()) {
            lock.execute("lock table customer in share row exclusive mode");
        }
        addCustomerWithId(
                connection, "insert into customer (id, name) overriding system value values (?, ?)", id, name);
        try (PreparedStatement move = connection.prepareStatement("""
                select setval(sequence, greatest(pg_sequence_last_value(sequence), ?))
                  from cast(pg_get_serial_sequence('customer', 'id') as regclass) as sequence
                """)) {
            move.setLong(1, id);
            move.execute();
        }
    }

    /** Stores an event under an id that sorts behind all those this session made before. */
    public static Event record(Connection connection, String what) throws SQLException {
        requireText(what);
        try (PreparedStatement insert = connection.prepareStatement("""
                insert into event (what)
                values (?)
                returning id, uuid_extract_version(id) as version, uuid_extract_timestamp(id) as created_at, what
                """)) {
            insert.setString(1, what);
            return events(insert).get(0);
        }
    }

    /** All events in the order of their ids. */
    public static List<Event> events(Connection connection) throws SQLException {
        try (PreparedStatement select = connection.prepareStatement("""
                select id, uuid_extract_version(id) as version, uuid_extract_timestamp(id) as created_at, what
                  from event
                 order by id
                """)) {
            return events(select);
        }
    }

    private static List<Event> events(PreparedStatement statement) throws SQLException {
        List<Event> events = new ArrayList<>();
        try (ResultSet row = statement.executeQuery()) {
            while (row.next()) {
                events.add(new Event(
                        row.getObject("id", UUID.class),
                        row.getInt("version"),
                        row.getObject("created_at", OffsetDateTime.class),
                        row.getString("what")));
            }
        }
        return events;
    }

    private static void requireText(String text) {
        if (text == null || text.isBlank()) {
            throw new IllegalArgumentException("empty text: " + text);
        }
    }

    /** Each table beside the one it should be instead of: {@code customer_serial}, {@code event_random}. */
    public static void createSchema(Connection connection) throws SQLException {
        try (Statement statement = connection.createStatement()) {
            statement.execute("""
                    create table customer (
                      id   bigint generated always as identity primary key,
                      name text not null
                    )
                    """);
            statement.execute("create table customer_serial (id bigserial primary key, name text not null)");
            statement.execute("create table event (id uuid default uuidv7() primary key, what text not null)");
            statement.execute("""
                    create table event_random (
                      id   uuid default gen_random_uuid() primary key,
                      what text not null
                    )
                    """);
        }
    }

    public static void main(String[] args) {
        Story.tell(IdentityAndUuidV7.class, story -> {
            try (Connection connection = story.postgresql().getConnection()) {
                story.quietly("customers by identity and by serial, events by UUID", () -> createSchema(connection));

                story.step("An import brings its own id 1: serial takes it, and collides with itself later");
                addCustomerWithId(connection, WITH_ID_SERIAL, 1, "Ann");
                try {
                    addCustomerSerial(connection, "Bob");
                } catch (SQLException e) {
                    story.note("The victim is Bob, who did nothing wrong.");
                }

                story.step("Identity refuses at once");
                try {
                    addCustomerWithId(connection, WITH_ID, 1, "Ann");
                } catch (SQLException e) {
                    story.note("An import that means it says so, and moves the sequence.");
                }
                connection.setAutoCommit(false);
                importCustomer(connection, 1, "Ann");
                connection.commit();
                story.show("Bob's id", addCustomer(connection, "Bob"));
                connection.commit();

                story.step("A rollback leaves a gap");
                addCustomer(connection, "Cid");
                connection.rollback();
                story.show("Dan's id", addCustomer(connection, "Dan"));
                connection.commit();
                connection.setAutoCommit(true);

                story.step("Events get ids that are unique anywhere, sort by their making, and know their time");
                for (String what : List.of("ordered", "paid", "sent")) {
                    record(connection, what);
                }
                story.show("in the order of their ids", events(connection));

                story.learned("Identity inside one database, uuidv7() across several, serial and random keys nowhere.");
            }
        });
    }
}
