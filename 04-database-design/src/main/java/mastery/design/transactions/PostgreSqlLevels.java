package mastery.design.transactions;

import java.sql.SQLException;
import java.util.List;
import java.util.Map;
import java.util.Set;
import mastery.design.transactions.EngineLevels.Level;

/**
 * PostgreSQL: readers see a snapshot and never wait, and writers never wait for readers. READ UNCOMMITTED is READ COMMITTED by another name.
 *
 * <p>The published matrix (Hermitage, PostgreSQL 9.3) says the same of all anomalies that it has under RC, RR and SER. It leaves open how they are
 * prevented, and that is worth a look: SERIALIZABLE refuses G1c, although nobody has read anything uncommitted, because each has read what the other
 * overwrites; under RR and SER the second of two writers of a row is refused as soon as the first commits (G0, OTV), whatever it read before.
 *
 * <p>Source: PostgreSQL manual, "Transaction Isolation".
 */
final class PostgreSqlLevels {

    private static final String EXPECTED = """
            G0             | RU RC        | waits   | 2 waits for T1 until 5; end 1=102 2=202
            G0             | RR SER       | 40001   | 2 waits for T1 until 5, fails 40001; end 1=101 2=201
            G1a            | RU RC RR SER | unseen  | 2 reads 1=100; end 1=100 2=200
            G1b            | RU RC RR SER | unseen  | 2 reads 1=100; end 1=101 2=200
            G1c            | RU RC RR     | unseen  | 3 reads 2=200; 4 reads 1=100; end 1=101 2=202
            G1c            | SER          | 40001   | 3 reads 2=200; 4 reads 1=100; 6 fails 40001; end 1=101 2=200
            OTV            | RU RC        | unseen  | 3 waits for T1 until 4; 5 reads 1=101 2=201; end 1=102 2=202
            OTV            | RR SER       | 40001   | 3 waits for T1 until 4, fails 40001; 5 reads 1=101 2=201; end 1=101 2=201
            PMP            | RU RC        | allowed | 1 reads nothing; 4 reads 3=300; end 1=100 2=200 3=300
            PMP            | RR SER       | unseen  | 1 reads nothing; 4 reads nothing; end 1=100 2=200 3=300
            PMP write      | RU RC        | allowed | 1 reads 2=200; 2 changes 2; 3 waits for T1 until 4, changes 0; end 1=200 2=300
            PMP write      | RR SER       | 40001   | 1 reads 2=200; 2 changes 2; 3 waits for T1 until 4, fails 40001; end 1=200 2=300
            P4             | RU RC        | allowed | 1 reads 1=100; 2 reads 1=100; 4 waits for T1 until 5; end 1=120 2=200
            P4             | RR SER       | 40001   | 1 reads 1=100; 2 reads 1=100; 4 waits for T1 until 5, fails 40001; end 1=110 2=200
            G-single       | RU RC        | allowed | 1 reads 1=100; 5 reads 2=250; end 1=50 2=250
            G-single       | RR SER       | unseen  | 1 reads 1=100; 5 reads 2=200; end 1=50 2=250
            G-single pred  | RU RC        | allowed | 1 reads 1=100; 5 reads 2=200 4=300; end 1=100 2=200 3=120 4=300
            G-single pred  | RR SER       | unseen  | 1 reads 1=100; 5 reads 2=200; end 1=100 2=200 3=120 4=300
            G-single write | RU RC        | allowed | 1 reads 1=100; 5 changes 0; end 1=50 2=250
            G-single write | RR SER       | 40001   | 1 reads 1=100; 5 fails 40001; end 1=50 2=250
            G2-item        | RU RC RR     | allowed | 1 reads 1=100 2=200; 2 reads 1=100 2=200; end 1=0 2=0
            G2-item        | SER          | 40001   | 1 reads 1=100 2=200; 2 reads 1=100 2=200; 6 fails 40001; end 1=0 2=200
            G2             | RU RC RR     | allowed | 1 reads nothing; 2 reads nothing; end 1=100 2=200 3=301 4=302
            G2             | SER          | 40001   | 1 reads nothing; 2 reads nothing; 6 fails 40001; end 1=100 2=200 3=301
            G2 reader      | RU RC RR     | allowed | 1 reads 1=100 2=200; 4 reads 1=100 2=252; end 1=1 2=252
            G2 reader      | SER          | 40001   | 1 reads 1=100 2=200; 4 reads 1=100 2=252; 6 fails 40001; end 1=100 2=252
            """;

    static final EngineLevels LEVELS = new EngineLevels(
            "PostgreSQL",
            List.of(
                    level("read uncommitted", "RU"),
                    level("read committed", "RC"),
                    level("repeatable read", "RR"),
                    level("serializable", "SER")),
            Map.of(),
            SQLException::getSQLState,
            Set.of("40001", "40P01"),
            EXPECTED);

    private PostgreSqlLevels() {}

    private static Level level(String name, String letters) {
        return new Level(
                name, letters, List.of(), "set session characteristics as transaction isolation level " + name);
    }
}
