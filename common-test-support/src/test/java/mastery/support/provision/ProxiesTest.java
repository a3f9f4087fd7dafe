package mastery.support.provision;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.net.InetSocketAddress;
import java.net.Proxy;
import java.net.ProxySelector;
import java.net.URI;
import java.util.Map;
import java.util.Properties;
import org.junit.jupiter.api.Test;

class ProxiesTest {

    private static final URI HTTPS = URI.create("https://files.example.org/a");
    private static final URI HTTP = URI.create("http://files.example.org/a");

    @Test
    void eachSchemeHasItsVariable() {
        Map<String, String> environment = Map.of("https_proxy", "http://proxy:3128", "HTTP_PROXY", "other:8080");
        assertThat(address(environment, HTTPS)).isEqualTo(InetSocketAddress.createUnresolved("proxy", 3128));
        assertThat(address(environment, HTTP)).isEqualTo(InetSocketAddress.createUnresolved("other", 8080));
    }

    @Test
    void withoutVariableThereIsNone() {
        assertThat(proxy(Map.of("http_proxy", "http://proxy:3128"), HTTPS)).isSameAs(Proxy.NO_PROXY);
    }

    @Test
    void exceptionsAreReachedDirectly() {
        for (String except : new String[] {"*", "example.org", ".example.org", "a.b, *.example.org"}) {
            Map<String, String> environment = Map.of("all_proxy", "proxy:1", "no_proxy", except);
            assertThat(proxy(environment, HTTPS)).as(except).isSameAs(Proxy.NO_PROXY);
        }
        assertThat(address(Map.of("all_proxy", "proxy:1", "no_proxy", "ample.org"), HTTPS))
                .isNotNull();
    }

    @Test
    void thePropertiesOfTheJvmComeFirst() {
        Properties properties = new Properties();
        properties.setProperty("https.proxyHost", "jvm");
        assertThat(Proxies.from(properties, Map.of("https_proxy", "proxy:1"))).isSameAs(ProxySelector.getDefault());
    }

    @Test
    void aProxyWithoutHostIsNamed() {
        assertThatThrownBy(() -> proxy(Map.of("https_proxy", "http://:3128"), HTTPS))
                .isInstanceOf(ProvisionException.class)
                .hasMessageContaining("https_proxy");
    }

    private static Proxy proxy(Map<String, String> environment, URI uri) {
        return Proxies.from(new Properties(), environment).select(uri).get(0);
    }

    private static Object address(Map<String, String> environment, URI uri) {
        return proxy(environment, uri).address();
    }
}
