package mastery.support.mongodb;

import com.mongodb.MongoClientSettings;
import com.mongodb.client.MongoClient;
import com.mongodb.client.MongoClients;
import java.util.function.Supplier;

/** A database of its own for one test or story, dropped when it is closed. */
public final class MongoDbDatabase implements AutoCloseable {

    private final String name;
    private final Supplier<MongoClientSettings.Builder> settings;
    private final Runnable drop;

    MongoDbDatabase(String name, Supplier<MongoClientSettings.Builder> settings, Runnable drop) {
        this.name = name;
        this.settings = settings;
        this.drop = drop;
    }

    public String name() {
        return name;
    }

    /** Address, user and password for a client of one's own, which may see the other databases too. */
    public MongoClientSettings.Builder settings() {
        return settings.get();
    }

    /** A client of the server that has this database; the caller closes it before the database. */
    public MongoClient newClient() {
        return MongoClients.create(settings().build());
    }

    /** Drops the database, if its server still runs. */
    @Override
    public void close() {
        drop.run();
    }
}
