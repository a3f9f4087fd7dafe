package mastery.support.server;

import java.util.Locale;

/** Where a running server comes from, in the order in which the sources are tried. */
public enum SourceKind {
    /** A server the user named by {@code -Dmastery.<engine>.url}; it is used, never started or stopped. */
    EXTERNAL,
    /** The official image in a container engine on this machine. */
    CONTAINER,
    /** A server process on this machine, from an installed program or from distribution packages. */
    NATIVE;

    @Override
    public String toString() {
        return name().toLowerCase(Locale.ROOT);
    }
}
