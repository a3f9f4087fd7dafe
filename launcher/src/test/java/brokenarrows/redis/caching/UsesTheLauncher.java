package brokenarrows.redis.caching;

import brokenarrows.launcher.Command;

/** Wrong: the launcher runs the examples, not the other way. */
public final class UsesTheLauncher {

    private UsesTheLauncher() {}

    static void run() {
        Command.run();
    }
}
