package mastery.support.work;

/**
 * Named in pgjdbc's connection property {@code socketFactory}; {@code socketFactoryArg} is the id of a
 * {@link RoundTrips}. pgjdbc makes it by reflection, so it is public and takes one string.
 */
public final class PostgreSqlCountingSocketFactory extends CountingSocketFactory {

    /** @param id {@link RoundTrips#id()} */
    public PostgreSqlCountingSocketFactory(String id) {
        super(id);
    }
}
