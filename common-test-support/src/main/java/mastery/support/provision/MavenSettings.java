package mastery.support.provision;

import eu.maveniverse.maven.mima.context.ContextOverrides;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Properties;
import java.util.stream.Stream;
import org.apache.maven.settings.Settings;
import org.apache.maven.settings.building.DefaultSettingsBuilderFactory;
import org.apache.maven.settings.building.DefaultSettingsBuildingRequest;
import org.apache.maven.settings.building.SettingsBuildingException;

/**
 * What this user's Maven is told: {@code settings.xml} of the user and of the installation, and what the build hands on.
 *
 * <p>Each of these is looked for as a system property and then as an environment variable in capitals with underscores:
 * {@code mastery.maven.settings} and {@code mastery.maven.global-settings} (files, as {@code mvn -s} and {@code -gs} name
 * them), {@code mastery.maven.offline} (as {@code mvn -o}). {@code maven.repo.local} names the local repository, as ever.
 */
final class MavenSettings {

    private final Properties properties;
    private final Map<String, String> environment;

    MavenSettings(Properties properties, Map<String, String> environment) {
        this.properties = properties;
        this.environment = environment;
    }

    /** Throws {@link ProvisionException} when a settings file cannot be read. */
    ContextOverrides overrides() {
        Path user = file("mastery.maven.settings").orElse(userHome().resolve("settings.xml"));
        Optional<Path> global = file("mastery.maven.global-settings")
                .or(() -> mavenHome().map(home -> home.resolve("conf/settings.xml")));
        Settings settings = settings(user, global);
        // Maven passes over those that are switched off; the library does not
        settings.getProxies().removeIf(proxy -> !proxy.isActive());
        ContextOverrides.Builder overrides = ContextOverrides.create()
                .withUserSettings(true)
                .withEffectiveSettings(settings)
                .withMavenUserHomeOverride(userHome())
                .withUserSettingsXmlOverride(user)
                .offline(settings.isOffline()
                        || "true".equals(value("mastery.maven.offline").orElse("")))
                // a repository that falls silent is left after a minute, not after half an hour
                .configProperties(Map.of("aether.connector.requestTimeout", 60_000));
        value("maven.repo.local").map(Path::of).ifPresent(overrides::withLocalRepositoryOverride);
        mavenHome().ifPresent(overrides::withMavenSystemHomeOverride);
        return overrides.build();
    }

    private Settings settings(Path user, Optional<Path> global) {
        Properties system = new Properties();
        environment.forEach((name, value) -> system.setProperty("env." + name, value));
        properties.stringPropertyNames().forEach(name -> system.setProperty(name, properties.getProperty(name)));
        DefaultSettingsBuildingRequest request = new DefaultSettingsBuildingRequest();
        request.setSystemProperties(system);
        request.setUserSettingsFile(user.toFile());
        global.map(Path::toFile).ifPresent(request::setGlobalSettingsFile);
        try {
            return new DefaultSettingsBuilderFactory()
                    .newInstance()
                    .build(request)
                    .getEffectiveSettings();
        } catch (SettingsBuildingException broken) {
            throw new ProvisionException(
                    "Maven's settings cannot be read (" + user
                            + global.map(path -> ", " + path).orElse("") + "): " + broken.getMessage()
                            + ". Correct them; mvn help:effective-settings shows them.",
                    broken);
        }
    }

    private Path userHome() {
        return Path.of(properties.getProperty("user.home", ".")).resolve(".m2").toAbsolutePath();
    }

    /** The installation: what the build or its owner names, else the one whose {@code mvn} is on PATH. */
    private Optional<Path> mavenHome() {
        return Stream.of(
                        Optional.ofNullable(properties.getProperty("maven.home")),
                        Optional.ofNullable(environment.get("MAVEN_HOME")),
                        Optional.ofNullable(environment.get("M2_HOME")))
                .flatMap(Optional::stream)
                .filter(name -> !name.isBlank())
                .map(Path::of)
                .findFirst()
                .or(this::homeOfMavenOnPath);
    }

    private Optional<Path> homeOfMavenOnPath() {
        return Command.onPath("mvn", environment).flatMap(program -> {
            try {
                Path home = program.toRealPath().getParent().getParent();
                return Files.isRegularFile(home.resolve("conf/settings.xml")) ? Optional.of(home) : Optional.empty();
            } catch (IOException unreadable) {
                return Optional.empty();
            }
        });
    }

    private Optional<Path> file(String name) {
        return value(name).map(Path::of);
    }

    /** A build hands on {@code file:PATH} and {@code offline:true}, and an expression that it does not know as it stands. */
    private Optional<String> value(String name) {
        String variable = name.toUpperCase(Locale.ROOT).replace('.', '_').replace('-', '_');
        return says(properties.getProperty(name)).or(() -> says(environment.get(variable)));
    }

    private static Optional<String> says(String value) {
        return Optional.ofNullable(value)
                .map(text -> text.strip().replaceFirst("^(file|offline):", ""))
                .filter(text -> !text.isEmpty() && !text.startsWith("${") && !text.equals("null"));
    }
}
