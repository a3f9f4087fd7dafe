package mastery.postgresql.performance;

import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.Optional;
import mastery.support.trace.Story;

/**
 * An index on an expression serves exactly that expression, and gives the planner statistics about it, but not before the
 * next ANALYZE.
 *
 * <p><b>Use it</b> where queries compare a computed value: the address in small letters, the part behind the @, the UTC day.
 * Unique, it makes Ann@Example.org and ann@example.org the same account.
 *
 * <p><b>Not</b> for a value that many queries need in several ways: a generated column has a name and one definition.
 *
 * <p><b>It costs</b> the expression once for each inserted row, and HOT updates when a column in it changes.
 *
 * <p><b>It needs</b> immutable functions (else 42P17): the month of a timestamptz depends on the session's time zone, so turn
 * it into UTC first; to_char depends on the session's language even then. And an ANALYZE by hand after CREATE INDEX, because
 * autovacuum waits until a tenth of the table has changed; till then the planner guesses that one row in two hundred matches.
 *
 * <p>Source: PostgreSQL manual, "Indexes on Expressions", "Function Volatility Categories", CREATE INDEX.
 */
public final class ExpressionIndex {

    /** The right way: the expression of the index, letter for letter. */
    static final String BY_EMAIL = """
            select id, email
              from account
             where lower(email) = lower(?)
            """;

    /** The wrong way: the column alone is not what is indexed, and misses other spellings too. */
    static final String BY_EMAIL_AS_TYPED = """
            select id, email
              from account
             where email = ?
            """;

    static final String BY_DOMAIN = """
            select id, email
              from account
             where split_part(lower(email), '@', 2) = ?
            """;

    static final String UNIQUE_EMAIL = "create unique index account_email on account (lower(email))";
    static final String DOMAIN = "create index account_domain on account (split_part(lower(email), '@', 2))";

    /** Error 42P17: the month of an instant depends on the session's time zone, and an index has no session. */
    static final String MONTH_OF_SESSION = "create index account_month on account (date_trunc('month', joined_at))";

    static final String MONTH_IN_UTC =
            "create index account_month on account (date_trunc('month', joined_at at time zone 'UTC'))";

    private static final int LONGEST_EMAIL = 254;

    private ExpressionIndex() {}

    public record Account(long id, String email) {}

    /**
     * Opens an account; its id.
     *
     * @throws SQLException with SQLSTATE 23505 if there is one with this address in any spelling
     */
    public static long register(Connection connection, String email) throws SQLException {
        if (email == null || email.length() > LONGEST_EMAIL || !email.matches("[^@\\s]+@[^@\\s]+")) {
            throw new IllegalArgumentException("no mail address of at most " + LONGEST_EMAIL + " characters: " + email);
        }
        try (PreparedStatement insert =
                connection.prepareStatement("insert into account (email) values (?) returning id")) {
            insert.setString(1, email);
            try (ResultSet row = insert.executeQuery()) {
                row.next();
                return row.getLong(1);
            }
        }
    }

    /** The account with this address, however it is spelt. */
    public static Optional<Account> find(Connection connection, String email) throws SQLException {
        try (PreparedStatement select = connection.prepareStatement(BY_EMAIL)) {
            select.setString(1, email);
            try (ResultSet row = select.executeQuery()) {
                return row.next()
                        ? Optional.of(new Account(row.getLong("id"), row.getString("email")))
                        : Optional.empty();
            }
        }
    }

    public static void analyze(Connection connection) throws SQLException {
        try (Statement statement = connection.createStatement()) {
            statement.execute("analyze account");
        }
    }

    public static void createSchema(Connection connection) throws SQLException {
        try (Statement statement = connection.createStatement()) {
            statement.execute("""
                    create table account (
                      id        bigint generated always as identity primary key,
                      email     text        not null,
                      joined_at timestamptz not null default now()
                    )
                    """);
        }
    }

    /** Two accounts in five are at Example.org, the others at a thousand hosts. Analyzed, then indexed. */
    public static void fill(Connection connection, int accounts) throws SQLException {
        try (PreparedStatement insert = connection.prepareStatement("""
                        insert into account (email, joined_at)
                        select 'User' || n || '@' || case when n % 5 < 2 then 'Example.org' else 'Host' || n % 1000 end,
                               timestamptz '2026-01-01 00:00Z' + n * interval '1 minute'
                          from generate_series(1, ?) as n
                        """);
                Statement statement = connection.createStatement()) {
            insert.setInt(1, accounts);
            insert.executeUpdate();
            analyze(connection);
            statement.execute(UNIQUE_EMAIL);
            statement.execute(DOMAIN);
        }
    }

    public static void main(String[] args) {
        Story.tell(ExpressionIndex.class, story -> {
            try (Connection connection = story.postgresql().getConnection()) {
                story.quietly("50,000 accounts, 20,000 of them at Example.org, analyzed, then indexed", () -> {
                    createSchema(connection);
                    fill(connection, 50_000);
                });

                story.step("The expression of the index is found, in any spelling");
                story.show("found", find(connection, "USER1@EXAMPLE.ORG"));
                story.plan(connection, BY_EMAIL, "USER1@EXAMPLE.ORG");

                story.step("The column alone reads the whole table");
                story.plan(connection, BY_EMAIL_AS_TYPED, "User1@Example.org");

                story.step("The address is taken in every spelling");
                try {
                    register(connection, "user1@example.ORG");
                } catch (SQLException e) {
                    story.note("Error " + e.getSQLState() + ": one address, one account");
                }

                story.step("Before ANALYZE the planner expects 250 at example.org, after it the 20,000 that there are");
                story.plan(connection, BY_DOMAIN, "example.org");
                analyze(connection);
                story.plan(connection, BY_DOMAIN, "example.org");

                story.step("A month that depends on the session's time zone cannot be indexed; one in UTC can");
                try (Statement statement = connection.createStatement()) {
                    statement.execute(MONTH_OF_SESSION);
                } catch (SQLException e) {
                    story.note("Error " + e.getSQLState() + ": no session, no time zone");
                }
                try (Statement statement = connection.createStatement()) {
                    statement.execute(MONTH_IN_UTC);
                }

                story.learned("Write the expression as the index has it, and ANALYZE once the index is there.");
            }
        });
    }
}
