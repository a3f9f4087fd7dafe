package mastery.support.elasticsearch;

import java.util.concurrent.atomic.AtomicInteger;
import mastery.support.server.Engine;
import mastery.support.server.Node;
import mastery.support.server.Residue;
import mastery.support.server.ServerException;
import mastery.support.server.SharedServers;
import mastery.support.server.SourceKind;

/** The Elasticsearch server of this JVM, and clean state on it. */
public final class Elasticsearch {

    private static final AtomicInteger NEXT = new AtomicInteger();
    private static Elasticsearch shared;

    private final Node node;
    private final ElasticsearchEndpoint endpoint;
    private final Housekeeping housekeeping;

    Elasticsearch(Node node, ElasticsearchEndpoint endpoint) {
        this.node = node;
        this.endpoint = endpoint;
        this.housekeeping = new Housekeeping(endpoint);
    }

    /**
     * The shared server, started at its first use.
     *
     * @throws ServerException if Elasticsearch cannot be had here
     */
    public static Elasticsearch shared() {
        Node node = SharedServers.single(Engine.ELASTICSEARCH);
        synchronized (Elasticsearch.class) {
            if (shared == null) {
                shared = new Elasticsearch(node, ElasticsearchEndpoint.of(node));
                // On the user's own server other machines may work, whose processes are not seen here.
                if (node.source() != SourceKind.EXTERNAL) {
                    shared.housekeeping.removeAbandoned();
                }
            }
            return shared;
        }
    }

    /** Clean state on a node that the caller started. */
    public static Elasticsearch on(Node node) {
        return new Elasticsearch(node, ElasticsearchEndpoint.of(node));
    }

    public Node node() {
        return node;
    }

    /** Names that nobody else uses, and a client; closing it removes what has such a name. */
    public ElasticsearchIndices newIndices() {
        String prefix = Residue.newName(NEXT.incrementAndGet());
        return new ElasticsearchIndices(endpoint, prefix, () -> {
            if (node.isRunning()) {
                housekeeping.remove(prefix);
            }
        });
    }

    /** Ends the connections of the housekeeping itself. */
    void close() {
        housekeeping.close();
    }
}
