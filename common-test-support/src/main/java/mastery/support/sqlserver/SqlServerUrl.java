package mastery.support.sqlserver;

import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;
import mastery.support.server.Address;
import mastery.support.server.ServerException;

/**
 * The driver's URL, {@code jdbc:sqlserver://host:port;property=value;...}, where a value in braces may hold anything and
 * {@code }}} stands for a closing brace in it. The driver reads such URLs but does not hand out the password in them.
 *
 * <p>Source: Microsoft JDBC Driver documentation, "Building the connection URL" and "Setting the connection properties".
 */
final class SqlServerUrl {

    private static final String PREFIX = "jdbc:sqlserver://";
    private static final int PORT = 1433;

    private SqlServerUrl() {}

    /**
     * Reads a URL. The database in it is left out: tests make their own.
     *
     * @throws ServerException with an example if it is malformed, and with the cure if it names an instance without a port
     */
    static Address parse(String url, String defaultUser) {
        if (!url.startsWith(PREFIX)) {
            throw malformed("'" + url + "'");
        }
        String rest = url.substring(PREFIX.length());
        int end = rest.indexOf(';');
        String server = end < 0 ? rest : rest.substring(0, end);
        Map<String, String> properties = properties(end < 0 ? "" : rest.substring(end + 1), server);
        String host = take(properties, server.replaceFirst("[\\\\:].*", ""), "servername", "server");
        String port = take(properties, portOf(server), "portnumber", "port");
        String instance = take(properties, server.contains("\\") ? "named" : "", "instancename");
        if (!instance.isEmpty() && port.isEmpty()) {
            throw new ServerException("The SQL Server URL for '" + server + "' names an instance and no port. Name the"
                    + " port that the instance listens on: " + PREFIX + "host:port;...");
        }
        take(properties, "", "databasename", "database");
        String user = take(properties, defaultUser, "user", "username", "uid");
        String password = take(properties, "", "password", "pwd");
        if (host.isEmpty()) {
            throw malformed("a URL without a host");
        }
        properties.putIfAbsent("encrypt", "true");
        return new Address(host, port.isEmpty() ? PORT : number(port), user, password, properties);
    }

    /** The URL of a database with user and password. Without a database it leads to the user's default one. */
    static String of(Address address, String database) {
        // Servers that are started here are on loopback with a certificate of their own.
        Map<String, String> properties = new TreeMap<>(Map.of("encrypt", "false", "connectRetryCount", "0"));
        address.parameters().forEach((name, value) -> {
            properties.keySet().removeIf(name::equalsIgnoreCase);
            properties.put(name, value);
        });
        properties.put("user", address.user());
        properties.put("password", address.password());
        if (!database.isEmpty()) {
            properties.put("databaseName", database);
        }
        StringBuilder url = new StringBuilder(PREFIX + address);
        properties.forEach(
                (name, value) -> url.append(';').append(name).append('=').append(quoted(value)));
        return url.toString();
    }

    private static String quoted(String value) {
        return value.matches("[\\w.,:/@-]*") ? value : "{" + value.replace("}", "}}") + "}";
    }

    private static Map<String, String> properties(String text, String server) {
        Map<String, String> properties = new TreeMap<>(String.CASE_INSENSITIVE_ORDER);
        int at = 0;
        while (at < text.length()) {
            int equals = text.indexOf('=', at);
            String name = equals < 0 ? "" : text.substring(at, equals).strip();
            if (name.isEmpty() || name.contains(";")) {
                // What stands there may be a piece of a password, so it is not shown.
                throw malformed("the URL for '" + server + "', where a property has no name or no value,");
            }
            at = equals + 1;
            StringBuilder value = new StringBuilder();
            at = text.startsWith("{", at) ? inBraces(text, at + 1, value, name) : plain(text, at, value);
            properties.put(name, value.toString());
        }
        return properties;
    }

    private static int plain(String text, int start, StringBuilder value) {
        int end = text.indexOf(';', start);
        value.append(text, start, end < 0 ? text.length() : end);
        return end < 0 ? text.length() : end + 1;
    }

    private static int inBraces(String text, int start, StringBuilder value, String name) {
        int at = start;
        while (at < text.length()) {
            if (text.startsWith("}}", at)) {
                value.append('}');
                at += 2;
            } else if (text.charAt(at) == '}') {
                return text.startsWith(";", at + 1) ? at + 2 : at + 1;
            } else {
                value.append(text.charAt(at++));
            }
        }
        throw malformed("a URL in which the brace of '" + name + "' is not closed");
    }

    private static String take(Map<String, String> properties, String otherwise, String... names) {
        String found = otherwise;
        for (String name : names) {
            String value = properties.remove(name);
            found = value == null ? found : value;
        }
        return found;
    }

    private static String portOf(String server) {
        int colon = server.indexOf(':');
        return colon < 0 ? "" : server.substring(colon + 1);
    }

    private static int number(String port) {
        if (!port.matches("\\d{1,5}") || Integer.parseInt(port) > 65535 || Integer.parseInt(port) == 0) {
            throw malformed("a URL with the port '" + port + "'");
        }
        return Integer.parseInt(port);
    }

    private static ServerException malformed(String what) {
        return new ServerException(String.format(
                Locale.ROOT,
                "%s is not a SQL Server URL. An example: %s127.0.0.1:1433;user=sa;password=...;"
                        + "trustServerCertificate=true",
                what,
                PREFIX));
    }
}
