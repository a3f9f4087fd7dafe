package mastery.support.server;

import java.util.List;

/**
 * The distribution packages that hold an engine's programs.
 *
 * @param suite the Debian suite, such as {@code trixie}
 * @param packages the packages to unpack with everything they need
 * @param programDirectory where the programs lie below the root of the unpacked tree, such as {@code usr/sbin}
 */
public record DebianPackages(String suite, List<String> packages, String programDirectory) {}
