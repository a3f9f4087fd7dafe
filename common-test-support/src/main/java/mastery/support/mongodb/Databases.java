package mastery.support.mongodb;

import com.mongodb.MongoClientSettings;
import com.mongodb.MongoException;
import com.mongodb.client.MongoClient;
import com.mongodb.client.MongoClients;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.BooleanSupplier;
import mastery.support.server.Residue;
import mastery.support.server.ServerException;

/** Clean databases on one server, replica set or sharded cluster. A database comes into being with its first document. */
final class Databases implements AutoCloseable {

    private static final AtomicInteger NEXT = new AtomicInteger();
    private static final long DROP_LIMIT_SECONDS = 30;

    private final String url;
    private final BooleanSupplier usable;
    private MongoClient administration;

    /** @param usable whether writes can be expected to succeed; a database is not dropped where they cannot */
    Databases(String url, BooleanSupplier usable) {
        this.url = url;
        this.usable = usable;
    }

    MongoClientSettings.Builder settings() {
        return MongoDbEndpoint.settings(url);
    }

    MongoDbDatabase newDatabase() {
        String name = Residue.newName(NEXT.incrementAndGet());
        return new MongoDbDatabase(name, this::settings, () -> drop(name));
    }

    /** Drops the databases of JVMs that were killed. */
    void dropResidue() {
        administration().listDatabaseNames().forEach(name -> {
            if (Residue.isAbandoned(name)) {
                drop(name);
            }
        });
    }

    private void drop(String name) {
        if (!usable.getAsBoolean()) {
            return;
        }
        try {
            administration().getDatabase(name).drop();
        } catch (MongoException e) {
            throw new ServerException("Cannot drop the database " + name + " of MongoDB: " + e.getMessage(), e);
        }
    }

    private synchronized MongoClient administration() {
        if (administration == null) {
            administration = MongoClients.create(
                    settings().timeout(DROP_LIMIT_SECONDS, TimeUnit.SECONDS).build());
        }
        return administration;
    }

    @Override
    public synchronized void close() {
        if (administration != null) {
            administration.close();
            administration = null;
        }
    }
}
