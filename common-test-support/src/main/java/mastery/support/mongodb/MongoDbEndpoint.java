package mastery.support.mongodb;

import com.mongodb.ConnectionString;
import com.mongodb.MongoClientSettings;
import com.mongodb.MongoCredential;
import com.mongodb.client.MongoClient;
import com.mongodb.client.MongoClients;
import java.net.URLEncoder;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;
import mastery.support.server.Address;
import mastery.support.server.Node;

/** The settings with which a client reaches servers of ours, or those that the user named. */
final class MongoDbEndpoint {

    /** The parameter of an address that holds the user's own URL, whole. */
    static final String URL = "url";

    static final String ADMIN = "admin";

    private static final int LIMIT_SECONDS = 30;
    private static final int BRIEF_SECONDS = 3;

    private MongoDbEndpoint() {}

    /** The URL of one node: the driver asks it alone, whatever set it belongs to. */
    static String url(Address address) {
        String given = address.parameters().get(URL);
        return given != null
                ? given
                : "mongodb://" + credentials(address) + address + "/?authSource=" + ADMIN + "&directConnection=true";
    }

    /** The URL of a replica set: the driver finds the primary and follows it. */
    static String url(List<Node> members, String replicaSet) {
        String hosts = members.stream().map(node -> node.address().toString()).collect(Collectors.joining(","));
        return "mongodb://" + credentials(members.get(0).address()) + hosts + "/?authSource=" + ADMIN + "&replicaSet="
                + replicaSet;
    }

    private static String credentials(Address address) {
        return encoded(address.user()) + ":" + encoded(address.password()) + "@";
    }

    private static String encoded(String text) {
        return URLEncoder.encode(text, StandardCharsets.UTF_8).replace("+", "%20");
    }

    /** A client of one node that gives up soon, for a node that may be gone or paused; the caller closes it. */
    static MongoClient connectBriefly(Node node) {
        return MongoClients.create(settings(url(node.address()))
                .applyToClusterSettings(cluster -> cluster.serverSelectionTimeout(BRIEF_SECONDS, TimeUnit.SECONDS))
                .applyToSocketSettings(socket -> socket.readTimeout(BRIEF_SECONDS, TimeUnit.SECONDS))
                .build());
    }

    /** Settings of a client, with limits that a loaded machine stays within. */
    static MongoClientSettings.Builder settings(String url) {
        return MongoClientSettings.builder()
                .applyConnectionString(new ConnectionString(url))
                .applyToClusterSettings(cluster -> cluster.serverSelectionTimeout(LIMIT_SECONDS, TimeUnit.SECONDS));
    }

    /** Settings of a client of one node that has no user yet, as the member of its set whose key is the password. */
    static MongoClientSettings.Builder ofMember(Address address) {
        return settings("mongodb://" + address + "/?directConnection=true")
                .credential(MongoCredential.createScramSha256Credential(
                        "__system", "local", address.password().toCharArray()));
    }

    /** A client of one node for the fixtures' own commands; the caller closes it. */
    static MongoClient connect(Node node) {
        return MongoClients.create(settings(url(node.address())).build());
    }
}
