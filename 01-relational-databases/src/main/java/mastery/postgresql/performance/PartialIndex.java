package mastery.postgresql.performance;

import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.Optional;
import mastery.support.trace.Story;

/**
 * A partial index holds only the rows that are asked for, and a unique one keeps a rule for them: one active subscription
 * for each customer, however many have ended.
 *
 * <p><b>Use it</b> where the rows of interest are few and named by a constant: open orders, unsent mails, rows that are not
 * deleted.
 *
 * <p><b>Not</b> where the condition comes as a parameter: a generic plan must serve every value, so it cannot use an index
 * that serves one. It is no partitioning either; ten partial indexes for ten states are worse than one on the state.
 *
 * <p><b>It costs</b> little: rows outside of the condition never touch it.
 *
 * <p><b>It needs</b> the condition as a literal in the query, in a form the planner can compare, and, in ON CONFLICT, beside
 * the columns: without it the index is not found (42P10).
 *
 * <p>Source: PostgreSQL manual, "Partial Indexes", INSERT and PREPARE.
 */
public final class PartialIndex {

    /** The right way: what the index says is a literal, what the caller says is bound. */
    static final String ACTIVE_OF = """
            select id, customer_id, tariff
              from subscription
             where customer_id = ?
               and state = 'active'
            """;

    /** The wrong way: which state is meant is known too late for a generic plan. */
    static final String IN_STATE_OF = """
            select id, customer_id, tariff
              from subscription
             where customer_id = ?
               and state = ?
            """;

    /** The rule as an index: 'ended' rows are not in it, so they may be as many as they like. */
    static final String ONE_ACTIVE = """
            create unique index subscription_one_active on subscription (customer_id) where state = 'active'
            """;

    private static final String START = """
            insert into subscription (customer_id, tariff)
            values (?, ?)
                on conflict (customer_id) where state = 'active' do nothing
            """;

    private PartialIndex() {}

    public record Subscription(long id, int customerId, String tariff) {}

    /** Starts a subscription unless one is active; says whether it did. Two callers at once cannot both. */
    public static boolean start(Connection connection, int customerId, String tariff) throws SQLException {
        if (tariff == null || tariff.isBlank()) {
            throw new IllegalArgumentException("a subscription needs a tariff");
        }
        try (PreparedStatement insert = connection.prepareStatement(START)) {
            insert.setInt(1, customerId);
            insert.setString(2, tariff);
            return insert.executeUpdate() == 1;
        }
    }

    /** Ends the active subscription; says whether there was one. */
    public static boolean end(Connection connection, int customerId) throws SQLException {
        try (PreparedStatement update = connection.prepareStatement(
                "update subscription set state = 'ended' where customer_id = ? and state = 'active'")) {
            update.setInt(1, customerId);
            return update.executeUpdate() == 1;
        }
    }

    public static Optional<Subscription> activeOf(Connection connection, int customerId) throws SQLException {
        try (PreparedStatement select = connection.prepareStatement(ACTIVE_OF)) {
            select.setInt(1, customerId);
            try (ResultSet row = select.executeQuery()) {
                return row.next()
                        ? Optional.of(
                                new Subscription(row.getLong("id"), row.getInt("customer_id"), row.getString("tariff")))
                        : Optional.empty();
            }
        }
    }

    public static void createSchema(Connection connection) throws SQLException {
        try (Statement statement = connection.createStatement()) {
            statement.execute("""
                    create table subscription (
                      id          bigint generated always as identity primary key,
                      customer_id int  not null,
                      tariff      text not null,
                      state       text not null default 'active' check (state in ('active', 'ended'))
                    )
                    """);
            statement.execute(ONE_ACTIVE);
        }
    }

    /** Twenty subscriptions for each customer, of which the last is active. */
    public static void fill(Connection connection, int customers) throws SQLException {
        try (PreparedStatement insert = connection.prepareStatement("""
                        insert into subscription (customer_id, tariff, state)
                        select customer, 'basic', case when year = 20 then 'active' else 'ended' end
                          from generate_series(1, 20) as year, generate_series(1, ?) as customer
                        """);
                Statement analyze = connection.createStatement()) {
            insert.setInt(1, customers);
            insert.executeUpdate();
            analyze.execute("analyze subscription");
        }
    }

    public static void main(String[] args) {
        Story.tell(PartialIndex.class, story -> {
            try (Connection connection = story.postgresql().getConnection()) {
                story.quietly("100,000 subscriptions of 5,000 customers, 5,000 of them active", () -> {
                    createSchema(connection);
                    fill(connection, 5_000);
                });

                story.step("The index holds one row in twenty, and finds the active one");
                story.plan(connection, ACTIVE_OF, 7);

                story.step("It is the rule too: no second active one before the first has ended");
                story.show("started", start(connection, 7, "premium"));
                story.show("ended", end(connection, 7));
                story.show("started", start(connection, 7, "premium"));

                story.step("With the state as a parameter, a generic plan reads the table");
                try (Statement statement = connection.createStatement()) {
                    statement.execute("set plan_cache_mode = force_generic_plan");
                    statement.execute("prepare in_state_of (int, text) as "
                            + IN_STATE_OF.replaceFirst("\\?", "\\$1").replaceFirst("\\?", "\\$2"));
                }
                story.plan(connection, "execute in_state_of (7, 'active')");

                story.learned("What the index says, the query must say as a literal; the rest is bound.");
            }
        });
    }
}
