package mastery.support.trace;

import javax.sql.DataSource;
import mastery.support.work.RoundTrips;
import net.ttddyy.dsproxy.proxy.ProxyJdbcObject;
import net.ttddyy.dsproxy.support.ProxyDataSourceBuilder;

/**
 * Puts a data source under a trace: each statement becomes an event when its outcome is known, which for a query is when
 * its result is read to the end or closed. COMMIT and ROLLBACK are events too, and so is any other call of a connection
 * that costs a round trip.
 *
 * <p>A query run by {@code execute()} tells no rows: its result is fetched by another call.
 */
public final class TracedDataSource {
    private TracedDataSource() {}

    /** The data source that a traced one leads to; any other is returned as it is. */
    static DataSource untraced(DataSource dataSource) {
        return dataSource instanceof ProxyJdbcObject traced ? (DataSource) traced.getTarget() : dataSource;
    }

    /**
     * A data source to the same database, traced; round trips are known if it is a driver's own data source.
     *
     * @param label names it in the transcript where there are several; {@code null} where there is one
     */
    public static DataSource of(DataSource dataSource, String label, Trace trace) {
        boolean countable = RoundTrips.canCount(dataSource);
        DataSource counted = countable ? RoundTrips.create().counted(dataSource) : dataSource;
        StatementTracer tracer = new StatementTracer(trace, label, countable);
        return ProxyDataSourceBuilder.create(counted)
                .listener(tracer)
                .methodListener(tracer)
                .proxyResultSet((rows, connection, config) -> tracer.rows(rows))
                .buildProxy();
    }
}
