package mastery.support.server;

import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Optional;

/**
 * What the user decides: system properties first, then environment variables of the same name in capitals, such as
 * {@code mastery.source} and {@code MASTERY_SOURCE}.
 */
public final class Settings {

    private Settings() {}

    /** A setting that is neither missing nor blank. */
    static Optional<String> get(String name) {
        return Optional.ofNullable(System.getProperty(name))
                .filter(value -> !value.isBlank())
                .or(() -> Optional.ofNullable(
                                System.getenv(name.toUpperCase(Locale.ROOT).replace('.', '_')))
                        .filter(value -> !value.isBlank()));
    }

    /**
     * True if the user accepted the licence of an engine's image ({@code mastery.<engine>.acceptEula=true}, or {@code Y}).
     * It is never accepted in the user's place.
     */
    public static boolean acceptsLicence(Engine engine) {
        return get("mastery." + engine.id() + ".acceptEula")
                .filter(value -> value.equalsIgnoreCase("true") || value.equalsIgnoreCase("Y"))
                .isPresent();
    }

    /** The URL of the user's own server ({@code mastery.<engine>.url}). */
    static Optional<String> url(Engine engine) {
        return get("mastery." + engine.id() + ".url");
    }

    /**
     * The sources that may be used ({@code mastery.source}), in the order in which they are tried; all when unset.
     *
     * @throws ServerException if the value names no source
     */
    static List<SourceKind> sources() {
        Optional<String> wanted = get("mastery.source");
        if (wanted.isEmpty()) {
            return List.of(SourceKind.values());
        }
        return Arrays.stream(SourceKind.values())
                .filter(kind -> kind.toString().equals(wanted.get().toLowerCase(Locale.ROOT)))
                .findFirst()
                .map(List::of)
                .orElseThrow(() -> new ServerException("mastery.source is '" + wanted.get()
                        + "'. It must be external, container or native; leave it out to try them in this order."));
    }

    /**
     * True if a proof on this engine must fail, not be skipped, when the engine cannot be had
     * ({@code mastery.require=all} or a comma-separated list of engines).
     *
     * @throws ServerException if the list names an unknown engine
     */
    public static boolean isRequired(Engine engine) {
        String required = get("mastery.require").orElse("");
        if (required.equalsIgnoreCase("all")) {
            return true;
        }
        return Arrays.stream(required.split(","))
                .map(String::trim)
                .filter(name -> !name.isEmpty())
                .map(Engine::named)
                .anyMatch(engine::equals);
    }
}
