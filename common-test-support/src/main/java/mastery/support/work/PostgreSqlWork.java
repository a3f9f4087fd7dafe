package mastery.support.work;

import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;

/**
 * What PostgreSQL did to one table while an action ran, by the server's own cumulative statistics: pg_stat_all_tables and pg_statio_all_tables.
 *
 * <p>Source: PostgreSQL manual, "The Cumulative Statistics System".
 *
 * @param seqScans sequential scans begun
 * @param seqRowsRead live rows they read
 * @param indexScans index scans begun, bitmap index scans included
 * @param indexRowsFetched live rows fetched from the table through them; an index-only scan that visits no heap page fetches none
 * @param inserted rows inserted
 * @param updated rows updated, HOT ones included
 * @param hotUpdated rows updated without a new index entry
 * @param deleted rows deleted
 * @param heapBlocksHit blocks of the table found in the buffer cache
 * @param heapBlocksRead blocks of the table read from the operating system
 * @param indexBlocksHit blocks of all its indexes found in the buffer cache
 * @param indexBlocksRead blocks of all its indexes read from the operating system
 */
public record PostgreSqlWork(
        long seqScans,
        long seqRowsRead,
        long indexScans,
        long indexRowsFetched,
        long inserted,
        long updated,
        long hotUpdated,
        long deleted,
        long heapBlocksHit,
        long heapBlocksRead,
        long indexBlocksHit,
        long indexBlocksRead) {

    private static final String COUNTERS = """
            SELECT t.seq_scan, t.seq_tup_read, coalesce(t.idx_scan, 0), coalesce(t.idx_tup_fetch, 0),
                   t.n_tup_ins, t.n_tup_upd, t.n_tup_hot_upd, t.n_tup_del,
                   io.heap_blks_hit, io.heap_blks_read, coalesce(io.idx_blks_hit, 0), coalesce(io.idx_blks_read, 0)
            FROM pg_stat_all_tables t JOIN pg_statio_all_tables io USING (relid)
            WHERE relid = ?::regclass
            """;

    /** Blocks of the table and its indexes, in the cache or not. */
    public long blocks() {
        return heapBlocksHit + heapBlocksRead + indexBlocksHit + indexBlocksRead;
    }

    /**
     * Runs the action and returns what it cost {@code table}. The action works through {@code connection}, because a session reports its own work only
     * when it is told to; work that other sessions report meanwhile is counted too.
     *
     * @param table its name as SQL has it, with the schema if it is not on the search path
     * @throws IllegalStateException if the connection is not in autocommit, before or after: work is reported when a transaction ends
     */
    public static PostgreSqlWork measure(Connection connection, String table, Action action) throws Exception {
        PostgreSqlWork before = read(connection, table);
        action.run();
        return read(connection, table).less(before);
    }

    private static PostgreSqlWork read(Connection connection, String table) throws SQLException {
        if (!connection.getAutoCommit()) {
            throw new IllegalStateException(
                    "PostgreSQL reports work when a transaction ends: measure around whole transactions, in autocommit");
        }
        try (Statement flush = connection.createStatement()) {
            // a session reports at most once a second by itself; this one reports when this statement ends
            flush.execute("SELECT pg_stat_force_next_flush()");
        }
        // a transaction of its own, so no snapshot of the statistics from before is in the way
        // (stats_fetch_consistency)
        try (PreparedStatement statement = connection.prepareStatement(COUNTERS)) {
            statement.setString(1, table);
            try (ResultSet row = statement.executeQuery()) {
                row.next();
                return new PostgreSqlWork(
                        row.getLong(1),
                        row.getLong(2),
                        row.getLong(3),
                        row.getLong(4),
                        row.getLong(5),
                        row.getLong(6),
                        row.getLong(7),
                        row.getLong(8),
                        row.getLong(9),
                        row.getLong(10),
                        row.getLong(11),
                        row.getLong(12));
            }
        }
    }

    private PostgreSqlWork less(PostgreSqlWork before) {
        return new PostgreSqlWork(
                seqScans - before.seqScans,
                seqRowsRead - before.seqRowsRead,
                indexScans - before.indexScans,
                indexRowsFetched - before.indexRowsFetched,
                inserted - before.inserted,
                updated - before.updated,
                hotUpdated - before.hotUpdated,
                deleted - before.deleted,
                heapBlocksHit - before.heapBlocksHit,
                heapBlocksRead - before.heapBlocksRead,
                indexBlocksHit - before.indexBlocksHit,
                indexBlocksRead - before.indexBlocksRead);
    }
}
