package mastery.support.provision;

import java.io.IOException;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/**
 * Asks apt which packages a set of packages needs, with a private state: nothing of the system's apt is changed. apt
 * verifies the signature of the suite's Release file and through it the hash of every package that it names.
 */
final class AptResolver {

    private static final Duration LIMIT = Duration.ofMinutes(5);
    private static final Pattern PRINTED = Pattern.compile("'([^']+)' (\\S+) (\\d+) SHA256:([0-9a-f]{64})");
    private static final Set<String> MAIN_SUITES = Set.of("oldstable", "stable", "testing", "unstable", "sid");

    private final Path state;

    /** @param state an own directory for apt's lists and settings */
    AptResolver(Path state) {
        this.state = state;
    }

    /** Why this machine cannot resolve Debian packages; empty when it can. */
    static Optional<String> obstacle() {
        for (String program : List.of("apt-get", "apt-config", "dpkg", "dpkg-deb", "tar")) {
            if (Command.onPath(program).isEmpty()) {
                return Optional.of("this is not Debian (no " + program + " on PATH)");
            }
        }
        if (release("ID").filter("debian"::equals).isEmpty()) {
            return Optional.of("this is " + release("ID").orElse("an unknown system") + ", not Debian");
        }
        return keyring().isPresent()
                ? Optional.empty()
                : Optional.of("Debian's keyring is missing: apt-get install debian-archive-keyring");
    }

    /** The packages with all that they depend on, as if nothing were installed. */
    List<Artifact> resolve(String suite, List<String> packages) {
        try {
            configure(suite);
            apt("read the package lists of Debian " + suite, "update", "-qq", "--error-on=any");
            List<String> install = new ArrayList<>(List.of("install", "--print-uris", "-qq", "--yes"));
            install.addAll(packages);
            String printed = apt("find " + String.join(" ", packages) + " in Debian " + suite, install);
            return printed.lines().map(AptResolver::artifact).toList();
        } catch (IOException failure) {
            throw ProvisionException.writing(state, failure);
        }
    }

    private static Artifact artifact(String line) {
        Matcher matcher = PRINTED.matcher(line);
        if (!matcher.lookingAt()) {
            throw new ProvisionException("Cannot read what apt-get prints: \"" + line + "\"."
                    + " Install the server yourself and name it by -Dmastery.<engine>.home or .url.");
        }
        return new Artifact(
                matcher.group(2),
                URI.create(matcher.group(1)),
                Checksum.sha256(matcher.group(4)),
                Long.parseLong(matcher.group(3)));
    }

    private void configure(String suite) throws IOException {
        CacheDirectory.makeDirectories(state.resolve("lists").resolve("partial"));
        CacheDirectory.makeDirectories(
                state.resolve("cache").resolve("archives").resolve("partial"));
        // an empty dpkg status: the answer is the whole closure, libc and loader included
        Files.writeString(state.resolve("status"), "");
        String architecture = system(List.of("dpkg", "--print-architecture")).strip();
        Path keyring = keyring().orElseThrow();
        Files.writeString(
                state.resolve("sources.list"),
                "deb [arch=%s signed-by=%s] %s %s main%n".formatted(architecture, keyring, mirror(), suite));
        // hooks of the system stay out; how it reaches the network (proxy, certificates, timeouts) counts here too
        String acquire = system(List.of("apt-config", "dump"))
                .lines()
                .filter(line -> line.startsWith("Acquire::") && !line.startsWith("Acquire::IndexTargets"))
                .collect(Collectors.joining("\n"));
        Files.writeString(state.resolve("apt.conf"), acquire + """

                        Dir::Etc::Main "/dev/null";
                        Dir::Etc::Parts "/dev/null";
                        Dir::State "%1$s";
                        Dir::State::Lists "%1$s/lists";
                        Dir::State::status "%1$s/status";
                        Dir::Cache "%1$s/cache";
                        Dir::Etc::SourceList "%1$s/sources.list";
                        Dir::Etc::SourceParts "/dev/null";
                        Dir::Etc::Preferences "/dev/null";
                        Dir::Etc::PreferencesParts "/dev/null";
                        Acquire::Languages "none";
                        Acquire::Check-Valid-Until "false";
                        Acquire::ForceHash "SHA256";
                        Acquire::Retries "3";
                        APT::Architecture "%2$s";
                        APT::Architectures "%2$s";
                        APT::Sandbox::User "root";
                        APT::Install-Recommends "false";
                        Debug::NoLocking "true";
                        """.formatted(state, architecture));
    }

