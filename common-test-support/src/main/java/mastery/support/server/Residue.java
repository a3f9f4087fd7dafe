package mastery.support.server;

/**
 * Names of databases that tell who made them, so that those of a killed JVM can be found on a kept server and dropped:
 * {@code mastery_<pid>_<start>_<number>}.
 */
public final class Residue {

    /** What every such name begins with. */
    public static final String PREFIX = "mastery_";

    private Residue() {}

    /** A name that no other JVM of this machine uses; letters, digits and underscores only. */
    public static String newName(int number) {
        return PREFIX + OwnerMark.ofThisJvm().replace('.', '_') + "_" + number;
    }

    /** True if a name was made by {@link #newName} in a JVM that has ended. */
    public static boolean isAbandoned(String name) {
        String[] parts =
                name.startsWith(PREFIX) ? name.substring(PREFIX.length()).split("_") : new String[0];
        return parts.length == 3 && OwnerMark.isDead(parts[0] + "." + parts[1]);
    }
}
