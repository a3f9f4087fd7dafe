package mastery.design.transactions;

import java.sql.Connection;
import javax.sql.DataSource;
import mastery.support.work.RoundTrips;

/** What a piece of work costs in round trips. */
final class Trips {

    private Trips() {}

    @FunctionalInterface
    interface Work {
        void run(Connection connection) throws Exception;
    }

    /** The round trips of work under READ COMMITTED, which is rolled back if it does not commit. */
    static long of(DataSource database, Work work) throws Exception {
        return of(database, connection -> {}, work);
    }

    /** The same after a preparation, which does not count. */
    static long of(DataSource database, Work preparation, Work work) throws Exception {
        RoundTrips counter = RoundTrips.create();
        try (Connection connection = counter.counted(database).getConnection()) {
            preparation.run(connection);
            connection.setTransactionIsolation(Connection.TRANSACTION_READ_COMMITTED);
            connection.setAutoCommit(false);
            long before = counter.count();
            work.run(connection);
            long trips = counter.count() - before;
            connection.rollback();
            return trips;
        }
    }
}
