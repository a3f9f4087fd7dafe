package mastery.support.elasticsearch;

import co.elastic.clients.elasticsearch.ElasticsearchClient;

/**
 * A set of names of its own for one test or story: indices, aliases, templates and pipelines whose names begin with its
 * prefix are removed when it is closed.
 *
 * <p>An index is the smallest thing that Elasticsearch keeps apart; there are no databases. So what a test makes, it names
 * with {@link #name}. Cluster settings are shared by all: a test that changes one runs on a cluster of its own.
 */
public final class ElasticsearchIndices implements AutoCloseable {

    private final ElasticsearchEndpoint endpoint;
    private final String prefix;
    private final Runnable remove;

    ElasticsearchIndices(ElasticsearchEndpoint endpoint, String prefix, Runnable remove) {
        this.endpoint = endpoint;
        this.prefix = prefix;
        this.remove = remove;
    }

    /**
     * The full name of an index, alias, template or pipeline.
     *
     * @param name small letters, digits, hyphens
     * @throws IllegalArgumentException for any other name, which Elasticsearch may refuse or take for a pattern
     */
    public String name(String name) {
        if (!name.matches("[a-z0-9][a-z0-9-]{0,99}")) {
            throw new IllegalArgumentException(
                    "Not a name of small letters, digits and hyphens, 100 at most: '" + name + "'");
        }
        return prefix + "-" + name;
    }

    /** What all names begin with. */
    public String prefix() {
        return prefix + "-";
    }

    /** Where a client of one's own connects to. */
    public ElasticsearchEndpoint endpoint() {
        return endpoint;
    }

    /** A client of its own; the caller closes it before this. */
    public ElasticsearchClient newClient() {
        return endpoint.newClient();
    }

    /** Removes everything that has one of these names. */
    @Override
    public void close() {
        remove.run();
    }
}
