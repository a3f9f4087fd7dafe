package brokenarrows.launcher;

/** Stands for a class of the launcher. */
public final class Command {

    private Command() {}

    public static void run() {}
}
