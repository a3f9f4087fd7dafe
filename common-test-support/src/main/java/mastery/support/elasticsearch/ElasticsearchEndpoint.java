package mastery.support.elasticsearch;

import co.elastic.clients.elasticsearch.ElasticsearchClient;
import co.elastic.clients.json.jackson.JacksonJsonpMapper;
import co.elastic.clients.transport.TransportUtils;
import co.elastic.clients.transport.http.TransportHttpClient;
import co.elastic.clients.transport.rest_client.RestClientHttpClient;
import co.elastic.clients.transport.rest_client.RestClientTransport;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.io.InputStream;
import java.net.HttpURLConnection;
import java.net.Proxy;
import java.net.URI;
import java.net.URLEncoder;
import java.nio.charset.StandardCharsets;
import java.util.Base64;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import javax.net.ssl.HttpsURLConnection;
import mastery.support.server.Address;
import mastery.support.server.Identity;
import mastery.support.server.Node;
import org.apache.http.Header;
import org.apache.http.HttpHost;
import org.apache.http.message.BasicHeader;
import org.elasticsearch.client.RestClient;
import org.elasticsearch.client.RestClientBuilder;

/** Where the nodes of a cluster, or a single one, listen and who enters; makes clients for them. */
public final class ElasticsearchEndpoint {

    /** The user that a server has from the start. */
    static final String ADMINISTRATOR = "elastic";

    private static final String SCHEME = "scheme";
    private static final String FINGERPRINT = "fingerprint";
    private static final int CONNECT_LIMIT_MILLIS = 5_000;
    private static final int ANSWER_LIMIT_MILLIS = 60_000;
    private static final int IDENTIFY_LIMIT_MILLIS = 5_000;
    private static final ObjectMapper JSON = new ObjectMapper();

    private final List<Address> addresses;

    ElasticsearchEndpoint(List<Address> addresses) {
        this.addresses = List.copyOf(addresses);
    }

    /** One node. */
    public static ElasticsearchEndpoint of(Node node) {
        return new ElasticsearchEndpoint(List.of(node.address()));
    }

    /** Several nodes of one cluster: a request goes to the next one when a node does not answer. */
    public static ElasticsearchEndpoint of(List<Node> nodes) {
        return new ElasticsearchEndpoint(nodes.stream().map(Node::address).toList());
    }

    /** What a URL says beyond host, port and user. Throws {@link IllegalArgumentException} when it asks for the unknown. */
    static Map<String, String> parameters(String scheme, String query) {
        Map<String, String> parameters = new LinkedHashMap<>(Map.of(SCHEME, scheme));
        if (query != null) {
            if (!query.matches(FINGERPRINT + "=[0-9A-Fa-f:]{64,95}") || !scheme.equals("https")) {
                throw new IllegalArgumentException(query);
            }
            parameters.put(FINGERPRINT, query.substring(query.indexOf('=') + 1));
        }
        return parameters;
    }

    /** A client of its own; the caller closes it. */
    public ElasticsearchClient newClient() {
        return newClient(ANSWER_LIMIT_MILLIS);
    }

    /** A client that gives a node up, and asks the next one, after a time of its own; the caller closes it. */
    ElasticsearchClient newClient(int answerLimitMillis) {
        return new ElasticsearchClient(
                new RestClientTransport(restClient(answerLimitMillis), new JacksonJsonpMapper()));
    }

    /** The lower half of a client: sends requests as they are. The caller closes it. */
    public TransportHttpClient newHttpClient() {
        return new RestClientHttpClient(restClient());
    }

    /** The client without types; the caller closes it. */
    RestClient restClient() {
        return restClient(ANSWER_LIMIT_MILLIS);
    }

    private RestClient restClient(int answerLimitMillis) {
        RestClientBuilder builder = RestClient.builder(addresses.stream()
                        .map(each -> new HttpHost(each.host(), each.port(), scheme(each)))
                        .toArray(HttpHost[]::new))
                .setDefaultHeaders(new Header[] {new BasicHeader("Authorization", login())})
                .setRequestConfigCallback(
                        config -> config.setConnectTimeout(CONNECT_LIMIT_MILLIS).setSocketTimeout(answerLimitMillis));
        builder.setHttpClientConfigCallback(client -> {
            client.setMaxConnTotal(20).setMaxConnPerRoute(20).setThreadFactory(ElasticsearchEndpoint::daemon);
            String fingerprint = addresses.get(0).parameters().get(FINGERPRINT);
            return fingerprint == null
                    ? client
                    : client.setSSLContext(TransportUtils.sslContextFromCaFingerprint(fingerprint));
        });
        return builder.build();
    }

