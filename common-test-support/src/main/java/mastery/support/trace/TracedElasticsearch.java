package mastery.support.trace;

import co.elastic.clients.elasticsearch.ElasticsearchClient;
import co.elastic.clients.json.jackson.JacksonJsonpMapper;
import co.elastic.clients.transport.ElasticsearchTransportBase;
import co.elastic.clients.transport.TransportOptions;
import co.elastic.clients.transport.http.TransportHttpClient;
import co.elastic.clients.util.BinaryData;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;

/** Elasticsearch clients whose requests are events of a trace: one for each that goes over the wire. */
public final class TracedElasticsearch {

    private TracedElasticsearch() {}

    /**
     * A client whose requests are shown with method, path, body, answer and time.
     *
     * @param http sends the requests; closed with the client
     * @param prefix what the names of the story's indices begin with; left out where a request is shown
     */
    public static ElasticsearchClient of(TransportHttpClient http, String prefix, String label, Trace trace) {
        return new ElasticsearchClient(new TracedTransport(new TracingHttpClient(http, prefix, label, trace)));
    }

    private static final class TracedTransport extends ElasticsearchTransportBase {
        TracedTransport(TransportHttpClient http) {
            super(http, null, new JacksonJsonpMapper());
        }
    }

    private record TracingHttpClient(TransportHttpClient http, String prefix, String label, Trace trace)
            implements TransportHttpClient {

        @Override
        public TransportOptions createOptions(TransportOptions options) {
            return http.createOptions(options);
        }

        @Override
        public Response performRequest(String endpoint, Node node, Request request, TransportOptions options)
                throws IOException {
            long start = System.nanoTime();
            try {
                return seen(request, http.performRequest(endpoint, node, request, options), start, trace.session());
            } catch (IOException failure) {
                broken(request, failure, start, trace.session());
                throw failure;
            }
        }

        @Override
        public CompletableFuture<Response> performRequestAsync(
                String endpoint, Node node, Request request, TransportOptions options) {
            long start = System.nanoTime();
            String session = trace.session();
            return http.performRequestAsync(endpoint, node, request, options).handle((response, failure) -> {
                try {
                    if (failure == null) {
                        return seen(request, response, start, session);
                    }
                    broken(request, failure, start, session);
                    throw new CompletionException(failure);
                } catch (IOException unreadable) {
                    throw new CompletionException(unreadable);
                }
            });
        }

        private Response seen(Request request, Response response, long start, String session) throws IOException {
            BinaryData data = response.body();
            byte[] body = new byte[0];
            if (data != null) {
                ByteArrayOutputStream bytes = new ByteArrayOutputStream();
                data.writeTo(bytes);
                body = bytes.toByteArray();
            }
            long nanos = System.nanoTime() - start;
            ElasticsearchText.Answer answer = ElasticsearchText.answer(response.statusCode(), body, prefix);
            trace.add(event(request, session, nanos, answer.reply(), answer.error()));
            return new Buffered(response, data == null ? null : BinaryData.of(body, data.contentType()));
        }

        private void broken(Request request, Throwable failure, long start, String session) {
            trace.add(event(
                    request,
                    session,
                    System.nanoTime() - start,
                    null,
                    new TraceEvent.Failure(null, 0, String.valueOf(failure.getMessage()))));
        }

        private TraceEvent.Statement event(
                Request request, String session, long nanos, String reply, TraceEvent.Failure error) {
            return new TraceEvent.Statement(
                    "elasticsearch",
                    label,
                    session,
                    ElasticsearchText.request(
                            request.method(), request.path(), request.queryParams(), bytes(request.body()), prefix),
                    List.of(),
                    0,
                    null,
                    null,
                    reply,
                    nanos,
                    1L,
                    error);
        }

        private static byte[] bytes(Iterable<ByteBuffer> body) {
            ByteArrayOutputStream bytes = new ByteArrayOutputStream();
            if (body != null) {
                for (ByteBuffer part : body) {
                    byte[] copy = new byte[part.remaining()];
                    part.duplicate().get(copy);
                    bytes.writeBytes(copy);
                }
            }
            return bytes.toByteArray();
        }

        @Override
        public void close() throws IOException {
            http.close();
        }
    }

    /** The response with its body in memory, since it was read once already. */
    private record Buffered(TransportHttpClient.Response response, BinaryData body)
            implements TransportHttpClient.Response {

        @Override
        public TransportHttpClient.Node node() {
            return response.node();
        }

        @Override
        public int statusCode() {
            return response.statusCode();
        }

        @Override
        public String header(String name) {
            return response.header(name);
        }

        @Override
        public List<String> headers(String name) {
            return response.headers(name);
        }

        @Override
        public Object originalResponse() {
            return response.originalResponse();
        }

        @Override
        public void close() throws IOException {
            response.close();
        }
    }
}
