package mastery.support.mongodb;

import mastery.support.server.Engine;
import mastery.support.server.Node;
import mastery.support.server.ServerException;
import mastery.support.server.SharedServers;
import mastery.support.server.SourceKind;

/** The MongoDB server of this JVM, a replica set of one, and clean databases on it. */
public final class MongoDb {

    private static MongoDb shared;

    private final Node node;
    private final Databases databases;

    private MongoDb(Node node) {
        this.node = node;
        this.databases = new Databases(MongoDbEndpoint.url(node.address()), node::isRunning);
    }

    /**
     * The shared server, started at its first use.
     *
     * @throws ServerException if MongoDB cannot be had here
     */
    public static MongoDb shared() {
        Node node = SharedServers.single(Engine.MONGODB);
        synchronized (MongoDb.class) {
            if (shared == null) {
                shared = new MongoDb(node);
                if (node.source() != SourceKind.EXTERNAL) {
                    // On the user's own server none is looked for: processes of other machines are not seen here.
                    shared.databases.dropResidue();
                }
            }
            return shared;
        }
    }

    /** Clean databases on a node that the caller started. */
    public static MongoDb on(Node node) {
        return new MongoDb(node);
    }

    public Node node() {
        return node;
    }

    /** A database that holds nothing. */
    public MongoDbDatabase newDatabase() {
        return databases.newDatabase();
    }
}
