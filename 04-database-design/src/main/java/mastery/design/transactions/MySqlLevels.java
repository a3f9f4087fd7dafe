package mastery.design.transactions;

import java.util.List;
import java.util.Map;
import java.util.Set;
import mastery.design.transactions.EngineLevels.Level;

/**
 * MySQL's InnoDB: reads see a snapshot, writes the newest state, so that REPEATABLE READ keeps only those right who never write. SERIALIZABLE makes
 * each read a locking one.
 *
 * <p>The published matrix (Hermitage, MySQL 5.6) says the same of all anomalies that it has. In one cell a server of that time did otherwise: PMP write
 * under SERIALIZABLE, where T1's update waits for what T2 has read, and T2 deletes that. T2 had to queue behind T1, and the deadlock ended one of the
 * two with 1213. Since 8.0.41 (bug 11745929) a session that holds a lock does not wait for those that wait for it: T2 goes on.
 *
 * <p>Source: MySQL Reference Manual, "Transaction Isolation Levels" and "Deadlocks in InnoDB".
 */
final class MySqlLevels {

    private static final String EXPECTED = """
            G0             | RU RC RR SER | waits   | 2 waits for T1 until 5; end 1=102 2=202
            G1a            | RU           | allowed | 2 reads 1=101; end 1=100 2=200
            G1a            | RC RR        | unseen  | 2 reads 1=100; end 1=100 2=200
            G1a            | SER          | waits   | 2 waits for T1 until 3, reads 1=100; end 1=100 2=200
            G1b            | RU           | allowed | 2 reads 1=111; end 1=101 2=200
            G1b            | RC RR        | unseen  | 2 reads 1=100; end 1=101 2=200
            G1b            | SER          | waits   | 2 waits for T1 until 4, reads 1=101; end 1=101 2=200
            G1c            | RU           | allowed | 3 reads 2=202; 4 reads 1=101; end 1=101 2=202
            G1c            | RC RR        | unseen  | 3 reads 2=200; 4 reads 1=100; end 1=101 2=202
            G1c            | SER          | 1213    | 3 waits for T2 until 4, reads 2=200; 4 fails 1213; end 1=101 2=200
            OTV            | RU           | allowed | 3 waits for T1 until 4; 5 reads 1=102 2=201; end 1=102 2=202
            OTV            | RC RR        | unseen  | 3 waits for T1 until 4; 5 reads 1=101 2=201; end 1=102 2=202
            OTV            | SER          | waits   | 3 waits for T1 until 4; 5 waits for T2 until 7, reads 1=102 2=202; end 1=102 2=202
            PMP            | RU RC        | allowed | 1 reads nothing; 4 reads 3=300; end 1=100 2=200 3=300
            PMP            | RR           | unseen  | 1 reads nothing; 4 reads nothing; end 1=100 2=200 3=300
            PMP            | SER          | waits   | 1 reads nothing; 2 waits for T1 until 5; 4 reads nothing; end 1=100 2=200 3=300
            PMP write      | RU RC RR     | allowed | 1 reads 2=200; 2 changes 2; 3 waits for T1 until 4; end 2=300
            PMP write      | SER          | waits   | 1 reads 2=200; 2 waits for T2 until 5; end 1=200
            P4             | RU RC RR     | allowed | 1 reads 1=100; 2 reads 1=100; 4 waits for T1 until 5; end 1=120 2=200
            P4             | SER          | 1213    | 1 reads 1=100; 2 reads 1=100; 3 waits for T2 until 4; 4 fails 1213; end 1=110 2=200
            G-single       | RU RC        | allowed | 1 reads 1=100; 5 reads 2=250; end 1=50 2=250
            G-single       | RR           | unseen  | 1 reads 1=100; 5 reads 2=200; end 1=50 2=250
            G-single       | SER          | waits   | 1 reads 1=100; 2 waits for T1 until 6; 5 reads 2=200; end 1=50 2=250
            G-single pred  | RU RC        | allowed | 1 reads 1=100; 5 reads 2=200 4=300; end 1=100 2=200 3=120 4=300
            G-single pred  | RR           | unseen  | 1 reads 1=100; 5 reads 2=200; end 1=100 2=200 3=120 4=300
            G-single pred  | SER          | waits   | 1 reads 1=100; 2 waits for T1 until 6; 5 reads 2=200; end 1=100 2=200 3=120 4=300
            G-single write | RU RC RR     | allowed | 1 reads 1=100; 5 changes 0; end 1=50 2=250
            G-single write | SER          | waits   | 1 reads 1=100; 2 waits for T1 until 6; 3 changes 0; end 1=50
            G2-item        | RU RC RR     | allowed | 1 reads 1=100 2=200; 2 reads 1=100 2=200; end 1=0 2=0
            G2-item        | SER          | 1213    | 1 reads 1=100 2=200; 2 reads 1=100 2=200; 3 waits for T2 until 4; 4 fails 1213; end 1=0 2=200
            G2             | RU RC RR     | allowed | 1 reads nothing; 2 reads nothing; end 1=100 2=200 3=301 4=302
            G2             | SER          | 1213    | 1 reads nothing; 2 reads nothing; 3 waits for T2 until 4; 4 fails 1213; end 1=100 2=200 3=301
            G2 reader      | RU RC RR     | allowed | 1 reads 1=100 2=200; 4 reads 1=100 2=252; end 1=1 2=252
            G2 reader      | SER          | 1213    | 1 reads 1=100 2=200; 2 waits for T1 until 6, fails 1213; 4 waits for T2 until 6, reads 1=100 2=200; 6 waits for T3 until 6; end 1=1 2=200
            """;

    static final EngineLevels LEVELS = new EngineLevels(
            "MySQL",
            List.of(
                    level("read uncommitted", "RU"),
                    level("read committed", "RC"),
                    level("repeatable read", "RR"),
                    level("serializable", "SER")),
            Map.of(),
            failure -> String.valueOf(failure.getErrorCode()),
            Set.of("1213"),
            EXPECTED);

    private MySqlLevels() {}

    private static Level level(String name, String letters) {
        return new Level(name, letters, List.of(), "set session transaction isolation level " + name);
    }
}
