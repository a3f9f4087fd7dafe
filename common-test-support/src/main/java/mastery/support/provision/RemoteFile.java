package mastery.support.provision;

import java.net.Authenticator;
import java.net.InetSocketAddress;
import java.net.PasswordAuthentication;
import java.net.ProxySelector;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Base64;
import java.util.Map;
import java.util.Optional;

/**
 * Where a file of a Maven repository lies, for whoever wants to ask for it in a way of his own, such as for some of its
 * bytes only. Requests through {@link #newClient} and {@link #newRequest} go as Maven's own would: by its proxy, with its
 * login.
 *
 * @param uri http or https
 * @param proxy that of Maven's settings, if it is for this host
 * @param proxyLogin what the proxy asks for
 * @param headers what Maven's settings add to each request, the login of the repository included
 */
public record RemoteFile(
        URI uri, Optional<InetSocketAddress> proxy, Optional<Login> proxyLogin, Map<String, String> headers) {

    /** Name and password; the password is never shown. */
    public record Login(String user, String password) {

        /** The value of a header for HTTP Basic authentication (RFC 7617). */
        String basic() {
            return "Basic "
                    + Base64.getEncoder().encodeToString((user + ":" + password).getBytes(StandardCharsets.UTF_8));
        }

        @Override
        public String toString() {
            return user;
        }
    }

    public RemoteFile {
        headers = Map.copyOf(headers);
    }

    /**
     * A client for {@link #newRequest}. The JDK sends no name and password to a proxy of an https address unless
     * {@code -Djdk.http.auth.tunneling.disabledSchemes=} allows it.
     */
    public HttpClient newClient() {
        HttpClient.Builder client = HttpClient.newBuilder()
                .connectTimeout(Duration.ofSeconds(10))
                .followRedirects(HttpClient.Redirect.NORMAL)
                .version(HttpClient.Version.HTTP_1_1);
        client.proxy(proxy.map(ProxySelector::of).orElse(HttpClient.Builder.NO_PROXY));
        proxyLogin.ifPresent(login -> client.authenticator(new Authenticator() {
            @Override
            protected PasswordAuthentication getPasswordAuthentication() {
                return getRequestorType() == RequestorType.PROXY
                        ? new PasswordAuthentication(
                                login.user(), login.password().toCharArray())
                        : null;
            }
        }));
        return client.build();
    }

    /** A GET of the file, to which a {@code Range} may be added. */
    public HttpRequest.Builder newRequest() {
        HttpRequest.Builder request =
                HttpRequest.newBuilder(uri).timeout(Duration.ofSeconds(60)).GET();
        headers.forEach(request::header);
        return request;
    }

    /** The address alone: headers may hold a password. */
    @Override
    public String toString() {
        return uri.toString();
    }
}
