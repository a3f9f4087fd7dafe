package mastery.mysql.replication;

import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.Map;
import java.util.Objects;
import mastery.support.mysql.MySqlReplication;
import mastery.support.server.Node;
import mastery.support.trace.Story;

/**
 * With SOURCE_AUTO_POSITION a replica asks its source for the transactions it lacks, so it cannot begin at a wrong place;
 * with a file and a position it can, and then rows are missing while the status says that all is well.
 *
 * <p><b>Use it</b> for every replica: after a restart, a restored backup or a change of source nobody has to find a position.
 *
 * <p><b>Not</b> when the source has purged what the replica lacks: it then stops and has to be cloned anew.
 *
 * <p><b>It costs</b> little: a GTID in each transaction of the binary log, and no statement that GTIDs cannot express.
 *
 * <p><b>It needs</b> gtid_mode and enforce_gtid_consistency ON at both ends, and a user with REPLICATION SLAVE.
 */
public final class GtidAutoPosition {

    private GtidAutoPosition() {}

    /** Where the source listens, and the user that may replicate. */
    public record Source(String host, int port, String user, String password) {
        public Source {
            Objects.requireNonNull(host, "host");
            Objects.requireNonNull(user, "user");
            Objects.requireNonNull(password, "password");
            if (port < 1 || port > 65_535) {
                throw new IllegalArgumentException("not a port: " + port);
            }
        }
    }

    /** A place in the source's binary log. */
    public record Position(String file, long offset) {
        public Position {
            Objects.requireNonNull(file, "file");
            if (offset < 0) {
                throw new IllegalArgumentException("a position is not negative: " + offset);
            }
        }
    }

    /** What a dashboard shows of a replica: it does not show what is missing. */
    public record Status(String receiver, String applier, int lastError, boolean autoPosition) {}

    /** The right way: the replica tells what it has, the source sends the rest. */
    public static void follow(Connection replica, Source source) throws SQLException {
        changeSource(replica, """
                change replication source to
                  source_host = ?, source_port = ?, source_user = ?, source_password = ?, source_ssl = 1,
                  source_auto_position = 1
                """, source.host(), source.port(), source.user(), source.password());
    }

    /** The wrong way: the replica begins at this place, whatever it has. */
    public static void followFrom(Connection replica, Source source, Position start) throws SQLException {
        changeSource(
                replica,
                """
                change replication source to
                  source_host = ?, source_port = ?, source_user = ?, source_password = ?, source_ssl = 1,
                  source_auto_position = 0, source_log_file = ?, source_log_pos = ?
                """,
                source.host(),
                source.port(),
                source.user(),
                source.password(),
                start.file(),
                start.offset());
    }

    private static void changeSource(Connection replica, String sql, Object... values) throws SQLException {
        try (Statement statement = replica.createStatement();
                PreparedStatement change = replica.prepareStatement(sql)) {
            for (int i = 0; i < values.length; i++) {
                change.setObject(i + 1, values[i]);
            }
            statement.execute("stop replica");
            change.execute();
            statement.execute("start replica");
        }
    }

    /** The GTID set of all transactions that this server has executed. */
    public static String executed(Connection server) throws SQLException {
        return one(server, "select @@global.gtid_executed", row -> row.getString(1));
    }

    /** Waits until the replica has executed the set; false when the limit came first. */
    public static boolean waitFor(Connection replica, String gtids, Duration limit) throws SQLException {
        return one(
                replica,
                "select wait_for_executed_gtid_set(?, ?)",
                row -> row.getInt(1) == 0,
                gtids,
                limit.toMillis() / 1000.0);
    }

    /** True when the replica has executed every transaction of the set. */
    public static boolean hasAll(Connection replica, String gtids) throws SQLException {
        return one(replica, "select gtid_subset(?, @@global.gtid_executed)", row -> row.getBoolean(1), gtids);
    }

    /** The transactions of one set that are not in the other. */
    public static String without(Connection server, String gtids, String others) throws SQLException {
        return one(server, "select gtid_subtract(?, ?)", row -> row.getString(1), gtids, others);
    }

    /** The end of the source's binary log. */
    public static Position position(Connection source) throws SQLException {
        return one(
                source, "show binary log status", row -> new Position(row.getString("File"), row.getLong("Position")));
    }

