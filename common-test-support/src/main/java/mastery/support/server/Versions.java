package mastery.support.server;

import mastery.support.provision.Version;

/** Compares the version numbers that servers and programs print. */
final class Versions {

    private Versions() {}

    static boolean isOlder(String version, String minimum) {
        return !Version.of(version).isAtLeast(Version.of(minimum));
    }
}
