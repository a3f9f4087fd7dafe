package mastery.design.transactions;

import java.sql.Connection;
import java.sql.SQLException;
import javax.sql.DataSource;
import mastery.support.interleave.Interleaving;
import mastery.support.interleave.Session;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;

/** A scene on a new schema, with two sessions. */
abstract class AnnAndBob {
    final Rdbms rdbms;
    Interleaving play;
    Session ann;
    Session bob;

    AnnAndBob(Rdbms rdbms) {
        this.rdbms = rdbms;
    }

    abstract void createSchema(Connection connection) throws SQLException;

    @BeforeEach
    void open(DataSource database) throws SQLException {
        try (Connection connection = database.getConnection()) {
            createSchema(connection);
        }
        play = Interleaving.on(rdbms.locks(database));
        ann = play.session("Ann", database);
        bob = play.session("Bob", database);
    }

    @AfterEach
    void close() {
        play.close();
    }

    void bothBegin(int level) {
        ann.begins(level);
        bob.begins(level);
    }
}
