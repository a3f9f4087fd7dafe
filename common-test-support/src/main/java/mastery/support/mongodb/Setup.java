package mastery.support.mongodb;

import com.mongodb.client.MongoClient;
import com.mongodb.client.MongoClients;
import com.mongodb.client.MongoDatabase;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import mastery.support.server.Address;
import mastery.support.server.Patience;
import org.bson.Document;

/**
 * Makes a replica set of running members that have neither set nor user.
 *
 * <p>Source: MongoDB manual, "Internal/Membership Authentication" (who has the key file may do what a member may, so the set and
 * its first user are made from any machine) and "Replica Set Configuration".
 */
final class Setup {

    /** A dead primary is missed within some seconds; 10000 is the default. */
    private static final int ELECTION_MILLIS = 3_000;

    private static final int HEARTBEAT_MILLIS = 500;
    private static final int REACH_SECONDS = 10;

    private Setup() {}

    /** A set of one. Returns when it accepts writes and its administrator exists. */
    static void single(Address address) {
        set(MongoDbRecipe.SINGLE_SET, List.of(address), false);
    }

    /**
     * A set of one or several. Returns when the first member accepts writes and the administrator exists; the others may
     * still be copying.
     *
     * @param configServers whether it will hold the metadata of a sharded cluster
     */
    static void set(String name, List<Address> members, boolean configServers) {
        Address first = members.get(0);
        try (MongoClient client = MongoClients.create(MongoDbEndpoint.ofMember(first)
                .applyToClusterSettings(cluster -> cluster.serverSelectionTimeout(REACH_SECONDS, TimeUnit.SECONDS))
                .build())) {
            MongoDatabase admin = client.getDatabase(MongoDbEndpoint.ADMIN);
            admin.runCommand(new Document("replSetInitiate", configuration(name, members, configServers)));
            if (members.size() > 1) {
                elect(admin, first);
            }
            Patience.until(
                    first + " is the primary",
                    Members::refused,
                    () -> Replication.isPrimary(admin.runCommand(new Document("hello", 1))));
            admin.runCommand(new Document("createUser", first.user())
                    .append("pwd", first.password())
                    .append("roles", List.of("root"))
                    .append("mechanisms", List.of("SCRAM-SHA-256"))
                    .append("writeConcern", new Document("w", 1)));
        }
    }

    /** At once, not after the time for which a primary must have been missing. */
    private static void elect(MongoDatabase admin, Address member) {
        Patience.until(
                member + " is elected",
                Members::refused,
                () -> admin.runCommand(new Document("replSetStepUp", 1)).getDouble("ok") == 1);
    }

    private static Document configuration(String name, List<Address> members, boolean configServers) {
        List<Document> hosts = new ArrayList<>();
        for (Address member : members) {
            hosts.add(new Document("_id", hosts.size()).append("host", member.toString()));
        }
        Document configuration = new Document("_id", name)
                .append("members", hosts)
                .append(
                        "settings",
                        new Document("electionTimeoutMillis", ELECTION_MILLIS)
                                .append("heartbeatIntervalMillis", HEARTBEAT_MILLIS));
        if (configServers) {
            configuration.append("configsvr", true);
        }
        return configuration;
    }
}
