package mastery.support.server;

import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import mastery.support.provision.SoughtProgram;

/**
 * All that the fixtures know about one engine: how a node is configured, started, and known to be ready.
 *
 * <p>A new engine is a constant in {@link Engine} and one implementation of this interface, named in
 * {@code META-INF/services/mastery.support.server.Recipe}.
 */
public interface Recipe {

    Engine engine();

    /** The server program to look for on this machine, and how to know that it is new enough; empty if none is looked for. */
    Optional<SoughtProgram> sought();

    /** Other programs that must lie beside the server program, such as {@code initdb}. */
    default List<String> companions() {
        return List.of();
    }

    /** Where the programs come from on a machine that has no suitable one installed. */
    ProgramSource programs();

    /** The user that the fixtures connect as. */
    String administrator();

    /** Reads {@code -Dmastery.<engine>.url}. Throws {@link ServerException} with an example when it is malformed. */
    Address parseUrl(String url);

    /** The URL with user and password that a client on this machine connects with. */
    String url(Address address);

    /**
     * Connects once and asks the server what it is.
     *
     * @throws Exception whatever the driver throws while the server does not answer; within ten seconds
     */
    Identity identify(Address address) throws Exception;

    /**
     * The same at the first start of a node, before {@link #prepare}: its users may not be there yet.
     *
     * @throws Exception while the server does not answer
     */
    default Identity identifyNew(Address address, NodeSpec spec) throws Exception {
        return identify(address);
    }

    /** Runs after the first start of a node, when it answers, wherever it runs: users, a replica set. */
    default void prepare(Address address, NodeSpec spec) {}

    /** Writes configuration and data directory of a new native node. Runs once, before the first start. */
    void initialise(NativeLaunch launch);

    /** The command line that runs the node in the foreground. Passwords never stand in it. */
    List<String> command(NativeLaunch launch);

    /** Environment variables for the server process. */
    default Map<String, String> environment(NativeLaunch launch) {
        return Map.of();
    }

    /** Runs after the first start of a native node, when it is prepared. */
    default void afterFirstStart(NativeLaunch launch) {}

    /** The lines of a server's log that tell a person why it ended, oldest first; at most those given. */
    default List<String> telling(List<String> log) {
        return log;
    }

    /** The signal with which an operator stops the server without waiting for its clients. */
    default String stopSignal() {
        return "TERM";
    }

    /** The signal that ends a throw-away server at once and still lets it release what it shares with others. */
    default String disposeSignal() {
        return "KILL";
    }

    /**
     * Removes what a killed node left outside of its directory. Called when its processes are gone and the directory is
     * about to be removed.
     */
    default void releaseLeftovers(Path directory) {}

    /** How the official image is started as this node. */
    ContainerPlan container(Address address, NodeSpec spec);

    /** Why the official image may not be started here, whatever the container engine, and the cure: a licence, for one. */
    default Optional<String> imageRefusal() {
        return Optional.empty();
    }

    /** What the official image needs of the machine that runs the container engine. */
    default ImageNeeds imageNeeds() {
        return ImageNeeds.NONE;
    }

    /** What a user can do to have this engine where no source provides it; it follows "Cure: " and ends without a full stop. */
    default String cure() {
        return "name your own server with -Dmastery." + engine().id()
                + ".url=URL, start a container engine, or install " + engine() + " " + engine().minimumVersion()
                + " or later";
    }

    /** True if a server that the user named lacks what the examples use. */
    default boolean isTooOld(Identity identity) {
        return Versions.isOlder(identity.version(), engine().minimumVersion());
    }
}
