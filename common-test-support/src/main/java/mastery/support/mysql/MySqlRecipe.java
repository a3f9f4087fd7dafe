package mastery.support.mysql;

import com.mysql.cj.conf.ConnectionUrlParser;
import com.mysql.cj.exceptions.CJException;
import com.mysql.cj.jdbc.MysqlDataSource;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import mastery.support.provision.SoughtProgram;
import mastery.support.provision.Version;
import mastery.support.server.Address;
import mastery.support.server.ContainerPlan;
import mastery.support.server.DebianPackages;
import mastery.support.server.Engine;
import mastery.support.server.Identity;
import mastery.support.server.NativeLaunch;
import mastery.support.server.NodeSpec;
import mastery.support.server.ProgramSource;
import mastery.support.server.Recipe;
import mastery.support.server.ServerException;

/** How a MySQL node is configured, started, and known to be ready. */
public final class MySqlRecipe implements Recipe {

    private static final int CONNECT_LIMIT_MILLIS = 8_000;
    private static final String FIRST_START = "first-start.sql";

    @Override
    public Engine engine() {
        return Engine.MYSQL;
    }

    @Override
    public Optional<SoughtProgram> sought() {
        return Optional.of(SoughtProgram.mysql(Version.of(engine().minimumVersion())));
    }

    @Override
    public ProgramSource programs() {
        return new DebianPackages(engine(), "sid", List.of("mysql-server-core", "mysql-client-core"), "usr/sbin");
    }

    @Override
    public String administrator() {
        return "root";
    }

    @Override
    public Address parseUrl(String url) {
        try {
            ConnectionUrlParser parser = ConnectionUrlParser.parseConnectionString(url);
            var host = parser.getHosts().get(0);
            Map<String, String> parameters = new TreeMap<>(parser.getProperties());
            String user = Optional.ofNullable(host.getUser()).orElse(parameters.remove("user"));
            String password = Optional.ofNullable(host.getPassword()).orElse(parameters.remove("password"));
            parameters.remove("user");
            parameters.remove("password");
            return new Address(
                    host.getHost(),
                    host.getPort() < 0 ? 3306 : host.getPort(),
                    Optional.ofNullable(user).orElse(administrator()),
                    Optional.ofNullable(password).orElse(""),
                    parameters);
        } catch (CJException | IndexOutOfBoundsException e) {
            throw new ServerException("'" + url + "' is not a MySQL URL. An example:"
                    + " jdbc:mysql://127.0.0.1:3306/?user=root&password=...");
        }
    }

    @Override
    public String url(Address address) {
        return "jdbc:mysql://" + address.host() + ":" + address.port() + "/?user=" + address.user() + "&password="
                + address.password();
    }

    @Override
    public Identity identify(Address address) throws SQLException {
        try (Connection connection = dataSource(address, "").getConnection();
                Statement statement = connection.createStatement();
                ResultSet row = statement.executeQuery("SELECT VERSION(), @@version_comment")) {
            row.next();
            return new Identity(row.getString(1).split("-")[0], row.getString(2));
        }
    }

    /** A plain, unpooled data source of one database; without a database when the name is empty. */
    static MysqlDataSource dataSource(Address address, String database) {
        MysqlDataSource dataSource = new MysqlDataSource();
        dataSource.setServerName(address.host());
        dataSource.setPortNumber(address.port());
        dataSource.setUser(address.user());
        dataSource.setPassword(address.password());
        dataSource.setDatabaseName(database);
        try {
            dataSource.setConnectTimeout(CONNECT_LIMIT_MILLIS);
            for (Map.Entry<String, String> parameter : address.parameters().entrySet()) {
                dataSource.getProperty(parameter.getKey()).setValue(parameter.getValue());
            }
        } catch (SQLException e) {
            throw new ServerException("A parameter of the MySQL URL is not accepted: " + e.getMessage(), e);
        }
        return dataSource;
    }

    @Override
    public void initialise(NativeLaunch launch) {
        launch.copyTemplate(
                engine(),
                directory -> launch.run(List.of(
                        launch.programs().path("mysqld"),
                        "--no-defaults",
                        "--basedir=" + base(launch),
                        "--datadir=" + directory,
                        "--innodb-redo-log-capacity=8M",
                        "--initialize-insecure")));
        forgetServerUuid(launch);
        // Not in the binary log: a replica that follows this server brings its own account.
        launch.writeSecret(
                FIRST_START,
                "SET sql_log_bin = 0;\n" + "ALTER USER 'root'@'localhost' IDENTIFIED BY '"
                        + launch.address().password() + "';\n");
    }

    /** Every server makes its own at its first start; two equal ones could not replicate (manual, auto.cnf). */
    private static void forgetServerUuid(NativeLaunch launch) {
        try {
            Files.deleteIfExists(launch.data().resolve("auto.cnf"));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static Path base(NativeLaunch launch) {
        return launch.programs().directory().getParent();
    }

    @Override
    public List<String> command(NativeLaunch launch) {
        List<String> command = new ArrayList<>(List.of(
                launch.programs().path("mysqld"),
                "--no-defaults",
                "--basedir=" + base(launch),
                "--datadir=" + launch.data(),
                "--tmpdir=" + launch.directory(),
                "--socket=" + launch.directory().resolve("s"),
                "--pid-file=" + launch.directory().resolve("pid")));
        command.addAll(options(launch.address(), launch.spec(), Map.of("bind-address", "127.0.0.1")));
        Path firstStart = launch.directory().resolve(FIRST_START);
        if (Files.exists(firstStart)) {
            command.add("--init-file=" + firstStart);
        }
        return command;
    }

    private static List<String> options(Address address, NodeSpec spec, Map<String, String> own) {
        Map<String, String> settings = new TreeMap<>(Map.of(
                "mysqlx", "OFF",
                // Loading files from the server's disk stays off; NULL also needs no system directory.
                "secure-file-priv", "NULL",
                "gtid-mode", "ON",
                "enforce-gtid-consistency", "ON",
                "innodb-redo-log-capacity", "8M",
                // Throw-away data: examples about durability turn them on again.
                "innodb-flush-log-at-trx-commit", "2",
                "sync-binlog", "0",
                "innodb-doublewrite", "OFF"));
        settings.put("port", Integer.toString(address.port()));
        settings.put("server-id", Integer.toString(address.port()));
        settings.putAll(own);
        settings.putAll(spec.settings());
        return settings.entrySet().stream()
                .map(setting -> "--" + setting.getKey() + "=" + setting.getValue())
                .toList();
    }

    /** The password is set: its file is not needed again. */
    @Override
    public void afterFirstStart(NativeLaunch launch) {
        try {
            Files.deleteIfExists(launch.directory().resolve(FIRST_START));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    @Override
    public ContainerPlan container(Address address, NodeSpec spec) {
        return new ContainerPlan(
                Map.of(
                        "MYSQL_ROOT_PASSWORD",
                        address.password(),
                        "MYSQL_ROOT_HOST",
                        "%",
                        // Else their thousands of rows are the first transactions of every server, replicas included.
                        "MYSQL_INITDB_SKIP_TZINFO",
                        "1"),
                options(address, spec, Map.of()));
    }
}
