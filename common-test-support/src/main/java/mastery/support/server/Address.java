package mastery.support.server;

import java.util.Map;

/**
 * Where a server listens and who may enter.
 *
 * @param parameters what a user's URL adds for the driver, such as {@code sslmode}; empty for servers started here
 */
public record Address(String host, int port, String user, String password, Map<String, String> parameters) {

    /** The host of every server that is started here. */
    public static final String LOOPBACK = "127.0.0.1";

    /** An address on the loopback interface, without further driver parameters. */
    public static Address loopback(int port, String user, String password) {
        return new Address(LOOPBACK, port, user, password, Map.of());
    }

    /** Host and port; the password is never shown. */
    @Override
    public String toString() {
        return host + ":" + port;
    }
}
