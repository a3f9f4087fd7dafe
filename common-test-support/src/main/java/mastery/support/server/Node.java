package mastery.support.server;

import java.util.List;

/**
 * One running server. A proof may stop, kill, pause, resume and restart it; the port and the data stay the same.
 *
 * <p>A server that the user named by URL cannot be controlled: those methods throw {@link ServerException}.
 */
public interface Node {

    Engine engine();

    /** The part this node plays, such as {@code single}, {@code primary} or {@code replica-1}. */
    String name();

    Address address();

    default String host() {
        return address().host();
    }

    default int port() {
        return address().port();
    }

    default String user() {
        return address().user();
    }

    default String password() {
        return address().password();
    }

    /** What the server said it is when it first answered. */
    Identity identity();

    default String version() {
        return identity().version();
    }

    /** Where the programs come from, such as {@code Debian sid packages}. */
    String build();

    SourceKind source();

    /** Starts a stopped or killed node on its old port and data, and returns when it answers. */
    void start();

    /** Ends the node in order, as its operator would, and returns when the process is gone. */
    void stop();

    /** Ends the node as a power cut would ({@code SIGKILL}), and returns when the process is gone. */
    void kill();

    /** Freezes every process of the node ({@code SIGSTOP}): connections stay open and nothing answers. */
    void pause();

    /** Lets a paused node go on. */
    void resume();

    /** {@link #stop()}, then {@link #start()}. */
    default void restart() {
        stop();
        start();
    }

    /** True while the process lives, paused or not. */
    boolean isRunning();

    /** True once a proof stopped, killed or paused this node: its cluster is not handed to another test. */
    boolean isDisturbed();

    /** The end of the server's log, oldest line first; empty for an external server. */
    List<String> lastLogLines(int count);
}
