package mastery.design.transactions;

import java.util.List;
import java.util.Map;
import java.util.Set;
import mastery.design.transactions.EngineLevels.Level;

/**
 * SQL Server: READ COMMITTED reads with short locks, or a snapshot of each statement where the database says so (RCSI). REPEATABLE READ keeps the locks
 * of what it read, SERIALIZABLE those of what it looked through; SNAPSHOT (SI) reads one snapshot and refuses to write what has changed since.
 *
 * <p>T2 is the victim of every deadlock: without a priority the server would choose either.
 *
 * <p>This table is written from the documentation and from the published matrix (Hermitage, SQL Server 2012), with the same outcomes. The one cell that
 * they leave open: in "G2 reader" under RR and SER T3 could be shown waiting for T1, which holds the row, not for T2, which is first in the queue.
 *
 * <p>Source: SQL Server documentation, "Transaction locking and row versioning guide", "SET TRANSACTION ISOLATION LEVEL" and "SET DEADLOCK_PRIORITY".
 */
final class SqlServerLevels {

    private static final String EXPECTED = """
            G0             | RU RC RCSI RR SER | waits   | 2 waits for T1 until 5; end 1=102 2=202
            G0             | SI                | 3960    | 2 waits for T1 until 5, fails 3960; end 1=101 2=201
            G1a            | RU                | allowed | 2 reads 1=101; end 1=100 2=200
            G1a            | RC RR SER         | waits   | 2 waits for T1 until 3, reads 1=100; end 1=100 2=200
            G1a            | RCSI SI           | unseen  | 2 reads 1=100; end 1=100 2=200
            G1b            | RU                | allowed | 2 reads 1=111; end 1=101 2=200
            G1b            | RC RR SER         | waits   | 2 waits for T1 until 4, reads 1=101; end 1=101 2=200
            G1b            | RCSI SI           | unseen  | 2 reads 1=100; end 1=101 2=200
            G1c            | RU                | allowed | 3 reads 2=202; 4 reads 1=101; end 1=101 2=202
            G1c            | RC RR SER         | 1205    | 3 waits for T2 until 4, reads 2=200; 4 fails 1205; end 1=101 2=200
            G1c            | RCSI SI           | unseen  | 3 reads 2=200; 4 reads 1=100; end 1=101 2=202
            OTV            | RU                | allowed | 3 waits for T1 until 4; 5 reads 1=102 2=201; end 1=102 2=202
            OTV            | RC RR SER         | waits   | 3 waits for T1 until 4; 5 waits for T2 until 7, reads 1=102 2=202; end 1=102 2=202
            OTV            | RCSI              | unseen  | 3 waits for T1 until 4; 5 reads 1=101 2=201; end 1=102 2=202
            OTV            | SI                | 3960    | 3 waits for T1 until 4, fails 3960; 5 reads 1=101 2=201; end 1=101 2=201
            PMP            | RU RC RCSI RR     | allowed | 1 reads nothing; 4 reads 3=300; end 1=100 2=200 3=300
            PMP            | SI                | unseen  | 1 reads nothing; 4 reads nothing; end 1=100 2=200 3=300
            PMP            | SER               | waits   | 1 reads nothing; 2 waits for T1 until 5; 4 reads nothing; end 1=100 2=200 3=300
            PMP write      | RU RC RCSI        | allowed | 1 reads 2=200; 2 changes 2; 3 waits for T1 until 4; end 2=300
            PMP write      | RR SER            | 1205    | 1 reads 2=200; 2 waits for T2 until 3, changes 2; 3 fails 1205; end 1=200 2=300
            PMP write      | SI                | 3960    | 1 reads 2=200; 2 changes 2; 3 waits for T1 until 4, fails 3960; end 1=200 2=300
            P4             | RU RC RCSI        | allowed | 1 reads 1=100; 2 reads 1=100; 4 waits for T1 until 5; end 1=120 2=200
            P4             | RR SER            | 1205    | 1 reads 1=100; 2 reads 1=100; 3 waits for T2 until 4; 4 fails 1205; end 1=110 2=200
            P4             | SI                | 3960    | 1 reads 1=100; 2 reads 1=100; 4 waits for T1 until 5, fails 3960; end 1=110 2=200
            G-single       | RU RC RCSI        | allowed | 1 reads 1=100; 5 reads 2=250; end 1=50 2=250
            G-single       | RR SER            | waits   | 1 reads 1=100; 2 waits for T1 until 6; 5 reads 2=200; end 1=50 2=250
            G-single       | SI                | unseen  | 1 reads 1=100; 5 reads 2=200; end 1=50 2=250
            G-single pred  | RU RC RCSI RR     | allowed | 1 reads 1=100; 5 reads 2=200 4=300; end 1=100 2=200 3=120 4=300
            G-single pred  | SI                | unseen  | 1 reads 1=100; 5 reads 2=200; end 1=100 2=200 3=120 4=300
            G-single pred  | SER               | waits   | 1 reads 1=100; 2 waits for T1 until 6; 5 reads 2=200; end 1=100 2=200 3=120 4=300
            G-single write | RU RC RCSI        | allowed | 1 reads 1=100; 5 changes 0; end 1=50 2=250
            G-single write | RR SER            | 1205    | 1 reads 1=100; 2 waits for T1 until 5, fails 1205; end 1=100
            G-single write | SI                | 3960    | 1 reads 1=100; 5 fails 3960; end 1=50 2=250
            G2-item        | RU RC RCSI SI     | allowed | 1 reads 1=100 2=200; 2 reads 1=100 2=200; end 1=0 2=0
            G2-item        | RR SER            | 1205    | 1 reads 1=100 2=200; 2 reads 1=100 2=200; 3 waits for T2 until 4; 4 fails 1205; end 1=0 2=200
            G2             | RU RC RCSI RR SI  | allowed | 1 reads nothing; 2 reads nothing; end 1=100 2=200 3=301 4=302
            G2             | SER               | 1205    | 1 reads nothing; 2 reads nothing; 3 waits for T2 until 4; 4 fails 1205; end 1=100 2=200 3=301
            G2 reader      | RU RC RCSI SI     | allowed | 1 reads 1=100 2=200; 4 reads 1=100 2=252; end 1=1 2=252
            G2 reader      | RR SER            | 1205    | 1 reads 1=100 2=200; 2 waits for T1 until 6, fails 1205; 4 waits for T2 until 6, reads 1=100 2=200; 6 waits for T3 until 6; end 1=1 2=200
            """;

