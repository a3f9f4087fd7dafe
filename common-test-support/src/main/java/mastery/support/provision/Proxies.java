package mastery.support.provision;

import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.Proxy;
import java.net.ProxySelector;
import java.net.SocketAddress;
import java.net.URI;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Properties;

/**
 * Chooses the proxy as command-line tools do: {@code http_proxy}, {@code https_proxy}, {@code all_proxy} and
 * {@code no_proxy}, in either case. The JVM's own {@code -Dhttps.proxyHost} and its kin come first when they are set.
 */
final class Proxies extends ProxySelector {

    private final Map<String, String> environment;

    private Proxies(Map<String, String> environment) {
        this.environment = environment;
    }

    static ProxySelector from(Properties properties, Map<String, String> environment) {
        boolean named = properties.containsKey("https.proxyHost")
                || properties.containsKey("http.proxyHost")
                || properties.containsKey("socksProxyHost")
                || Boolean.parseBoolean(properties.getProperty("java.net.useSystemProxies"));
        return named && ProxySelector.getDefault() != null ? ProxySelector.getDefault() : new Proxies(environment);
    }

    @Override
    public List<Proxy> select(URI uri) {
        String proxy = variable(uri.getScheme() + "_proxy");
        if (proxy.isEmpty()) {
            proxy = variable("all_proxy");
        }
        if (proxy.isEmpty() || isExcepted(uri.getHost())) {
            return List.of(Proxy.NO_PROXY);
        }
        URI address = URI.create(proxy.contains("://") ? proxy : "http://" + proxy);
        if (address.getHost() == null) {
            throw new ProvisionException("Cannot use the proxy \"" + proxy + "\": it names no host." + " Set "
                    + uri.getScheme() + "_proxy to http://HOST:PORT.");
        }
        int port = address.getPort() < 0 ? 80 : address.getPort();
        return List.of(new Proxy(Proxy.Type.HTTP, InetSocketAddress.createUnresolved(address.getHost(), port)));
    }

    @Override
    public void connectFailed(URI uri, SocketAddress proxy, IOException failure) {
        // the request itself fails with the same cause
    }

    private boolean isExcepted(String host) {
        for (String entry : variable("no_proxy").split("[,\\s]+")) {
            String suffix = entry.startsWith("*.") ? entry.substring(2) : entry.replaceFirst("^\\.", "");
            if (entry.equals("*") || !suffix.isEmpty() && (host.equals(suffix) || host.endsWith("." + suffix))) {
                return true;
            }
        }
        return false;
    }

    private String variable(String name) {
        String lower = environment.getOrDefault(name, "");
        return lower.isBlank()
                ? environment.getOrDefault(name.toUpperCase(Locale.ROOT), "").strip()
                : lower.strip();
    }
}
