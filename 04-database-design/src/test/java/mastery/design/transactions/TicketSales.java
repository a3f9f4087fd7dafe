package mastery.design.transactions;

import java.sql.Connection;
import java.sql.SQLException;
import java.util.List;
import java.util.concurrent.Future;
import javax.sql.DataSource;
import mastery.design.transactions.LostUpdateCures.Change;
import mastery.design.transactions.LostUpdateCures.Concert;

/** What is sold of concert 1, and two who sell at once. */
final class TicketSales {

    private TicketSales() {}

    /** One way to sell a ticket. Returns the attempts it took. */
    @FunctionalInterface
    interface Sale {
        int sell(Connection connection, Change change) throws SQLException;
    }

    /** Two sessions sell one ticket each, and both have read before either writes. Returns the attempts of both together. */
    static int race(DataSource database, int level, Sale sale) throws Exception {
        AtOnce atOnce = new AtOnce(2);
        List<Future<Integer>> sales = atOnce.run(seller -> {
            try (Connection connection = database.getConnection()) {
                connection.setTransactionIsolation(level);
                connection.setAutoCommit(false);
                return sale.sell(connection, sold -> {
                    atOnce.meet();
                    return sold + 1;
                });
            }
        });
        int attempts = 0;
        for (Future<Integer> done : sales) {
            attempts += done.get();
        }
        return attempts;
    }

    static int sold(DataSource database) throws SQLException {
        return concert(database).sold();
    }

    static Concert concert(DataSource database) throws SQLException {
        try (Connection connection = database.getConnection()) {
            return LostUpdateCures.read(connection, 1);
        }
    }

    static void reset(DataSource database) throws SQLException {
        Sql.execute(database, "update concert set sold = 0, version = 0");
    }

    static boolean writesOne(Connection connection) throws SQLException {
        LostUpdateCures.write(connection, 1, 1);
        return true;
    }

    static boolean writesConcert2(Connection connection) throws SQLException {
        LostUpdateCures.write(connection, 2, 2);
        return true;
    }
}
