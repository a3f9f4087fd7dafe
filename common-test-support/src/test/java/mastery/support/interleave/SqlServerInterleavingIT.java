package mastery.support.interleave;

import static org.assertj.core.api.Assertions.assertThat;

import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;
import javax.sql.DataSource;
import mastery.support.junit.OnSqlServer;
import mastery.support.junit.Prepare;
import org.junit.jupiter.api.Test;

@OnSqlServer
class SqlServerInterleavingIT {

    private static final int LOCK_TIMEOUT = 1222;
    private static final int DEADLOCK = 1205;

    @Prepare
    static void prepare(Connection c) throws SQLException {
        try (Statement s = c.createStatement()) {
            s.execute("create table account (id int not null primary key, balance int not null)");
            s.execute("insert into account (id, balance) values (10, 100), (20, 100)");
        }
    }

    private static Step<Integer> debit(int id) {
        return c -> {
            try (var update = c.prepareStatement("update account set balance = balance - 10 where id = ?")) {
                update.setInt(1, id);
                return update.executeUpdate();
            }
        };
    }

    @Test
    void aWriterWaitsForTheWriterBeforeIt(DataSource dataSource) throws SQLException {
        try (Interleaving play = Interleaving.on(LockView.sqlServer(dataSource))) {
            Session a = play.session("A", dataSource);
            Session b = play.session("B", dataSource);
            a.begins();
            a.returns("debits 10", debit(10));
            Blocked<Integer> second = b.blocks("debits 10 too", debit(10));
            assertThat(second.waitsFor()).isSameAs(a);
            a.commits();
            assertThat(second.returns()).isEqualTo(1);
        }
    }

    @Test
    void aWaitWithALimitEndsWith1222(DataSource dataSource) throws SQLException {
        try (Interleaving play = Interleaving.on(LockView.sqlServer(dataSource))) {
            Session a = play.session("A", dataSource);
            Session b = play.session("B", dataSource);
            a.begins();
            a.returns("debits 10", debit(10));
            b.does("waits for locks no longer than a moment", c -> {
                try (Statement s = c.createStatement()) {
                    s.execute("set lock_timeout 200");
                }
            });
            b.failsWith(LOCK_TIMEOUT, "debits 10 too", debit(10));
        }
    }

    @Test
    void ofTwoThatWaitForEachOtherOneDiesWith1205(DataSource dataSource) throws SQLException {
        try (Interleaving play = Interleaving.on(LockView.sqlServer(dataSource))) {
            Session a = play.session("A", dataSource);
            Session b = play.session("B", dataSource);
            b.does("is the one to die", c -> {
                try (Statement s = c.createStatement()) {
                    s.execute("set deadlock_priority low");
                }
            });
            a.begins();
            b.begins();
            a.returns("debits 10", debit(10));
            b.returns("debits 20", debit(20));
            Blocked<Integer> waits = a.blocks("debits 20", debit(20));
            b.failsWith(DEADLOCK, "debits 10", debit(10));
            waits.returns();
        }
    }

    @Test
    void aScriptEndsThoughASessionStillWaits(DataSource dataSource) throws SQLException {
        try (Interleaving play = Interleaving.on(LockView.sqlServer(dataSource))) {
            Session a = play.session("A", dataSource);
            Session b = play.session("B", dataSource);
            a.begins();
            a.returns("debits 10", debit(10));
            assertThat(b.blocks("debits 10 too", debit(10)).waitsFor()).isSameAs(a);
        }
    }
}