    /** The mirror that this machine's apt uses for Debian itself, not for security updates or other publishers. */
    private String mirror() throws IOException {
        String codename = release("VERSION_CODENAME").orElse("stable");
        String printed = system(List.of(
                "apt-get",
                "indextargets",
                "--no-release-info",
                "--format",
                "$(RELEASE) $(COMPONENT) $(REPO_URI)",
                "Created-By: Packages"));
        return printed.lines()
                .map(line -> line.split(" ", 3))
                .filter(target -> target.length == 3 && target[1].equals("main"))
                .filter(target -> target[0].equals(codename) || MAIN_SUITES.contains(target[0]))
                .map(target -> target[2])
                .filter(uri -> uri.startsWith("http://") || uri.startsWith("https://"))
                .findFirst()
                .orElseThrow(() -> new ProvisionException("Cannot fetch Debian packages: apt of this machine has no"
                        + " http or https source for Debian " + codename + " main."
                        + " Add one to /etc/apt/sources.list, or install the server and name it."));
    }

    /** How apt reaches the network, as the environment variables that other programs use. */
    static Map<String, String> proxies() {
        try {
            Pattern setting = Pattern.compile("Acquire::(https?)::proxy \"([^\"]+)\";", Pattern.CASE_INSENSITIVE);
            return setting.matcher(system(List.of("apt-config", "dump")))
                    .results()
                    .filter(match -> !match.group(2).equalsIgnoreCase("DIRECT"))
                    .collect(
                            Collectors.toMap(match -> match.group(1) + "_proxy", match -> match.group(2), (a, b) -> b));
        } catch (IOException noApt) {
            return Map.of();
        }
    }

    private String apt(String purpose, String... arguments) throws IOException {
        return apt(purpose, List.of(arguments));
    }

    private String apt(String purpose, List<String> arguments) throws IOException {
        List<String> command = new ArrayList<>(List.of("apt-get"));
        command.addAll(arguments);
        String settings = state.resolve("apt.conf").toString();
        Command.Result result = Command.run(command, Map.of("APT_CONFIG", settings), LIMIT);
        if (result.exit() == 0) {
            return result.output();
        }
        if (ProvisionException.isDiskFull(result.errors())) {
            throw ProvisionException.writing(state, new IOException(result.errors()));
        }
        String said = result.errors().lines().limit(4).map(String::strip).collect(Collectors.joining(" "));
        throw new ProvisionException("Cannot " + purpose + ": apt-get says \"" + said
                + "\". Check the network and that \"apt-get update\" works on this machine,"
                + " or install the server and name it.");
    }

    private static String system(List<String> command) throws IOException {
        Command.Result result = Command.run(command, Map.of(), LIMIT);
        if (result.exit() != 0) {
            throw new ProvisionException("Cannot ask apt: " + String.join(" ", command) + " says: " + result.errors());
        }
        return result.output();
    }

    private static Optional<Path> keyring() {
        return Stream.of("debian-archive-keyring.gpg", "debian-archive-keyring.pgp")
                .map(name -> Path.of("/usr/share/keyrings", name))
                .filter(Files::isReadable)
                .findFirst();
    }

    private static Optional<String> release(String key) {
        try (Stream<String> lines = Files.lines(Path.of("/etc/os-release"))) {
            return lines.filter(line -> line.startsWith(key + "="))
                    .map(line -> line.substring(key.length() + 1).replace("\"", ""))
                    .findFirst();
        } catch (IOException noRelease) {
            return Optional.empty();
        }
    }
}
