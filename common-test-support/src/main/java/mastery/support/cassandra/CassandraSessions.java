package mastery.support.cassandra;

import com.datastax.oss.driver.api.core.CqlSession;
import com.datastax.oss.driver.api.core.CqlSessionBuilder;
import com.datastax.oss.driver.api.core.config.DefaultDriverOption;
import com.datastax.oss.driver.api.core.config.DriverConfigLoader;
import com.datastax.oss.driver.api.core.config.ProgrammaticDriverConfigLoaderBuilder;
import java.net.InetSocketAddress;
import java.time.Duration;
import mastery.support.server.Address;

/** Sessions with limits that a loaded machine keeps to, and without the driver's waits that suit a large cluster. */
final class CassandraSessions {

    private static final Duration LIMIT = Duration.ofSeconds(20);

    private CassandraSessions() {}

    /** A session that knows the whole schema and every node. */
    static CqlSessionBuilder builder(Address address) {
        return builder(address, address.user(), address.password(), config());
    }

    /** A short session that knows neither schema nor tokens. */
    static CqlSession plain(Address address, String user, String password) {
        return builder(
                        address,
                        user,
                        password,
                        config().withBoolean(DefaultDriverOption.METADATA_SCHEMA_ENABLED, false)
                                .withBoolean(DefaultDriverOption.METADATA_TOKEN_MAP_ENABLED, false))
                .build();
    }

    private static CqlSessionBuilder builder(
            Address address, String user, String password, ProgrammaticDriverConfigLoaderBuilder config) {
        CqlSessionBuilder builder = CqlSession.builder()
                .addContactPoint(new InetSocketAddress(address.host(), address.port()))
                .withConfigLoader(config.build());
        return password.isEmpty() ? builder : builder.withAuthCredentials(user, password);
    }

    private static ProgrammaticDriverConfigLoaderBuilder config() {
        return DriverConfigLoader.programmaticBuilder()
                .withString(DefaultDriverOption.LOAD_BALANCING_POLICY_CLASS, "DcInferringLoadBalancingPolicy")
                .withDuration(DefaultDriverOption.REQUEST_TIMEOUT, LIMIT)
                .withDuration(DefaultDriverOption.CONNECTION_CONNECT_TIMEOUT, Duration.ofSeconds(5))
                .withDuration(DefaultDriverOption.CONNECTION_INIT_QUERY_TIMEOUT, Duration.ofSeconds(5))
                .withDuration(DefaultDriverOption.CONTROL_CONNECTION_TIMEOUT, LIMIT)
                .withDuration(DefaultDriverOption.METADATA_SCHEMA_REQUEST_TIMEOUT, LIMIT)
                .withDuration(DefaultDriverOption.CONTROL_CONNECTION_AGREEMENT_TIMEOUT, Duration.ofSeconds(60))
                // else each CREATE TABLE waits a second for another that may follow
                .withDuration(DefaultDriverOption.METADATA_SCHEMA_WINDOW, Duration.ZERO)
                // else closing a session takes two seconds
                .withString(DefaultDriverOption.NETTY_IO_SHUTDOWN_UNIT, "MILLISECONDS")
                .withInt(DefaultDriverOption.NETTY_IO_SHUTDOWN_QUIET_PERIOD, 20)
                .withInt(DefaultDriverOption.NETTY_IO_SHUTDOWN_TIMEOUT, 10_000)
                .withString(DefaultDriverOption.NETTY_ADMIN_SHUTDOWN_UNIT, "MILLISECONDS")
                .withInt(DefaultDriverOption.NETTY_ADMIN_SHUTDOWN_QUIET_PERIOD, 20)
                .withInt(DefaultDriverOption.NETTY_ADMIN_SHUTDOWN_TIMEOUT, 10_000)
                .withInt(DefaultDriverOption.NETTY_IO_SIZE, 2)
                // a session that nobody closes keeps no JVM alive
                .withBoolean(DefaultDriverOption.NETTY_DAEMON, true)
                // a node that comes back is noticed soon
                .withDuration(DefaultDriverOption.RECONNECTION_BASE_DELAY, Duration.ofMillis(200))
                .withDuration(DefaultDriverOption.RECONNECTION_MAX_DELAY, Duration.ofSeconds(1))
                // the server writes a trace some time after the answer
                .withInt(DefaultDriverOption.REQUEST_TRACE_ATTEMPTS, 200)
                .withDuration(DefaultDriverOption.REQUEST_TRACE_INTERVAL, Duration.ofMillis(20));
    }
}
