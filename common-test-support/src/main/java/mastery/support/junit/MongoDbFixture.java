package mastery.support.junit;

import com.mongodb.client.MongoClient;
import com.mongodb.client.MongoDatabase;
import java.lang.annotation.Annotation;
import java.util.HashMap;
import java.util.Map;
import java.util.Set;
import mastery.support.mongodb.MongoDb;
import mastery.support.mongodb.MongoDbDatabase;
import mastery.support.mongodb.MongoDbReplicaSet;
import mastery.support.mongodb.MongoDbShardedCluster;
import mastery.support.server.Engine;
import mastery.support.server.Node;
import mastery.support.server.Topology;

/** MongoDB for a test class: a new database and a client of its own for each test. */
final class MongoDbFixture implements Fixture {

    private static final Set<Class<?>> TYPES =
            Set.of(MongoClient.class, MongoDatabase.class, MongoDbDatabase.class, Node.class);

    private Topology topology;

    @Override
    public Engine engine() {
        return Engine.MONGODB;
    }

    @Override
    public void open(Annotation annotation) {
        OnMongoDb requirement = (OnMongoDb) annotation;
        switch (requirement.topology()) {
            case SINGLE -> MongoDb.shared();
            case REPLICA_SET -> topology = SharedTopologies.take(requirement, MongoDbReplicaSet::start);
            case SHARDED_CLUSTER -> topology = SharedTopologies.take(requirement, MongoDbShardedCluster::start);
        }
    }

    @Override
    public Node node() {
        return topology == null ? MongoDb.shared().node() : topology.nodes().get(0);
    }

    @Override
    public boolean provides(Class<?> type) {
        return TYPES.contains(type) || (topology != null && type == topology.getClass());
    }

    @Override
    public Scope newScope(Filling filling) {
        MongoDbScope scope = new MongoDbScope(newDatabase(), node(), topology);
        try {
            filling.fill(scope);
            return scope;
        } catch (RuntimeException e) {
            scope.close();
            throw e;
        }
    }

    private MongoDbDatabase newDatabase() {
        if (topology instanceof MongoDbReplicaSet set) {
            // The test before may have left an election, or a member that was just started again.
            set.awaitHealthy();
            return set.newDatabase();
        }
        if (topology instanceof MongoDbShardedCluster cluster) {
            cluster.awaitHealthy();
            return cluster.newDatabase();
        }
        return MongoDb.shared().newDatabase();
    }

    @Override
    public void close() {
        if (topology != null) {
            SharedTopologies.giveBack(topology);
        }
    }

    /** The objects of one test. */
    private static final class MongoDbScope implements Scope {

        private final Map<Class<?>, Object> objects = new HashMap<>();
        private final MongoDbDatabase database;
        private MongoClient client;

        MongoDbScope(MongoDbDatabase database, Node node, Topology topology) {
            this.database = database;
            objects.put(MongoDbDatabase.class, database);
            objects.put(Node.class, node);
            if (topology != null) {
                objects.put(topology.getClass(), topology);
            }
        }

        @Override
        public Object get(Class<?> type) {
            if (type == MongoClient.class) {
                return client();
            }
            return type == MongoDatabase.class ? client().getDatabase(database.name()) : objects.get(type);
        }

        private MongoClient client() {
            if (client == null) {
                client = database.newClient();
            }
            return client;
        }

        @Override
        public void close() {
            if (client != null) {
                client.close();
            }
            database.close();
        }
    }
}
