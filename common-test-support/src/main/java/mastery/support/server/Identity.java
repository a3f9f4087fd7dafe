package mastery.support.server;

/**
 * What a server says it is.
 *
 * @param version the version number alone, such as {@code 18.6}
 * @param build who built it, in the server's own words
 */
public record Identity(String version, String build) {}
