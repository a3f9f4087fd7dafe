package mastery.support.mongodb;

import com.mongodb.MongoException;
import com.mongodb.client.MongoClient;
import com.mongodb.client.MongoDatabase;
import java.util.List;
import java.util.Set;
import mastery.support.server.Node;
import mastery.support.server.Patience;
import org.bson.BsonTimestamp;
import org.bson.Document;

/** Reads what a node says about itself and its set (commands hello and replSetGetStatus). */
final class Replication {

    private static final Set<String> WORKING = Set.of("PRIMARY", "SECONDARY");

    private Replication() {}

    static boolean isPrimary(Document hello) {
        return hello.getBoolean("isWritablePrimary", false);
    }

    /**
     * Returns when as many members as given are the primary or secondaries, each with a vote, and have applied all that the
     * primary had written at the time of the call.
     *
     * @throws org.awaitility.core.ConditionTimeoutException when that is not so in time
     */
    static void awaitCopies(Node primary, int members) {
        try (MongoClient client = MongoDbEndpoint.connect(primary)) {
            MongoDatabase admin = client.getDatabase(MongoDbEndpoint.ADMIN);
            BsonTimestamp[] written = new BsonTimestamp[1];
            Patience.until(primary + " tells what it has written", Members::refused, () -> {
                written[0] = applied(status(admin), primary.address().toString());
                return true;
            });
            Patience.until(members + " members have what " + primary + " has written", Members::refused, () -> {
                Document status = status(admin);
                return status.getList("members", Document.class).stream()
                                        .filter(member -> WORKING.contains(member.getString("stateStr")))
                                        .filter(member -> applied(member).compareTo(written[0]) >= 0)
                                        .count()
                                >= members
                        && allVote(admin);
            });
        }
    }

    private static Document status(MongoDatabase admin) {
        return admin.runCommand(new Document("replSetGetStatus", 1));
    }

    private static BsonTimestamp applied(Document status, String member) {
        return status.getList("members", Document.class).stream()
                .filter(each -> member.equals(each.getString("name")))
                .map(Replication::applied)
                .findFirst()
                .orElseThrow();
    }

    private static BsonTimestamp applied(Document member) {
        return member.get("optime", Document.class).get("ts", BsonTimestamp.class);
    }

    /** A member that is still copying counts in no election and no majority, whatever its configuration says. */
    private static boolean allVote(MongoDatabase admin) {
        Document configuration =
                admin.runCommand(new Document("replSetGetConfig", 1)).get("config", Document.class);
        return configuration.getList("members", Document.class).stream()
                .noneMatch(member -> member.getBoolean("newlyAdded", false));
    }

    /**
     * A member of several may be a secondary. One that is alone is of use when it is the primary.
     *
     * @throws MongoException when it is not
     */
    static void requireUsable(Document hello) {
        if (hello.getBoolean("isreplicaset", false)) {
            throw new MongoException("the server belongs to no replica set yet");
        }
        List<String> hosts = hello.getList("hosts", String.class, List.of());
        if (hosts.size() == 1 && !isPrimary(hello)) {
            throw new MongoException("the only member of the replica set is not its primary yet");
        }
    }
}
