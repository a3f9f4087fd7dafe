package mastery.support.elasticsearch;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import mastery.support.server.Residue;
import mastery.support.server.ServerException;
import org.elasticsearch.client.Request;
import org.elasticsearch.client.Response;
import org.elasticsearch.client.ResponseException;
import org.elasticsearch.client.RestClient;

/** Finds and removes what tests made, by the beginning of its name. */
final class Housekeeping {

    private static final int NOT_FOUND = 404;
    private static final String ALL = "*";
    private static final ObjectMapper JSON = new ObjectMapper();

    private final ElasticsearchEndpoint endpoint;
    private RestClient client;

    Housekeeping(ElasticsearchEndpoint endpoint) {
        this.endpoint = endpoint;
    }

    /** Indices first: an index template in use could make them again. Aliases go with their indices. */
    void remove(String prefix) {
        String pattern = prefix + "-" + ALL;
        List<String> indices = indices(pattern);
        if (!indices.isEmpty()) {
            // By name: a server may refuse patterns (action.destructive_requires_name).
            delete("/" + String.join(",", indices));
        }
        for (Kind kind : Kind.values()) {
            for (String name : kind.names(get(kind.path + pattern))) {
                delete(kind.path + name);
            }
        }
    }

    /** Removes what JVMs of this machine left that have ended. */
    void removeAbandoned() {
        Set<String> prefixes = new TreeSet<>();
        List<String> names = new ArrayList<>(indices(Residue.PREFIX + ALL));
        for (Kind kind : Kind.values()) {
            names.addAll(kind.names(get(kind.path + Residue.PREFIX + ALL)));
        }
        for (String name : names) {
            int end = name.indexOf('-');
            if (end > 0 && Residue.isAbandoned(name.substring(0, end))) {
                prefixes.add(name.substring(0, end));
            }
        }
        prefixes.forEach(this::remove);
    }

    private List<String> indices(String pattern) {
        List<String> names = new ArrayList<>();
        JsonNode found = get("/_resolve/index/" + pattern + "?expand_wildcards=all");
        found.path("indices").forEach(index -> names.add(index.path("name").asText()));
        return names;
    }

    private JsonNode get(String path) {
        return send("GET", path);
    }

    private void delete(String path) {
        send("DELETE", path);
    }

    private JsonNode send(String method, String path) {
        try {
            Response response = client().performRequest(new Request(method, path));
            return JSON.readTree(response.getEntity().getContent());
        } catch (ResponseException refusal) {
            if (refusal.getResponse().getStatusLine().getStatusCode() == NOT_FOUND) {
                return JSON.createObjectNode();
            }
            throw failure(method, path, refusal);
        } catch (IOException failure) {
            throw failure(method, path, failure);
        }
    }

    private ServerException failure(String method, String path, IOException cause) {
        return new ServerException(
                "Elasticsearch on " + endpoint + " did not do " + method + " " + path + ": " + cause.getMessage(),
                cause);
    }

    private synchronized RestClient client() {
        if (client == null) {
            client = endpoint.restClient();
        }
        return client;
    }

    synchronized void close() {
        if (client != null) {
            try {
                client.close();
            } catch (IOException e) {
                throw new ServerException("Cannot close the connections to " + endpoint + ": " + e.getMessage(), e);
            }
            client = null;
        }
    }

    /** What has names besides indices, and how its list looks. */
    private enum Kind {
        INDEX_TEMPLATE("/_index_template/", "index_templates"),
        COMPONENT_TEMPLATE("/_component_template/", "component_templates"),
        PIPELINE("/_ingest/pipeline/", "");

        private final String path;
        private final String list;

        Kind(String path, String list) {
            this.path = path;
            this.list = list;
        }

        List<String> names(JsonNode answer) {
            List<String> names = new ArrayList<>();
            if (list.isEmpty()) {
                answer.fieldNames().forEachRemaining(names::add);
            } else {
                answer.path(list).forEach(each -> names.add(each.path("name").asText()));
            }
            return names;
        }
    }
}
