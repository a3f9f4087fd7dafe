package mastery.support.server;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/**
 * The operating system user that native servers run as: the caller, or the unprivileged user 65534 when the caller is
 * root. PostgreSQL refuses to run as root, and no server needs it.
 */
final class ServerUser {

    private static final String UNPRIVILEGED = "65534";
    private static final String PARENT = Long.toString(ProcessHandle.current().pid());
    private static final String ONLY_FOR_PARENT = "[ \"$PPID\" = \"$0\" ] && exec \"$@\"";
    private static final boolean ROOT = isRoot();

    private ServerUser() {}

    /** The same command, run as the server's user. {@code setpriv} executes it in place: the process id stays. */
    static List<String> command(List<String> command) {
        return prefixed(command, List.of());
    }

    /**
     * The same command, ended by the kernel when the thread that starts it ends, so that {@code kill -9} of this JVM
     * leaves no server behind (prctl(2), PR_SET_PDEATHSIG). A JVM that was killed before the kernel was told is no longer
     * the parent: the shell looks, and is replaced by the command.
     */
    static List<String> boundToParent(List<String> command) {
        List<String> watched = new ArrayList<>(List.of("sh", "-c", ONLY_FOR_PARENT, PARENT));
        watched.addAll(command);
        return prefixed(watched, List.of("--pdeathsig=KILL"));
    }

    /** The command without what this class put before it. */
    static List<String> withoutPrefix(List<String> command) {
        int watched = command.indexOf(ONLY_FOR_PARENT);
        int start = watched < 0 ? 0 : watched + 2;
        while (List.of("setsid", "setpriv").contains(command.get(start))
                || command.get(start).startsWith("--")) {
            start++;
        }
        return command.subList(start, command.size());
    }

    /** The same command in a session of its own, which outlives this JVM and its terminal. */
    static List<String> detached(List<String> command) {
        List<String> all = new ArrayList<>(List.of("setsid"));
        all.addAll(command(command));
        return all;
    }

    private static List<String> prefixed(List<String> command, List<String> options) {
        List<String> all = new ArrayList<>();
        if (ROOT || !options.isEmpty()) {
            all.add("setpriv");
        }
        if (ROOT) {
            all.addAll(List.of("--reuid=" + UNPRIVILEGED, "--regid=" + UNPRIVILEGED, "--clear-groups"));
        }
        all.addAll(options);
        all.addAll(command);
        return all;
    }

    /** Gives a file or directory to the server's user. */
    static void own(Path path) throws IOException {
        if (ROOT) {
            Files.setAttribute(path, "unix:uid", Integer.parseInt(UNPRIVILEGED));
            Files.setAttribute(path, "unix:gid", Integer.parseInt(UNPRIVILEGED));
        }
    }

    private static boolean isRoot() {
        try {
            return Files.exists(Path.of("/proc/self"))
                    && Integer.valueOf(0).equals(Files.getAttribute(Path.of("/proc/self"), "unix:uid"));
        } catch (IOException | UnsupportedOperationException e) {
            return false;
        }
    }
}
