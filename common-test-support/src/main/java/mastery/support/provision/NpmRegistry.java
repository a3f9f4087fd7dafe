package mastery.support.provision;

import java.io.IOException;
import java.net.ProxySelector;
import java.net.URI;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Collectors;

/** Asks this machine's npm where a package lies: the registry, its certificates and its password are npm's own matter. */
final class NpmRegistry {

    private static final Duration LIMIT = Duration.ofMinutes(3);

    private final String npm;
    private final Path cache;

    /**
     * @param npm the program
     * @param cache an own directory for npm's cache and logs, so that nothing is written to the user's home
     */
    NpmRegistry(String npm, Path cache) {
        this.npm = npm;
        this.cache = cache;
    }

    /** Why this machine cannot ask a registry; empty when it can. */
    static Optional<String> obstacle() {
        return Command.onPath("npm").isPresent()
                ? Optional.empty()
                : Optional.of("there is no npm on PATH: install npm (apt-get install npm)");
    }

    /**
     * The address of the package's file.
     *
     * @throws ProvisionException with npm's own words when it does not tell
     */
    URI address(String name, String version) {
        String asked = name + "@" + version;
        Command.Result result = run(
                "view",
                asked,
                "dist.tarball",
                "--fetch-retries=2",
                "--fetch-retry-mintimeout=500",
                "--fetch-retry-maxtimeout=2000");
        if (result.exit() != 0 || !result.output().startsWith("http")) {
            String said = (result.output() + "\n" + result.errors())
                    .lines()
                    .map(String::strip)
                    .filter(line -> !line.isEmpty() && !line.startsWith("npm warn"))
                    .limit(4)
                    .collect(Collectors.joining(" "));
            throw new ProvisionException("Cannot find " + asked + " in the npm registry: npm says \"" + said
                    + "\". Check the network and that \"npm view " + asked + "\" works on this machine,"
                    + " or install the server and name it.");
        }
        return URI.create(result.output().lines().findFirst().orElseThrow());
    }

    /** The environment of this process, and for what it does not say, the settings of npm. */
    ProxySelector proxies() {
        Map<String, String> environment = new HashMap<>();
        setting("proxy").ifPresent(proxy -> environment.put("http_proxy", proxy));
        setting("https-proxy").ifPresent(proxy -> environment.put("https_proxy", proxy));
        environment.putAll(System.getenv());
        return Proxies.from(System.getProperties(), environment);
    }

    private Optional<String> setting(String name) {
        Command.Result result = run("config", "get", name);
        return result.exit() == 0 && result.output().contains("://") ? Optional.of(result.output()) : Optional.empty();
    }

    private Command.Result run(String... arguments) {
        List<String> command = new ArrayList<>(List.of(npm));
        command.addAll(List.of(arguments));
        command.add("--cache=" + cache);
        command.add("--no-update-notifier");
        try {
            return Command.run(command, Map.of(), LIMIT);
        } catch (IOException failure) {
            throw new ProvisionException(
                    "Cannot ask npm: " + failure.getMessage() + ". Check that \"npm --version\" works on this machine,"
                            + " or install the server and name it.",
                    failure);
        }
    }
}
