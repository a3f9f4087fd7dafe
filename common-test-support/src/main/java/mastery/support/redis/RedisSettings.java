package mastery.support.redis;

/**
 * The redis.conf of one process, for each part it can play. A comment line with the reason stands before each setting.
 *
 * <p>The text goes into a file that only the server's user can read: a password on a command line is visible to every user
 * of the machine. A sentinel also writes into its file, so the file's directory must be writable for it.
 *
 * @param bind the address to listen on: 127.0.0.1, or all addresses of a container that publishes its port on loopback
 * @param port the port for clients
 * @param directory an existing directory of this process alone, as the process sees it
 * @param password what a client, and each other node of the same topology, must give
 */
public record RedisSettings(String bind, int port, String directory, String password) {

    /** How many numbered databases a single node has; each clean database is one of them, see {@link RedisDatabases}. */
    public static final int DATABASES = 64;

    /** One node alone, or the primary of a replication. */
    public String single() {
        return lines(base(), data(), replicated());
    }

    /** A node that copies the primary at the given address. The primary's password is this node's password. */
    public String replica(String primaryHost, int primaryPort) {
        return lines(
                base(),
                data(),
                replicated(),
                because("copies this node from its first moment", "replicaof " + primaryHost + " " + primaryPort));
    }

    /**
     * A node of a cluster, still alone; {@link ClusterWiring} joins it to the others.
     *
     * @param busPort the port on which nodes talk to each other. The default, port + 10000, leaves the range of ports when
     *     the client port is above 55535.
     */
    public String clusterNode(int busPort) {
        return lines(
                base(),
                data(),
                replicated(),
                because("slots, redirections, failover", "cluster-enabled yes"),
                because("a free port instead of port + 10000", "cluster-port " + busPort),
                because("the node's own memory of the cluster, in its own directory", "cluster-config-file nodes.conf"),
                because(
                        "a dead master is noticed within a second or two; 15000 is the default",
                        "cluster-node-timeout 1000"),
                because("a replica may take over however long it was cut off", "cluster-replica-validity-factor 0"),
                because("a replica stays with the master it was given", "cluster-allow-replica-migration no"));
    }

    /** A sentinel that does not watch anything yet; {@link SentinelWiring} tells it what to watch. */
    public String sentinel() {
        return lines(
                base(),
                because(
                        "names in place of addresses would be resolved by every sentinel",
                        "sentinel resolve-hostnames no"));
    }

    private String base() {
        return lines(
                because("nobody outside this machine reaches the server", "bind " + bind),
                because("a free port", "port " + port),
                because("files stay in the process' own directory", "dir " + quoted(directory)),
                because("the child of its starter, which reads its log and ends it", "daemonize no"),
                because("the log goes to the standard output", "logfile \"\""),
                because("sentinels also use it among themselves", "requirepass " + quoted(password)));
    }

    private static String data() {
        return lines(
                because("nothing outlives the process: no snapshots,", "save \"\""),
                because("and no append-only file", "appendonly no"),
                because("one number for each clean database", "databases " + DATABASES));
    }

    private String replicated() {
        return lines(
                because("any node may become a replica of any other", "masterauth " + quoted(password)),
                because(
                        "a first copy starts at once; the default gathers replicas for 5 s",
                        "repl-diskless-sync-delay 0"),
                because("an idle link shows its offset every second; 10 is the default", "repl-ping-replica-period 1"));
    }

    private static String because(String reason, String setting) {
        return "# " + reason + "\n" + setting + "\n";
    }

    /** A value as redis.conf quotes it: backslash and double quote escaped. */
    static String quoted(String value) {
        return '"' + value.replace("\\", "\\\\").replace("\"", "\\\"") + '"';
    }

    private static String lines(String... parts) {
        return String.join("", parts);
    }

    /** Everything but the password. */
    @Override
    public String toString() {
        return bind + ":" + port + " in " + directory;
    }
}
