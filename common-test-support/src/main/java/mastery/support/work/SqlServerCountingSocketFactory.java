package mastery.support.work;

/**
 * Named in the connection property {@code socketFactoryClass} of Microsoft's driver; {@code socketFactoryConstructorArg} is
 * the id of a {@link RoundTrips}. The driver makes it by reflection, so it is public and takes one string.
 */
public final class SqlServerCountingSocketFactory extends CountingSocketFactory {

    /** @param id {@link RoundTrips#id()} */
    public SqlServerCountingSocketFactory(String id) {
        super(id);
    }
}