    /** A client that nobody closed does not keep the JVM. */
    private static Thread daemon(Runnable work) {
        Thread thread = new Thread(work, "mastery-elasticsearch-client");
        thread.setDaemon(true);
        return thread;
    }

    private String login() {
        Address address = addresses.get(0);
        return "Basic "
                + Base64.getEncoder()
                        .encodeToString((address.user() + ":" + address.password()).getBytes(StandardCharsets.UTF_8));
    }

    private static String scheme(Address address) {
        return address.parameters().getOrDefault(SCHEME, "http");
    }

    /** The URL of the first node, with user and password. */
    String url() {
        Address address = addresses.get(0);
        String fingerprint = address.parameters().get(FINGERPRINT);
        return scheme(address) + "://" + encoded(address.user()) + ":" + encoded(address.password()) + "@"
                + address.host() + ":" + address.port() + (fingerprint == null ? "" : "?fingerprint=" + fingerprint);
    }

    private static String encoded(String text) {
        return URLEncoder.encode(text, StandardCharsets.UTF_8).replace("+", "%20");
    }

    /**
     * Asks once what the first node is. Made of the JDK alone, because it is asked many times while a server starts.
     *
     * @throws IOException when it does not answer, refuses the user, or is no Elasticsearch
     */
    Identity identify() throws IOException {
        HttpURLConnection connection = open("/");
        int status = connection.getResponseCode();
        JsonNode answer = json(status < 400 ? connection.getInputStream() : connection.getErrorStream());
        if (status == 401 || status == 403) {
            throw new IOException("it refuses user '" + addresses.get(0).user() + "' (HTTP " + status + "): "
                    + answer.path("error").path("reason").asText("no reason given"));
        }
        JsonNode version = answer.path("version");
        if (status != 200 || version.path("number").isMissingNode()) {
            throw new IOException("it answers HTTP " + status + ", not like Elasticsearch");
        }
        if (version.has("distribution")) {
            throw new IOException("it is " + version.path("distribution").asText() + ", not Elasticsearch");
        }
        return new Identity(
                version.path("number").asText(),
                "Elasticsearch " + version.path("number").asText() + ", "
                        + version.path("build_type").asText() + ", "
                        + version.path("build_hash").asText());
    }

    /**
     * The same of a node that is alone, once it has read its state: until then it answers, but neither tells nor makes anything.
     *
     * @throws IOException while it has not, and as above
     */
    Identity identifyRecovered() throws IOException {
        Identity identity = identify();
        if (json(open("/_cluster/health").getInputStream())
                .path("status")
                .asText()
                .equals("red")) {
            throw new IOException("it has not read its state yet");
        }
        return identity;
    }

    private HttpURLConnection open(String path) throws IOException {
        Address address = addresses.get(0);
        HttpURLConnection connection =
                (HttpURLConnection) URI.create(scheme(address) + "://" + address.host() + ":" + address.port() + path)
                        .toURL()
                        .openConnection(Proxy.NO_PROXY);
        String fingerprint = address.parameters().get(FINGERPRINT);
        if (fingerprint != null) {
            HttpsURLConnection secure = (HttpsURLConnection) connection;
            secure.setSSLSocketFactory(
                    TransportUtils.sslContextFromCaFingerprint(fingerprint).getSocketFactory());
        }
        connection.setConnectTimeout(IDENTIFY_LIMIT_MILLIS);
        connection.setReadTimeout(IDENTIFY_LIMIT_MILLIS);
        connection.setRequestProperty("Authorization", login());
        return connection;
    }

    private static JsonNode json(InputStream body) throws IOException {
        if (body == null) {
            return JSON.createObjectNode();
        }
        try (body) {
            JsonNode tree = JSON.readTree(body);
            return tree == null ? JSON.createObjectNode() : tree;
        } catch (JsonProcessingException notJson) {
            return JSON.createObjectNode();
        }
    }

    /** Hosts and ports; the password is never shown. */
    @Override
    public String toString() {
        return addresses.toString();
    }
}
