package mastery.support.sqlserver;

import com.microsoft.sqlserver.jdbc.SQLServerDataSource;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.logging.Level;
import java.util.logging.Logger;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import mastery.support.provision.SoughtProgram;
import mastery.support.server.Address;
import mastery.support.server.ContainerPlan;
import mastery.support.server.Engine;
import mastery.support.server.Identity;
import mastery.support.server.ImageNeeds;
import mastery.support.server.NativeLaunch;
import mastery.support.server.NodeSpec;
import mastery.support.server.ProgramSource;
import mastery.support.server.Recipe;
import mastery.support.server.ServerException;
import mastery.support.server.Settings;

/**
 * How SQL Server is started from its image, and known to be ready. It runs in a container, or is the user's own; any
 * server that speaks its protocol may be named by URL, and what such a server lacks fails the proof that needs it.
 *
 * <p>Source: SQL Server documentation, "Configure SQL Server settings with environment variables on Linux" and "Quickstart:
 * Run SQL Server Linux container images with Docker".
 */
public final class SqlServerRecipe implements Recipe {

    private static final String ACCEPT = "-Dmastery.sqlserver.acceptEula=true";
    private static final int CONNECT_LIMIT_SECONDS = 6;
    private static final Pattern PRODUCT = Pattern.compile("Microsoft SQL Server (\\d{4})\\b.*");

    @Override
    public Engine engine() {
        return Engine.SQLSERVER;
    }

    @Override
    public Optional<SoughtProgram> sought() {
        return Optional.empty();
    }

    @Override
    public ProgramSource programs() {
        return new SqlServerPrograms();
    }

    @Override
    public String administrator() {
        return "sa";
    }

    @Override
    public Address parseUrl(String url) {
        return SqlServerUrl.parse(url, administrator());
    }

    @Override
    public String url(Address address) {
        return SqlServerUrl.of(address, "");
    }

    @Override
    public Identity identify(Address address) throws SQLException {
        try (Connection connection = dataSource(address, "master").getConnection();
                Statement statement = connection.createStatement();
                ResultSet row = statement.executeQuery(
                        "select @@version, cast(serverproperty('ProductVersion') as nvarchar(128))")) {
            row.next();
            return identity(row.getString(1), row.getString(2));
        }
    }

    /**
     * The year that people know a Microsoft SQL Server by, such as 2022; the product version where there is no year.
     *
     * @param banner what {@code @@version} says, on several lines
     */
    static Identity identity(String banner, String productVersion) {
        String build = banner.lines().findFirst().orElse("").strip();
        Matcher product = PRODUCT.matcher(build);
        String version = product.matches() ? product.group(1) : String.valueOf(productVersion);
        return new Identity(version, build);
    }

    /** Only a Microsoft SQL Server tells its age by its version: others that speak the protocol count otherwise. */
    @Override
    public boolean isTooOld(Identity identity) {
        return PRODUCT.matcher(identity.build()).matches() && Recipe.super.isTooOld(identity);
    }

    /** A plain, unpooled data source of one database, with everything in its URL; the user's default one when the name is empty. */
    static SQLServerDataSource dataSource(Address address, String database) {
        DriverLog.silence();
        SQLServerDataSource dataSource = new SQLServerDataSource();
        dataSource.setLoginTimeout(CONNECT_LIMIT_SECONDS);
        dataSource.setURL(SqlServerUrl.of(address, database));
        return dataSource;
    }

    /** Used with the first data source only: logging costs a start that needs no SQL Server some time. */
    private static final class DriverLog {
        /** Kept here, because a logger that nobody holds forgets its level. */
        private static final Logger LOG = Logger.getLogger("com.microsoft.sqlserver.jdbc");

        private DriverLog() {}

        /** The driver warns of each failed attempt, and a server that starts is asked many times. */
        static void silence() {
            LOG.setLevel(Level.OFF);
        }
    }

    @Override
    public void initialise(NativeLaunch launch) {
        throw neverNative();
    }

    @Override
    public List<String> command(NativeLaunch launch) {
        throw neverNative();
    }

    private ServerException neverNative() {
        return new ServerException(programs().obstacle().orElseThrow() + ".");
    }

    @Override
    public Optional<String> imageRefusal() {
        return Settings.acceptsLicence(engine())
                ? Optional.empty()
                : Optional.of(
                        "the licence of Microsoft's image is not accepted; read it, and accept it with " + ACCEPT);
    }

    @Override
    public ImageNeeds imageNeeds() {
        return new ImageNeeds(2_000, Set.of("amd64"));
    }

    @Override
    public String cure() {
        return "name your own server with -Dmastery.sqlserver.url=URL, or start a container engine and accept the"
                + " licence of Microsoft's image with " + ACCEPT;
    }

    /**
     * {@inheritDoc}
     *
     * @throws ServerException if the user has not accepted the licence of the image
     */
    @Override
    public ContainerPlan container(Address address, NodeSpec spec) {
        imageRefusal().ifPresent(refusal -> {
            throw new ServerException("SQL Server is not started: " + refusal + ".");
        });
        return new ContainerPlan(
                Map.of(
                        "MSSQL_TCP_PORT", Integer.toString(address.port()),
                        "ACCEPT_EULA", "Y",
                        "MSSQL_SA_PASSWORD", address.password(),
                        // Free of charge for development and tests, with every feature.
                        "MSSQL_PID", "Developer",
                        // Else it takes four fifths of the machine's memory.
                        "MSSQL_MEMORY_LIMIT_MB", "2048"),
                List.of());
    }
}
