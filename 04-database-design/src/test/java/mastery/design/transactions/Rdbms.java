package mastery.design.transactions;

import com.microsoft.sqlserver.jdbc.SQLServerDataSource;
import com.mysql.cj.jdbc.MysqlDataSource;
import java.sql.Connection;
import java.sql.SQLException;
import java.util.concurrent.TimeUnit;
import java.util.function.Function;
import java.util.function.ObjIntConsumer;
import javax.sql.DataSource;
import mastery.support.interleave.LockView;
import org.awaitility.Awaitility;
import org.postgresql.ds.PGSimpleDataSource;

/** What a proof asks of a server beside the example, in the words of each engine. */
enum Rdbms {
    POSTGRESQL(
            LockView::postgreSql,
            (database, port) -> ((PGSimpleDataSource) database).setPortNumbers(new int[] {port}),
            "select pg_backend_pid()",
            "select pg_terminate_backend(%d, 30000)",
            "select count(*) from pg_stat_activity where pid = %d"),
    MYSQL(
            LockView::mySql,
            (database, port) -> ((MysqlDataSource) database).setPortNumber(port),
            "select connection_id()",
            "kill %d",
            "select count(*) from performance_schema.processlist where id = %d"),
    SQL_SERVER(
            LockView::sqlServer,
            (database, port) -> ((SQLServerDataSource) database).setPortNumber(port),
            "select @@spid",
            "kill %d",
            "select count(*) from sys.dm_exec_sessions where session_id = %d");

    private final Function<DataSource, LockView> locks;
    private final ObjIntConsumer<DataSource> through;
    private final String session;
    private final String kill;
    private final String lives;

    Rdbms(
            Function<DataSource, LockView> locks,
            ObjIntConsumer<DataSource> through,
            String session,
            String kill,
            String lives) {
        this.locks = locks;
        this.through = through;
        this.session = session;
        this.kill = kill;
        this.lives = lives;
    }

    LockView locks(DataSource database) {
        return locks.apply(database);
    }

    /** The same data source, which connects to another port from now on. */
    DataSource through(int port, DataSource database) {
        through.accept(database, port);
        return database;
    }

    /** The number by which the server knows the session of a connection. */
    long sessionOf(Connection connection) throws SQLException {
        return Sql.number(connection, session);
    }

    /** Ends the session, and returns when it is gone. */
    void kill(Connection admin, long session) throws SQLException {
        Sql.execute(admin, kill.formatted(session));
        Awaitility.await().atMost(30, TimeUnit.SECONDS).until(() -> Sql.number(admin, lives.formatted(session)) == 0);
    }

    /** A data source of sessions that are ended when they stand at this point. */
    DataSource killedAt(String point, DataSource database, Connection admin) {
        return Steps.of(() -> killedAt(point, database.getConnection(), admin));
    }

    Connection killedAt(String point, Connection connection, Connection admin) throws SQLException {
        long doomed = sessionOf(connection);
        return Steps.watch(connection, at -> {
            if (at.equals(point)) {
                kill(admin, doomed);
            }
        });
    }
}