    public static Status status(Connection replica) throws SQLException {
        return one(
                replica, """
                select receiver.service_state, applier.service_state,
                       greatest(receiver.last_error_number, worker.last_error_number), configuration.auto_position
                  from performance_schema.replication_connection_configuration configuration
                  join performance_schema.replication_connection_status receiver using (channel_name)
                  join performance_schema.replication_applier_status applier using (channel_name)
                  join performance_schema.replication_applier_status_by_worker worker using (channel_name)
                 order by worker.last_error_number desc
                 limit 1
                """, row -> new Status(row.getString(1), row.getString(2), row.getInt(3), row.getBoolean(4)));
    }

    private static <T> T one(Connection connection, String sql, Row<T> reader, Object... values) throws SQLException {
        try (PreparedStatement select = connection.prepareStatement(sql)) {
            for (int i = 0; i < values.length; i++) {
                select.setObject(i + 1, values[i]);
            }
            try (ResultSet row = select.executeQuery()) {
                if (!row.next()) {
                    throw new SQLException("no row: is this server a replica? " + sql);
                }
                return reader.read(row);
            }
        }
    }

    @FunctionalInterface
    private interface Row<T> {
        T read(ResultSet row) throws SQLException;
    }

    public static void createSchema(Connection source) throws SQLException {
        try (Statement statement = source.createStatement()) {
            statement.execute("""
                    create table deposit (
                      id    bigint not null auto_increment primary key,
                      cents int    not null
                    )
                    """);
        }
    }

    /** Adds deposits in one transaction. */
    public static void fill(Connection source, int deposits) throws SQLException {
        try (PreparedStatement insert = source.prepareStatement("""
                insert /*+ set_var(cte_max_recursion_depth = 1000000) */ into deposit (cents)
                with recursive number (n) as (
                  select 1 union all select n + 1 from number where n < ?
                )
                select n * 100 from number
                """)) {
            insert.setInt(1, deposits);
            insert.executeUpdate();
        }
    }

    /** The number of deposits that a server has. */
    public static long deposits(Connection server) throws SQLException {
        return one(server, "select count(*) from deposit", row -> row.getLong(1));
    }

    public static void main(String[] args) {
        Story.tell(GtidAutoPosition.class, story -> {
            MySqlReplication servers = story.mysqlReplication(1);
            Node node = servers.source();
            Source address =
                    new Source(node.host(), node.port(), MySqlReplication.REPLICATOR, servers.replicatorPassword());
            String database = servers.databases().newDatabase().name();
            try (Connection source = story.traced("source", servers.dataSource(node, database))
                            .getConnection();
                    Connection replica = story.traced(
                                    "replica",
                                    servers.dataSource(servers.replicas().get(0), ""))
                            .getConnection()) {
                story.step("The replica follows by GTID and has what the source has");
                createSchema(source);
                fill(source, 100);
                story.show("executed on the source", executed(source));
                story.show("the replica has it all", waitFor(replica, executed(source), Duration.ofSeconds(30)));

                story.step("The replica begins at a position that is too late: 50 deposits were written before it");
                try (Statement stop = replica.createStatement()) {
                    stop.execute("stop replica");
                }
                fill(source, 50);
                followFrom(replica, address, position(source));

                story.step("It receives the next deposit");
                String before = executed(source);
                fill(source, 1);
                waitFor(replica, without(source, executed(source), before), Duration.ofSeconds(30));

                story.step("The status says that all is well, but the GTIDs tell what is missing");
                replica.setCatalog(database);
                story.show("status", status(replica));
                story.show("the replica has it all", hasAll(replica, executed(source)));
                story.show("missing", without(source, executed(source), executed(replica)));
                story.show("deposits", Map.of("source", deposits(source), "replica", deposits(replica)));

                story.step("With auto position the replica asks for what it lacks, and gets it");
                follow(replica, address);
                story.show("the replica has it all", waitFor(replica, executed(source), Duration.ofSeconds(30)));
                story.show("deposits", Map.of("source", deposits(source), "replica", deposits(replica)));

                story.learned("Let the replica say what it lacks: a position cannot know.");
            }
        });
    }
}