    private static final String LOCKING =
            "alter database current set read_committed_snapshot off with rollback immediate";
    private static final String VERSIONS =
            "alter database current set read_committed_snapshot on with rollback immediate";
    private static final String SNAPSHOTS = "alter database current set allow_snapshot_isolation on";

    static final EngineLevels LEVELS = new EngineLevels(
            "SQL Server",
            List.of(
                    new Level(
                            "read uncommitted",
                            "RU",
                            List.of(LOCKING),
                            "set transaction isolation level read uncommitted"),
                    new Level(
                            "read committed locking",
                            "RC",
                            List.of(LOCKING),
                            "set transaction isolation level read committed"),
                    new Level(
                            "read committed snapshot",
                            "RCSI",
                            List.of(VERSIONS),
                            "set transaction isolation level read committed"),
                    new Level(
                            "repeatable read",
                            "RR",
                            List.of(LOCKING),
                            "set transaction isolation level repeatable read"),
                    new Level(
                            "snapshot", "SI", List.of(LOCKING, SNAPSHOTS), "set transaction isolation level snapshot"),
                    new Level("serializable", "SER", List.of(LOCKING), "set transaction isolation level serializable")),
            Map.of("T2", "set deadlock_priority low"),
            failure -> String.valueOf(failure.getErrorCode()),
            Set.of("1205", "3960", "3961"),
            EXPECTED);

    private SqlServerLevels() {}
}
